"""Payments: money received and applied (Rule: tracking, Payments)."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction

from dunwell.core.money import Money
from dunwell.ledger.checks import Checks, positive
from dunwell.ledger.constraints import constraint_of
from dunwell.ledger.errors import ChangedMeanwhile, PaymentDiffers
from dunwell.ledger.models import Customer, Invoice, Payment, PendingPayment, UnmatchedPayment
from dunwell.ledger.operations import history
from dunwell.ledger.operations.allocation import Allocation, ApplicationInput, allocate
from dunwell.ledger.operations.applications import Shares, apply_shares
from dunwell.ledger.operations.locks import lock_accounts, raise_chase_versions
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor

CLOSED_INVOICE: Final = "closed_invoice"
_TRIES: Final = 3


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


def record_payment(
    *, organization: Organization, actor: Actor, now: datetime, data: PaymentInput
) -> PaymentResult:
    """Record one payment; see record_payments."""
    (result,) = record_payments(organization=organization, actor=actor, now=now, data=[data])
    return result


@transaction.atomic
def record_payments(
    *, organization: Organization, actor: Actor, now: datetime, data: Sequence[PaymentInput]
) -> list[PaymentResult]:
    """Record money received and apply it, all or nothing; gives the results in the given order.

    Comes to the same as recording one after the other: an earlier payment is applied first. After
    it no message with an old balance leaves; it waits for those of these invoices that are just
    being handed over. A known (source, external id) with the same content gives the first payment,
    with other content PaymentDiffers. What no invoice owes stays as credit of the customer. Raises
    NotFound, InvalidInput, OverApplied, IsDraft.
    """
    cleaned = [_cleaned(payment) for payment in data]
    for _ in range(_TRIES):
        invoices = _lock_all(cleaned)
        received = _receive(organization, actor, now, cleaned, invoices)
        if _inserted(received.fresh):
            return _apply(organization, actor, now, received, invoices)
        # Another has just recorded one of them: from the beginning, with what it left.
    raise ChangedMeanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class _Received:
    """Payments in the given order, known and fresh, and how the fresh ones are shared out."""

    payments: list[Payment]
    fresh: dict[UUID, Payment]
    allocations: dict[UUID, Allocation]


def _lock_all(data: Sequence[PaymentInput]) -> dict[UUID, Invoice]:
    """Lock the invoices before anything else, also before the payments' rows.

    All open ones of each account, because credit that is left over may hold any of them
    (docs/decisions/0004).
    """
    return lock_accounts(
        accounts={(payment.customer_id, payment.amount.currency) for payment in data},
        also=[a.invoice_id for payment in data for a in payment.applications or ()],
    )


def _receive(
    organization: Organization,
    actor: Actor,
    now: datetime,
    data: Sequence[PaymentInput],
    invoices: dict[UUID, Invoice],
) -> _Received:
    """Share the payments out over the locked invoices, one after the other; stores nothing."""
    known = _known(data)
    found = _Received(payments=[], fresh={}, allocations={})
    customers = _customers(data)
    accounts = _accounts(invoices)
    for given in data:
        payment = known.get((given.source, given.external_id))
        if payment is None:
            if given.customer_id not in customers:
                raise NotFound
            allocation = _allocate(given, invoices, accounts)
            payment = _payment(organization, actor, now, given, allocation)
            found.fresh[payment.pk] = payment
            found.allocations[payment.pk] = allocation
            if given.external_id is not None:
                known[given.source, given.external_id] = payment
        elif payment.content_hash != content_hash(data=given):
            raise PaymentDiffers(external_id=given.external_id or "")
        found.payments.append(payment)
    return found


def _accounts(invoices: Mapping[UUID, Invoice]) -> dict[tuple[UUID, str], dict[UUID, Invoice]]:
    accounts: dict[tuple[UUID, str], dict[UUID, Invoice]] = {}
    for pk, invoice in invoices.items():
        accounts.setdefault((invoice.customer_id, invoice.currency), {})[pk] = invoice
    return accounts


def _allocate(
    given: PaymentInput,
    invoices: Mapping[UUID, Invoice],
    accounts: Mapping[tuple[UUID, str], Mapping[UUID, Invoice]],
) -> Allocation:
    """Share one payment out; the rows show what is left for the next one."""
    account = accounts.get((given.customer_id, given.amount.currency), {})
    allocation = allocate(
        amount=given.amount,
        customer_id=given.customer_id,
        invoices=account if given.applications is None else invoices,
        wanted=given.applications,
    )
    for pk, share in allocation.shares.items():
        invoices[pk].applied_minor += share
    return allocation


def _customers(data: Sequence[PaymentInput]) -> set[UUID]:
    wanted = {payment.customer_id for payment in data}
    return set(Customer.objects.filter(pk__in=wanted).values_list("id", flat=True))


def _inserted(fresh: Mapping[UUID, Payment]) -> bool:
    """Insert payments; False where another has just inserted one of them.

    In the order of their external ids, so that two who insert the same ones never wait for each
    other in a circle.
    """
    try:
        with transaction.atomic():
            Payment.objects.bulk_create(sorted(fresh.values(), key=_by_external_id))
    except IntegrityError as error:
        if constraint_of(error) != "payment_once":
            raise
        return False
    return True


def _by_external_id(payment: Payment) -> tuple[str, str]:
    return payment.source, payment.external_id or ""


def _apply(
    organization: Organization,
    actor: Actor,
    now: datetime,
    received: _Received,
    invoices: Mapping[UUID, Invoice],
) -> list[PaymentResult]:
    """Tell of the fresh payments, apply them and do what follows."""
    _end_waiting(received.fresh.values(), now, invoices)
    book = history.Book(actor=actor, now=now)
    for pk, payment in received.fresh.items():
        _tell(book, payment, invoices, received.allocations[pk])
    book.write()
    touched = apply_shares(
        organization=organization,
        actor=actor,
        now=now,
        given=[
            Shares(
                origin=payment,
                applied_on=payment.received_on,
                minor=received.allocations[pk].shares,
            )
            for pk, payment in received.fresh.items()
        ],
        invoices=invoices,
    )
    return _results(received, {invoice.pk: invoice for invoice in touched})


def _end_waiting(
    payments: Iterable[Payment], now: datetime, invoices: Mapping[UUID, Invoice]
) -> None:
    """Settle what was announced, or waited to be matched, under a payment's own name."""
    named = {payment.external_id: payment for payment in payments if payment.external_id}
    for model, state in ((PendingPayment, "settled"), (UnmatchedPayment, "matched")):
        waiting: Any = model.objects.filter(external_id__in=named, ended_at__isnull=True)
        for row in waiting if named else ():
            payment = named[row.external_id]
            if row.source == payment.source:
                row.state, row.ended_at, row.payment = state, now, payment
                row.save(update_fields=["state", "ended_at", "payment"])
                raise_chase_versions(invoice_ids=invoices)


def _results(received: _Received, touched: Mapping[UUID, Invoice]) -> list[PaymentResult]:
    """Give each payment's result; one that stands twice among them was created the first time."""
    stored = Payment.objects.in_bulk(received.fresh)
    results, told = [], set()
    for payment in received.payments:
        created = payment.pk in stored and payment.pk not in told
        told.add(payment.pk)
        shares = received.allocations[payment.pk].shares if created else {}
        results.append(
            PaymentResult(
                payment=stored.get(payment.pk, payment),
                created=created,
                invoices=[touched[pk] for pk in sorted(shares)],
            )
        )
    return results


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


def _known(data: Sequence[PaymentInput]) -> dict[tuple[str, str | None], Payment]:
    """Return what was recorded before, by source and external id."""
    wanted: dict[str, set[str]] = {}
    for payment in data:
        if payment.external_id is not None:
            wanted.setdefault(payment.source, set()).add(payment.external_id)
    return {
        (payment.source, payment.external_id): payment
        for source, ids in wanted.items()
        for payment in Payment.objects.filter(source=source, external_id__in=ids)
    }


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
    book: history.Book,
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
    entries: list[tuple[UUID | None, Mapping[str, Any]]] = [
        (pk, {**facts, "applied": share}) for pk, share in shares.items()
    ]
    for invoice_id, entry in entries or [(None, facts)]:
        book.log(kind="payment", customer_id=payment.customer_id, invoice_id=invoice_id, data=entry)
    book.tell(
        event="payment.recorded",
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
    book.audited(
        action="payment.recorded",
        row=payment,
        changes={"amount": [None, str(payment.amount)]},
    )
