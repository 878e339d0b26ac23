"""Promises and disputes: kept, broken, replaced; and what they hold."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from dunwell.core.holds import HoldKind, held
from dunwell.core.money import Money
from dunwell.ledger import errors, operations
from dunwell.ledger.models import Activity, Dispute, Invoice, Promise
from dunwell.ledger.operations import CreditNoteInput, LineInput
from dunwell.ledger.queries import account_of, holds_of
from dunwell.tenancy.errors import InvalidInput
from dunwell.tenancy.models import Event
from tests.ledger.conftest import Desk, day, euros, to


def promise(desk: Desk, invoice: Invoice, on: str = "2026-03-10", **given: Any) -> Promise:
    return operations.record_promise(
        **desk.here, invoice_id=invoice.pk, promised_on=day(on), **given
    )


def state(made: Promise) -> str:
    return Promise.objects.get(pk=made.pk).state


def _held(desk: Desk, invoice: Invoice, at: Desk | None = None) -> HoldKind | None:
    at = at or desk
    with connection.cursor() as cursor:
        found = holds_of(cursor=cursor, invoice_ids=[invoice.pk], ended_after=desk.now)
    hold = held(
        holds=found.get(invoice.pk, ()),
        balance_minor=desk.fresh(invoice).balance_minor,
        at=at.now,
        grace_days=desk.organization.promise_grace_days,
        zone=desk.organization.zone,
    )
    return None if hold is None else hold.kind


def test_a_promise_is_of_the_whole_balance_unless_told_otherwise(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer)
    desk.pay(customer, "30.00")
    assert promise(desk, invoice).amount_minor == 7000


def test_a_new_promise_replaces_the_open_one(desk: Desk) -> None:
    invoice = desk.invoice(desk.customer())
    first = promise(desk, invoice)
    second = promise(desk, invoice, "2026-03-20")
    assert (state(first), state(second)) == ("replaced", "open")


@pytest.mark.parametrize(
    ("received", "amount", "outcome"),
    [
        ("2026-03-10", "100.00", "kept"),
        ("2026-03-13", "100.00", "kept"),  # the last day of grace
        ("2026-03-14", "100.00", "broken"),
        ("2026-03-10", "99.99", "broken"),
    ],
)
def test_a_promise_is_kept_by_enough_money_in_time(
    desk: Desk, received: str, amount: str, outcome: str
) -> None:
    customer = desk.customer()
    made = promise(desk, desk.invoice(customer))
    # Recorded days later than received: the day of receipt decides.
    late = desk.at(2026, 3, 20)
    late.pay(customer, amount, received_on=day(received))
    operations.settle_promises(organization=desk.organization, at=late.now)
    assert state(made) == outcome


def test_late_news_of_timely_money_turns_a_broken_promise_into_a_kept_one(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer)
    made = promise(desk, invoice, amount=euros("50.00"))
    late = desk.at(2026, 3, 20)
    assert operations.settle_promises(organization=desk.organization, at=late.now) == 1
    assert state(made) == "broken"
    late.pay(customer, "50.00", received_on=day("2026-03-09"))
    assert state(made) == "kept"


def test_money_from_before_the_promise_does_not_keep_it(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer)
    desk.pay(customer, "50.00")  # in the same instant of a standing clock
    made = promise(desk, invoice, amount=euros("50.00"))
    desk.pay(customer, "20.00")
    assert state(made) == "open"
    desk.pay(customer, "30.00")
    assert state(made) == "kept"


def test_two_part_payments_keep_a_promise_together(desk: Desk) -> None:
    customer = desk.customer()
    made = promise(desk, desk.invoice(customer), amount=euros("80.00"))
    desk.pay(customer, "50.00")
    desk.pay(customer, "30.00")
    assert state(made) == "kept"
    assert Event.objects.filter(kind="promise.kept").count() == 1


def test_a_reversal_in_time_opens_a_kept_promise_again_and_a_late_one_breaks_it(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer)
    made = promise(desk, invoice, amount=euros("80.00"))
    payment = desk.pay(customer, "80.00").payment
    operations.reverse_payment(**desk.here, payment_id=payment.pk)
    assert state(made) == "open"
    payment = desk.pay(customer, "80.00").payment
    assert state(made) == "kept"
    operations.reverse_payment(**desk.at(2026, 3, 20).here, payment_id=payment.pk)
    assert state(made) == "broken"


def test_an_invoice_settled_by_a_credit_note_leaves_no_broken_promise(desk: Desk) -> None:
    customer = desk.customer()
    made = promise(desk, desk.invoice(customer))
    desk.pay(customer, "60.00")
    operations.record_credit_note(
        **desk.here,
        data=CreditNoteInput(
            customer_id=customer.pk, amount=euros("40.00"), issued_on=day("2026-03-02")
        ),
    )
    operations.settle_promises(organization=desk.organization, at=desk.at(2026, 4, 1).now)
    assert state(made) == "kept"


def test_a_promise_breaks_at_the_midnight_that_ends_its_grace(desk: Desk) -> None:
    made = promise(desk, desk.invoice(desk.customer()))
    ends = operations.next_promise_end(organization=desk.organization, after=desk.now)
    assert ends == desk.at(2026, 3, 13, 23).now  # 00:00 of the 14th in Berlin
    before = desk.at(2026, 3, 13, 22, 59)
    assert operations.settle_promises(organization=desk.organization, at=before.now) == 0
    assert operations.settle_promises(organization=desk.organization, at=ends) == 1
    assert operations.settle_promises(organization=desk.organization, at=ends) == 0
    assert Event.objects.get(kind="promise.broken").at == ends
    assert state(made) == "broken"
    assert operations.next_promise_end(organization=desk.organization, after=ends) is None


def test_the_promise_of_a_closed_invoice_is_not_called_broken(desk: Desk) -> None:
    invoice = desk.invoice(desk.customer())
    made = promise(desk, invoice)
    operations.close_invoice(**desk.here, invoice_id=invoice.pk, reason="void")
    late = desk.at(2026, 4, 1)
    assert operations.settle_promises(organization=desk.organization, at=late.now) == 0
    assert state(made) == "open"


def test_promises_are_refused_where_they_make_no_sense(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"promised_on": day("2026-03-01")}, "promised_on"),
        ({"promised_on": date(9999, 1, 1)}, "promised_on"),
        ({"promised_on": day("2026-03-09"), "amount": euros("100.01")}, "amount"),
        ({"promised_on": day("2026-03-09"), "amount": euros("0")}, "amount"),
        ({"promised_on": day("2026-03-09"), "amount": Money(1, "USD")}, "amount"),
        ({"promised_on": day("2026-03-09"), "contact_id": uuid4()}, "contact_id"),
        ({"promised_on": day("2026-03-09"), "note": "\x00"}, "note"),
    ]
    for given, field in cases:
        with pytest.raises(InvalidInput) as refused:
            operations.record_promise(**desk.here, invoice_id=invoice.pk, **given)
        assert [problem.field for problem in refused.value.problems] == [field]
    assert not Promise.objects.exists()
    draft = desk.invoice(customer, issue=False)
    with pytest.raises(errors.IsDraft):
        promise(desk, draft)
    desk.pay(customer, "100.00")
    with pytest.raises(errors.NothingOwed):
        promise(desk, invoice)


def test_an_open_promise_holds_until_its_grace_ends(desk: Desk) -> None:
    invoice = desk.invoice(desk.customer())
    assert _held(desk, invoice) is None
    promise(desk, invoice, amount=euros("10.00"))  # a part promise holds all of it
    assert _held(desk, invoice) is HoldKind.PROMISE
    assert _held(desk, invoice, desk.at(2026, 3, 13, 22, 59)) is HoldKind.PROMISE
    assert _held(desk, invoice, desk.at(2026, 3, 13, 23)) is None


def test_grace_days_changed_later_leave_a_given_promise_as_it_was(desk: Desk) -> None:
    invoice = desk.invoice(desk.customer())
    promise(desk, invoice)
    desk.organization.promise_grace_days = 0
    desk.organization.save(update_fields=["promise_grace_days"])
    assert _held(desk, invoice, desk.at(2026, 3, 13, 22, 59)) is HoldKind.PROMISE
    assert _held(desk, invoice, desk.at(2026, 3, 13, 23)) is None


def test_a_kept_promise_holds_no_longer(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer)
    promise(desk, invoice, amount=euros("10.00"))
    later = desk.at(2026, 3, 5)
    later.pay(customer, "10.00")
    assert _held(desk, invoice, later) is None
    assert _held(desk, invoice, desk.at(2026, 3, 4)) is HoldKind.PROMISE  # it did hold then


def test_a_dispute_of_all_holds_and_one_of_a_part_does_not(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer)
    part = operations.open_dispute(**desk.here, invoice_id=invoice.pk, amount=euros("40.00"))
    assert _held(desk, invoice) is None
    desk.pay(customer, "60.00")
    assert _held(desk, invoice) is HoldKind.DISPUTE  # it covers what is left
    later = desk.at(2026, 3, 5)
    operations.resolve_dispute(**later.here, dispute_id=part.pk, resolution="accepted")
    assert _held(desk, invoice, later) is None
    with pytest.raises(errors.AlreadyResolved):
        operations.resolve_dispute(**later.here, dispute_id=part.pk)
    operations.open_dispute(**later.here, invoice_id=invoice.pk)
    assert _held(desk, invoice, later) is HoldKind.DISPUTE


def test_disputed_lines_contest_their_sum(desk: Desk) -> None:
    lines = [LineInput(unit_price="10", tax_rate="19"), LineInput(unit_price="5")]
    invoice = desk.invoice(desk.customer(), total=None, lines=lines)
    made = operations.open_dispute(**desk.here, invoice_id=invoice.pk, lines=[1])
    assert (made.amount_minor, made.lines) == (1190, [1])


def test_disputes_are_refused_where_they_make_no_sense(desk: Desk) -> None:
    invoice = desk.invoice(desk.customer())
    cases: list[tuple[dict[str, Any], str]] = [
        ({"amount": euros("100.01")}, "amount"),
        ({"amount": euros("-1")}, "amount"),
        ({"amount": Money(1, "USD")}, "amount"),
        ({"lines": [1]}, "lines"),
    ]
    for given, field in cases:
        with pytest.raises(InvalidInput) as refused:
            operations.open_dispute(**desk.here, invoice_id=invoice.pk, **given)
        assert refused.value.problems[0].field == field
    assert not Dispute.objects.exists()


def test_credit_that_covers_the_balance_holds_in_its_currency_only(desk: Desk) -> None:
    customer = desk.customer()
    invoice, dollars = desk.invoice(customer), desk.invoice(customer, currency="USD")
    stranger = desk.invoice(desk.customer("Stranger"))
    desk.pay(customer, "60.00", applications=[])
    assert _held(desk, invoice) is None
    operations.record_credit_note(
        **desk.here,
        data=CreditNoteInput(
            customer_id=customer.pk,
            amount=euros("40.00"),
            issued_on=day("2026-03-02"),
            applications=[],
        ),
    )
    assert _held(desk, invoice) is HoldKind.CREDIT
    assert _held(desk, dollars) is None
    assert _held(desk, stranger) is None


def test_everything_that_may_stop_a_message_raises_the_version(desk: Desk) -> None:
    customer = desk.customer(contacts=[operations.ContactInput(email="a@acme.example")])
    invoice = desk.invoice(customer)
    contact = customer.contacts.get()

    def dispute() -> None:
        made = operations.open_dispute(**desk.here, invoice_id=invoice.pk)
        operations.resolve_dispute(**desk.here, dispute_id=made.pk)

    acts: list[Callable[[], object]] = [
        lambda: promise(desk, invoice),
        dispute,
        lambda: operations.update_customer(
            **desk.here, customer_id=customer.pk, changes={"do_not_chase": True}
        ),
        lambda: operations.block_contact(
            actor=desk.actor, now=desk.now, contact_id=contact.pk, channel="email", reason="bounced"
        ),
        lambda: operations.save_contacts(
            **desk.here,
            customer_id=customer.pk,
            contacts=[operations.ContactInput(email="b@acme.example")],
        ),
        lambda: desk.pay(customer, "1.00", applications=[to(invoice)]),
        lambda: operations.close_invoice(**desk.here, invoice_id=invoice.pk, reason="void"),
        lambda: operations.reopen_invoice(**desk.here, invoice_id=invoice.pk),
    ]
    for act in acts:
        before = desk.fresh(invoice).chase_version
        act()
        assert desk.fresh(invoice).chase_version > before


def test_kept_and_broken_promises_are_counted_on_the_customers_page(desk: Desk) -> None:
    customer = desk.customer()
    first, second = desk.invoice(customer), desk.invoice(customer)
    promise(desk, first)
    promise(desk, second)
    desk.pay(customer, "100.00", applications=[to(first)])
    operations.settle_promises(organization=desk.organization, at=desk.at(2026, 4, 1).now)
    account = account_of(customer_id=customer.pk, today=day("2026-04-01"))
    assert (account.promises_kept, account.promises_broken) == (1, 1)


def test_promise_and_dispute_count_as_last_action(desk: Desk) -> None:
    invoice = desk.invoice(desk.customer())
    promise(desk, invoice)
    operations.open_dispute(**desk.here, invoice_id=invoice.pk, reason="wrong price")
    kinds = Activity.objects.filter(counts=True).values_list("kind", flat=True)
    assert set(kinds) == {"promise", "dispute"}
