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

ACTS = (
    *("issue", "mark_sent", "amend_total", "amend_due_date", "amend_invoice_date", "other_steps"),
    *("pay_part", "pay_all", "pay_too_much", "pay_on_account", "close", "reopen"),
    *("disable", "enable", "pause", "resume", "promise", "dispute", "dispute_part", "resolve"),
    *("send_by_hand", "try_again"),
)

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

    @rule(n=which, what=st.sampled_from(ACTS), size=st.integers(0, 999))
    def act(self, n: int, what: str, size: int) -> None:
        """Do something to an invoice; a clear refusal is as good an answer as any."""
        if n < len(self.invoices):
            with suppress(DunwellError):
                getattr(self, f"_{what}")(Invoice.objects.get(pk=self.invoices[n]), size)

    @precondition(lambda self: self.payments)
    @rule(n=st.integers(0, 30), part=st.booleans())
    def reverse(self, n: int, part: bool) -> None:
        payment = Payment.objects.get(pk=self.payments[n % len(self.payments)])
        amount = Money(max(1, payment.amount_minor // 2), "EUR") if part else None
        with suppress(DunwellError):
            flows.reverse_payment(**self.desk.here, payment_id=payment.pk, amount=amount)

    @rule(zone=st.sampled_from((*ZONES, "")))
    def change_company_or_customer(self, zone: str) -> None:
        if zone:
            self.desk.change_settings(time_zone=zone)
        else:
            self.customer.refresh_from_db()
            self._set_do_not_chase(on=not self.customer.do_not_chase)

    @rule(n=which, what=st.sampled_from(ACTS), size=st.integers(0, 999), hours=st.integers(1, 48))
    def act_and_wait(self, n: int, what: str, size: int, hours: int) -> None:
        self.act(n, what, size)
        self.time_passes(hours)

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
        done = PlannedSend.objects.filter(kind="step", state__in=["sent", "failed"])
        for send in done.select_related("invoice"):
            known = self.known[send.invoice.pk].instances
            assert known.setdefault((send.step_key, send.occurrence), send.pk) == send.pk

    # --- how

    def _issue(self, invoice: Invoice, size: int) -> None:
        flows.issue_invoice(**self.desk.here, invoice_id=invoice.pk)

    def _mark_sent(self, invoice: Invoice, size: int) -> None:
        flows.mark_sent(**self.desk.here, invoice_id=invoice.pk)

    def _amend_total(self, invoice: Invoice, size: int) -> None:
        self.desk.amend(invoice, total=str(size + 1))

    def _amend_due_date(self, invoice: Invoice, size: int) -> None:
        self.desk.amend(invoice, due_date=add_days(self._today(), size % 16 - 3))

    def _amend_invoice_date(self, invoice: Invoice, size: int) -> None:
        self.desk.amend(invoice, invoice_date=add_days(self._today(), size % 11 - 5))

    def _other_steps(self, invoice: Invoice, size: int) -> None:
        self.desk.set_steps(invoice, SCHEDULES[size % 3])

    def _pay_part(self, invoice: Invoice, size: int) -> None:
        self._pay(invoice, max(1, invoice.balance.minor // 3))

    def _pay_all(self, invoice: Invoice, size: int) -> None:
        self._pay(invoice, invoice.balance.minor)

    def _pay_too_much(self, invoice: Invoice, size: int) -> None:
        self._pay(invoice, invoice.balance.minor + 500, applications=None)

    def _pay_on_account(self, invoice: Invoice, size: int) -> None:
        self._pay(invoice, invoice.balance.minor, applications=[])

    def _pay(self, invoice: Invoice, minor: int, **given: Any) -> None:
        amount = str(Money(max(1, minor), "EUR").amount)
        self.payments.append(self.desk.pay(invoice, amount, **given).payment.pk)

    def _close(self, invoice: Invoice, size: int) -> None:
        reason = "void" if size % 2 else "write_off"
        flows.close_invoice(**self.desk.here, invoice_id=invoice.pk, reason=reason)

    def _reopen(self, invoice: Invoice, size: int) -> None:
        flows.reopen_invoice(**self.desk.here, invoice_id=invoice.pk)

    def _disable(self, invoice: Invoice, size: int) -> None:
        self.desk.switch(invoice, on=False)

    def _enable(self, invoice: Invoice, size: int) -> None:
        self.desk.switch(invoice, on=True)

    def _pause(self, invoice: Invoice, size: int) -> None:
        until = add_days(self._today(), 1 + size % 6)
        self.desk.pause(invoice, until.isoformat())
        self._lift(invoice.pk)
        end = midnight(until, self.desk.organization.zone)
        self.known[invoice.pk].held.append(Held(self.desk.now, end))

    def _resume(self, invoice: Invoice, size: int) -> None:
        self.desk.resume(invoice)
        self._lift(invoice.pk)

    def _promise(self, invoice: Invoice, size: int) -> None:
        day = add_days(self._today(), size % 5)
        flows.record_promise(**self.desk.here, invoice_id=invoice.pk, promised_on=day)

    def _dispute(self, invoice: Invoice, size: int) -> None:
        flows.open_dispute(**self.desk.here, invoice_id=invoice.pk)

    def _dispute_part(self, invoice: Invoice, size: int) -> None:
        flows.open_dispute(**self.desk.here, invoice_id=invoice.pk, amount=Money(100, "EUR"))

    def _resolve(self, invoice: Invoice, size: int) -> None:
        for dispute in Dispute.objects.filter(invoice=invoice, resolved_at=None)[:1]:
            flows.resolve_dispute(**self.desk.here, dispute_id=dispute.pk)

    def _send_by_hand(self, invoice: Invoice, size: int) -> None:
        send_now(
            **self.desk.here, invoice_id=invoice.pk, channels=["email"], confirmed=size % 2 == 0
        )

    def _try_again(self, invoice: Invoice, size: int) -> None:
        for failed in PlannedSend.objects.filter(invoice=invoice, state="failed")[:1]:
            retry(**self.desk.here, planned_send_id=failed.pk, at=None)

    def _set_do_not_chase(self, *, on: bool) -> None:
        flows.update_customer(
            **self.desk.here, customer_id=self.customer.pk, changes={"do_not_chase": on}
        )

    def _today(self) -> date:
        return clock.today(self.desk.organization)

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
        self._set_do_not_chase(on=False)
        for dispute in Dispute.objects.filter(resolved_at=None):
            flows.resolve_dispute(**self.desk.here, dispute_id=dispute.pk)
        for n in range(len(self.invoices)):
            self.act(n, "enable", 0)
            self.act(n, "resume", 0)
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
