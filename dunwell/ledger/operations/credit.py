"""Credit: notes that reduce what is owed, and credit that is put against an invoice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from dunwell.core.money import Money
from dunwell.ledger.checks import Checks, positive, same_currency
from dunwell.ledger.constraints import refusals
from dunwell.ledger.errors import ClosedInvoice, DuplicateNumber, IsDraft, NoCredit, NothingOwed
from dunwell.ledger.models import CreditNote, Customer, Invoice, Payment
from dunwell.ledger.operations import history
from dunwell.ledger.operations.allocation import ApplicationInput, allocate
from dunwell.ledger.operations.applications import Origin, Shares, apply_shares
from dunwell.ledger.operations.locks import lock_open_invoices
from dunwell.ledger.operations.numbers import next_credit_note_number
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditNoteInput:
    """Credit for a customer; without `number` the next one is taken.

    `applications` None: oldest due date first, like a payment; an empty list leaves all as credit.
    """

    customer_id: UUID
    amount: Money
    issued_on: date
    number: str = ""
    reason: str = ""
    applications: Sequence[ApplicationInput] | None = None


@transaction.atomic
def record_credit_note(
    *, organization: Organization, actor: Actor, now: datetime, data: CreditNoteInput
) -> CreditNote:
    """Record a credit note and apply it like a payment.

    Raises NotFound, InvalidInput, OverApplied, IsDraft, DuplicateNumber.
    """
    note = _note(organization, actor, now, data)
    invoices = lock_open_invoices(
        customer_id=data.customer_id,
        currency=data.amount.currency,
        also=[application.invoice_id for application in data.applications or ()],
    )
    if not Customer.objects.filter(pk=data.customer_id).exists():
        raise NotFound
    allocation = allocate(
        amount=data.amount,
        customer_id=data.customer_id,
        invoices=invoices,
        wanted=data.applications,
    )
    note.number = note.number or next_credit_note_number(organization=organization)
    with refusals({"credit_note_once": DuplicateNumber(number=note.number)}):
        note.save(force_insert=True)
    _tell(actor, now, note)
    apply_shares(
        organization=organization,
        actor=actor,
        now=now,
        given=[Shares(origin=note, applied_on=note.issued_on, minor=allocation.shares)],
        invoices=invoices,
    )
    note.refresh_from_db()
    return note


def _note(
    organization: Organization, actor: Actor, now: datetime, data: CreditNoteInput
) -> CreditNote:
    positive(amount=data.amount)
    checks = Checks()
    note = CreditNote(
        organization=organization,
        customer_id=data.customer_id,
        number=checks.column(CreditNote, "number", data.number),
        currency=data.amount.currency,
        amount_minor=data.amount.minor,
        issued_on=checks.day("issued_on", data.issued_on),
        reason=checks.column(CreditNote, "reason", data.reason),
        recorded_at=now,
        recorded_by=actor.label[:200],
    )
    checks.done()
    return note


def _tell(actor: Actor, now: datetime, note: CreditNote) -> None:
    history.happened(
        actor=actor,
        now=now,
        kind="credit_note",
        event="credit_note.recorded",
        customer=note.customer,
        text=note.reason,
        data={
            "credit_note_id": str(note.pk),
            "credit_note": note.number,
            "amount": history.money_json(note.amount),
        },
    )
    history.audited(
        actor=actor,
        now=now,
        action="credit_note.recorded",
        row=note,
        changes={"amount": [None, str(note.amount)]},
    )


@transaction.atomic
def apply_credit(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    origin_id: UUID,
    invoice_id: UUID,
    amount: Money | None = None,
) -> Invoice:
    """Put credit that is left of a payment or credit note against one open invoice.

    `origin_id` is the payment's or credit note's id; `amount` None means as much as both sides
    allow. Rule: api, Shapes (credit is never applied by itself). Raises NotFound, NoCredit,
    IsDraft, ClosedInvoice, NothingOwed, InvalidInput, OverApplied.
    """
    customer_id, currency = _account(origin_id)
    invoices = lock_open_invoices(customer_id=customer_id, currency=currency, also=[invoice_id])
    origin = _lock_origin(origin_id)
    if not origin.unapplied:
        raise NoCredit
    _require_owing(invoices[invoice_id])
    if amount is not None:
        positive(amount=same_currency(amount=amount, currency=currency))
    allocation = allocate(
        amount=origin.unapplied,
        customer_id=customer_id,
        invoices=invoices,
        wanted=[ApplicationInput(invoice_id=invoice_id, amount=amount)],
    )
    share = Money(allocation.shares[invoice_id], currency)
    history.happened(
        actor=actor,
        now=now,
        kind="credit_applied",
        event="credit.applied",
        invoice=invoices[invoice_id],
        data={"origin_id": str(origin_id), "amount": history.money_json(share)},
    )
    day = origin.received_on if isinstance(origin, Payment) else origin.issued_on
    (after,) = apply_shares(
        organization=organization,
        actor=actor,
        now=now,
        given=[Shares(origin=origin, applied_on=day, minor=allocation.shares)],
        invoices=invoices,
    )
    return after


def _account(origin_id: UUID) -> tuple[UUID, str]:
    for model in (Payment, CreditNote):
        found = model.objects.filter(pk=origin_id).values_list("customer_id", "currency").first()
        if found is not None:
            return found
    raise NotFound


def _lock_origin(origin_id: UUID) -> Origin:
    payment = Payment.objects.filter(pk=origin_id).select_for_update(no_key=True).first()
    if payment is not None:
        return payment
    return CreditNote.objects.select_for_update(no_key=True).get(pk=origin_id)


def _require_owing(invoice: Invoice) -> None:
    if invoice.issued_at is None:
        raise IsDraft(number=invoice.number)
    if invoice.closed_at is not None:
        raise ClosedInvoice(number=invoice.number)
    if invoice.balance.minor <= 0:
        raise NothingOwed(number=invoice.number)
