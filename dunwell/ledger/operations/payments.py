"""Payments: money received, applied and taken back (Rule: tracking, Payments)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from dunwell.core.calendar import local_date
from dunwell.core.money import Money
from dunwell.ledger.checks import Checks, positive, same_currency
from dunwell.ledger.constraints import constraint_of
from dunwell.ledger.errors import ChangedMeanwhile, OverReversed, PaymentDiffers
from dunwell.ledger.models import Activity, Application, Customer, Invoice, Payment, PaymentReversal
from dunwell.ledger.operations import history
from dunwell.ledger.operations.allocation import Allocation, ApplicationInput, allocate
from dunwell.ledger.operations.applications import apply_shares, take_back
from dunwell.ledger.operations.locks import lock_open_invoices
from dunwell.tenancy import events
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor

CLOSED_INVOICE = "closed_invoice"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentInput:
    """Money received. (`source`, `external_id`) names it once and for all.

    `applications` None: oldest due date first; an empty list leaves all as credit.
    """

    customer_id: UUID
    amount: Money
    received_on: date
    method: str = ""
    reference: str = ""
    source: str = ""
    external_id: str | None = None
    applications: Sequence[ApplicationInput] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentResult:
    """The payment; `created` is false where it was known. `invoices` are those it touched now."""

    payment: Payment
    created: bool
    invoices: Sequence[Invoice] = ()


@transaction.atomic
def record_payment(
    *, organization: Organization, actor: Actor, now: datetime, data: PaymentInput
) -> PaymentResult:
    """Record money received and apply it; after it no message with the old balance leaves.

    Waits for a message of these invoices that is just being handed over. A known (source,
    external id) with the same content gives the first payment, with other content PaymentDiffers.
    What no invoice owes stays as credit of the customer. Raises NotFound, InvalidInput,
    OverApplied, IsDraft.
    """
    data = _cleaned(data)
    # Before anything else, also before the payment's row (docs/decisions/0004). All open invoices
    # of the account, because credit that is left over holds them.
    invoices = lock_open_invoices(
        customer_id=data.customer_id,
        currency=data.amount.currency,
        also=[application.invoice_id for application in data.applications or ()],
    )
    known = _known(data)
    if known is not None:
        return known
    if not Customer.objects.filter(pk=data.customer_id).exists():
        raise NotFound
    allocation = allocate(
        amount=data.amount,
        customer_id=data.customer_id,
        invoices=invoices,
        wanted=data.applications,
    )
    payment = _payment(organization, actor, now, data, allocation)
    try:
        with transaction.atomic():
            payment.save(force_insert=True)
    except IntegrityError as error:
        if constraint_of(error) != "payment_once":
            raise
        known = _known(data)  # recorded by another at the same moment
        if known is None:
            raise ChangedMeanwhile from error
        return known
    _tell_payment(actor, now, payment, invoices, allocation)
    touched = apply_shares(
        organization=organization,
        actor=actor,
        now=now,
        origin=payment,
        applied_on=data.received_on,
        shares=allocation.shares,
        invoices=invoices,
    )
    payment.refresh_from_db()
    return PaymentResult(payment=payment, created=True, invoices=touched)


def _cleaned(data: PaymentInput) -> PaymentInput:
    positive(amount=data.amount)
    checks = Checks()
    checks.day("received_on", data.received_on)
    external_id = checks.column(Payment, "external_id", data.external_id or "") or None
    texts = {
        name: checks.column(Payment, name, getattr(data, name))
        for name in ("method", "reference", "source")
    }
    checks.done()
    return PaymentInput(
        customer_id=data.customer_id,
        amount=data.amount,
        received_on=data.received_on,
        external_id=external_id,
        applications=data.applications,
        **texts,
    )


def _known(data: PaymentInput) -> PaymentResult | None:
    """Return the payment recorded before under this source and external id."""
    if data.external_id is None:
        return None
    found = Payment.objects.filter(source=data.source, external_id=data.external_id).first()
    if found is None:
        return None
    if found.content_hash != content_hash(data=data):
        raise PaymentDiffers(external_id=data.external_id)
    return PaymentResult(payment=found, created=False)


def content_hash(*, data: PaymentInput) -> str:
    """Return the hash by which a repeated payment is told from another of the same id."""
    applications = None
    if data.applications is not None:
        applications = [
            [str(a.invoice_id), a.amount.minor if a.amount is not None else None]
            for a in data.applications
        ]
    content = [
        str(data.customer_id),
        data.amount.minor,
        data.amount.currency,
        data.received_on.isoformat(),
        data.method,
        data.reference,
        applications,
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _payment(
    organization: Organization,
    actor: Actor,
    now: datetime,
    data: PaymentInput,
    allocation: Allocation,
) -> Payment:
    return Payment(
        organization=organization,
        customer_id=data.customer_id,
        currency=data.amount.currency,
        amount_minor=data.amount.minor,
        received_on=data.received_on,
        method=data.method,
        reference=data.reference,
        source=data.source,
        external_id=data.external_id,
        content_hash=content_hash(data=data),
        flag=CLOSED_INVOICE if allocation.met_closed else "",
        recorded_at=now,
        recorded_by=actor.label[:200],
    )


def _tell_payment(
    actor: Actor,
    now: datetime,
    payment: Payment,
    invoices: Mapping[UUID, Invoice],
    allocation: Allocation,
) -> None:
    """Log the payment on each invoice it is for, or on the account, and tell it once."""
    facts = {
        "payment_id": str(payment.pk),
        "amount": history.money_json(payment.amount),
        "received_on": payment.received_on.isoformat(),
    }
    shares: list[tuple[UUID | None, int]] = list(allocation.shares.items())
    Activity.objects.bulk_create(
        history.activity(
            actor=actor,
            now=now,
            kind="payment",
            customer_id=payment.customer_id,
            invoice_id=invoice_id,
            data={**facts, "applied": history.money_json(Money(share, payment.currency))},
        )
        for invoice_id, share in shares or [(None, 0)]
    )
    events.emit(
        kind="payment.recorded",
        at=now,
        customer_id=payment.customer_id,
        invoice_id=next(iter(allocation.shares)) if len(allocation.shares) == 1 else None,
        data={
            **facts,
            "flag": payment.flag,
            "applications": [
                {
                    "invoice_id": str(pk),
                    "number": invoices[pk].number,
                    "amount": history.money_json(Money(share, payment.currency)),
                }
                for pk, share in allocation.shares.items()
            ],
        },
    )
    history.audited(
        actor=actor,
        now=now,
        action="payment.recorded",
        row=payment,
        changes={"amount": [None, str(payment.amount)]},
    )


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
    invoices = _lock_account_of(payment_id, *account)
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    left = Money(payment.amount_minor - payment.reversed_minor, payment.currency)
    taken = left if amount is None else amount
    if amount is not None:
        positive(amount=same_currency(amount=amount, currency=payment.currency))
    if taken > left or not left:
        raise OverReversed(left=left)
    day = reversed_on or local_date(now, organization.zone)
    reason = Checks().text("reason", reason, limit=None)[:200]
    # Applications first: the payment may never be over-applied, not even for a moment.
    back = max(0, taken.minor - payment.unapplied.minor)
    _tell_reversal(actor=actor, now=now, payment=payment, taken=taken, reason=reason, day=day)
    touched = take_back(
        organization=organization,
        actor=actor,
        now=now,
        origin=payment,
        taken_on=day,
        minor=back,
        invoices=invoices,
    )
    PaymentReversal(
        organization=organization,
        payment=payment,
        amount_minor=taken.minor,
        reversed_on=day,
        reason=reason,
        recorded_at=now,
        recorded_by=actor.label[:200],
    ).save(force_insert=True)
    Payment.objects.filter(pk=payment.pk).update(reversed_minor=F("reversed_minor") + taken.minor)
    payment.refresh_from_db()
    return PaymentResult(payment=payment, created=False, invoices=touched)


def _lock_account_of(payment_id: UUID, customer_id: UUID, currency: str) -> dict[UUID, Invoice]:
    """Lock the invoices a payment is or may come to be applied to."""
    applied = Application.objects.filter(payment_id=payment_id).values_list("invoice_id", flat=True)
    return lock_open_invoices(customer_id=customer_id, currency=currency, also=set(applied))


def _tell_reversal(
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
