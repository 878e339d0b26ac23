"""What an invoice is flagged for, and that the list finds exactly the flagged ones."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from dunwell import flows
from dunwell.core.money import Money
from dunwell.ledger import operations as ledger
from dunwell.ledger.models import Invoice
from dunwell.ledger.operations import ActivityInput
from dunwell.overview.filters import InvoiceFilter
from dunwell.overview.flags import Flag
from dunwell.overview.invoices import invoices
from tests.chasing.desk import Desk, after_due, on_issue

CHASED = [on_issue(9), after_due(60)]


def today(desk: Desk, days: int = 0) -> date:
    return desk.now.astimezone(desk.organization.zone).date() + timedelta(days=days)


def wait(desk: Desk, days: int) -> None:
    """Let the sender work until 10 o'clock some days ahead."""
    desk.advance(f"{today(desk, days)} 10:00")


def flags_of(desk: Desk, invoice: Invoice) -> set[str]:
    page = invoices(organization=desk.organization, now=desk.now, status="all", limit=200)
    return {flag.value for row in page.rows if row.id == invoice.pk for flag in row.flags}


def found_by(desk: Desk, flag: Flag) -> set[str]:
    page = invoices(
        organization=desk.organization,
        now=desk.now,
        status="all",
        chosen=InvoiceFilter(flag=flag),
        limit=200,
    )
    return {row.number for row in page.rows}


def fresh_draft(desk: Desk) -> Invoice:
    return desk.invoice(CHASED, issue=False)


def nobody_to_write_to(desk: Desk) -> Invoice:
    lonely = desk.customer(name="Hermit", contacts=[])
    return desk.invoice(CHASED, customer=lonely)


def issued_this_morning(desk: Desk) -> Invoice:
    return desk.invoice(CHASED)


def sent_and_waiting(desk: Desk) -> Invoice:
    invoice = desk.invoice(CHASED)
    wait(desk, 1)
    return invoice


def overdue_for_long(desk: Desk) -> Invoice:
    invoice = desk.invoice(CHASED, due_date=today(desk, 2))
    wait(desk, 18)
    return invoice


def overdue_but_called(desk: Desk) -> Invoice:
    invoice = overdue_for_long(desk)
    call = ActivityInput(kind="call", invoice_id=invoice.pk, outcome="Will pay")
    ledger.log_activity(**desk.here, data=call)
    return invoice


def without_steps(desk: Desk) -> Invoice:
    invoice = desk.invoice()
    flows.mark_sent(**desk.here, invoice_id=invoice.pk)
    return invoice


def without_steps_but_promised(desk: Desk) -> Invoice:
    invoice = without_steps(desk)
    flows.record_promise(**desk.here, invoice_id=invoice.pk, promised_on=today(desk, 7))
    return invoice


def promised_for_today(desk: Desk) -> Invoice:
    invoice = sent_and_waiting(desk)
    flows.record_promise(**desk.here, invoice_id=invoice.pk, promised_on=today(desk))
    return invoice


def promise_broken(desk: Desk) -> Invoice:
    invoice = sent_and_waiting(desk)
    flows.record_promise(**desk.here, invoice_id=invoice.pk, promised_on=today(desk, 1))
    wait(desk, 10)
    return invoice


def disputed_in_part(desk: Desk) -> Invoice:
    invoice = sent_and_waiting(desk)
    flows.open_dispute(**desk.here, invoice_id=invoice.pk, amount=Money(1000, "EUR"))
    return invoice


def no_address(desk: Desk) -> Invoice:
    nameless = desk.customer(
        name="Phone only", contacts=[ledger.ContactInput(name="Jo", phone="+49 30 1")]
    )
    invoice = desk.invoice(CHASED, customer=nameless)
    wait(desk, 1)
    return invoice


def paid(desk: Desk) -> Invoice:
    invoice = overdue_for_long(desk)
    desk.pay(invoice)
    return invoice


CASES: list[tuple[Callable[[Desk], Invoice], set[str]]] = [
    (fresh_draft, set()),
    (nobody_to_write_to, {"no_contact", "not_sent"}),
    (issued_this_morning, {"not_sent"}),
    (sent_and_waiting, set()),
    (overdue_for_long, {"no_action_since"}),
    (overdue_but_called, set()),
    (without_steps, {"not_chased"}),
    (without_steps_but_promised, set()),
    (promised_for_today, {"promise_due"}),
    (promise_broken, {"promise_broken"}),
    (disputed_in_part, {"disputed"}),
    (no_address, {"send_failed", "not_sent"}),
    (paid, set()),
]


@pytest.mark.parametrize(("made", "expected"), CASES, ids=[case[0].__name__ for case in CASES])
def test_an_invoice_says_what_to_look_at(
    desk: Desk, made: Callable[[Desk], Invoice], expected: set[str]
) -> None:
    assert flags_of(desk, made(desk)) == expected


@pytest.mark.parametrize("flag", Flag)
def test_the_filter_finds_what_the_rows_are_flagged_with(desk: Desk, flag: Flag) -> None:
    for made, _ in CASES:
        made(desk)
    page = invoices(organization=desk.organization, now=desk.now, status="all", limit=200)
    assert found_by(desk, flag) == {row.number for row in page.rows if flag in row.flags}
