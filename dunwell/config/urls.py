"""The addresses of all doors."""

from django.urls import include, path

from dunwell.api import health
from dunwell.api.routes import api

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("metrics", health.metrics, name="metrics"),
    path("api/v1/", api.urls),
    path("", include("dunwell.web.urls")),
]
