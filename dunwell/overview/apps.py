"""The overview floor as a Django app (saved views and the search functions)."""

from django.apps import AppConfig


class OverviewConfig(AppConfig):
    """Reads across areas; owns only saved views."""

    name = "dunwell.overview"
    label = "overview"
