"""The tenancy floor as a Django app."""

from django.apps import AppConfig


class TenancyConfig(AppConfig):
    """Organizations, members, tokens, clock, locale, events and audit."""

    name = "dunwell.tenancy"
    label = "tenancy"
