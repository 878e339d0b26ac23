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
from dunwell.tenancy.models import AuditEntry, Event, Organization
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


class Book:
    """Gathers what an operation has to write down, and writes it in three statements.

    Entries keep the order in which they were noted, also among those of other books.
    """

    def __init__(self, *, actor: Actor, now: datetime) -> None:
        self._actor = actor
        self._now = now
        self._activities: list[Activity] = []
        self._events: list[Event] = []
        self._audit: list[AuditEntry] = []

    def log(self, *, kind: str, customer_id: UUID, **entry: Any) -> Activity:
        """Note an activity; `entry` as `activity` takes it."""
        noted = activity(
            actor=self._actor, now=self._now, kind=kind, customer_id=customer_id, **entry
        )
        self._activities.append(noted)
        return noted

    def tell(
        self,
        *,
        event: str,
        customer_id: UUID,
        invoice_id: UUID | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Note an event."""
        self._events.append(
            events.event(
                kind=event,
                at=self._now,
                data=data,
                customer_id=customer_id,
                invoice_id=invoice_id,
            )
        )

    def happened(
        self,
        *,
        kind: str,
        event: str,
        invoice: Invoice | None = None,
        customer: Customer | None = None,
        data: Mapping[str, Any] | None = None,
        **entry: Any,
    ) -> Activity:
        """Note an activity of `kind` and an event, for one invoice or for a customer's account."""
        customer_id = invoice.customer_id if invoice is not None else _id(customer)
        invoice_id = invoice.pk if invoice is not None else None
        number = {"number": invoice.number} if invoice is not None else {}
        self.tell(
            event=event,
            customer_id=customer_id,
            invoice_id=invoice_id,
            data={**number, "by": self._actor.label, **(data or {})},
        )
        return self.log(
            kind=kind, customer_id=customer_id, invoice_id=invoice_id, data=data, **entry
        )

    def state_moved(self, *, organization: Organization, invoice: Invoice, kind: str) -> None:
        """Note that an invoice became due, overdue, paid or was reopened, at this moment.

        Rule: tracking, The five states (each crossing becomes an event, once).
        """
        state = invoice.state(today=local_date(self._now, organization.zone))
        self.happened(
            kind=kind,
            event=f"invoice.{kind}",
            invoice=invoice,
            data=state_facts(invoice=invoice, state=state),
        )

    def audited(self, *, action: str, row: Any, changes: Mapping[str, Any] | None = None) -> None:
        """Note an audit entry about a row; `changes` maps fields to [old, new]."""
        self._audit.append(
            events.audit_entry(
                actor=self._actor,
                at=self._now,
                action=action,
                object_type=row._meta.model_name,
                object_id=row.pk,
                changes=changes,
            )
        )

    def write(self) -> None:
        """Write down what was noted, and begin anew."""
        if self._activities:
            Activity.objects.bulk_create(self._activities, batch_size=2000)
        if self._events:
            events.emit_many(self._events)
        if self._audit:
            events.audit_many(self._audit)
        self._activities, self._events, self._audit = [], [], []


def _id(customer: Customer | None) -> UUID:
    if customer is None:
        raise ValueError("an activity belongs to an invoice or a customer")
    return customer.pk


def happened(*, actor: Actor, now: datetime, **entry: Any) -> Activity:
    """Write what Book.happened notes."""
    book = Book(actor=actor, now=now)
    noted = book.happened(**entry)
    book.write()
    return noted


def audited(*, actor: Actor, now: datetime, **entry: Any) -> None:
    """Write what Book.audited notes."""
    book = Book(actor=actor, now=now)
    book.audited(**entry)
    book.write()


def state_moved(*, actor: Actor, now: datetime, **entry: Any) -> None:
    """Write what Book.state_moved notes."""
    book = Book(actor=actor, now=now)
    book.state_moved(**entry)
    book.write()


def state_facts(*, invoice: Invoice, state: State) -> dict[str, Any]:
    """Give what an event about a state says."""
    return {
        "state": state.value,
        "balance": money_json(invoice.balance),
        "due_date": invoice.due_date.isoformat() if invoice.due_date else None,
    }
