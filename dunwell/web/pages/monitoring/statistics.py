"""The statistics page: paid within how many days after which step, per cadence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from dunwell.chasing import queries
from dunwell.core.calendar import add_days
from dunwell.overview.monitoring.statistics import WITHIN, Statistics, StepPaid, statistics
from dunwell.web.doors import member_page
from dunwell.web.pages import sentences
from dunwell.web.requests import Here, here

TIMES: Final = (30, 90, 365)


@dataclass(frozen=True, slots=True)
class Told:
    """One cadence's figures with its name and its steps in words."""

    name: str
    figures: Statistics
    steps: Sequence[tuple[str, StepPaid]]


@member_page
def overview(request: HttpRequest) -> HttpResponse:
    """Show what was paid after which step in the last days."""
    at = here(request)
    given = request.GET.get("days", "")
    days = int(given) if given in map(str, TIMES) else TIMES[1]
    first = add_days(at.today, 1 - days)
    found = statistics(organization=at.organization, first=first, last=at.today)
    names = {cadence.pk: cadence.name for cadence in queries.cadences()}
    context: dict[str, Any] = {
        "told": [_told(each, names, at) for each in found if each.all.count],
        "within": WITHIN,
        "days": days,
        "times": TIMES,
    }
    return render(request, "chasing/statistics.html", context)


def _told(figures: Statistics, names: dict[Any, str], at: Here) -> Told:
    own = names.get(figures.cadence_id, _("Steps of their own, or none"))
    name = _("All cadences together") if figures.overall else own
    return Told(name, figures, [(_step(step, at), step) for step in figures.ordered])


def _step(step: StepPaid, at: Here) -> str:
    if not step.trigger:
        return _("Before anything was sent")
    if step.trigger.get("type") == "account":
        return str(sentences.ACCOUNT_WORDS)
    return sentences.trigger_words(step.trigger, tag=at.organization.locale)
