"""Payments and credit notes: recorded, applied, taken back."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from django.db.models import Sum
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Body, Query, Router, Status
from pydantic import BaseModel, Field

from dunwell import flows
from dunwell.api import paging, shapes
from dunwell.api.door import Here, here
from dunwell.api.paging import Cursor, Limit, Page
from dunwell.ledger.models import Application, CreditNote, Payment
from dunwell.ledger.operations import CreditNoteInput, PaymentInput
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.roles import Permission

router = Router(tags=["money"])
credit_notes = Router(tags=["money"])


class PaymentIn(shapes.Body):
    """Money received; without applications it goes to the oldest due first."""

    customer_id: UUID
    amount: shapes.MoneyIn
    received_on: shapes.Day | None = None
    method: shapes.Line | None = None
    reference: shapes.Line | None = None
    source: shapes.Line | None = None
    external_id: Annotated[
        shapes.Line | None, Field(description="With `source`, the same payment once only")
    ] = None
    applications: Annotated[list[shapes.ApplicationIn] | None, Field(max_length=1000)] = None


class ReversalIn(shapes.Body):
    """How much is taken back; without amount all that is left."""

    amount: shapes.MoneyIn | None = None
    reason: shapes.Line = ""
    reversed_on: shapes.Day | None = None


class CreditNoteIn(shapes.Body):
    """Credit that reduces what is owed; applied like a payment."""

    customer_id: UUID
    amount: shapes.MoneyIn
    issued_on: shapes.Day | None = None
    number: shapes.Line | None = None
    reason: shapes.Line | None = None
    applications: Annotated[list[shapes.ApplicationIn] | None, Field(max_length=1000)] = None


class ApplyIn(shapes.Body):
    """Put credit that is left against an invoice; without amount as much as it owes."""

    invoice_id: UUID
    amount: shapes.MoneyIn | None = None


class PaymentOut(BaseModel):
    """A payment; `unapplied` is credit on the customer's account."""

    id: UUID
    customer_id: UUID
    amount: shapes.MoneyOut
    applied: shapes.MoneyOut
    reversed: shapes.MoneyOut
    unapplied: shapes.MoneyOut
    received_on: shapes.Day
    method: str
    reference: str
    source: str
    external_id: str | None
    flag: str | None
    applications: list[shapes.ApplicationOut]
    recorded_at: shapes.Instant
    recorded_by: str


class CreditNoteOut(BaseModel):
    """A credit note; `unapplied` is credit on the customer's account."""

    id: UUID
    customer_id: UUID
    number: str
    amount: shapes.MoneyOut
    applied: shapes.MoneyOut
    unapplied: shapes.MoneyOut
    issued_on: shapes.Day
    reason: str
    applications: list[shapes.ApplicationOut]
    recorded_at: shapes.Instant
    recorded_by: str


@router.post("", response={201: PaymentOut, 200: PaymentOut})
def record(request: HttpRequest, data: PaymentIn) -> Any:
    """Record money received; 200 and the first payment for a known (source, external_id)."""
    place = here(request, Permission.LEDGER_WRITE)
    result = flows.record_payment(
        organization=place.organization,
        actor=place.actor,
        now=place.now,
        data=PaymentInput(
            customer_id=data.customer_id,
            amount=data.amount.read("amount"),
            received_on=data.received_on or place.today,
            method=data.method or "",
            reference=data.reference or "",
            source=data.source or "",
            external_id=data.external_id,
            applications=shapes.read_applications(data.applications),
        ),
    )
    return Status(201 if result.created else 200, payments(place, [result.payment])[0])


@router.get("", response=Page[PaymentOut])
def find(
    request: HttpRequest,
    *,
    limit: Limit = 50,
    cursor: Cursor = "",
    customer_id: UUID | None = None,
    invoice_id: UUID | None = None,
    external_id: Annotated[str, Query(max_length=200)] = "",
) -> Any:
    """List payments."""
    place = here(request)
    rows = Payment.objects.all()
    if customer_id:
        rows = rows.filter(customer_id=customer_id)
    if invoice_id:
        applied = Application.objects.filter(invoice_id=invoice_id, payment__isnull=False)
        rows = rows.filter(pk__in=applied.values("payment_id"))
    if external_id:
        rows = rows.filter(external_id=external_id)
    return paging.page(
        rows,
        order=["id"],
        limit=limit,
        cursor=cursor,
        present=lambda found: payments(place, found),
    )


@router.get("/{uuid:payment_id}", response=PaymentOut)
def read(request: HttpRequest, payment_id: UUID) -> Any:
    """Read a payment."""
    place = here(request)
    found = Payment.objects.filter(pk=payment_id).first()
    if found is None:
        raise NotFound(_("There is no such payment."))
    return payments(place, [found])[0]


@router.post("/{uuid:payment_id}/reverse", response=PaymentOut)
def reverse(
    request: HttpRequest, payment_id: UUID, data: Annotated[ReversalIn | None, Body()] = None
) -> Any:
    """Take a payment back, in full or in part: refund, bounce or chargeback."""
    place = here(request, Permission.LEDGER_WRITE)
    wish = data or ReversalIn()
    result = flows.reverse_payment(
        organization=place.organization,
        actor=place.actor,
        now=place.now,
        payment_id=payment_id,
        amount=shapes.amount("amount", wish.amount),
        reason=wish.reason,
        reversed_on=wish.reversed_on,
    )
    return payments(place, [result.payment])[0]


@router.post("/{uuid:payment_id}/apply", response=PaymentOut)
def apply(request: HttpRequest, payment_id: UUID, data: ApplyIn) -> Any:
    """Apply credit left over."""
    place = here(request, Permission.LEDGER_WRITE)
    _apply(place, payment_id, data)
    return payments(place, [Payment.objects.get(pk=payment_id)])[0]


@credit_notes.post("", response={201: CreditNoteOut})
def record_credit_note(request: HttpRequest, data: CreditNoteIn) -> Any:
    """Record a credit note."""
    place = here(request, Permission.LEDGER_WRITE)
    note = flows.record_credit_note(
        organization=place.organization,
        actor=place.actor,
        now=place.now,
        data=CreditNoteInput(
            customer_id=data.customer_id,
            amount=data.amount.read("amount"),
            issued_on=data.issued_on or place.today,
            number=data.number or "",
            reason=data.reason or "",
            applications=shapes.read_applications(data.applications),
        ),
    )
    return Status(201, notes(place, [note])[0])


@credit_notes.get("", response=Page[CreditNoteOut])
def find_credit_notes(
    request: HttpRequest, limit: Limit = 50, cursor: Cursor = "", customer_id: UUID | None = None
) -> Any:
    """List credit notes."""
    place = here(request)
    rows = CreditNote.objects.all()
    if customer_id:
        rows = rows.filter(customer_id=customer_id)
    return paging.page(
        rows, order=["id"], limit=limit, cursor=cursor, present=lambda found: notes(place, found)
    )


@credit_notes.get("/{uuid:credit_note_id}", response=CreditNoteOut)
def read_credit_note(request: HttpRequest, credit_note_id: UUID) -> Any:
    """Read a credit note."""
    place = here(request)
    found = CreditNote.objects.filter(pk=credit_note_id).first()
    if found is None:
        raise NotFound(_("There is no such credit note."))
    return notes(place, [found])[0]


@credit_notes.post("/{uuid:credit_note_id}/apply", response=CreditNoteOut)
def apply_credit_note(request: HttpRequest, credit_note_id: UUID, data: ApplyIn) -> Any:
    """Apply credit left over."""
    place = here(request, Permission.LEDGER_WRITE)
    _apply(place, credit_note_id, data)
    return notes(place, [CreditNote.objects.get(pk=credit_note_id)])[0]


def _apply(place: Here, origin_id: UUID, data: ApplyIn) -> None:
    flows.apply_credit(
        organization=place.organization,
        actor=place.actor,
        now=place.now,
        origin_id=origin_id,
        invoice_id=data.invoice_id,
        amount=shapes.amount("amount", data.amount),
    )


def payments(place: Here, rows: Sequence[Payment]) -> list[dict[str, Any]]:
    """Write payments with what they were applied to."""
    applied = _applications("payment", rows)
    return [
        {
            "id": row.pk,
            "customer_id": row.customer_id,
            "amount": shapes.money(row.amount),
            "applied": shapes.money_of(row.applied_minor, row.currency),
            "reversed": shapes.money_of(row.reversed_minor, row.currency),
            "unapplied": shapes.money(row.unapplied),
            "received_on": row.received_on.isoformat(),
            "method": row.method,
            "reference": row.reference,
            "source": row.source,
            "external_id": row.external_id,
            "flag": row.flag or None,
            "applications": applied.get(row.pk, []),
            "recorded_at": shapes.instant(row.recorded_at, place.organization.zone),
            "recorded_by": row.recorded_by,
        }
        for row in rows
    ]


def notes(place: Here, rows: Sequence[CreditNote]) -> list[dict[str, Any]]:
    """Write credit notes with what they were applied to."""
    applied = _applications("credit_note", rows)
    return [
        {
            "id": row.pk,
            "customer_id": row.customer_id,
            "number": row.number,
            "amount": shapes.money_of(row.amount_minor, row.currency),
            "applied": shapes.money_of(row.applied_minor, row.currency),
            "unapplied": shapes.money_of(row.amount_minor - row.applied_minor, row.currency),
            "issued_on": row.issued_on.isoformat(),
            "reason": row.reason,
            "applications": applied.get(row.pk, []),
            "recorded_at": shapes.instant(row.recorded_at, place.organization.zone),
            "recorded_by": row.recorded_by,
        }
        for row in rows
    ]


def _applications(
    origin: str, rows: Sequence[Payment | CreditNote]
) -> dict[UUID, list[dict[str, Any]]]:
    """Sum what stands applied per invoice, what was taken back included."""
    currencies = {row.pk: row.currency for row in rows}
    sums = (
        Application.objects.filter(**{f"{origin}__in": list(currencies)})
        .values(origin, "invoice_id", "invoice__number")
        .annotate(minor=Sum("amount_minor"))
        .filter(minor__gt=0)
        .order_by("invoice__number")
    )
    found: dict[UUID, list[dict[str, Any]]] = {}
    for line in sums:
        found.setdefault(line[origin], []).append(
            {
                "invoice_id": line["invoice_id"],
                "number": line["invoice__number"],
                "amount": shapes.money_of(int(line["minor"]), currencies[line[origin]]),
            }
        )
    return found
