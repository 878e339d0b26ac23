"""The addresses of all pages about chasing."""

from django.urls import path

from dunwell.web.pages import cadences, templates, tray
from dunwell.web.pages.monitoring import effect, failures, statistics
from dunwell.web.pages.monitoring import views as monitoring

urlpatterns = [
    path("chasing/", monitoring.overview, name="chasing"),
    path("chasing/calendar/", monitoring.calendar, name="chasing_calendar"),
    path("chasing/day/<str:day>/", monitoring.of_day, name="chasing_day"),
    path("chasing/held/", monitoring.on_hold, name="chasing_held"),
    path("chasing/failed/", failures.listed, name="chasing_failed"),
    path("chasing/failed/retry/", failures.retry, name="chasing_retry"),
    path("chasing/letters/", tray.listed, name="chasing_letters"),
    path("chasing/letters/act/", tray.act, name="chasing_letters_act"),
    path("chasing/cadences/", cadences.listed, name="cadences"),
    path("chasing/cadences/new/", cadences.new, name="cadence_new"),
    path("chasing/cadences/<uuid:cadence_id>/", cadences.edit, name="cadence"),
    path(
        "chasing/cadences/<uuid:cadence_id>/default/",
        cadences.make_default,
        name="cadence_default",
    ),
    path("chasing/cadences/<uuid:cadence_id>/delete/", cadences.delete, name="cadence_delete"),
    path("chasing/statistics/", statistics.overview, name="chasing_statistics"),
    path("chasing/effect/", effect.effect, name="cadence_effect_new"),
    path("chasing/cadences/<uuid:cadence_id>/effect/", effect.effect, name="cadence_effect"),
    path("chasing/wording/", templates.listed, name="templates"),
    path("chasing/wording/add/", templates.add, name="template_add"),
    path(
        "chasing/wording/<slug:name>/<slug:channel>/<slug:language>/",
        templates.edit,
        name="template",
    ),
    path(
        "chasing/wording/<slug:name>/<slug:channel>/<slug:language>/reset/",
        templates.reset,
        name="template_reset",
    ),
]
