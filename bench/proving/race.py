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
_AHEAD = 12  # about as far as a sender comes until a payment has its lock
_NEAR = """
SELECT d.invoice_id FROM chasing_batch b JOIN inbox_delivery d ON d.batch_id = b.id
WHERE d.ordinal BETWEEN b.cursor AND b.cursor + %s ORDER BY d.id
"""


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
            paid = _pay(organization, size)
            time.sleep(1)  # whatever was still to come comes now
        with organization_scope(organization):
            invoice_of = _invoice_of_message()
        arrived = {invoice_of[one.message_id]: one.arrived for one in sink.received}
        came = [(each, arrived[each.invoice]) for each in paid if each.invoice in arrived]
        waits = [each.answered - each.asked for each in paid]
    return {
        "trials": len(paid),
        "workers": size.workers,
        "mails_sent_meanwhile": len(sink.received),
        "mail_came_before_the_payment": sum(at < each.asked for each, at in came),
        "mail_came_while_it_was_recorded": sum(
            each.asked <= at <= each.answered for each, at in came
        ),
        "mail_never_came": len(paid) - len(came),
        "payment_waits_ms": {
            "median": round(statistics.median(waits) * 1000, 1),
            "most": round(max(waits) * 1000, 1),
        },
        "violations": {
            "mail_came_after_the_answer": sum(at > each.answered for each, at in came),
            **invariants(),
        },
    }


def _wait_for_first(sink: Sink) -> None:
    deadline = time.monotonic() + 60
    while len(sink.received) < 20:
        if time.monotonic() > deadline:
            raise TimeoutError("no mail came")
        time.sleep(0.01)


def _pay(organization: Organization, size: Race) -> list[_Paid]:
    """Pay from several threads, each time an invoice close to where a sender is."""
    chooser = _Chooser(size.seed)
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


class _Chooser:
    """Gives each invoice at most once: one whose mail is being handed over, or is about to be."""

    def __init__(self, seed: int) -> None:
        self._taken: set[UUID] = set()
        self._dice = random.Random(seed)
        self._lock = threading.Lock()

    def next(self) -> Invoice:
        """Wait for an invoice near a sender's cursor. Raises TimeoutError when none comes."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with system_scope("proof: where the senders are"), connection.cursor() as cursor:
                cursor.execute(_NEAR, [_AHEAD])
                near = [row[0] for row in cursor.fetchall()]
            with self._lock:
                free = [invoice for invoice in near if invoice not in self._taken]
                if free:
                    chosen = self._dice.choice(free)
                    self._taken.add(chosen)
                    return Invoice.objects.get(pk=chosen)
            time.sleep(0.002)
        raise TimeoutError("the senders are done before the payments")


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
