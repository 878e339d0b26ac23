"""The settings of the organization and of one's own account."""
