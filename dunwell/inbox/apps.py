"""The inbox floor as a Django app."""

from django.apps import AppConfig


class InboxConfig(AppConfig):
    """See docs/why/house.md for what lives here."""

    name = "dunwell.inbox"
    label = "inbox"
