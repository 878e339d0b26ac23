"""Settings and entry points; the only floor that names providers."""
