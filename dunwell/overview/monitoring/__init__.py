"""What the Chasing page reads: what goes out and went out, what is held, and what failed."""
