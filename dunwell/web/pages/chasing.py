"""The Chasing page: what goes out today and in the next days, what failed, and what is on hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from dunwell.chasing import queries
from dunwell.chasing.models import Pause, PlannedSend
from dunwell.core.calendar import add_days, local_date, midnight
from dunwell.ledger.models import Dispute, Invoice, Promise
from dunwell.ledger.queries import OPEN
from dunwell.tenancy.roles import Permission
from dunwell.web.doors import member_page
from dunwell.web.pages import cadences, sentences, templates
from dunwell.web.pages.holding import Holding, holding
from dunwell.web.requests import Here, here

DAYS: Final = 7
MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Ahead:
    """One planned send of the coming days."""

    invoice: Invoice
    words: str
    at: datetime
    channels: Sequence[str]
    hold: str


@dataclass(frozen=True, slots=True)
class Day:
    """The sends of one local day."""

    day: date
    sends: Sequence[Ahead]


@dataclass(frozen=True, slots=True)
class Failure:
    """A send that failed and that nobody has tried again."""

    id: UUID
    invoice: Invoice
    words: str
    at: datetime
    channels: Sequence[str]
    sentence: str
    uncertain: bool
    details: Sequence[str]


@dataclass(frozen=True, slots=True)
class Held:
    """An invoice on hold, and why."""

    invoice: Invoice
    why: str
    paused: bool


@member_page
def overview(request: HttpRequest) -> HttpResponse:
    """Show today and the next days, failures, and what is on hold."""
    at = here(request)
    sends = list(_planned(at)[: MOST + 1])
    maybe = _maybe_held(at)
    known = holding([*(send.invoice.pk for send in sends), *maybe], at=at)
    days = _days(sends[:MOST], known, at)
    context = {
        "days": days,
        "more": len(sends) > MOST,
        "today": days[0] if days and days[0].day == at.today else None,
        "failures": _failures(at),
        "held": _held(maybe, known, at),
        "may": at.actor.may(Permission.CHASING_WRITE),
        "any_cadence": bool(queries.cadences()),
    }
    return render(request, "chasing/overview.html", context)


def _planned(at: Here) -> QuerySet[PlannedSend]:
    end = midnight(add_days(at.today, DAYS + 1), at.organization.zone)
    rows = PlannedSend.objects.filter(
        state__in=["planned", "sending"], at__lt=end, invoice__isnull=False
    )
    return rows.select_related("invoice", "invoice__customer").order_by("at", "id")


def _days(sends: Sequence[PlannedSend], known: Holding, at: Here) -> list[Day]:
    by_day: dict[date, list[Ahead]] = {}
    for send in sends:
        # What is late goes out with today's.
        day = max(local_date(send.at, at.organization.zone), at.today)
        hold = known.words(send.invoice, max(send.at, at.now))
        words = _words(send, at)
        row = Ahead(send.invoice, words, send.at, send.channels, hold)
        by_day.setdefault(day, []).append(row)
    return [Day(day, rows) for day, rows in sorted(by_day.items())]


def _words(send: PlannedSend, at: Here) -> str:
    repeated = send.occurrence if send.trigger.get("times") else 0
    return sentences.trigger_words(send.trigger, tag=at.organization.locale, occurrence=repeated)


def _failures(at: Here) -> list[Failure]:
    """List failed sends of open invoices that have no later attempt."""
    tried = PlannedSend.objects.filter(retry_of=OuterRef("pk")).exclude(state="cancelled")
    open_invoices = Invoice.objects.filter(OPEN)
    rows = (
        PlannedSend.objects.filter(~Exists(tried), state="failed", invoice__in=open_invoices)
        .select_related("invoice", "invoice__customer")
        .order_by("-at", "-id")[:MOST]
    )
    found = list(rows)
    deliveries = queries.deliveries_of(planned_send_ids=[send.pk for send in found])
    return [
        Failure(
            send.pk,
            send.invoice,
            _words(send, at),
            send.at,
            send.channels,
            sentences.send_words(send.state, send.reason),
            send.reason == "uncertain",
            [
                f"{d.to_name or d.to_address}: {sentences.delivery_words(d.state, d.reason)}"
                for d in deliveries.get(send.pk, ())
                if d.state in ("failed", "bounced", "uncertain") and (d.to_name or d.to_address)
            ],
        )
        for send in found
    ]


def _maybe_held(at: Here) -> list[UUID]:
    """Find the open invoices that something may hold."""
    mine = Q(invoice=OuterRef("pk"))
    rows = Invoice.objects.filter(
        OPEN,
        Exists(Pause.objects.filter(mine, ends_at__gt=at.now))
        | Exists(Promise.objects.filter(mine, state="open"))
        | Exists(Dispute.objects.filter(mine, resolved_at__isnull=True)),
    )
    return list(rows.order_by("-balance_minor", "id").values_list("id", flat=True)[:MOST])


def _held(ids: Sequence[UUID], known: Holding, at: Here) -> list[Held]:
    rows = Invoice.objects.filter(pk__in=ids).select_related("customer")
    paused = set(
        Pause.objects.filter(invoice__in=ids, ends_at__gt=at.now).values_list(
            "invoice_id", flat=True
        )
    )
    found = []
    for invoice in rows.order_by(F("due_date").asc(nulls_last=True), "id"):
        why = known.words(invoice, at.now)
        if why:
            found.append(Held(invoice, why, invoice.pk in paused))
    return found


urlpatterns = [
    path("chasing/", overview, name="chasing"),
    path("chasing/cadences/", cadences.listed, name="cadences"),
    path("chasing/cadences/new/", cadences.new, name="cadence_new"),
    path("chasing/cadences/<uuid:cadence_id>/", cadences.edit, name="cadence"),
    path(
        "chasing/cadences/<uuid:cadence_id>/default/",
        cadences.make_default,
        name="cadence_default",
    ),
    path("chasing/cadences/<uuid:cadence_id>/delete/", cadences.delete, name="cadence_delete"),
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
