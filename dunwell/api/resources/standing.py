"""What customers say: promises to pay and disputes; and what members log by hand."""

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Body, Router, Status
from pydantic import BaseModel, Field

from dunwell import flows
from dunwell.api import paging, shapes
from dunwell.api.door import Here, here
from dunwell.api.paging import Cursor, Limit, Page
from dunwell.ledger.models import Activity, Dispute, Promise
from dunwell.ledger.operations import ActivityInput, log_activity
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.roles import Permission

promises = Router(tags=["promises and disputes"])
disputes = Router(tags=["promises and disputes"])
activities = Router(tags=["activity"])


class PromiseIn(shapes.Body):
    """A promise to pay; without amount the whole balance. It replaces the open one."""

    invoice_id: UUID
    amount: shapes.MoneyIn | None = None
    promised_on: shapes.Day
    contact_id: UUID | None = None
    note: shapes.Text | None = None
    channel: shapes.Line = ""


class DisputeIn(shapes.Body):
    """What is contested: an amount, lines (numbered from 1), or the whole balance."""

    invoice_id: UUID
    amount: shapes.MoneyIn | None = None
    lines: Annotated[
        list[Annotated[shapes.Whole, Field(ge=1, le=1000)]], Field(max_length=1000)
    ] = []
    reason: shapes.Text | None = None
    channel: shapes.Line = ""


class ResolutionIn(shapes.Body):
    """How a dispute ended."""

    resolution: Annotated[str, Field(max_length=40)] = ""


class ActivityIn(shapes.Body):
    """What a member did or heard, about an invoice or a customer's account."""

    kind: Literal["call", "meeting", "note", "message", "reply"]
    invoice_id: UUID | None = None
    customer_id: UUID | None = None
    outcome: shapes.Line | None = None
    channel: shapes.Line | None = None
    next_on: shapes.Day | None = None
    text: shapes.Text | None = None


class PromiseOut(BaseModel):
    """A promise to pay."""

    id: UUID
    invoice_id: UUID
    contact_id: UUID | None
    amount: shapes.MoneyOut
    promised_on: shapes.Day
    grace_days: int
    note: str
    source: str
    state: Literal["open", "kept", "broken", "replaced"]
    said_at: shapes.Instant
    settled_at: shapes.Instant | None
    recorded_by: str


class DisputeOut(BaseModel):
    """A dispute; amount null: the whole balance."""

    id: UUID
    invoice_id: UUID
    amount: shapes.MoneyOut | None
    lines: list[int]
    reason: str
    state: Literal["open", "resolved"]
    opened_at: shapes.Instant
    opened_by: str
    resolved_at: shapes.Instant | None
    resolution: str | None


class ActivityOut(BaseModel):
    """One entry of the log."""

    id: UUID
    kind: str
    at: shapes.Instant
    by: str
    customer_id: UUID
    invoice_id: UUID | None
    channel: str | None
    outcome: str | None
    text: str
    next_on: shapes.Day | None
    data: dict[str, Any]


@promises.post("", response={201: PromiseOut})
def record_promise(request: HttpRequest, data: PromiseIn) -> Any:
    """Record a promise to pay."""
    place = here(request, Permission.LEDGER_WRITE)
    made = flows.record_promise(
        organization=place.organization,
        actor=place.actor,
        now=place.now,
        invoice_id=data.invoice_id,
        promised_on=data.promised_on,
        amount=shapes.amount("amount", data.amount),
        contact_id=data.contact_id,
        note=data.note or "",
        channel=data.channel,
    )
    return Status(201, _promise(place, made))


@promises.get("", response=Page[PromiseOut])
def find_promises(
    request: HttpRequest,
    limit: Limit = 50,
    cursor: Cursor = "",
    invoice_id: UUID | None = None,
    state: Literal["open", "kept", "broken", "replaced"] | None = None,
) -> Any:
    """List promises."""
    place = here(request)
    rows = Promise.objects.select_related("invoice")
    if invoice_id:
        rows = rows.filter(invoice_id=invoice_id)
    if state:
        rows = rows.filter(state=state)
    return paging.page(
        rows,
        order=["id"],
        limit=limit,
        cursor=cursor,
        present=lambda found: [_promise(place, row) for row in found],
    )


@promises.get("/{uuid:promise_id}", response=PromiseOut)
def read_promise(request: HttpRequest, promise_id: UUID) -> Any:
    """Read a promise."""
    place = here(request)
    found = Promise.objects.select_related("invoice").filter(pk=promise_id).first()
    if found is None:
        raise NotFound(_("There is no such promise."))
    return _promise(place, found)


@disputes.post("", response={201: DisputeOut})
def open_dispute(request: HttpRequest, data: DisputeIn) -> Any:
    """Open a dispute."""
    place = here(request, Permission.LEDGER_WRITE)
    made = flows.open_dispute(
        organization=place.organization,
        actor=place.actor,
        now=place.now,
        invoice_id=data.invoice_id,
        amount=shapes.amount("amount", data.amount),
        lines=data.lines,
        reason=data.reason or "",
        channel=data.channel,
    )
    return Status(201, _dispute(place, made))


@disputes.get("", response=Page[DisputeOut])
def find_disputes(
    request: HttpRequest,
    limit: Limit = 50,
    cursor: Cursor = "",
    invoice_id: UUID | None = None,
    state: Literal["open", "resolved"] | None = None,
) -> Any:
    """List disputes."""
    place = here(request)
    rows = Dispute.objects.select_related("invoice")
    if invoice_id:
        rows = rows.filter(invoice_id=invoice_id)
    if state:
        rows = rows.filter(resolved_at__isnull=state == "open")
    return paging.page(
        rows,
        order=["id"],
        limit=limit,
        cursor=cursor,
        present=lambda found: [_dispute(place, row) for row in found],
    )


@disputes.get("/{uuid:dispute_id}", response=DisputeOut)
def read_dispute(request: HttpRequest, dispute_id: UUID) -> Any:
    """Read a dispute."""
    place = here(request)
    found = Dispute.objects.select_related("invoice").filter(pk=dispute_id).first()
    if found is None:
        raise NotFound(_("There is no such dispute."))
    return _dispute(place, found)


@disputes.post("/{uuid:dispute_id}/resolve", response=DisputeOut)
def resolve_dispute(
    request: HttpRequest, dispute_id: UUID, data: Annotated[ResolutionIn | None, Body()] = None
) -> Any:
    """Resolve a dispute."""
    place = here(request, Permission.LEDGER_WRITE)
    ended = flows.resolve_dispute(
        organization=place.organization,
        actor=place.actor,
        now=place.now,
        dispute_id=dispute_id,
        resolution=data.resolution if data else "",
    )
    return _dispute(place, ended)


@activities.post("", response={201: ActivityOut})
def log(request: HttpRequest, data: ActivityIn) -> Any:
    """Log a call, meeting or note."""
    place = here(request, Permission.LEDGER_WRITE)
    made = log_activity(
        organization=place.organization,
        actor=place.actor,
        now=place.now,
        data=ActivityInput(
            kind=data.kind,
            invoice_id=data.invoice_id,
            customer_id=data.customer_id,
            outcome=data.outcome or "",
            channel=data.channel or "",
            next_on=data.next_on,
            text=data.text or "",
        ),
    )
    return Status(201, activity(place, made))


@activities.get("", response=Page[ActivityOut])
def find_activities(
    request: HttpRequest,
    limit: Limit = 50,
    cursor: Cursor = "",
    invoice_id: UUID | None = None,
    customer_id: UUID | None = None,
) -> Any:
    """List the log."""
    place = here(request)
    rows = Activity.objects.all()
    if invoice_id:
        rows = rows.filter(invoice_id=invoice_id)
    if customer_id:
        rows = rows.filter(customer_id=customer_id)
    return paging.page(
        rows,
        order=["at", "id"],
        limit=limit,
        cursor=cursor,
        present=lambda found: [activity(place, row) for row in found],
    )


def activity(place: Here, row: Activity) -> dict[str, Any]:
    """Write one entry of the log."""
    return {
        "id": row.pk,
        "kind": row.kind,
        "at": shapes.instant(row.at, place.organization.zone),
        "by": row.by,
        "customer_id": row.customer_id,
        "invoice_id": row.invoice_id,
        "channel": row.channel or None,
        "outcome": row.outcome or None,
        "text": row.text,
        "next_on": row.next_on and row.next_on.isoformat(),
        "data": row.data,
    }


def _promise(place: Here, row: Promise) -> dict[str, Any]:
    zone = place.organization.zone
    return {
        "id": row.pk,
        "invoice_id": row.invoice_id,
        "contact_id": row.contact_id,
        "amount": shapes.money_of(row.amount_minor, row.invoice.currency),
        "promised_on": row.promised_on.isoformat(),
        "grace_days": row.grace_days,
        "note": row.note,
        "source": row.source,
        "state": row.state,
        "said_at": shapes.instant(row.said_at, zone),
        "settled_at": shapes.instant(row.settled_at, zone),
        "recorded_by": row.recorded_by,
    }


def _dispute(place: Here, row: Dispute) -> dict[str, Any]:
    zone = place.organization.zone
    minor = row.amount_minor
    return {
        "id": row.pk,
        "invoice_id": row.invoice_id,
        "amount": None if minor is None else shapes.money_of(minor, row.invoice.currency),
        "lines": row.lines,
        "reason": row.reason,
        "state": "open" if row.resolved_at is None else "resolved",
        "opened_at": shapes.instant(row.opened_at, zone),
        "opened_by": row.opened_by,
        "resolved_at": shapes.instant(row.resolved_at, zone),
        "resolution": row.resolution or None,
    }
