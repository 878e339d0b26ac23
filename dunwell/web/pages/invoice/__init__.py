"""The page of one invoice: its facts, its chasing, its conversation, and all that is done to it."""
