"""Payments against working senders: after a payment's answer no mail of its invoice arrives."""

import queue
import random
import statistics
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from bench import sending
from bench.proving.sending import invariants, senders
from bench.sizes import Race
from dunwell import flows
from dunwell.chasing.sender.sender import BATCH
from dunwell.commands.replaying.sink import Sink
from dunwell.core.money import Money
from dunwell.ledger.models import Invoice
from dunwell.ledger.operations import ApplicationInput, PaymentInput
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import SYSTEM_ACTOR
from dunwell.tenancy.scope import organization_scope, system_scope

# So slow an answer keeps every hand-over open for a while, and the senders near the payments.
_ANSWER_AFTER = 0.004
_MAILS_PER_TRIAL = 8
_PAYERS = 4
_AHEAD = 40  # how far a sender comes while a payment is being recorded


@dataclass(frozen=True)
class _Paid:
    invoice: UUID
    asked: float
    answered: float


def run(*, size: Race) -> dict[str, Any]:
    """Pay invoices whose mails are just being sent, `size.trials` times."""
    mails = size.trials * _MAILS_PER_TRIAL
    with Sink(answer_after=_ANSWER_AFTER) as sink:
        organization = sending.prepare(count=mails, port=sink.port, attach=False)
        with senders(size.workers):
            _wait_for_first(sink)
            paid = _pay(organization, sink, size)
            time.sleep(1)  # whatever was still to come comes now
        with organization_scope(organization):
            invoice_of = _invoice_of_message()
        answered = {each.invoice: each.answered for each in paid}
        after = [
            one.arrived - answered[invoice]
            for one in sink.received
            if (invoice := invoice_of.get(one.message_id)) in answered
        ]
        waits = [each.answered - each.asked for each in paid]
    return {
        "trials": len(paid),
        "workers": size.workers,
        "mails_sent_meanwhile": len(sink.received),
        "mail_came_before_the_answer": sum(wait <= 0 for wait in after),
        "mail_came_within_50_ms_before": sum(-0.05 <= wait <= 0 for wait in after),
        "mail_never_came": len(paid) - len(after),
        "payment_waits_ms": {
            "median": round(statistics.median(waits) * 1000, 1),
            "most": round(max(waits) * 1000, 1),
        },
        "violations": {"late": sum(wait > 0 for wait in after), **invariants()},
    }


def _wait_for_first(sink: Sink) -> None:
    deadline = time.monotonic() + 60
    while len(sink.received) < 20:
        if time.monotonic() > deadline:
            raise TimeoutError("no mail came")
        time.sleep(0.01)


def _pay(organization: Organization, sink: Sink, size: Race) -> list[_Paid]:
    """Pay from several threads, each time an invoice close to where the senders are."""
    with organization_scope(organization):
        open_ = list(_in_order_of_sending())
    chooser = _Chooser(open_, sink, size)
    paid: list[_Paid] = []
    wanted: queue.SimpleQueue[int] = queue.SimpleQueue()
    for n in range(size.trials):
        wanted.put(n)

    def work() -> None:
        with organization_scope(organization):
            while True:
                try:
                    wanted.get_nowait()
                except queue.Empty:
                    break
                paid.append(_pay_one(organization, chooser.next()))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(_PAYERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(paid) != size.trials:
        raise RuntimeError(f"only {len(paid)} of {size.trials} payments were answered")
    return paid


def _in_order_of_sending() -> list[Invoice]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT invoice_id FROM chasing_plannedsend ORDER BY at, id")
        order = {row[0]: n for n, row in enumerate(cursor.fetchall())}
    return sorted(Invoice.objects.all(), key=lambda invoice: order[invoice.pk])


class _Chooser:
    """Gives each invoice at most once, near the one that is being sent."""

    def __init__(self, invoices: list[Invoice], sink: Sink, size: Race) -> None:
        self._invoices = invoices
        self._taken: set[int] = set()
        self._sink = sink
        self._workers = size.workers
        self._dice = random.Random(size.seed)
        self._lock = threading.Lock()

    def next(self) -> Invoice:
        with self._lock:
            n = min(self._front() + self._dice.randint(0, _AHEAD), len(self._invoices) - 1)
            while n in self._taken:
                n -= 1
            self._taken.add(n)
            return self._invoices[n]

    def _front(self) -> int:
        """Guess where one of the senders is: each works through a batch of its own."""
        rounds, inside = divmod(len(self._sink.received), self._workers * BATCH)
        ahead = rounds * self._workers + self._dice.randrange(self._workers)
        return ahead * BATCH + inside // self._workers


def _pay_one(organization: Organization, invoice: Invoice) -> _Paid:
    amount = Money(invoice.total_minor, invoice.currency)
    data = PaymentInput(
        customer_id=invoice.customer_id,
        amount=amount,
        received_on=datetime.now(UTC).date(),
        applications=[ApplicationInput(invoice_id=invoice.pk, amount=amount)],
    )
    asked = time.monotonic()
    flows.record_payment(
        organization=organization, actor=SYSTEM_ACTOR, now=datetime.now(UTC), data=data
    )
    return _Paid(invoice.pk, asked, time.monotonic())


def _invoice_of_message() -> dict[str, UUID]:
    with system_scope("proof: what is recorded"), connection.cursor() as cursor:
        cursor.execute("SELECT id, invoice_id FROM inbox_delivery")
        return {f"<{delivery}@bench.example>": invoice for delivery, invoice in cursor.fetchall()}
