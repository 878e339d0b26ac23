"""Payments: money received and applied (Rule: tracking, Payments)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from dunwell.core.money import Money
from dunwell.ledger.checks import Checks, positive
from dunwell.ledger.constraints import constraint_of
from dunwell.ledger.errors import ChangedMeanwhile, PaymentDiffers
from dunwell.ledger.models import Activity, Customer, Invoice, Payment
from dunwell.ledger.operations import history
from dunwell.ledger.operations.allocation import Allocation, ApplicationInput, allocate
from dunwell.ledger.operations.applications import apply_shares
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
    invoices = _lock_account(data)
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
    if not _inserted(payment):
        return _recorded_by_another(data)
    _tell(actor, now, payment, invoices, allocation)
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


def _lock_account(data: PaymentInput) -> dict[UUID, Invoice]:
    """Lock the invoices before anything else, also before the payment's row.

    All open ones of the account, because credit that is left over may hold any of them
    (docs/decisions/0004).
    """
    return lock_open_invoices(
        customer_id=data.customer_id,
        currency=data.amount.currency,
        also=[application.invoice_id for application in data.applications or ()],
    )


def _inserted(payment: Payment) -> bool:
    """Insert the payment; False where another has just inserted the same one."""
    try:
        with transaction.atomic():
            payment.save(force_insert=True)
    except IntegrityError as error:
        if constraint_of(error) != "payment_once":
            raise
        return False
    return True


def _recorded_by_another(data: PaymentInput) -> PaymentResult:
    known = _known(data)
    if known is None:
        raise ChangedMeanwhile
    return known


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


def _tell(
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
    shares = {
        pk: history.money_json(Money(share, payment.currency))
        for pk, share in allocation.shares.items()
    }
    _log(actor, now, payment, shares, facts)
    events.emit(
        kind="payment.recorded",
        at=now,
        customer_id=payment.customer_id,
        invoice_id=next(iter(shares)) if len(shares) == 1 else None,
        data={
            **facts,
            "flag": payment.flag,
            "applications": [
                {"invoice_id": str(pk), "number": invoices[pk].number, "amount": share}
                for pk, share in shares.items()
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


def _log(
    actor: Actor,
    now: datetime,
    payment: Payment,
    shares: Mapping[UUID, Mapping[str, str]],
    facts: Mapping[str, Any],
) -> None:
    entries: list[tuple[UUID | None, Mapping[str, Any]]] = [
        (pk, {**facts, "applied": share}) for pk, share in shares.items()
    ]
    Activity.objects.bulk_create(
        history.activity(
            actor=actor,
            now=now,
            kind="payment",
            customer_id=payment.customer_id,
            invoice_id=invoice_id,
            data=data,
        )
        for invoice_id, data in entries or [(None, facts)]
    )
