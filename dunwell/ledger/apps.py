"""The ledger floor as a Django app."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """See docs/why/house.md for what lives here."""

    name = "dunwell.ledger"
    label = "ledger"
