"""The effect of a cadence on all open invoices, and the difference that an edit makes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dunwell.chasing import forecast as forecasts
from dunwell.chasing import queries
from dunwell.chasing.forecast import Forecast
from dunwell.core.cadence import Step
from dunwell.core.calendar import add_days
from dunwell.core.errors import CoreError
from dunwell.ledger.checks import sentence
from dunwell.tenancy.roles import Permission
from dunwell.web.pages import sentences
from dunwell.web.pages.acting import acting
from dunwell.web.pages.steps import Steps
from dunwell.web.requests import Here, here

WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class Cell:
    """The messages of one channel: as saved, as edited, and the difference with its sign."""

    saved: int
    edited: int

    @property
    def change(self) -> int:
        """Return how many more (negative: fewer) the edit sends."""
        return self.edited - self.saved


@dataclass(frozen=True, slots=True)
class Row:
    """One day or the whole time, channel by channel."""

    day: date | None
    cells: Sequence[Cell]

    @property
    def total(self) -> Cell:
        """Add the channels up."""
        return Cell(sum(c.saved for c in self.cells), sum(c.edited for c in self.cells))


@require_http_methods(["GET", "POST"])
@acting(Permission.CHASING_WRITE)
def effect(request: HttpRequest, cadence_id: UUID | None = None) -> HttpResponse:
    """Show what a cadence would send over all open invoices for 90 days.

    With the edit form posted, its unsaved steps beside the saved ones.
    """
    at = here(request)
    cadence = queries.get_cadence(cadence_id=cadence_id) if cadence_id else None
    saved = [Step.from_json(step) for step in cadence.steps] if cadence else []
    edited, problem = _edited(request, cadence.steps if cadence else [], saved)
    context: dict[str, Any] = {"cadence": cadence, "edited": request.method == "POST"}
    try:
        context |= _compared(saved, edited, at) if not problem else {}
    except CoreError as error:
        problem = sentence(error)
    return render(request, "cadences/effect.html", context | {"problem": problem})


def _edited(
    request: HttpRequest, stored: Sequence[Any], saved: Sequence[Step]
) -> tuple[Sequence[Step], str]:
    if request.method != "POST":
        return saved, ""
    steps = Steps(request, stored)
    if not steps.is_valid():
        return saved, _("Complete the marked steps to see their effect.")
    return steps.for_preview(), ""


def _compared(saved: Sequence[Step], edited: Sequence[Step], at: Here) -> dict[str, Any]:
    groups = forecasts.open_groups(organization=at.organization)
    asked: dict[str, Any] = {"organization": at.organization, "groups": groups, "now": at.now}
    before = forecasts.forecast(steps=saved, **asked)
    after = forecasts.forecast(steps=edited, **asked) if edited is not saved else before
    channels = sorted({channel for found in (before, after) for _day, channel in found})
    days = [add_days(at.today, n) for n in range(forecasts.DAYS)]
    rows = [_row(day, channels, before, after) for day in days]
    return {
        "invoices": sum(group.invoices for group in groups),
        "channels": [(name, sentences.channel_name(name)) for name in channels],
        "rows": [row for row in rows if row.total.saved or row.total.edited],
        "whole": _whole(rows, len(channels)),
        "bars": _weeks(rows),
        "days": forecasts.DAYS,
    }


def _row(day: date, channels: Sequence[str], before: Forecast, after: Forecast) -> Row:
    return Row(day, [Cell(before.get((day, c), 0), after.get((day, c), 0)) for c in channels])


def _whole(rows: Sequence[Row], channels: int) -> Row:
    """Add all days up, channel by channel."""
    cells = [
        Cell(sum(r.cells[n].saved for r in rows), sum(r.cells[n].edited for r in rows))
        for n in range(channels)
    ]
    return Row(None, cells)


@dataclass(frozen=True, slots=True)
class Bar:
    """The messages of a week, for the chart."""

    day: date
    saved: int
    edited: int


def _weeks(rows: Sequence[Row]) -> list[Bar]:
    found = []
    for n in range(0, len(rows), WEEK):
        some = rows[n : n + WEEK]
        day = some[0].day
        if day is not None:
            found.append(
                Bar(day, sum(r.total.saved for r in some), sum(r.total.edited for r in some))
            )
    return found
