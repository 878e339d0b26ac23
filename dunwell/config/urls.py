"""The addresses of all doors."""

from django.urls import include, path

from dunwell.api import health, hooks
from dunwell.api.routes import api

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("healthz/web", health.healthz_web, name="healthz_web"),
    path("metrics", health.metrics, name="metrics"),
    path("hooks/<str:secret>", hooks.receive, name="hook"),
    path("api/v1/", api.urls),
    path("", include("dunwell.web.urls")),
]

handler400 = "dunwell.web.errors.bad_request"
handler403 = "dunwell.web.errors.forbidden"
handler404 = "dunwell.web.errors.not_found"
handler500 = "dunwell.web.errors.broken"
