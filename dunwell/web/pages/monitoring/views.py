"""The Chasing page: today, the next seven days, what needs a member, what is held; the calendar."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from dunwell.chasing import queries
from dunwell.core.calendar import add_days
from dunwell.core.errors import DateOutOfRange
from dunwell.overview.monitoring import sends
from dunwell.overview.monitoring.held import HeldList, held_invoices
from dunwell.overview.monitoring.sends import AHEAD, DONE, DayCount
from dunwell.tenancy.roles import Permission
from dunwell.web.doors import member_page
from dunwell.web.pages import sentences
from dunwell.web.pages.monitoring import filters, lines
from dunwell.web.requests import Here, here

DAYS: Final = 7
FIRST: Final = 10
PAGE: Final = 50
HELD: Final = 60
_STATES: Final = {"planned": AHEAD, "sent": ("sending", "sent"), "failed": ("failed",),
                  "skipped": ("skipped",)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class HeldLine:
    """An invoice on hold, in words."""

    invoice: Any
    why: str


@member_page
def overview(request: HttpRequest) -> HttpResponse:
    """Show today and the next days, failures, and what is on hold."""
    at = here(request)
    chosen = filters.read(request.GET)
    asked: dict[str, Any] = {"chosen": chosen.filter, "organization": at.organization}
    days = sends.counts(first=at.today, last=add_days(at.today, DAYS), **asked)
    planned = sends.of_day(day=at.today, states=AHEAD, late=True, **asked)[: FIRST + 1]
    done = sends.of_day(day=at.today, states=DONE, **asked).order_by("-at", "-id")[: FIRST + 1]
    troubles = list(sends.failed(**asked)[: FIRST + 1])
    held = held_invoices(chosen=chosen.filter, organization=at.organization, now=at.now, most=HELD)
    context = {
        "chosen": chosen,
        "today": days[0],
        "today_sent": days[0].total("sent", "sending"),
        "today_planned": days[0].total("planned"),
        "late": sends.late_ones(now=at.now, **asked),
        "ahead": [_told(day) for day in days[1:]],
        "most": max((day.total("planned") for day in days[1:]), default=0),
        "planned": lines.lines(list(planned), at=at)[:FIRST],
        "done": lines.lines(list(done), at=at)[:FIRST],
        "troubles": lines.lines(troubles[:FIRST], at=at),
        "troubled": lines.addressees([send.pk for send in troubles[:FIRST]]),
        "more_troubles": len(troubles) > FIRST,
        "held": held_lines(held, at=at)[:FIRST],
        "held_list": held,
        "kinds": held_kinds(held),
        "may": at.actor.may(Permission.CHASING_WRITE),
        "any_cadence": bool(queries.cadences()),
    }
    return render(request, "chasing/overview.html", context)


@dataclass(frozen=True, slots=True)
class DayTold:
    """A day with its number of planned messages per channel."""

    day: date
    channels: Sequence[tuple[str, int]]
    total: int


def _told(day: DayCount) -> DayTold:
    return DayTold(day.day, list(day.of("planned").items()), day.total("planned"))


def held_lines(held: HeldList, *, at: Here) -> list[HeldLine]:
    """Put holds into words."""
    grace, tag = at.organization.promise_grace_days, at.organization.locale
    return [
        HeldLine(row.invoice, sentences.hold_words(row.hold, grace_days=grace, tag=tag))
        for row in held.rows
    ]


def held_kinds(held: HeldList) -> list[tuple[str, str, int]]:
    """Count per kind of hold, with its words."""
    return [(k.value, str(sentences.HELD[k]), n) for k, n in sorted(held.kinds().items())]


@member_page
def on_hold(request: HttpRequest) -> HttpResponse:
    """List what is on hold, by kind."""
    at = here(request)
    chosen = filters.read(request.GET)
    held = held_invoices(chosen=chosen.filter, organization=at.organization, now=at.now)
    kind = request.GET.get("kind", "")
    rows = [row for row in held.rows if not kind or row.hold.kind == kind]
    context = {
        "chosen": chosen,
        "kind": kind,
        "kinds": held_kinds(held),
        "held_list": held,
        "held": held_lines(HeldList(rows, held.more), at=at),
    }
    return render(request, "chasing/held.html", context)


@member_page
def of_day(request: HttpRequest, day: str) -> HttpResponse:
    """List the messages of one day: planned, sent, failed or skipped."""
    at = here(request)
    chosen = filters.read(request.GET)
    shown = _day(day)
    asked: dict[str, Any] = {"chosen": chosen.filter, "organization": at.organization}
    (count,) = sends.counts(first=shown, last=shown, **asked)
    tabs = [(name, count.total(*states)) for name, states in _STATES.items()]
    first = next((name for name, n in tabs if n), "planned")
    state = request.GET.get("state", "")
    state = state if state in _STATES else first
    found = sends.of_day(day=shown, states=_STATES[state], **asked)
    pages = Paginator(found, PAGE)
    pages.count = dict(tabs)[state]  # counted already
    page = pages.get_page(request.GET.get("page"))
    context = {
        "chosen": chosen,
        "day": shown,
        "before": add_days(shown, -1),
        "after": add_days(shown, 1),
        "month": f"{shown:%Y-%m}",
        "tabs": tabs,
        "state": state,
        "page": page,
        "sends": lines.lines(list(page.object_list), at=at),
    }
    return render(request, "chasing/day.html", context)


def _day(text: str) -> date:
    """Read a day of the address; one that cannot be is not found."""
    try:
        return add_days(date.fromisoformat(text), 0)
    except (ValueError, DateOutOfRange) as error:
        raise Http404 from error


@member_page
def calendar(request: HttpRequest) -> HttpResponse:
    """Show a month with the messages of each day per channel."""
    at = here(request)
    chosen = filters.read(request.GET)
    first = _day(f"{request.GET.get('month') or f'{at.today:%Y-%m}'}-01")
    after = _first_of_next(first)
    start = add_days(first, -first.weekday())
    end = add_days(after, -1)
    end = add_days(end, 6 - end.weekday())
    days = sends.counts(first=start, last=end, chosen=chosen.filter, organization=at.organization)
    context = {
        "chosen": chosen,
        "first": first,
        "before": f"{add_days(first, -1):%Y-%m}",
        "after": f"{after:%Y-%m}",
        "names": [add_days(start, n) for n in range(7)],
        "weeks": [[_square(day, first) for day in days[n : n + 7]] for n in range(0, len(days), 7)],
    }
    return render(request, "chasing/calendar.html", context)


def _first_of_next(first: date) -> date:
    return add_days(first, 32).replace(day=1)


@dataclass(frozen=True, slots=True)
class Square:
    """One day of the calendar."""

    day: date
    inside: bool
    planned: Sequence[tuple[str, int]]
    sent: Sequence[tuple[str, int]]
    failed: int
    skipped: int

    @property
    def empty(self) -> bool:
        """Say whether nothing is of that day."""
        return not (self.planned or self.sent or self.failed or self.skipped)


def _square(day: DayCount, first: date) -> Square:
    return Square(
        day=day.day,
        inside=day.day.month == first.month,
        planned=list(day.of("planned").items()),
        sent=list(day.of("sent", "sending").items()),
        failed=day.total("failed"),
        skipped=day.total("skipped"),
    )
