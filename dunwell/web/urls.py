"""Addresses of the pages: each module of `pages` lists its own."""

from django.urls import URLPattern, URLResolver, include, path

from dunwell.web.pages import (
    board,
    chasing,
    customers,
    filtering,
    home,
    invoices,
    payments,
    unsubscribe,
    views,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("unsubscribe/<str:token>", unsubscribe.unsubscribe, name="unsubscribe"),
    path("accounts/", include("dunwell.web.accounts.urls")),
    path("settings/", include("dunwell.web.pages.settings.urls")),
    path("imports/", include("dunwell.web.pages.imports.urls")),
    *home.urlpatterns,
    *board.urlpatterns,
    *filtering.urlpatterns,
    *views.urlpatterns,
    *invoices.urlpatterns,
    *customers.urlpatterns,
    *payments.urlpatterns,
    *chasing.urlpatterns,
    path("invoices/<uuid:invoice_id>/", include("dunwell.web.pages.invoice.urls")),
]
