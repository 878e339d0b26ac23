"""The replay itself: each invoice issued and each payment posted on its real day."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from dunwell import flows
from dunwell.chasing.operations.cadences import create_cadence
from dunwell.chasing.sender.session import one_sender
from dunwell.commands.replaying.book import Entry
from dunwell.core.calendar import add_days, instant_at, midnight
from dunwell.core.money import Money
from dunwell.ledger.operations import (
    ApplicationInput,
    ContactInput,
    CustomerInput,
    InvoiceInput,
    PaymentInput,
    create_customer,
)
from dunwell.tenancy import clock
from dunwell.tenancy.models import Organization
from dunwell.tenancy.operations import create_sandbox
from dunwell.tenancy.roles import SYSTEM_ACTOR
from dunwell.tenancy.scope import organization_scope

ISSUE_HOUR: Final = 8
PAYMENT_HOUR: Final = 12
CURRENCY: Final = "USD"
STEPS: Final[Sequence[Mapping[str, Any]]] = (
    {"trigger": {"type": "on_issue"}, "hour": 9, "channels": ["email"]},
    {"trigger": {"type": "before_due", "days": 7}, "hour": 9, "channels": ["email"]},
    {"trigger": {"type": "after_due", "days": 0}, "hour": 10, "channels": ["email"]},
    {"trigger": {"type": "after_due", "days": 3}, "hour": 14, "channels": ["email"]},
    {"trigger": {"type": "repeat", "days": 10, "times": 3}, "hour": 16, "channels": ["email"]},
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to replay and how. `sink` is HOST:PORT of an SMTP server, "" for the outbox alone.

    `attach` puts the invoice as PDF into every mail; off, a mail is made in a tenth of the time.
    """

    entries: Sequence[Entry]
    zone: str
    first: date
    last: date
    sink: str = ""
    attach: bool = False


@dataclass(frozen=True, slots=True)
class _Act:
    at: datetime
    do: Callable[[datetime], None]


def play(plan: Plan) -> Organization:
    """Replay a book in a new sandbox and leave its clock at the end of the last day."""
    zone = ZoneInfo(plan.zone)
    organization, _secret = create_sandbox(
        slug=f"replay-{secrets.token_hex(4)}",
        time_zone=plan.zone,
        currency=CURRENCY,
        start=midnight(plan.first, zone),
        wall=clock.wall(),
        smtp_sink=plan.sink,
    )
    # One sender for the whole stretch: a connection of its own for each day would cost more.
    with organization_scope(organization), one_sender():
        organization.attach_invoice = plan.attach
        organization.save(update_fields=["attach_invoice"])
        company = _Company(organization)
        company.open(plan.entries)
        for at, acts in groupby(_acts(company, plan, zone), key=attrgetter("at")):
            company.advance(at)
            with transaction.atomic():
                for act in acts:
                    act.do(at)
        company.advance(midnight(add_days(plan.last, 1), zone))
    return organization


def _acts(company: "_Company", plan: Plan, zone: ZoneInfo) -> Iterator[_Act]:
    """List what happens in order of time."""
    acts = []
    for entry in plan.entries:
        if not plan.first <= entry.invoice_date <= plan.last:
            continue
        issued = instant_at(entry.invoice_date, ISSUE_HOUR, zone)
        acts.append(_Act(issued, company.issuing(entry)))
        if entry.settled_on is not None and entry.settled_on <= plan.last:
            paid = instant_at(entry.settled_on, PAYMENT_HOUR, zone)
            acts.append(_Act(paid, company.paying(entry)))
    yield from sorted(acts, key=attrgetter("at"))


class _Company:
    """The sandbox at work."""

    def __init__(self, organization: Organization) -> None:
        self._organization = organization
        self._customers: dict[str, UUID] = {}
        self._invoices: dict[str, UUID] = {}

    def open(self, entries: Sequence[Entry]) -> None:
        """Make the cadence and every customer of the book with one contact."""
        here: dict[str, Any] = {"actor": SYSTEM_ACTOR, "now": clock.now(self._organization)}
        with transaction.atomic():
            create_cadence(name="Replay", steps=STEPS, default=True, **here)
            for name in sorted({entry.customer for entry in entries}):
                contact = ContactInput(email=f"{name.lower()}@customer.example")
                data = CustomerInput(name=name, external_id=name, contacts=[contact])
                customer = create_customer(organization=self._organization, data=data, **here)
                self._customers[name] = customer.pk

    def advance(self, to: datetime) -> None:
        """Let time pass."""
        flows.advance(organization=self._organization, to=to.astimezone(UTC), actor=SYSTEM_ACTOR)

    def issuing(self, entry: Entry) -> Callable[[datetime], None]:
        """Return the act of creating and issuing an invoice."""

        def issue(now: datetime) -> None:
            data = InvoiceInput(
                customer_id=self._customers[entry.customer],
                number=entry.number,
                total=entry.amount,
                invoice_date=entry.invoice_date,
                due_date=entry.due_date,
            )
            made = flows.create_invoice(
                organization=self._organization, actor=SYSTEM_ACTOR, now=now, data=data, issue=True
            )
            self._invoices[entry.number] = made.pk

        return issue

    def paying(self, entry: Entry) -> Callable[[datetime], None]:
        """Return the act of recording that an invoice was paid in full."""

        def pay(now: datetime) -> None:
            amount = Money.parse(str(entry.amount), CURRENCY)
            invoice = self._invoices[entry.number]
            data = PaymentInput(
                customer_id=self._customers[entry.customer],
                amount=amount,
                received_on=entry.settled_on or entry.invoice_date,
                source="replay",
                external_id=entry.number,
                applications=[ApplicationInput(invoice_id=invoice, amount=amount)],
            )
            flows.record_payment(
                organization=self._organization, actor=SYSTEM_ACTOR, now=now, data=data
            )

        return pay
