"""The addresses of all doors."""

from django.urls import include, path

urlpatterns = [
    path("", include("dunwell.web.urls")),
]
