"""Many hands at once: real threads, real locks, real PostgreSQL."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection

from dunwell.core.money import Money
from dunwell.ledger import operations
from dunwell.ledger.invariants import INVARIANTS, violations
from dunwell.ledger.models import Application, Invoice, Payment
from dunwell.ledger.operations import PaymentInput
from dunwell.tenancy.errors import DunwellError
from dunwell.tenancy.models import Event
from dunwell.tenancy.scope import organization_scope, system_scope
from tests.ledger.conftest import Desk, euros, make_organization, to

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(desk: Desk, acts: list[Callable[[], Any]]) -> list[Any]:
    """Do all acts at the same moment, each in a thread and connection of its own."""
    start = threading.Barrier(len(acts))
    answers: list[Any] = [None] * len(acts)

    def do(n: int) -> None:
        try:
            with organization_scope(desk.organization):
                start.wait()
                answers[n] = acts[n]()
        except DunwellError as error:
            answers[n] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=do, args=(n,)) for n in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert None not in answers, "a thread hung or broke"
    return answers


def nothing_is_wrong() -> bool:
    with system_scope("check the invariants"):
        return all(violations(invariant) == 0 for invariant in INVARIANTS)


def test_eight_payments_on_one_invoice_are_all_counted_and_never_too_much(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer, "100.00")
    acts = [
        lambda: desk.pay(customer, "15.00", applications=[to(invoice, "15.00")]) for _ in range(8)
    ]
    at_once(desk, acts)
    assert desk.fresh(invoice).balance == euros("0.00")
    assert sum(p.unapplied_minor for p in Payment.objects.all()) == 2000
    assert Event.objects.filter(kind="invoice.paid").count() == 1
    assert nothing_is_wrong()


def test_one_payment_told_eight_times_at_once_is_recorded_once(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer, "100.00")
    answers = at_once(desk, [lambda: desk.pay(customer, "40.00", source="s", external_id="1")] * 8)
    assert sorted(answer.created for answer in answers) == [False] * 7 + [True]
    assert len({answer.payment.pk for answer in answers}) == 1
    assert desk.fresh(invoice).balance == euros("60.00")


def test_one_payment_of_pure_credit_told_eight_times_is_recorded_once(desk: Desk) -> None:
    customer = desk.customer()  # no invoice: nothing to lock, the unique rule decides
    answers = at_once(desk, [lambda: desk.pay(customer, "40.00", source="s", external_id="1")] * 8)
    assert sorted(answer.created for answer in answers) == [False] * 7 + [True]
    assert Payment.objects.count() == 1


def test_payments_across_many_invoices_do_not_deadlock(desk: Desk) -> None:
    customer = desk.customer()
    invoices = [desk.invoice(customer, "10.00") for _ in range(6)]
    forward = [to(invoice, "1.00") for invoice in invoices]
    backward = list(reversed(forward))
    acts: list[Callable[[], Any]] = [
        partial(desk.pay, customer, "6.00", applications=applications)
        for applications in (forward, backward) * 4
    ]
    answers = at_once(desk, acts)
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert {desk.fresh(invoice).balance for invoice in invoices} == {euros("2.00")}


def test_reversals_amendments_and_payments_at_once_leave_the_books_right(desk: Desk) -> None:
    customer = desk.customer()
    invoices = [desk.invoice(customer, "50.00") for _ in range(3)]
    payments = [desk.pay(customer, "20.00").payment for _ in range(3)]
    acts: list[Callable[[], Any]] = [
        *(partial(operations.reverse_payment, **desk.here, payment_id=p.pk) for p in payments),
        *(
            partial(
                operations.amend_invoice,
                **desk.here,
                invoice_id=invoice.pk,
                changes={"total": "35.00"},
            )
            for invoice in invoices
        ),
    ]
    acts += [lambda: desk.pay(customer, "45.00"), lambda: desk.pay(customer, "45.00")]
    at_once(desk, acts)
    owed = sum(invoice.balance.minor for invoice in Invoice.objects.all())
    credit = sum(payment.unapplied_minor for payment in Payment.objects.all())
    received = sum(p.amount_minor - p.reversed_minor for p in Payment.objects.all())
    total = sum(Invoice.objects.values_list("total_minor", flat=True))
    assert total - owed == received - credit
    assert nothing_is_wrong()


def test_numbers_taken_at_once_are_without_gap_or_double(desk: Desk) -> None:
    customer = desk.customer()
    at_once(desk, [lambda: desk.invoice(customer, issue=False)] * 8)
    numbers = sorted(Invoice.objects.values_list("number", flat=True))
    assert numbers == [f"INV-{n:04d}" for n in range(1, 9)]


def test_two_workers_cross_a_midnight_once(desk: Desk) -> None:
    customer = desk.customer()
    for _ in range(3):
        desk.invoice(customer)
    at = desk.at(2026, 4, 2, 12).now
    told = at_once(
        desk,
        [lambda: operations.cross_midnights(organization=desk.organization, at=at)] * 4,
    )
    assert sorted(told) == [0, 0, 0, 6]


def test_the_database_itself_refuses_money_that_strays(desk: Desk) -> None:
    from django.db import DatabaseError, transaction

    customer, other = desk.customer(), desk.customer("Other")
    invoice, foreign = desk.invoice(customer), desk.invoice(other)
    payment = desk.pay(customer, "10.00", applications=[]).payment

    def insert(to_invoice: Invoice, minor: int) -> None:
        with transaction.atomic():
            Application.objects.create(
                organization=desk.organization,
                invoice=to_invoice,
                payment=payment,
                amount_minor=minor,
                applied_on=desk.now.date(),
                recorded_at=desk.now,
            )

    for target, minor in ((invoice, 1001), (foreign, 1), (invoice, 0), (invoice, -1)):
        with pytest.raises(DatabaseError):
            insert(target, minor)
    with pytest.raises(DatabaseError), transaction.atomic():
        Invoice.objects.filter(pk=invoice.pk).update(applied_minor=5)
    insert(invoice, 1000)
    with pytest.raises(DatabaseError), transaction.atomic():
        Application.objects.filter(invoice=invoice).delete()
    assert desk.fresh(invoice).balance == euros("90.00")


def test_another_organization_is_not_there_at_all(desk: Desk) -> None:
    theirs = Desk(make_organization("theirs"))
    with system_scope("step out"), organization_scope(theirs.organization):
        customer = theirs.customer()
        invoice = theirs.invoice(customer)
        payment = theirs.pay(customer, "10.00").payment
        promise: dict[str, Any] = {"promised_on": desk.now.date()}
        dispute = operations.open_dispute(**theirs.here, invoice_id=invoice.pk)
        contact = theirs.customer("C", contacts=[operations.ContactInput(name="A")]).contacts.get()
    mine = desk.customer("Mine")
    acts: list[Callable[[], Any]] = [
        lambda: operations.issue_invoice(**desk.here, invoice_id=invoice.pk),
        lambda: operations.mark_sent(**desk.here, invoice_id=invoice.pk),
        lambda: operations.amend_invoice(**desk.here, invoice_id=invoice.pk, changes={"note": "x"}),
        lambda: operations.close_invoice(**desk.here, invoice_id=invoice.pk, reason="void"),
        lambda: operations.reopen_invoice(**desk.here, invoice_id=invoice.pk),
        lambda: operations.delete_draft(**desk.here, invoice_id=invoice.pk),
        lambda: operations.record_promise(**desk.here, invoice_id=invoice.pk, **promise),
        lambda: operations.open_dispute(**desk.here, invoice_id=invoice.pk),
        lambda: operations.resolve_dispute(**desk.here, dispute_id=dispute.pk),
        lambda: operations.reverse_payment(**desk.here, payment_id=payment.pk),
        lambda: operations.apply_credit(**desk.here, origin_id=payment.pk, invoice_id=invoice.pk),
        lambda: operations.update_customer(
            **desk.here, customer_id=customer.pk, changes={"name": "x"}
        ),
        lambda: operations.save_contacts(**desk.here, customer_id=customer.pk, contacts=[]),
        lambda: operations.block_contact(
            actor=desk.actor, now=desk.now, contact_id=contact.pk, channel="email", reason="x"
        ),
        lambda: desk.invoice(customer),
        lambda: desk.pay(customer, "1.00"),
        lambda: desk.pay(mine, "1.00", applications=[to(invoice, "1.00")]),
        lambda: operations.record_payment(
            **desk.here,
            data=PaymentInput(
                customer_id=customer.pk, amount=Money(1, "EUR"), received_on=desk.now.date()
            ),
        ),
    ]
    for act in acts:
        with pytest.raises(DunwellError) as refused:
            act()
        assert refused.value.status == 404
    assert not Invoice.objects.exists()
    assert not Payment.objects.exists()
