"""Payments taken back: refunds, bounces, chargebacks (Rule: tracking, Payments)."""

from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from dunwell.core.calendar import local_date
from dunwell.core.money import Money
from dunwell.ledger.checks import Checks, positive, same_currency
from dunwell.ledger.errors import OverReversed
from dunwell.ledger.models import Application, Invoice, Payment, PaymentReversal
from dunwell.ledger.operations import history
from dunwell.ledger.operations.applications import take_back
from dunwell.ledger.operations.locks import lock_open_invoices
from dunwell.ledger.operations.payments import PaymentResult
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor


@transaction.atomic
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
    """Take a payment back in full (`amount` None) or in part: refund, bounce or chargeback.

    First what is not applied, then the latest applications; their invoices owe again and are
    reopened. Raises NotFound, InvalidInput, OverReversed where less is left.
    """
    account = Payment.objects.filter(pk=payment_id).values_list("customer_id", "currency").first()
    if account is None:
        raise NotFound
    reason, day = _cleaned(reason, reversed_on or local_date(now, organization.zone))
    invoices = _lock_account_of(payment_id, *account)
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    taken = _taken(payment, amount)
    _tell(actor=actor, now=now, payment=payment, taken=taken, reason=reason, day=day)
    # Applications first: the payment is never over-applied, not even for a moment.
    touched = take_back(
        organization=organization,
        actor=actor,
        now=now,
        origin=payment,
        taken_on=day,
        minor=max(0, taken.minor - payment.unapplied.minor),
        invoices=invoices,
    )
    _store(actor=actor, now=now, payment=payment, taken=taken, reason=reason, day=day)
    return PaymentResult(payment=payment, created=False, invoices=touched)


def _cleaned(reason: str, day: date) -> tuple[str, date]:
    checks = Checks()
    cleaned = checks.column(PaymentReversal, "reason", reason), checks.day("reversed_on", day)
    checks.done()
    return cleaned


def _taken(payment: Payment, amount: Money | None) -> Money:
    """Return how much is taken back, at most what was not taken back before."""
    left = Money(payment.amount_minor - payment.reversed_minor, payment.currency)
    taken = left
    if amount is not None:
        taken = positive(amount=same_currency(amount=amount, currency=payment.currency))
    if taken > left or not left:
        raise OverReversed(left=left)
    return taken


def _store(
    *, actor: Actor, now: datetime, payment: Payment, taken: Money, reason: str, day: date
) -> None:
    PaymentReversal(
        organization_id=payment.organization_id,
        payment=payment,
        amount_minor=taken.minor,
        reversed_on=day,
        reason=reason,
        recorded_at=now,
        recorded_by=actor.label[:200],
    ).save(force_insert=True)
    Payment.objects.filter(pk=payment.pk).update(reversed_minor=F("reversed_minor") + taken.minor)
    payment.refresh_from_db()


def _lock_account_of(payment_id: UUID, customer_id: UUID, currency: str) -> dict[UUID, Invoice]:
    """Lock the invoices a payment is or may come to be applied to."""
    applied = Application.objects.filter(payment_id=payment_id).values_list("invoice_id", flat=True)
    return lock_open_invoices(customer_id=customer_id, currency=currency, also=set(applied))


def _tell(
    *, actor: Actor, now: datetime, payment: Payment, taken: Money, reason: str, day: date
) -> None:
    facts = {
        "payment_id": str(payment.pk),
        "amount": history.money_json(taken),
        "reversed_on": day.isoformat(),
        "reason": reason,
    }
    history.happened(
        actor=actor,
        now=now,
        kind="payment_reversed",
        event="payment.reversed",
        customer=payment.customer,
        text=reason,
        data=facts,
    )
    history.audited(
        actor=actor,
        now=now,
        action="payment.reversed",
        row=payment,
        changes={
            "reversed": [
                str(Money(payment.reversed_minor, payment.currency)),
                str(Money(payment.reversed_minor + taken.minor, payment.currency)),
            ]
        },
    )
