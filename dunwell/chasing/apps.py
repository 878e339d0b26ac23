"""The chasing floor as a Django app."""

from django.apps import AppConfig


class ChasingConfig(AppConfig):
    """See docs/why/house.md for what lives here."""

    name = "dunwell.chasing"
    label = "chasing"
