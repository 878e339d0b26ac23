"""Money on its way and money nobody can place: both hold chasing until they end.

Rule: chasing, When a planned send takes effect (Held means). Each raises the chase versions of the
invoices it holds when it begins and when it ends, under their row locks. Here stands what
`pending` and `unmatched` share.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from dunwell.core.money import Money
from dunwell.ledger.checks import Checks, positive
from dunwell.ledger.constraints import constraint_of
from dunwell.ledger.errors import ChangedMeanwhile, PaymentDiffers
from dunwell.ledger.models import Customer, Payment, PendingPayment, UnmatchedPayment
from dunwell.ledger.operations import history
from dunwell.tenancy import events
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.roles import Actor


@dataclass(frozen=True, slots=True)
class Waiting[W: (PendingPayment, UnmatchedPayment)]:
    """What waits; `created` is false where it was known. `invoices` are those it holds."""

    row: W
    created: bool
    invoices: Sequence[UUID] = ()


def clean_texts(model: Any, data: Any, day: str, *more: str) -> dict[str, Any]:
    """Check the amount, the day and the texts of an input; return the texts cleaned."""
    positive(amount=data.amount)
    checks = Checks()
    checks.day(day, getattr(data, day))
    texts: dict[str, Any] = {
        name: checks.column(model, name, getattr(data, name))
        for name in ("method", "reference", "source", *more)
    }
    texts["external_id"] = checks.column(model, "external_id", data.external_id or "") or None
    checks.done()
    return texts


def clean_note(model: Any, note: str) -> str:
    """Check what is said of an end."""
    checks = Checks()
    note = checks.column(model, "end_note", note, field="note")
    checks.done()
    return note


def require_customer(customer_id: UUID) -> None:
    """Raise NotFound unless there is such a customer."""
    if not Customer.objects.filter(pk=customer_id).exists():
        raise NotFound


def hash_of(data: Any) -> str:
    """Return the hash by which a repeated one is told from another of the same id."""
    return hashlib.sha256(repr(data).encode()).hexdigest()


def known_before(model: Any, source: str, external_id: str | None, hashed: str) -> Any:
    """Return what came before under this source and external id; PaymentDiffers if it differs."""
    if external_id is None:
        return None
    found = model.objects.filter(source=source, external_id=external_id).first()
    if found is not None and found.content_hash != hashed:
        raise PaymentDiffers(external_id=external_id)
    return found


def save_once(row: PendingPayment | UnmatchedPayment, constraint: str) -> None:
    """Insert a row; ChangedMeanwhile where another has just inserted the same one."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        if constraint_of(error) != constraint:
            raise
        raise ChangedMeanwhile from error


def end_waiting(
    row: PendingPayment | UnmatchedPayment,
    now: datetime,
    state: str,
    *,
    note: str = "",
    payment: Payment | None = None,
) -> None:
    """Store how it ended, and the payment it became."""
    row.state, row.ended_at, row.end_note, row.payment = state, now, note, payment
    row.save(update_fields=["state", "ended_at", "end_note", "payment"])


def tell_waiting(
    actor: Actor,
    now: datetime,
    row: PendingPayment | UnmatchedPayment,
    kind: str,
    event: str,
    *,
    invoices: Sequence[UUID] = (),
) -> None:
    """Log it on the customer's account, if it is known whose it is, and tell it once."""
    facts = {
        "id": str(row.pk),
        "amount": history.money_json(Money(row.amount_minor, row.currency)),
        "reference": row.reference,
        "note": row.end_note,
        "invoice_ids": [str(each) for each in invoices],
    }
    if row.customer_id is not None:
        history.activity(
            actor=actor, now=now, kind=kind, customer_id=row.customer_id, data=facts
        ).save(force_insert=True)
    events.emit(kind=event, at=now, customer_id=row.customer_id, data=facts)
    history.audited(
        actor=actor, now=now, action=event, row=row, changes={"state": [None, row.state]}
    )
