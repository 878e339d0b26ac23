"""Many payments at once come to what they come to one after the other."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dunwell.core.money import Money
from dunwell.ledger import errors, operations
from dunwell.ledger.invariants import INVARIANTS, violations
from dunwell.ledger.models import Activity, Invoice, Payment, Promise
from dunwell.ledger.operations import ApplicationInput, PaymentInput
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.models import AuditEntry, Event
from dunwell.tenancy.scope import organization_scope
from tests.ledger.conftest import Desk, day, euros, make_organization, to
from tests.ledger.test_concurrency import at_once, nothing_is_wrong

_CURRENCIES = ("EUR", "JPY")


def _ground(desk: Desk, rng: Random) -> list[Invoice]:
    """Make three customers with open, promised, closed invoices in two currencies."""
    made = []
    for name in ("Acme", "Bolt", "Crux"):
        customer = desk.customer(name)
        for _ in range(rng.randint(2, 5)):
            invoice = desk.invoice(
                customer,
                str(rng.randint(20, 90)),
                currency=rng.choice(_CURRENCIES),
                due_date=day("2026-03-05") + timedelta(days=rng.randint(0, 30)),
            )
            fate = rng.random()
            if fate < 0.2:
                operations.close_invoice(**desk.here, invoice_id=invoice.pk, reason="void")
            elif fate < 0.5:
                operations.record_promise(
                    **desk.here, invoice_id=invoice.pk, promised_on=day("2026-03-09")
                )
            made.append(invoice)
    return made


def _received(invoices: list[Invoice], rng: Random) -> list[PaymentInput]:
    """Draw payments: for some invoices, for the account, over and under, some told twice."""
    drawn: list[PaymentInput] = []
    for n in range(14):
        if drawn and rng.random() < 0.15:
            drawn.append(rng.choice([payment for payment in drawn if payment.external_id]))
            continue
        first = rng.choice(invoices)
        account = [
            i
            for i in invoices
            if (i.customer_id, i.currency) == (first.customer_id, first.currency)
        ]
        amount = Money.parse(str(rng.randint(1, 120)), first.currency)
        parts: list[ApplicationInput] | None = None
        if rng.random() < 0.7:
            parts = [ApplicationInput(invoice_id=i.pk) for i in account if rng.random() < 0.6]
            if parts and rng.random() < 0.5:
                parts[0] = ApplicationInput(invoice_id=parts[0].invoice_id, amount=amount)
                del parts[1:]
        drawn.append(
            PaymentInput(
                customer_id=first.customer_id,
                amount=amount,
                received_on=day("2026-03-01") + timedelta(days=rng.randint(-3, 12)),
                source="bank",
                external_id=f"p{n}" if n == 0 or rng.random() < 0.8 else None,
                applications=parts,
            )
        )
    return drawn


def _picture(results: list[Any]) -> dict[str, Any]:
    """Draw what can be seen of an organization's books, without ids."""
    numbers = dict(Invoice.objects.values_list("id", "number"))
    order = {payment.pk: n for n, payment in enumerate(Payment.objects.order_by("id"))}
    events = Event.objects.filter(kind__regex="^(payment|promise|invoice.paid)").order_by("id")
    return {
        "invoices": sorted(
            Invoice.objects.values_list("number", "applied_minor", "paid_at", "paid_on")
        ),
        "payments": list(
            Payment.objects.order_by("id").values_list(
                *("external_id", "amount_minor", "applied_minor", "unapplied_minor", "flag")
            )
        ),
        "applications": sorted(
            (numbers[a.invoice_id], order[payment.pk], a.amount_minor, a.applied_on)
            for payment in Payment.objects.all()
            for a in payment.applications.all()
        ),
        "promises": Counter(
            (numbers[pk], state) for pk, state in Promise.objects.values_list("invoice_id", "state")
        ),
        "activities": Counter(
            (numbers.get(pk, ""), kind)
            for pk, kind in Activity.objects.values_list("invoice_id", "kind")
        ),
        "events": Counter((e.kind, e.invoice_id and numbers[e.invoice_id]) for e in events),
        "audit": Counter(AuditEntry.objects.values_list("action", flat=True)),
        "answers": [
            (
                order[result.payment.pk],
                result.created,
                result.payment.unapplied_minor,
                sorted(numbers[invoice.pk] for invoice in result.invoices),
            )
            for result in results
        ],
    }


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(20))
def test_payments_at_once_come_to_the_same_as_one_by_one(seed: int) -> None:
    pictures = []
    for slug, at_once_ in (("single", False), ("many", True)):
        organization = make_organization(slug)
        with organization_scope(organization):
            rng = Random(seed)
            desk = Desk(organization)
            invoices = _ground(desk, rng)
            payments = _received(invoices, rng)
            if at_once_:
                results = operations.record_payments(**desk.here, data=payments)
            else:
                results = [operations.record_payment(**desk.here, data=p) for p in payments]
            pictures.append(_picture(results))
            assert {i.name: violations(i) for i in INVARIANTS if violations(i)} == {}
    assert pictures[0] == pictures[1]


def test_every_invoice_that_got_money_or_could_get_credit_is_thought_over(desk: Desk) -> None:
    customer = desk.customer()
    paid, beside = desk.invoice(customer), desk.invoice(customer)
    other = desk.invoice(desk.customer("Bolt"))
    desk_payments = [
        PaymentInput(
            customer_id=customer.pk,
            amount=euros("150.00"),
            received_on=day("2026-03-02"),
            applications=[to(paid)],
        )
    ]
    operations.record_payments(**desk.here, data=desk_payments)
    assert desk.fresh(paid).chase_version > paid.chase_version
    assert desk.fresh(beside).chase_version > beside.chase_version
    assert desk.fresh(other).chase_version == other.chase_version


def test_one_wrong_payment_among_many_records_none(desk: Desk) -> None:
    customer = desk.customer()
    invoice, draft = desk.invoice(customer), desk.invoice(customer, issue=False)
    good = PaymentInput(
        customer_id=customer.pk, amount=euros("10.00"), received_on=day("2026-03-02")
    )
    for wrong, error in (
        (
            PaymentInput(
                customer_id=customer.pk,
                amount=euros("5.00"),
                received_on=day("2026-03-02"),
                applications=[to(draft)],
            ),
            errors.IsDraft,
        ),
        (
            PaymentInput(
                customer_id=desk.organization.pk,
                amount=euros("5.00"),
                received_on=day("2026-03-02"),
            ),
            NotFound,
        ),
    ):
        with pytest.raises(error):
            operations.record_payments(**desk.here, data=[good, wrong])
    assert not Payment.objects.exists()
    assert desk.fresh(invoice).balance == euros("100.00")


def test_one_id_with_two_contents_among_many_is_refused(desk: Desk) -> None:
    customer = desk.customer()
    one, two = (
        PaymentInput(
            customer_id=customer.pk,
            amount=euros(amount),
            received_on=day("2026-03-02"),
            source="bank",
            external_id="1",
        )
        for amount in ("10.00", "11.00")
    )
    with pytest.raises(errors.PaymentDiffers):
        operations.record_payments(**desk.here, data=[one, two])
    assert not Payment.objects.exists()


def test_a_hundred_payments_ask_the_database_no_more_often_than_ten(desk: Desk) -> None:
    counts = []
    for many in (10, 100):
        customer = desk.customer(f"Customer {many}")
        payments = [
            PaymentInput(
                customer_id=customer.pk,
                amount=euros("100.00"),
                received_on=day("2026-03-02"),
                applications=[to(desk.invoice(customer))],
            )
            for _ in range(many)
        ]
        with CaptureQueriesContext(connection) as asked:
            operations.record_payments(**desk.here, data=payments)
        counts.append(len(asked))
    assert counts[0] == counts[1] < 25


@pytest.mark.django_db(transaction=True)
def test_batches_that_overlap_in_any_order_neither_deadlock_nor_double(desk: Desk) -> None:
    customers = [desk.customer(name) for name in ("Acme", "Bolt", "Crux", "Dune")]
    invoices = [desk.invoice(customer, "50.00") for customer in customers[:3]]
    payments = [
        PaymentInput(
            customer_id=customer.pk,  # the last has no invoice: nothing to lock
            amount=euros("20.00"),
            received_on=day("2026-03-02"),
            source="bank",
            external_id=f"{n}{customer.name}",
        )
        for n in range(5)
        for customer in customers
    ]
    acts: list[Callable[[], Any]] = []
    for n in range(8):
        some = list(payments)
        Random(n).shuffle(some)
        acts.append(partial(operations.record_payments, **desk.here, data=some))
    answers = at_once(desk, acts)
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert sum(result.created for answer in answers for result in answer) == len(payments)
    assert Payment.objects.count() == len(payments)
    assert {desk.fresh(invoice).balance for invoice in invoices} == {euros("0.00")}
    assert nothing_is_wrong()
