"""Payments of which nobody knows yet what they are for, or even whose they are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from dunwell.core.money import Money
from dunwell.ledger.errors import NotWaiting
from dunwell.ledger.models import Invoice, UnmatchedPayment
from dunwell.ledger.operations.allocation import ApplicationInput
from dunwell.ledger.operations.locks import lock_customers, raise_chase_versions
from dunwell.ledger.operations.payments import PaymentInput, PaymentResult, record_payment
from dunwell.ledger.operations.waiting import (
    Waiting,
    clean_note,
    clean_texts,
    end_waiting,
    hash_of,
    known_before,
    require_customer,
    save_once,
    tell_waiting,
)
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmatchedInput:
    """Money received that nobody can place yet; `customer_id` where the payer is known."""

    amount: Money
    received_on: date
    customer_id: UUID | None = None
    payer: str = ""
    method: str = ""
    reference: str = ""
    source: str = ""
    external_id: str | None = None


@transaction.atomic
def record_unmatched_payment(
    *, organization: Organization, actor: Actor, now: datetime, data: UnmatchedInput
) -> Waiting[UnmatchedPayment]:
    """Keep money that nobody can place; it holds its customer's invoices until it is matched.

    Without a customer it holds nothing. Idempotent by (source, external id). Raises NotFound,
    InvalidInput, PaymentDiffers.
    """
    data = replace(data, **clean_texts(UnmatchedPayment, data, "received_on", "payer"))
    held = _held_by_customer(data.customer_id)
    hashed = hash_of(data)
    known = known_before(UnmatchedPayment, data.source, data.external_id, hashed)
    if known is not None:
        return Waiting(known, created=False)
    if data.customer_id is not None:
        require_customer(data.customer_id)
    unmatched = UnmatchedPayment(
        organization=organization,
        customer_id=data.customer_id,
        currency=data.amount.currency,
        amount_minor=data.amount.minor,
        received_on=data.received_on,
        payer=data.payer,
        method=data.method,
        reference=data.reference,
        source=data.source,
        external_id=data.external_id,
        content_hash=hashed,
        came_at=now,
        recorded_by=actor.label[:200],
    )
    save_once(unmatched, "unmatched_payment_once")
    raise_chase_versions(invoice_ids=held)
    tell_waiting(actor, now, unmatched, "payment_unmatched", "payment.unmatched")
    return Waiting(unmatched, created=True, invoices=held)


@transaction.atomic
def match_payment(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    unmatched_id: UUID,
    customer_id: UUID,
    applications: Sequence[ApplicationInput] | None = None,
) -> PaymentResult:
    """Say whose payment it is and what it is for; it becomes a payment.

    Raises NotFound, NotWaiting and what record_payment raises.
    """
    unmatched, held = _locked_unmatched(unmatched_id, customer_id, applications or ())
    result = record_payment(
        organization=organization,
        actor=actor,
        now=now,
        data=PaymentInput(
            customer_id=customer_id,
            amount=Money(unmatched.amount_minor, unmatched.currency),
            received_on=unmatched.received_on,
            method=unmatched.method,
            reference=unmatched.reference or unmatched.payer,
            source=unmatched.source,
            external_id=unmatched.external_id,
            applications=applications,
        ),
    )
    end_waiting(unmatched, now, "matched", payment=result.payment)
    raise_chase_versions(invoice_ids=held)
    touched = {invoice.pk for invoice in result.invoices}.union(held)
    return PaymentResult(
        payment=result.payment,
        created=result.created,
        invoices=list(Invoice.objects.filter(pk__in=touched).order_by("id")),
    )


@transaction.atomic
def discard_unmatched_payment(
    *,
    organization: Organization,  # noqa: ARG001 - all writes take the same
    actor: Actor,
    now: datetime,
    unmatched_id: UUID,
    note: str = "",
) -> Waiting[UnmatchedPayment]:
    """Say that the money is for none of our invoices; chasing goes on. NotFound, NotWaiting."""
    unmatched, held = _locked_unmatched(unmatched_id, None, ())
    end_waiting(unmatched, now, "discarded", note=clean_note(UnmatchedPayment, note))
    raise_chase_versions(invoice_ids=held)
    tell_waiting(actor, now, unmatched, "payment_discarded", "payment.discarded")
    return Waiting(unmatched, created=False, invoices=held)


def _locked_unmatched(
    unmatched_id: UUID, customer_id: UUID | None, applications: Sequence[ApplicationInput]
) -> tuple[UnmatchedPayment, list[UUID]]:
    """Lock the invoices concerned in one order, then the row; it still waits."""
    found = UnmatchedPayment.objects.filter(pk=unmatched_id).first()
    if found is None:
        raise NotFound
    held = _held_by_customer(
        found.customer_id, customer_id, also=[each.invoice_id for each in applications]
    )
    locked = UnmatchedPayment.objects.select_for_update(no_key=True).get(pk=unmatched_id)
    if locked.state != "waiting":
        raise NotWaiting
    return locked, held


def _held_by_customer(*customer_ids: UUID | None, also: Sequence[UUID] = ()) -> list[UUID]:
    """Lock all open invoices of the customers, in the one order, and those named beside them."""
    wanted = {each for each in customer_ids if each is not None}
    return list(lock_customers(customer_ids=wanted, also=also))
