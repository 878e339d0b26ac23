"""The staff pages as a Django app (templates and static files)."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Server-rendered pages; htmx where it helps."""

    name = "dunwell.web"
    label = "web"
