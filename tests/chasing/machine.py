"""Everything that can happen to invoices in any order, and what must hold after each step.

Run by test_machine.py in a small size and by `./run proof machine` at length.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from unittest import mock
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dunwell import flows
from dunwell.chasing.models import FirstSend, PlannedSend, Schedule
from dunwell.chasing.operations.by_hand import retry, send_now
from dunwell.core.calendar import add_days, local_date, midnight
from dunwell.core.money import Money
from dunwell.inbox.models import Delivery
from dunwell.ledger.models import Dispute, Invoice, Payment
from dunwell.ports.messages import Outgoing, Receipt
from dunwell.providers.sandbox_outbox import SandboxOutbox
from dunwell.tenancy import clock
from dunwell.tenancy.errors import DunwellError
from tests.chasing.desk import (
    Desk,
    Steps,
    after_due,
    after_issue,
    before_due,
    new_desk,
    on_issue,
    repeat,
    wrong,
)

MOST_INVOICES = 4
ZONES = ("Europe/Berlin", "Pacific/Auckland", "America/New_York")
SCHEDULES: Sequence[Steps] = (
    [on_issue(9), before_due(2, 9), after_due(0, 10), after_due(3, 14), repeat(5, 3, 16)],
    [on_issue(0), after_issue(1, 23), after_issue(2, 0), repeat(1, 5, 12)],
    [on_issue(12), after_issue(0, 12), after_due(1, 12, channels=["email", "sms"])],
)
OUT = ("queued", "sent", "uncertain")

which = st.integers(0, MOST_INVOICES - 1)
days = st.integers(0, 12)


class Killed(BaseException):
    """Stands for the end of a sender's process."""


@dataclass
class Held:
    """A time in which nothing automatic may be sent for an invoice."""

    begin: datetime
    end: datetime | None = None

    def covers(self, at: datetime) -> bool:
        return self.begin <= at and (self.end is None or at < self.end)


@dataclass
class Known:
    """What the machine itself remembers of an invoice, beside what the database says."""

    held: list[Held] = field(default_factory=list)
    instances: dict[tuple[int | None, int], UUID] = field(default_factory=dict)


class Chasing(RuleBasedStateMachine):
    """A sandbox with one customer and a few invoices."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.desk: Desk = self.stack.enter_context(new_desk())
        self.customer = self.desk.customer("jo@proseware.example", "bo@proseware.example")
        self.invoices: list[UUID] = []
        self.known: dict[UUID, Known] = {}
        self.payments: list[UUID] = []
        self.seen: set[UUID] = set()
        self.fuse = 0
        self.when = "before"
        self.stack.enter_context(mock.patch.object(SandboxOutbox, "hand_over", self._mortal()))

    def teardown(self) -> None:
        """Take every hold away; then an invoice never sent goes out after all."""
        try:
            self._free_everything()
        finally:
            self.stack.close()

    # --- what can happen

    @initialize(total=st.integers(1, 999), kind=st.integers(0, 2))
    def begin(self, total: int, kind: int) -> None:
        self.new_invoice(total=total, kind=kind, dated=0, due=5, draft=False)

    @precondition(lambda self: len(self.invoices) < MOST_INVOICES)
    @rule(
        total=st.integers(1, 999), kind=st.integers(0, 2), dated=st.integers(-8, 4), due=days,
        draft=st.booleans(),
    )  # fmt: skip
    def new_invoice(self, *, total: int, kind: int, dated: int, due: int, draft: bool) -> None:
        day = add_days(self._today(), dated)
        made = self.desk.invoice(
            SCHEDULES[kind], customer=self.customer, issue=not draft, total=str(total),
            invoice_date=day, due_date=add_days(day, due),
        )  # fmt: skip
        self.invoices.append(made.pk)
        self.known[made.pk] = Known()

    @rule(n=which)
    def issue(self, n: int) -> None:
        self._act(n, flows.issue_invoice)

    @rule(n=which)
    def mark_sent(self, n: int) -> None:
        self._act(n, flows.mark_sent)

    @rule(n=which, total=st.integers(1, 999))
    def amend_total(self, n: int, total: int) -> None:
        self._act(n, flows.amend_invoice, changes={"total": str(total)})

    @rule(n=which, due=st.integers(-3, 12))
    def amend_due_date(self, n: int, due: int) -> None:
        self._act(n, flows.amend_invoice, changes={"due_date": add_days(self._today(), due)})

    @rule(n=which, dated=st.integers(-5, 5))
    def amend_invoice_date(self, n: int, dated: int) -> None:
        self._act(n, flows.amend_invoice, changes={"invoice_date": add_days(self._today(), dated)})

    @rule(n=which, kind=st.integers(0, 2))
    def other_steps(self, n: int, kind: int) -> None:
        self._on(n, lambda invoice: self.desk.set_steps(invoice, SCHEDULES[kind]))

    @rule(n=which, how=st.sampled_from(["part", "full", "over", "credit"]))
    def pay(self, n: int, how: str) -> None:
        def pay(invoice: Invoice) -> None:
            owed = invoice.balance.minor
            minor = {"part": max(1, owed // 3), "full": owed, "over": owed + 500}.get(how, owed)
            amount = str(Money(max(1, minor), "EUR").amount)
            given: dict[str, Any] = {"applications": []} if how == "credit" else {}
            if how == "over":
                given = {"applications": None}
            self.payments.append(self.desk.pay(invoice, amount, **given).payment.pk)

        self._on(n, pay)

    @precondition(lambda self: self.payments)
    @rule(n=st.integers(0, 30), part=st.booleans())
    def reverse(self, n: int, part: bool) -> None:
        payment = Payment.objects.get(pk=self.payments[n % len(self.payments)])
        amount = Money(max(1, payment.amount_minor // 2), "EUR") if part else None
        with suppress(DunwellError):
            flows.reverse_payment(**self.desk.here, payment_id=payment.pk, amount=amount)

    @rule(n=which, reason=st.sampled_from(["void", "write_off"]))
    def close(self, n: int, reason: str) -> None:
        self._act(n, flows.close_invoice, reason=reason)

    @rule(n=which)
    def reopen(self, n: int) -> None:
        self._act(n, flows.reopen_invoice)

    @rule(n=which, on=st.booleans())
    def switch(self, n: int, on: bool) -> None:
        self._on(n, lambda invoice: self.desk.switch(invoice, on=on))

    @rule(n=which, length=st.integers(1, 6))
    def pause(self, n: int, length: int) -> None:
        until = add_days(self._today(), length)

        def pause(invoice: Invoice) -> None:
            self.desk.pause(invoice, until.isoformat())
            self._lift(invoice.pk)
            end = midnight(until, self.desk.organization.zone)
            self.known[invoice.pk].held.append(Held(self.desk.now, end))

        self._on(n, pause)

    @rule(n=which)
    def resume(self, n: int) -> None:
        self._on(n, self._resume)

    @rule(n=which, length=st.integers(0, 4))
    def promise(self, n: int, length: int) -> None:
        self._act(n, flows.record_promise, promised_on=add_days(self._today(), length))

    @rule(n=which, part=st.booleans())
    def dispute(self, n: int, part: bool) -> None:
        self._act(n, flows.open_dispute, amount=Money(100, "EUR") if part else None)

    @rule(n=which)
    def resolve(self, n: int) -> None:
        def resolve(invoice: Invoice) -> None:
            for dispute in Dispute.objects.filter(invoice=invoice, resolved_at=None)[:1]:
                flows.resolve_dispute(**self.desk.here, dispute_id=dispute.pk)

        self._on(n, resolve)

    @rule(n=which, confirmed=st.booleans())
    def send_by_hand(self, n: int, confirmed: bool) -> None:
        self._act(n, send_now, channels=["email"], confirmed=confirmed)

    @rule(n=which)
    def try_again(self, n: int) -> None:
        def again(invoice: Invoice) -> None:
            for failed in PlannedSend.objects.filter(invoice=invoice, state="failed")[:1]:
                retry(**self.desk.here, planned_send_id=failed.pk, at=None)

        self._on(n, again)

    @rule(zone=st.sampled_from(ZONES))
    def move_company(self, zone: str) -> None:
        self.desk.change_settings(time_zone=zone)

    @rule(on=st.booleans())
    def do_not_chase(self, on: bool) -> None:
        flows.update_customer(
            **self.desk.here, customer_id=self.customer.pk, changes={"do_not_chase": on}
        )

    @rule(hours=st.sampled_from([0, 1, 3, 12, 24, 24, 72, 120]))
    def time_passes(self, hours: int) -> None:
        self._advance(hours)
        assert not self._late()

    @rule(hours=st.sampled_from([1, 24, 72]), fuse=st.integers(1, 3),
          when=st.sampled_from(["before", "after"]))  # fmt: skip
    def time_passes_and_the_sender_dies(self, hours: int, fuse: int, when: str) -> None:
        self.fuse, self.when = fuse, when
        with suppress(Killed):
            self._advance(hours)
        self.fuse = 0

    @rule(hours=st.sampled_from([5, 30, 100]))
    def nobody_works_for_a_while(self, hours: int) -> None:
        now = self.desk.now + timedelta(hours=hours)
        self.desk.organization.sandbox_now = now
        self.desk.organization.save(update_fields=["sandbox_now"])
        self._advance(0)

    # --- what must hold

    @invariant()
    def nothing_contradicts_the_rules(self) -> None:
        found = wrong()
        assert found == {}, found

    @invariant()
    def an_instance_stays_the_same_row_for_ever(self) -> None:
        for send in PlannedSend.objects.filter(kind="step", state__in=["sent", "failed"]):
            known = self.known[send.invoice_id].instances
            assert known.setdefault((send.step_key, send.occurrence), send.pk) == send.pk

    # --- how

    def _act(self, n: int, act: Callable[..., Any], **given: Any) -> None:
        self._on(n, lambda invoice: act(**self.desk.here, invoice_id=invoice.pk, **given))

    def _on(self, n: int, act: Callable[[Invoice], Any]) -> None:
        """Do something to an invoice; a clear refusal is as good an answer as any."""
        if n < len(self.invoices):
            with suppress(DunwellError):
                act(Invoice.objects.get(pk=self.invoices[n]))

    def _today(self) -> date:
        return clock.today(self.desk.organization)

    def _resume(self, invoice: Invoice) -> None:
        self.desk.resume(invoice)
        self._lift(invoice.pk)

    def _lift(self, invoice: UUID) -> None:
        for held in self.known[invoice].held:
            if held.covers(self.desk.now):
                held.end = self.desk.now

    def _advance(self, hours: int) -> None:
        """Let time pass and look at everything that went out meanwhile."""
        open_before = self._may_be_sent()
        try:
            flows.advance(
                organization=self.desk.organization,
                to=self.desk.now + timedelta(hours=hours),
                actor=self.desk.actor,
            )
        finally:
            # Also what a dead sender left under way: it may be out, whatever is done from now on.
            for delivery in Delivery.objects.exclude(pk__in=self.seen).filter(state__in=OUT):
                self.seen.add(delivery.pk)
                self._judge(delivery, open_before)

    def _may_be_sent(self) -> set[UUID]:
        found = Invoice.objects.filter(
            issued_at__isnull=False, closed_at__isnull=True, balance_minor__gt=0
        )
        return set(found.values_list("id", flat=True))

    def _judge(self, delivery: Delivery, open_before: set[UUID]) -> None:
        assert delivery.invoice_id in open_before
        assert delivery.planned_send_id is not None
        invoice = Invoice.objects.get(pk=delivery.invoice_id)
        send = PlannedSend.objects.get(pk=delivery.planned_send_id)
        assert not any(held.covers(delivery.at) for held in self.known[invoice.pk].held)
        assert not any(held.covers(send.at) for held in self.known[invoice.pk].held)
        disputed = Dispute.objects.filter(invoice=invoice, resolved_at=None, amount_minor=None)
        assert not disputed.exists()
        for promise in invoice.promises.filter(state="open"):
            assert delivery.at < promise.said_at
        if send.kind == "step":
            assert Schedule.objects.get(invoice=invoice).enabled
            assert local_date(delivery.at, self.desk.organization.zone) >= invoice.invoice_date

    def _late(self) -> bool:
        now = self.desk.now
        return PlannedSend.objects.filter(state__in=["planned", "sending"], at__lte=now).exists()

    def _free_everything(self) -> None:
        self.fuse = 0
        self.do_not_chase(on=False)
        for dispute in Dispute.objects.filter(resolved_at=None):
            flows.resolve_dispute(**self.desk.here, dispute_id=dispute.pk)
        for n in range(len(self.invoices)):
            self.switch(n, on=True)
            self.resume(n)
        self._advance(24 * 30)
        assert not self._late()
        assert wrong() == {}
        credit = sum(payment.unapplied_minor for payment in Payment.objects.all())
        for invoice in Invoice.objects.filter(pk__in=self._may_be_sent()):
            if invoice.balance.minor > credit and invoice.first_marked_sent_at is None:
                assert FirstSend.objects.filter(invoice=invoice).exists()

    def _mortal(self) -> Callable[..., Receipt]:
        machine, real = self, SandboxOutbox.hand_over

        def hand_over(box: SandboxOutbox, message: Outgoing, *, go: Callable[[], bool]) -> Receipt:
            machine.fuse -= 1
            if machine.fuse == 0 and machine.when == "before":
                raise Killed
            receipt = real(box, message, go=go)
            if machine.fuse == 0:
                raise Killed
            return receipt

        return hand_over


@contextmanager
def quiet() -> Iterator[None]:
    """Leave the sweeps of dead senders out of the log."""
    with mock.patch("dunwell.chasing.sender.sweep.log"):
        yield
