"""Money in and out: the ledger moves, and chasing stops or starts in the same transaction.

After the call that records a payment has returned, no message of a paid invoice is handed to any
provider (Rule: chasing, When a planned send takes effect).
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from dunwell.chasing.operations.planning import replan
from dunwell.core.money import Money
from dunwell.ledger import operations as ledger
from dunwell.ledger.models import Application, CreditNote, Invoice
from dunwell.ledger.operations import CreditNoteInput, PaymentInput, PaymentResult
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor


def record_payment(
    *, organization: Organization, actor: Actor, now: datetime, data: PaymentInput
) -> PaymentResult:
    """Record a payment, idempotent by (source, external id), and cancel what it makes needless."""
    (result,) = record_payments(organization=organization, actor=actor, now=now, data=[data])
    return result


def record_payments(
    *, organization: Organization, actor: Actor, now: datetime, data: Sequence[PaymentInput]
) -> list[PaymentResult]:
    """Record many payments at once, with the results of one after the other."""
    with transaction.atomic():
        results = ledger.record_payments(organization=organization, actor=actor, now=now, data=data)
        touched = (invoice.pk for result in results for invoice in result.invoices)
        _replan(organization, now, touched)
    return results


def reverse_payment(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    payment_id: UUID,
    amount: Money | None = None,
    reason: str = "",
    reversed_on: date | None = None,
) -> PaymentResult:
    """Take a payment back in full or in part; invoices it reopens are chased again."""
    with transaction.atomic():
        result = ledger.reverse_payment(
            organization=organization,
            actor=actor,
            now=now,
            payment_id=payment_id,
            amount=amount,
            reason=reason,
            reversed_on=reversed_on,
        )
        _replan(organization, now, (invoice.pk for invoice in result.invoices))
    return result


def record_credit_note(
    *, organization: Organization, actor: Actor, now: datetime, data: CreditNoteInput
) -> CreditNote:
    """Record a credit note and cancel what it makes needless."""
    with transaction.atomic():
        note = ledger.record_credit_note(organization=organization, actor=actor, now=now, data=data)
        touched = Application.objects.filter(credit_note=note).values_list("invoice_id", flat=True)
        _replan(organization, now, touched)
    return note


def apply_credit(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    origin_id: UUID,
    invoice_id: UUID,
    amount: Money | None = None,
) -> Invoice:
    """Put credit of the customer's account against an invoice; never done by itself."""
    with transaction.atomic():
        invoice = ledger.apply_credit(
            organization=organization,
            actor=actor,
            now=now,
            origin_id=origin_id,
            invoice_id=invoice_id,
            amount=amount,
        )
        _replan(organization, now, [invoice_id])
    return invoice


def _replan(organization: Organization, now: datetime, invoice_ids: Iterable[UUID]) -> None:
    touched = sorted(set(invoice_ids))
    if touched:
        replan(organization=organization, invoice_ids=touched, now=now)
