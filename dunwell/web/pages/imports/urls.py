"""Addresses of the importer, below /imports/."""

from django.urls import path

from dunwell.web.pages.imports import views

urlpatterns = [
    path("", views.imports, name="imports"),
    path("<uuid:import_id>/", views.detail, name="import"),
    path("<uuid:import_id>/columns/", views.columns, name="import_columns"),
    path("<uuid:import_id>/run/", views.run, name="import_run"),
    path("<uuid:import_id>/undo/", views.undo, name="import_undo"),
    path("<uuid:import_id>/errors.csv", views.errors, name="import_errors"),
]
