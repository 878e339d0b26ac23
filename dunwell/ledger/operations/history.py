"""Writes down what happened: activity for people, events for programs, audit for accounting."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from dunwell.core.calendar import local_date
from dunwell.core.money import Money
from dunwell.core.states import State
from dunwell.ledger.models import Activity, Customer, Invoice
from dunwell.ledger.models.activity import ACTIONS
from dunwell.tenancy import events, scope
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor


def money_json(money: Money) -> dict[str, str]:
    """Write money as the API does."""
    return {"amount": money.text, "currency": money.currency}


def activity(
    *,
    actor: Actor,
    now: datetime,
    kind: str,
    customer_id: UUID,
    invoice_id: UUID | None = None,
    channel: str = "",
    outcome: str = "",
    text: str = "",
    next_on: date | None = None,
    data: Mapping[str, Any] | None = None,
) -> Activity:
    """Build one entry of the log; kinds in ACTIONS count as last action."""
    return Activity(
        organization_id=scope.organization_id(),
        customer_id=customer_id,
        invoice_id=invoice_id,
        kind=kind,
        counts=kind in ACTIONS,
        at=now,
        by=actor.label[:200],
        member_id=actor.member_id,
        channel=channel,
        outcome=outcome[:200],
        text=text,
        next_on=next_on,
        data=dict(data or {}),
    )


def happened(
    *,
    actor: Actor,
    now: datetime,
    kind: str,
    event: str,
    invoice: Invoice | None = None,
    customer: Customer | None = None,
    channel: str = "",
    outcome: str = "",
    text: str = "",
    data: Mapping[str, Any] | None = None,
) -> Activity:
    """Write an activity of `kind` and an event for one invoice, or for a customer's account."""
    customer_id = invoice.customer_id if invoice is not None else _id(customer)
    entry = activity(
        actor=actor,
        now=now,
        kind=kind,
        customer_id=customer_id,
        invoice_id=invoice.pk if invoice is not None else None,
        channel=channel,
        outcome=outcome,
        text=text,
        data=data,
    )
    entry.save(force_insert=True)
    number = {"number": invoice.number} if invoice is not None else {}
    events.emit(
        kind=event,
        at=now,
        data={**number, "by": actor.label, **(data or {})},
        customer_id=customer_id,
        invoice_id=entry.invoice_id,
    )
    return entry


def _id(customer: Customer | None) -> UUID:
    if customer is None:
        raise ValueError("an activity belongs to an invoice or a customer")
    return customer.pk


def audited(
    *,
    actor: Actor,
    now: datetime,
    action: str,
    row: Any,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Write an audit entry about a row of the ledger; `changes` maps fields to [old, new]."""
    events.audit(
        actor=actor,
        at=now,
        action=action,
        object_type=row._meta.model_name,
        object_id=row.pk,
        changes=changes,
    )


def state_moved(
    *, organization: Organization, actor: Actor, now: datetime, invoice: Invoice, kind: str
) -> None:
    """Tell that an invoice became due, overdue, paid or was reopened, at this moment.

    Rule: tracking, The five states (each crossing becomes an event, once).
    """
    state = invoice.state(today=local_date(now, organization.zone))
    happened(
        actor=actor,
        now=now,
        kind=kind,
        event=f"invoice.{kind}",
        invoice=invoice,
        data=state_facts(invoice=invoice, state=state),
    )


def state_facts(*, invoice: Invoice, state: State) -> dict[str, Any]:
    """Give what an event about a state says."""
    return {
        "state": state.value,
        "balance": money_json(invoice.balance),
        "due_date": invoice.due_date.isoformat() if invoice.due_date else None,
    }
