"""Payments that a processor announced and that have not settled yet."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from dunwell.core.money import Money
from dunwell.ledger.errors import NotWaiting
from dunwell.ledger.models import Invoice, PendingPayment, PendingShare
from dunwell.ledger.operations.allocation import ApplicationInput, allocate
from dunwell.ledger.operations.locks import lock_open_invoices, raise_chase_versions
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


@transaction.atomic
def record_pending_payment(
    *, organization: Organization, actor: Actor, now: datetime, data: PaymentInput
) -> Waiting[PendingPayment]:
    """Note that a processor announced a payment; `received_on` is the day it did.

    It holds the invoices of its applications, without them all open ones of the customer in its
    currency. Idempotent by (source, external id) like a payment, also once settled. Raises
    NotFound, InvalidInput, OverApplied, IsDraft, PaymentDiffers.
    """
    data = replace(data, **clean_texts(PendingPayment, data, "received_on"))
    invoices = lock_open_invoices(
        customer_id=data.customer_id,
        currency=data.amount.currency,
        also=[each.invoice_id for each in data.applications or ()],
    )
    hashed = hash_of(data)
    known = known_before(PendingPayment, data.source, data.external_id, hashed)
    if known is not None:
        return Waiting(known, created=False)
    require_customer(data.customer_id)
    allocate(
        amount=data.amount,
        customer_id=data.customer_id,
        invoices=invoices,
        wanted=data.applications,
    )
    pending = PendingPayment(
        organization=organization,
        customer_id=data.customer_id,
        currency=data.amount.currency,
        amount_minor=data.amount.minor,
        announced_on=data.received_on,
        method=data.method,
        reference=data.reference,
        source=data.source,
        external_id=data.external_id,
        content_hash=hashed,
        all_open=data.applications is None,
        announced_at=now,
        recorded_by=actor.label[:200],
    )
    save_once(pending, "pending_payment_once")
    PendingShare.objects.bulk_create(_shares(pending, data.applications or ()))
    named = {each.invoice_id for each in data.applications or ()}
    held = list(invoices) if pending.all_open else sorted(named)
    raise_chase_versions(invoice_ids=held)
    tell_waiting(actor, now, pending, "payment_pending", "payment.pending", invoices=held)
    return Waiting(pending, created=True, invoices=held)


@transaction.atomic
def settle_pending_payment(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    pending_id: UUID,
    received_on: date,
    amount: Money | None = None,
) -> PaymentResult:
    """Record the payment that was announced; `amount` where less came than was announced.

    Raises NotFound, NotWaiting and what record_payment raises.
    """
    pending, held = _locked_pending(pending_id)
    applications = None
    if not pending.all_open:
        applications = [
            ApplicationInput(
                invoice_id=share.invoice_id,
                amount=None
                if share.amount_minor is None or amount is not None
                else Money(share.amount_minor, pending.currency),
            )
            for share in pending.shares.order_by("id")
        ]
    result = record_payment(
        organization=organization,
        actor=actor,
        now=now,
        data=PaymentInput(
            customer_id=pending.customer_id,
            amount=amount or Money(pending.amount_minor, pending.currency),
            received_on=received_on,
            method=pending.method,
            reference=pending.reference,
            source=pending.source,
            external_id=pending.external_id,
            applications=applications,
        ),
    )
    end_waiting(pending, now, "settled", payment=result.payment)
    raise_chase_versions(invoice_ids=held)
    return PaymentResult(
        payment=result.payment,
        created=result.created,
        invoices=list(Invoice.objects.filter(pk__in=held).order_by("id")),
    )


@transaction.atomic
def fail_pending_payment(
    *,
    organization: Organization,  # noqa: ARG001 - all writes take the same
    actor: Actor,
    now: datetime,
    pending_id: UUID,
    note: str = "",
) -> Waiting[PendingPayment]:
    """Note that an announced payment will not come; chasing goes on. NotFound, NotWaiting."""
    pending, held = _locked_pending(pending_id)
    end_waiting(pending, now, "failed", note=clean_note(PendingPayment, note))
    raise_chase_versions(invoice_ids=held)
    tell_waiting(actor, now, pending, "payment_failed", "payment.failed", invoices=held)
    return Waiting(pending, created=False, invoices=held)


def _shares(
    pending: PendingPayment, applications: Sequence[ApplicationInput]
) -> list[PendingShare]:
    return [
        PendingShare(
            organization_id=pending.organization_id,
            pending=pending,
            invoice_id=each.invoice_id,
            amount_minor=None if each.amount is None else each.amount.minor,
        )
        for each in applications
    ]


def _locked_pending(pending_id: UUID) -> tuple[PendingPayment, list[UUID]]:
    """Lock the invoices a pending payment holds, then its row; it has not ended."""
    found = PendingPayment.objects.filter(pk=pending_id).first()
    if found is None:
        raise NotFound
    named = set(found.shares.values_list("invoice_id", flat=True))
    invoices = lock_open_invoices(
        customer_id=found.customer_id, currency=found.currency, also=named
    )
    locked = PendingPayment.objects.select_for_update(no_key=True).get(pk=pending_id)
    if locked.state != "pending":
        raise NotWaiting
    return locked, list(invoices) if locked.all_open else sorted(named)
