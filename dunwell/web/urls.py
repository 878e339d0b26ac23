"""Addresses of the pages."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("dunwell.web.accounts.urls")),
    path("settings/", include("dunwell.web.pages.settings.urls")),
]
