"""Replaying a company's real invoices and payments on a test clock, and judging what went out."""
