"""The sender: claims what is due, hands it over at most once, and settles (docs/decisions/0004).

It owns one direct connection to PostgreSQL in the system role and uses nothing of Django's
between the lock on an invoice and its release.
"""
