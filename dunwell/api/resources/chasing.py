"""What chasing would send: any cadence on any invoice or on all open ones, nothing stored."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel

from dunwell.api import paging, shapes
from dunwell.api.door import Here, here
from dunwell.api.paging import Cursor, Limit, Page
from dunwell.api.resources import invoices, schedules
from dunwell.chasing import queries
from dunwell.chasing.models import FirstSend, PlannedSend
from dunwell.chasing.operations.schedules import steps_of
from dunwell.core.cadence import Step
from dunwell.core.schedule import Instance
from dunwell.ledger.models import Invoice
from dunwell.ledger.queries import OPEN

router = Router(tags=["chasing"])


class WouldSend(BaseModel):
    """One message that would go out."""

    invoice_id: UUID
    invoice_number: str
    step: int | None
    at: shapes.Instant
    trigger: dict[str, str | int]
    channels: list[shapes.Channel]
    contact_roles: list[str]
    template: str | None


@router.get("/preview", response=Page[WouldSend])
def preview(
    request: HttpRequest,
    *,
    invoice_id: UUID | None = None,
    cadence_id: UUID | None = None,
    days: Annotated[int, Query(ge=1, le=730)] = 90,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Any:
    """Say what would go out in the coming days; nothing is sent.

    A cadence is laid on one invoice, or on all open ones (`limit` counts invoices then). Without
    a cadence it is what is planned; of a draft, what its schedule would come to.
    """
    place = here(request)
    until = place.now + timedelta(days=days)
    cadence = queries.get_cadence(cadence_id=cadence_id) if cadence_id else None
    invoice = invoices.require(invoice_id) if invoice_id else None
    if cadence is not None:
        steps = [Step.from_json(step) for step in cadence.steps]
        found = [invoice.pk] if invoice else None
        return _laid(place, found, steps=steps, until=until, limit=limit, cursor=cursor)
    if invoice is not None and invoice.issued_at is None:
        schedule = queries.schedule_of(invoice_id=invoice.pk)
        steps = list(steps_of(schedule)) if schedule and schedule.enabled else []
        return _laid(place, [invoice.pk], steps=steps, until=until, limit=limit, cursor=cursor)
    rows = PlannedSend.objects.filter(state="planned", at__lte=until, invoice__isnull=False)
    rows = rows.select_related("invoice")
    if invoice is not None:
        rows = rows.filter(invoice=invoice)
    return paging.page(
        rows,
        order=["at", "id"],
        limit=limit,
        cursor=cursor,
        present=lambda some: [
            _named(each, row.invoice)
            for each, row in zip(schedules.planned(place, some), some, strict=True)
        ],
    )


def _laid(
    place: Here,
    ids: Sequence[UUID] | None,
    *,
    steps: Sequence[Step],
    until: datetime,
    limit: int,
    cursor: str,
) -> dict[str, Any]:
    """Lay steps on the invoices of these ids, on all open ones without; in order of time."""
    rows = Invoice.objects.filter(OPEN) if ids is None else Invoice.objects.filter(pk__in=ids)

    def present(some: list[Invoice]) -> list[dict[str, Any]]:
        sent = set(FirstSend.objects.filter(invoice__in=some).values_list("invoice_id", flat=True))
        coming = [
            (instance, invoice)
            for invoice in some
            if invoice.closed_at is None and invoice.balance
            for instance in _coming(place, invoice, steps, until, ever_sent=invoice.pk in sent)
        ]
        coming.sort(key=lambda each: (each[0].at, each[1].pk))
        return [
            _named(schedules.preview(place, steps, [instance])[0], invoice)
            for instance, invoice in coming
        ]

    return paging.page(rows, order=["id"], limit=limit, cursor=cursor, present=present)


def _coming(
    place: Here, invoice: Invoice, steps: Sequence[Step], until: datetime, *, ever_sent: bool
) -> list[Instance]:
    """Reckon the sends still to come; an invoice never sent goes out now at the latest."""
    found = []
    for each in schedules.reckoned(place, invoice, steps):
        lost = each.on_issue and not ever_sent and each.at < place.now
        at = place.now if lost else each.at
        if place.now <= at <= until:
            found.append(Instance(each.step_key, each.occurrence, each.day, at, each.on_issue))
    return found


def _named(written: dict[str, Any], invoice: Invoice) -> dict[str, Any]:
    return {**written, "invoice_id": invoice.pk, "invoice_number": invoice.number}
