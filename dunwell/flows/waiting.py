"""Money on its way or not placed yet, and claims that it is paid: they hold, and their end frees.

An invoice that was never sent goes out after all when such a hold ends (Rule: chasing, On issue is
never lost); the rest of its schedule stays as it is planned.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from dunwell.chasing.operations.planning import replan
from dunwell.core.money import Money
from dunwell.ledger import operations as ledger
from dunwell.ledger.models import PaidClaim, PendingPayment, UnmatchedPayment
from dunwell.ledger.operations import (
    ApplicationInput,
    PaymentInput,
    PaymentResult,
    UnmatchedInput,
    Waiting,
)
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor


def record_pending_payment(
    *, organization: Organization, actor: Actor, now: datetime, data: PaymentInput
) -> Waiting[PendingPayment]:
    """Note an announced payment; it holds what it is for until it settles or fails."""
    return ledger.record_pending_payment(organization=organization, actor=actor, now=now, data=data)


def settle_pending_payment(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    pending_id: UUID,
    received_on: date,
    amount: Money | None = None,
) -> PaymentResult:
    """Record the payment that was announced, and cancel what it makes needless."""
    with transaction.atomic():
        result = ledger.settle_pending_payment(
            organization=organization,
            actor=actor,
            now=now,
            pending_id=pending_id,
            received_on=received_on,
            amount=amount,
        )
        _replan(organization, now, (invoice.pk for invoice in result.invoices))
    return result


def fail_pending_payment(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    pending_id: UUID,
    note: str = "",
) -> PendingPayment:
    """Note that an announced payment will not come; chasing goes on."""
    with transaction.atomic():
        ended = ledger.fail_pending_payment(
            organization=organization, actor=actor, now=now, pending_id=pending_id, note=note
        )
        _replan(organization, now, ended.invoices)
    return ended.row


def record_unmatched_payment(
    *, organization: Organization, actor: Actor, now: datetime, data: UnmatchedInput
) -> Waiting[UnmatchedPayment]:
    """Keep money nobody can place yet; it holds its customer's invoices until it is matched."""
    return ledger.record_unmatched_payment(
        organization=organization, actor=actor, now=now, data=data
    )


def match_payment(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    unmatched_id: UUID,
    customer_id: UUID,
    applications: Sequence[ApplicationInput] | None = None,
) -> PaymentResult:
    """Turn unmatched money into a payment, and cancel what it makes needless."""
    with transaction.atomic():
        result = ledger.match_payment(
            organization=organization,
            actor=actor,
            now=now,
            unmatched_id=unmatched_id,
            customer_id=customer_id,
            applications=applications,
        )
        _replan(organization, now, (invoice.pk for invoice in result.invoices))
    return result


def discard_unmatched_payment(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    unmatched_id: UUID,
    note: str = "",
) -> UnmatchedPayment:
    """Say that the money is for none of our invoices; chasing goes on."""
    with transaction.atomic():
        ended = ledger.discard_unmatched_payment(
            organization=organization, actor=actor, now=now, unmatched_id=unmatched_id, note=note
        )
        _replan(organization, now, ended.invoices)
    return ended.row


def claim_paid(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    invoice_id: UUID,
    contact_id: UUID | None = None,
    note: str = "",
    source: str = "member",
    channel: str = "",
) -> PaidClaim:
    """Note that the customer says it is paid; it holds for three working days."""
    return ledger.claim_paid(
        organization=organization,
        actor=actor,
        now=now,
        invoice_id=invoice_id,
        contact_id=contact_id,
        note=note,
        source=source,
        channel=channel,
    )


def answer_claim(
    *, organization: Organization, actor: Actor, now: datetime, claim_id: UUID, note: str = ""
) -> PaidClaim:
    """Answer a claim that an invoice is paid; chasing goes on for what is owed."""
    with transaction.atomic():
        claim = ledger.answer_claim(
            organization=organization, actor=actor, now=now, claim_id=claim_id, note=note
        )
        _replan(organization, now, [claim.invoice_id])
    return claim


def _replan(organization: Organization, now: datetime, invoice_ids: Iterable[UUID]) -> None:
    touched = sorted(set(invoice_ids))
    if touched:
        replan(organization=organization, invoice_ids=touched, now=now)
