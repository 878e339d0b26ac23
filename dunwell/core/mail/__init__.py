"""Reading what people and mail servers write to us: pure, over bytes and texts."""
