"""A company on a test clock that chases its customers, and short ways to work in it."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from dunwell import flows
from dunwell.chasing.invariants import INVARIANTS as CHASING
from dunwell.chasing.models import Cadence, PlannedSend
from dunwell.chasing.operations import cadences, schedules
from dunwell.core.money import Money
from dunwell.inbox.models import Delivery, Message
from dunwell.ledger import operations as ledger
from dunwell.ledger.invariants import INVARIANTS as LEDGER
from dunwell.ledger.invariants import violations
from dunwell.ledger.models import Customer, Invoice
from dunwell.ledger.operations import (
    ApplicationInput,
    ContactInput,
    CustomerInput,
    InvoiceInput,
    PaymentInput,
    PaymentResult,
)
from dunwell.tenancy import clock
from dunwell.tenancy.models import Organization
from dunwell.tenancy.operations import create_sandbox
from dunwell.tenancy.roles import Actor, Role
from dunwell.tenancy.scope import organization_scope

Steps = Sequence[Mapping[str, Any]]


def on_issue(hour: int = 9, **more: Any) -> dict[str, Any]:
    return _step({"type": "on_issue"}, hour, more)


def after_issue(days: int, hour: int = 9, **more: Any) -> dict[str, Any]:
    return _step({"type": "after_issue", "days": days}, hour, more)


def before_due(days: int, hour: int = 9, **more: Any) -> dict[str, Any]:
    return _step({"type": "before_due", "days": days}, hour, more)


def after_due(days: int, hour: int = 9, **more: Any) -> dict[str, Any]:
    return _step({"type": "after_due", "days": days}, hour, more)


def on_date(day: str, hour: int = 9, **more: Any) -> dict[str, Any]:
    return _step({"type": "on_date", "date": day}, hour, more)


def repeat(days: int, times: int, hour: int = 9, **more: Any) -> dict[str, Any]:
    return _step({"type": "repeat", "days": days, "times": times}, hour, more)


def _step(trigger: dict[str, Any], hour: int, more: Mapping[str, Any]) -> dict[str, Any]:
    return {"trigger": trigger, "hour": hour, "channels": ["email"], **more}


@dataclass
class Desk:
    """Someone at work in one sandbox. Times are written in its zone: "2026-03-02 09:00"."""

    organization: Organization
    actor: Actor = field(default_factory=lambda: Actor(label="Ada", role=Role.OWNER))

    @property
    def now(self) -> datetime:
        return clock.now(self.organization)

    @property
    def here(self) -> dict[str, Any]:
        return {"organization": self.organization, "actor": self.actor, "now": self.now}

    def instant(self, text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=self.organization.zone).astimezone(UTC)

    def local(self, instant: datetime) -> str:
        return f"{instant.astimezone(self.organization.zone):%Y-%m-%d %H:%M}"

    def customer(
        self, *emails: str, contacts: Sequence[ContactInput] | None = None, **given: Any
    ) -> Customer:
        if contacts is None:
            contacts = [
                ContactInput(name="Jo Park", email=email, receives_invoices=True)
                for email in emails or ("jo@proseware.example",)
            ]
        data = CustomerInput(name=given.pop("name", "Proseware"), contacts=contacts, **given)
        return ledger.create_customer(**self.here, data=data)

    def cadence(self, steps: Steps, *, name: str = "Standard", default: bool = True) -> Cadence:
        return cadences.create_cadence(
            name=name, steps=steps, default=default, actor=self.actor, now=self.now
        )

    def invoice(
        self,
        steps: Steps | None = None,
        *,
        customer: Customer | None = None,
        issue: bool = True,
        total: str = "100.00",
        **given: Any,
    ) -> Invoice:
        """Make an invoice with steps of its own; None: what the default cadence says."""
        if customer is None:
            customer = Customer.objects.first() or self.customer()
        for name in ("invoice_date", "due_date"):
            if isinstance(given.get(name), str):
                given[name] = date.fromisoformat(given[name])
        data = InvoiceInput(customer_id=customer.pk, total=total, **given)
        if steps is None:
            return flows.create_invoice(**self.here, data=data, issue=issue)
        made = flows.create_invoice(**self.here, data=data, issue=False, cadence_id=None)
        self.set_steps(made, steps)
        if issue:
            self.issue(made)
        return made

    def issue(self, invoice: Invoice) -> None:
        flows.issue_invoice(**self.here, invoice_id=invoice.pk)

    def set_steps(self, invoice: Invoice, steps: Steps) -> None:
        schedules.set_steps(**self.here, invoice_id=invoice.pk, steps=steps)

    def pay(self, invoice: Invoice, amount: str = "100.00", **given: Any) -> PaymentResult:
        money = Money.parse(amount, invoice.currency)
        given.setdefault("applications", [ApplicationInput(invoice_id=invoice.pk, amount=money)])
        data = PaymentInput(
            customer_id=invoice.customer_id,
            amount=money,
            received_on=clock.today(self.organization),
            **given,
        )
        return flows.record_payment(**self.here, data=data)

    def amend(self, invoice: Invoice, **changes: Any) -> None:
        for name in ("invoice_date", "due_date"):
            if isinstance(changes.get(name), str):
                changes[name] = date.fromisoformat(changes[name])
        flows.amend_invoice(**self.here, invoice_id=invoice.pk, changes=changes)  # type: ignore[arg-type]  # by name

    def change_settings(self, **changes: Any) -> None:
        self.organization = flows.change_settings(changes=changes, actor=self.actor, now=self.now)

    def pause(self, invoice: Invoice, until: str) -> None:
        schedules.pause(
            **self.here, invoice_id=invoice.pk, until=date.fromisoformat(until), reason=""
        )

    def resume(self, invoice: Invoice) -> None:
        schedules.resume(**self.here, invoice_id=invoice.pk)

    def switch(self, invoice: Invoice, *, on: bool) -> None:
        schedules.set_enabled(**self.here, invoice_id=invoice.pk, enabled=on)

    def advance(self, to: str) -> None:
        flows.advance(organization=self.organization, to=self.instant(to), actor=self.actor)

    def oversleep(self, to: str) -> None:
        """Move the clock as if no worker had run meanwhile."""
        self.organization.sandbox_now = self.instant(to)
        self.organization.save(update_fields=["sandbox_now"])

    def sends(self, invoice: Invoice) -> list[tuple[str, str]]:
        """List the planned sends: local time, and state with its reason."""
        return [(self.local(p.at), outcome(p)) for p in self.rows(invoice)]

    def rows(self, invoice: Invoice) -> list[PlannedSend]:
        return list(PlannedSend.objects.filter(invoice=invoice).order_by("at", "id"))

    def went_out(self, invoice: Invoice | None = None) -> list[tuple[str, str, str]]:
        """List the messages that went out: local time, template, address."""
        found = Delivery.objects.filter(state__in=["sent", "uncertain"])
        if invoice is not None:
            found = found.filter(invoice=invoice)
        return [(self.local(d.at), d.template, d.to_address) for d in found.order_by("at", "id")]

    def times(self, invoice: Invoice | None = None) -> list[str]:
        return [at for at, _template, _to in self.went_out(invoice)]

    def texts(self, invoice: Invoice) -> list[str]:
        found = Message.objects.filter(conversation__invoice=invoice).order_by("seq")
        return [f"{message.subject}\n{message.text}" for message in found]


def outcome(send: PlannedSend) -> str:
    """Write a state with its reason: "skipped: paused"."""
    return f"{send.state}: {send.reason}" if send.reason else send.state


@contextmanager
def new_desk(
    start: str = "2026-03-02 08:00", *, zone: str = "Europe/Berlin", smtp_sink: str = ""
) -> Iterator[Desk]:
    """Open a fresh sandbox whose clock stands at a local time."""
    slug = f"s{secrets.token_hex(6)}"
    local = datetime.fromisoformat(start)
    organization, _secret = create_sandbox(
        slug=slug,
        time_zone=zone,
        currency="EUR",
        start=_aware(local, zone),
        wall=datetime.now(UTC),
        smtp_sink=smtp_sink,
    )
    with organization_scope(organization):
        # The document is tested elsewhere; without it a mail is made in a tenth of the time.
        organization.attach_invoice = False
        organization.save(update_fields=["attach_invoice"])
        yield Desk(organization)


def _aware(local: datetime, zone: str) -> datetime:
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def wrong() -> dict[str, int]:
    """Count the violations of every invariant in the present scope."""
    counts = {rule.name: violations(rule) for rule in (*LEDGER, *CHASING)}
    return {name: count for name, count in counts.items() if count}
