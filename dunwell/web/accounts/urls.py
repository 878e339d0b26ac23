"""Addresses of accounts; allauth's own come after ours."""

from django.urls import include, path

from dunwell.web.accounts import views

urlpatterns = [
    path("organizations/", views.organizations, name="organizations"),
    path("organizations/new/", views.new_organization, name="new_organization"),
    path("invitation/<str:secret>/", views.invitation, name="invitation"),
    path("", include("allauth.urls")),
]
