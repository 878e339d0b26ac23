"""What happens to every invoice of the book, decided by a seed: the same life every time."""

import random
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from dunwell import flows
from dunwell.chasing.operations import schedules
from dunwell.chasing.operations.cadences import create_cadence
from dunwell.chasing.sender.session import one_sender
from dunwell.commands.replaying.book import Entry
from dunwell.core.calendar import add_days, instant_at, midnight
from dunwell.core.mime import Address
from dunwell.core.money import Money
from dunwell.inbox.models import Delivery
from dunwell.ledger.models import Customer, Dispute, Invoice, Payment, Promise
from dunwell.ledger.operations import (
    ApplicationInput,
    ContactInput,
    CustomerInput,
    InvoiceInput,
    PaymentInput,
    create_customer,
)
from dunwell.ports.incoming import DeliveryReport, Incoming, Report
from dunwell.tenancy import clock
from dunwell.tenancy.models import Organization
from dunwell.tenancy.operations import create_sandbox
from dunwell.tenancy.roles import SYSTEM_ACTOR
from dunwell.tenancy.scope import organization_scope

CURRENCY: Final = "USD"
STEPS: Final[Sequence[Mapping[str, Any]]] = (
    {"trigger": {"type": "on_issue"}, "hour": 9, "channels": ["email"]},
    {"trigger": {"type": "before_due", "days": 7}, "hour": 9, "channels": ["email"]},
    {"trigger": {"type": "after_due", "days": 0}, "hour": 10, "channels": ["sms"]},
    {"trigger": {"type": "after_due", "days": 3}, "hour": 14, "channels": ["email", "sms"]},
    {"trigger": {"type": "after_due", "days": 14}, "hour": 8, "channels": ["letter"]},
    {
        "trigger": {"type": "repeat", "days": 10, "times": 3},
        "hour": 16,
        "channels": ["email", "sms", "letter"],
    },
)

type Do = Callable[[datetime], None]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that happens; `do` finds the facts as they are then."""

    at: datetime
    do: Do


def open_company(*, entries: Sequence[Entry], zone: str) -> Organization:
    """Make a sandbox with the cadence, and a customer with a contact for everyone in the book."""
    first = min(entry.invoice_date for entry in entries)
    organization, _secret = create_sandbox(
        slug=f"troubles-{secrets.token_hex(4)}",
        time_zone=zone,
        currency=CURRENCY,
        start=midnight(first, ZoneInfo(zone)),
        wall=clock.wall(),
    )
    with organization_scope(organization), transaction.atomic():
        here: dict[str, Any] = {"actor": SYSTEM_ACTOR, "now": clock.now(organization)}
        flows.change_settings(changes={"attach_invoice": False}, **here)
        create_cadence(name="Troubles", steps=STEPS, default=True, **here)
        for n, name in enumerate(sorted({entry.customer for entry in entries})):
            contact = ContactInput(
                name=f"Ada {n}",
                email=f"{name.lower()}@customer.example",
                phone=f"+4930231250{n % 100:02}",
                address={
                    "line1": f"Street {n}",
                    "postal_code": "10115",
                    "city": "Berlin",
                    "country": "DE",
                },
                receives_invoices=True,
            )
            data = CustomerInput(name=name, external_id=name, contacts=[contact])
            create_customer(organization=organization, data=data, **here)
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS bench_progress (sandbox text, done int)")
            cursor.execute("INSERT INTO bench_progress VALUES (%s, 0)", [organization.slug])
    return organization


class Life:
    """Lives on from wherever an earlier process was stopped."""

    def __init__(self, *, organization: Organization, entries: Sequence[Entry], seed: int) -> None:
        self._organization = organization
        self._zone = organization.zone
        self._entries = entries
        self._seed = seed

    def live(self) -> None:
        """Let everything happen that has not happened yet, to forty days after the last act."""
        acts = self._acts()
        with organization_scope(self._organization), one_sender():
            for act in acts[self._done() :]:
                self._advance(act.at)
                with transaction.atomic():
                    act.do(act.at)
                    self._one_more()
            self._advance(acts[-1].at + timedelta(days=40))

    def _advance(self, to: datetime) -> None:
        self._organization.refresh_from_db(fields=["sandbox_now"])
        flows.advance(
            organization=self._organization,
            to=max(to.astimezone(UTC), clock.now(self._organization)),
            actor=SYSTEM_ACTOR,
        )

    def _done(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT done FROM bench_progress WHERE sandbox = %s", [self._organization.slug]
            )
            return int(cursor.fetchone()[0])

    def _one_more(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE bench_progress SET done = done + 1 WHERE sandbox = %s",
                [self._organization.slug],
            )

    def _acts(self) -> list[Act]:
        found = [act for entry in self._entries for act in self._story(entry)]
        return [act for _n, act in sorted(enumerate(found), key=lambda each: (each[1].at, each[0]))]

    def _story(self, entry: Entry) -> Iterator[Act]:
        """Tell what happens to one invoice; the odds are those of a lively business."""
        dice = random.Random(f"{self._seed} {entry.number}")
        here = _Invoice(self._organization, entry)
        due = entry.due_date

        def at(day: date, days: int = 0) -> datetime:
            # Never on the hour: no act shares its instant with a send.
            when = instant_at(add_days(day, days), dice.randrange(8, 18), self._zone)
            return when + timedelta(minutes=dice.randrange(1, 60))

        yield Act(at(entry.invoice_date), here.issue)
        if dice.random() < 0.12:
            yield Act(at(due, dice.randrange(-20, 25)), here.reply)
        if dice.random() < 0.04:
            yield Act(at(due, dice.randrange(-20, 25)), here.reply_automatically)
        if dice.random() < 0.08:
            yield Act(at(due, dice.randrange(-3, 10)), here.promise)
        if dice.random() < 0.05:
            yield from here.dispute(dice, at, due)
        if dice.random() < 0.03:
            yield Act(at(due, dice.randrange(-10, 10)), here.pause)
        if dice.random() < 0.05:
            yield Act(at(entry.invoice_date, dice.randrange(1, 35)), here.bounce)
        if dice.random() < 0.01:
            yield Act(at(due, 40), here.close)
        if entry.settled_on is not None:
            yield Act(at(max(entry.settled_on, add_days(entry.invoice_date, 1))), here.pay)
            if dice.random() < 0.05:
                back = dice.randrange(2, 8)
                yield Act(at(entry.settled_on, back), here.take_back)
                yield Act(at(entry.settled_on, back + dice.randrange(5, 30)), here.pay)


class _Invoice:
    """The acts on one invoice of the book."""

    def __init__(self, organization: Organization, entry: Entry) -> None:
        self._organization = organization
        self._entry = entry

    def _here(self, now: datetime) -> dict[str, Any]:
        return {"organization": self._organization, "actor": SYSTEM_ACTOR, "now": now}

    def _open(self) -> Invoice | None:
        found = Invoice.objects.filter(number=self._entry.number, closed_at__isnull=True)
        return found.filter(balance_minor__gt=0, issued_at__isnull=False).first()

    def issue(self, now: datetime) -> None:
        """Create and issue it."""
        customer = Customer.objects.get(external_id=self._entry.customer)
        data = InvoiceInput(
            customer_id=customer.pk,
            number=self._entry.number,
            total=self._entry.amount,
            invoice_date=self._entry.invoice_date,
            due_date=self._entry.due_date,
        )
        flows.create_invoice(**self._here(now), data=data, issue=True)

    def pay(self, now: datetime) -> None:
        """Pay what is open of it."""
        invoice = self._open()
        if invoice is None:
            return
        amount = Money(invoice.balance_minor, CURRENCY)
        data = PaymentInput(
            customer_id=invoice.customer_id,
            amount=amount,
            received_on=now.astimezone(self._organization.zone).date(),
            source="troubles",
            external_id=f"{invoice.number} {now:%Y-%m-%d}",
            applications=[ApplicationInput(invoice_id=invoice.pk, amount=amount)],
        )
        flows.record_payment(**self._here(now), data=data)

    def take_back(self, now: datetime) -> None:
        """Reverse its payment: the bank took it back."""
        paid = Payment.objects.filter(
            applications__invoice__number=self._entry.number, reversed_minor=0
        ).first()
        if paid is not None:
            flows.reverse_payment(**self._here(now), payment_id=paid.pk, reason="chargeback")

    def promise(self, now: datetime) -> None:
        """Promise all of it within ten days."""
        invoice = self._open()
        if invoice is not None:
            day = add_days(now.astimezone(self._organization.zone).date(), 10)
            flows.record_promise(**self._here(now), invoice_id=invoice.pk, promised_on=day)

    def dispute(
        self, dice: random.Random, at: Callable[[date, int], datetime], due: date
    ) -> Iterable[Act]:
        """Contest all or a part of it, and settle that some weeks later."""
        opened, part = dice.randrange(-15, 15), dice.random() < 0.5

        def contest(now: datetime) -> None:
            invoice = self._open()
            if invoice is not None:
                half = Money(max(1, invoice.balance_minor // 2), CURRENCY)
                flows.open_dispute(
                    **self._here(now), invoice_id=invoice.pk, amount=half if part else None
                )

        yield Act(at(due, opened), contest)
        yield Act(at(due, opened + dice.randrange(5, 30)), self.resolve)

    def resolve(self, now: datetime) -> None:
        """Settle what is contested."""
        found = Dispute.objects.filter(
            invoice__number=self._entry.number, resolved_at__isnull=True
        ).first()
        if found is not None:
            flows.resolve_dispute(**self._here(now), dispute_id=found.pk, resolution="withdrawn")

    def pause(self, now: datetime) -> None:
        """Pause it for a week."""
        invoice = self._open()
        if invoice is not None:
            until = add_days(now.astimezone(self._organization.zone).date(), 7)
            schedules.pause(**self._here(now), invoice_id=invoice.pk, until=until, reason="asked")

    def close(self, now: datetime) -> None:
        """Write it off."""
        invoice = self._open()
        if invoice is not None and not Promise.objects.filter(invoice=invoice, state="open"):
            flows.close_invoice(**self._here(now), invoice_id=invoice.pk, reason="write_off")

    def reply(self, now: datetime) -> None:
        """Answer the last mail about it."""
        self._write(now, automatic=False)

    def reply_automatically(self, now: datetime) -> None:
        """Be out of office."""
        self._write(now, automatic=True)

    def _last_mail(self) -> Delivery | None:
        found = Delivery.objects.filter(
            invoice__number=self._entry.number, channel="email", state__in=("sent", "delivered")
        )
        return found.order_by("-at", "-id").first()

    def _write(self, now: datetime, *, automatic: bool) -> None:
        mail = self._last_mail()
        if mail is None:
            return
        domain = self._organization.sender_email.rpartition("@")[2]
        name = f"{self._entry.number}-{'auto' if automatic else 'reply'}"
        incoming = Incoming(
            channel="email",
            source="troubles",
            external_id=f"<{name}@customer.example>",
            sender=Address("", mail.to_address),
            to=(Address("", self._organization.sender_email),),
            received_at=now,
            subject="Re: your invoice",
            text="I am away." if automatic else "We are looking into it.",
            message_id=f"<{name}@customer.example>",
            in_reply_to=(f"<{mail.pk}@{domain}>",),
            automatic=automatic,
        )
        flows.receive_message(organization=self._organization, incoming=incoming, now=now)

    def bounce(self, now: datetime) -> None:
        """Bring the last mail about it back; half of the addresses take no mail any more."""
        mail = self._last_mail()
        if mail is None:
            return
        for_good = int(mail.pk.int) % 2 == 0
        flows.receive_report(
            organization=self._organization,
            report=DeliveryReport(
                report=Report.BOUNCED if for_good else Report.FAILED,
                provider="troubles",
                at=now,
                delivery_id=mail.pk,
                address=mail.to_address,
                detail="550 no such user" if for_good else "552 mailbox full",
            ),
            now=now,
        )
