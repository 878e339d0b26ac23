"""What a person sees of invoices: numbers, due dates, totals, and what is refused."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from dunwell.core.money import Money
from dunwell.core.states import State
from dunwell.core.terms import Anchor, Terms
from dunwell.ledger import errors, operations
from dunwell.ledger.models import Activity, Invoice
from dunwell.ledger.operations import LineInput
from dunwell.ledger.queries import due_explained
from dunwell.tenancy.errors import Conflict, InvalidInput, NotFound
from dunwell.tenancy.models import AuditEntry, Event
from tests.ledger.conftest import Desk, day, euros


def _kinds() -> list[str]:
    return list(Event.objects.order_by("id").values_list("kind", flat=True))


def test_a_new_invoice_is_a_draft_with_the_next_number_and_todays_date(desk: Desk) -> None:
    customer = desk.customer()
    first = desk.invoice(customer, issue=False)
    second = desk.invoice(customer, issue=False)
    assert (first.number, second.number) == ("INV-0001", "INV-0002")
    assert first.invoice_date == date(2026, 3, 2)
    assert first.state(today=date(2026, 3, 2)) is State.DRAFT


def test_the_next_number_steps_over_numbers_taken_by_hand(desk: Desk) -> None:
    customer = desk.customer()
    desk.invoice(customer, number="INV-0001")
    desk.invoice(customer, number="INV-0002")
    assert desk.invoice(customer).number == "INV-0003"


def test_late_in_the_evening_the_invoice_date_is_the_local_day(desk: Desk) -> None:
    invoice = desk.at(2026, 3, 2, 23, 30).invoice(desk.customer())
    assert invoice.invoice_date == date(2026, 3, 3)  # Berlin is an hour ahead


def test_the_total_is_the_sum_of_lines_each_rounded_once(desk: Desk) -> None:
    lines = [
        LineInput(description="Work", quantity="3", unit_price="33.333", tax_rate="19"),
        LineInput(description="Discount", quantity="-1", unit_price="10.00"),
    ]
    invoice = desk.invoice(desk.customer(), total=None, lines=lines)
    rows = list(invoice.lines.all())
    assert [(row.position, row.net_minor, row.tax_minor) for row in rows] == [
        (1, 10000, 1900),
        (2, -1000, 0),
    ]
    assert invoice.total == euros("109.00")


@pytest.mark.parametrize(
    ("currency", "total", "minor"),
    [("JPY", "1000", 1000), ("KWD", "1.234", 1234), ("EUR", "1", 100)],
)
def test_totals_are_exact_in_the_currencys_own_digits(
    desk: Desk, currency: str, total: str, minor: int
) -> None:
    invoice = desk.invoice(desk.customer(), total, currency=currency)
    assert (invoice.total_minor, invoice.currency) == (minor, currency)


def test_the_currency_is_the_customers_else_the_organizations(desk: Desk) -> None:
    assert desk.invoice(desk.customer(currency="usd")).currency == "USD"
    assert desk.invoice(desk.customer("Other")).currency == "EUR"


BAD = [
    ("a total of zero", {"total": "0"}, "total"),
    ("a negative total", {"total": "-5.00"}, "total"),
    ("no total and no lines", {"total": None}, "total"),
    ("a total with thousands separators", {"total": "1,000.00"}, "total"),
    ("more digits than the currency has", {"total": "1.005"}, "total"),
    ("an amount beyond 64 bits", {"total": "99999999999999999999"}, "total"),
    ("not a number", {"total": "NaN"}, "total"),
    ("an unknown currency", {"currency": "XXX"}, "currency"),
    ("due before the invoice date", {"due_date": day("2026-03-01")}, "due_date"),
    ("a year beyond reckoning", {"invoice_date": date(9999, 12, 31)}, "invoice_date"),
    ("a number of 1,000 characters", {"number": "9" * 1000}, "number"),
    ("a text with NUL", {"purchase_order": "a\x00b"}, "purchase_order"),
    ("a lone surrogate", {"note": "\ud800"}, "note"),
    ("an owner who is no member", {"owner_id": uuid4()}, "owner"),
    (
        "a line that is not a number",
        {"total": None, "lines": [LineInput(unit_price="1e5")]},
        "lines.0.unit_price",
    ),
    (
        "lines that sum to nothing",
        {"total": None, "lines": [LineInput(unit_price="5"), LineInput(unit_price="-5")]},
        "lines",
    ),
    (
        "a total that contradicts the lines",
        {"total": "6.00", "lines": [LineInput(unit_price="5")]},
        "total",
    ),
    (
        "a negative tax rate",
        {"total": None, "lines": [LineInput(unit_price="5", tax_rate="-1")]},
        "lines.0.tax_rate",
    ),
    (
        "a quantity without end",
        {"total": None, "lines": [LineInput(unit_price="5", quantity=Decimal("1e30"))]},
        "lines.0.quantity",
    ),
]


@pytest.mark.parametrize(("given", "field"), [pytest.param(*b[1:], id=b[0]) for b in BAD])
def test_bad_input_is_refused_at_its_field_and_leaves_nothing(
    desk: Desk, given: dict[str, Any], field: str
) -> None:
    customer = desk.customer()
    with pytest.raises(InvalidInput) as refused:
        desk.invoice(customer, **{"total": "100.00", **given})
    assert [problem.field for problem in refused.value.problems] == [field]
    assert not Invoice.objects.exists()


def test_every_wrong_field_is_named_at_once(desk: Desk) -> None:
    with pytest.raises(InvalidInput) as refused:
        desk.invoice(desk.customer(), "-1", number="9" * 101, owner_id=uuid4())
    assert {problem.field for problem in refused.value.problems} == {"number", "owner", "total"}


def test_a_number_is_taken_once(desk: Desk) -> None:
    customer = desk.customer()
    desk.invoice(customer, number="0042")
    with pytest.raises(errors.DuplicateNumber) as refused:
        desk.invoice(customer, number="0042")
    assert refused.value.problems[0].field == "number"
    assert Invoice.objects.get().number == "0042"  # zeros are kept


def test_an_unknown_customer_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        operations.create_invoice(
            **desk.here, data=operations.InvoiceInput(customer_id=uuid4(), total="1")
        )


NET60 = Terms(60, Anchor.DELIVERY_DATE)
DUE = [
    ({}, {}, "2026-04-01", "net 30 from the invoice date March 2, 2026 → due April 1, 2026"),
    (
        {"terms": Terms(10)},
        {},
        "2026-03-12",
        "net 10 from the invoice date March 2, 2026 → due March 12, 2026",
    ),
    (
        {"terms": Terms(10)},
        {"terms": NET60, "delivery_date": day("2026-03-03")},
        "2026-05-02",
        "net 60 from delivery on March 3, 2026 → due May 2, 2026",
    ),
    (
        {},
        {"terms": Terms(15, Anchor.END_OF_MONTH)},
        "2026-04-15",
        "net 15 from the end of the month, March 31, 2026 → due April 15, 2026",
    ),
    (
        {},
        {"terms": NET60, "due_date": day("2026-03-02")},
        "2026-03-02",
        "due date set by hand → due March 2, 2026",
    ),
    (
        {},
        {"terms": Terms(0, Anchor.DELIVERY_DATE), "delivery_date": day("2026-02-01")},
        "2026-03-02",
        (
            "net 0 from delivery on February 1, 2026 is before the invoice date"
            " → due on the invoice date, March 2, 2026"
        ),
    ),
]


@pytest.mark.parametrize(("customer", "invoice", "due", "sentence"), DUE)
def test_the_due_date_follows_the_nearest_terms_and_says_how(
    desk: Desk, customer: dict[str, Any], invoice: dict[str, Any], due: str, sentence: str
) -> None:
    made = desk.fresh(desk.invoice(desk.customer(**customer), **invoice))
    assert made.due_date == day(due)
    assert due_explained(invoice=made, locale="en") == sentence


def test_a_missing_delivery_date_blocks_issuing_only(desk: Desk) -> None:
    draft = desk.invoice(desk.customer(), issue=False, terms=NET60)
    assert draft.due_date is None
    assert "delivery" in due_explained(invoice=draft, locale="en")
    with pytest.raises(errors.DueDateMissing) as refused:
        operations.issue_invoice(**desk.here, invoice_id=draft.pk)
    assert refused.value.problems[0].field == "delivery_date"
    operations.amend_invoice(
        **desk.here, invoice_id=draft.pk, changes={"delivery_date": day("2026-03-03")}
    )
    issued = operations.issue_invoice(**desk.here, invoice_id=draft.pk)
    assert desk.fresh(issued).due_date == day("2026-05-02")


def test_creating_and_issuing_at_once_without_a_due_date_leaves_nothing(desk: Desk) -> None:
    with pytest.raises(errors.DueDateMissing):
        desk.invoice(desk.customer(), terms=NET60)
    assert not Invoice.objects.exists()


def test_an_issued_invoice_keeps_the_terms_it_was_issued_under(desk: Desk) -> None:
    customer = desk.customer(terms=Terms(10))
    invoice = desk.invoice(customer)
    operations.update_customer(**desk.here, customer_id=customer.pk, changes={"terms": Terms(90)})
    amended = operations.amend_invoice(
        **desk.here, invoice_id=invoice.pk, changes={"invoice_date": day("2026-03-05")}
    )
    assert amended.due_date == day("2026-03-15")


def test_a_draft_follows_the_terms_of_the_moment_of_issue(desk: Desk) -> None:
    customer = desk.customer(terms=Terms(10))
    draft = desk.invoice(customer, issue=False)
    operations.update_customer(**desk.here, customer_id=customer.pk, changes={"terms": Terms(90)})
    assert operations.issue_invoice(**desk.here, invoice_id=draft.pk).due_date == day("2026-05-31")


def test_issuing_twice_is_refused(desk: Desk) -> None:
    invoice = desk.invoice(desk.customer())
    with pytest.raises(errors.AlreadyIssued):
        operations.issue_invoice(**desk.here, invoice_id=invoice.pk)


def test_marking_as_sent_issues_a_draft_and_only_records_on_an_issued_one(desk: Desk) -> None:
    draft = desk.invoice(desk.customer(), issue=False)
    sent = operations.mark_sent(**desk.here, invoice_id=draft.pk)
    assert sent.issued_at == sent.first_marked_sent_at == desk.now
    later = desk.at(2026, 3, 9)
    again = operations.mark_sent(**later.here, invoice_id=draft.pk)
    assert desk.fresh(again).first_marked_sent_at == desk.now
    assert _kinds()[-3:] == ["invoice.issued", "invoice.sent", "invoice.sent"]
    assert not Activity.objects.filter(kind="marked_sent", counts=True).exists()


def test_changed_terms_are_audited_with_old_and_new_value(desk: Desk) -> None:
    invoice = desk.invoice(desk.customer())
    operations.amend_invoice(
        **desk.here, invoice_id=invoice.pk, changes={"terms": Terms(14, Anchor.END_OF_MONTH)}
    )
    entry = AuditEntry.objects.get(action="invoice.amended")
    assert entry.actor == "Ada"
    assert entry.changes == {
        "terms_days": [None, 14],
        "terms_anchor": [None, "end_of_month"],
        "due_date": ["2026-04-01", "2026-04-14"],
    }


def test_amending_raises_the_versions_that_senders_compare(desk: Desk) -> None:
    invoice = desk.fresh(desk.invoice(desk.customer()))
    operations.amend_invoice(**desk.here, invoice_id=invoice.pk, changes={"note": "Thanks"})
    after = desk.fresh(invoice)
    assert after.version > invoice.version
    assert after.chase_version > invoice.chase_version


def test_an_amendment_that_changes_nothing_leaves_no_trace(desk: Desk) -> None:
    invoice = desk.fresh(desk.invoice(desk.customer()))
    before = _kinds()
    operations.amend_invoice(**desk.here, invoice_id=invoice.pk, changes={"note": ""})
    assert (_kinds(), desk.fresh(invoice).version) == (before, invoice.version)


@pytest.mark.parametrize("change", [{"number": "X"}, {"currency": "USD"}])
def test_number_and_currency_are_fixed_by_issuing(desk: Desk, change: Any) -> None:
    invoice = desk.invoice(desk.customer())
    with pytest.raises(errors.AlreadyIssued):
        operations.amend_invoice(**desk.here, invoice_id=invoice.pk, changes=change)


def test_a_draft_may_change_everything(desk: Desk) -> None:
    draft = desk.invoice(desk.customer(), issue=False)
    other = desk.customer("Other", terms=Terms(5))
    amended = operations.amend_invoice(
        **desk.here,
        invoice_id=draft.pk,
        changes={"customer_id": other.pk, "number": "A-1", "currency": "USD"},
    )
    assert (amended.number, amended.total, amended.due_date) == (
        "A-1",
        Money(10000, "USD"),
        day("2026-03-07"),
    )


def test_new_lines_replace_the_old_and_a_bare_total_replaces_all(desk: Desk) -> None:
    lines = [LineInput(unit_price="5"), LineInput(unit_price="7")]
    invoice = desk.invoice(desk.customer(), total=None, lines=lines)
    change: Any = {"lines": [LineInput(unit_price="8")]}
    amended = operations.amend_invoice(**desk.here, invoice_id=invoice.pk, changes=change)
    assert (amended.total, amended.lines.count()) == (euros("8.00"), 1)
    amended = operations.amend_invoice(**desk.here, invoice_id=invoice.pk, changes={"total": "9"})
    assert (amended.total, amended.lines.count()) == (euros("9.00"), 0)


def test_the_total_cannot_fall_below_what_was_paid(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer)
    desk.pay(customer, "60.00")
    with pytest.raises(errors.BelowApplied):
        operations.amend_invoice(**desk.here, invoice_id=invoice.pk, changes={"total": "59.99"})
    amended = operations.amend_invoice(**desk.here, invoice_id=invoice.pk, changes={"total": "60"})
    assert amended.paid_at == desk.now
    amended = operations.amend_invoice(**desk.here, invoice_id=invoice.pk, changes={"total": "61"})
    assert (amended.paid_at, amended.balance) == (None, euros("1.00"))
    assert [kind for kind in _kinds() if kind in ("invoice.paid", "invoice.reopened")] == [
        "invoice.paid",
        "invoice.reopened",
    ]


def test_a_due_date_moved_into_the_past_is_told_at_that_moment(desk: Desk) -> None:
    invoice = desk.invoice(
        desk.customer(), invoice_date=day("2026-02-01"), due_date=day("2026-03-09")
    )
    later = desk.at(2026, 3, 4)
    operations.amend_invoice(
        **later.here, invoice_id=invoice.pk, changes={"due_date": day("2026-03-03")}
    )
    event = Event.objects.get(kind="invoice.overdue")
    assert (event.at, event.data["due_date"]) == (later.now, "2026-03-03")


def test_closing_takes_a_reason_and_reopening_gives_it_back(desk: Desk) -> None:
    invoice = desk.invoice(desk.customer())
    closed = operations.close_invoice(
        **desk.here, invoice_id=invoice.pk, reason="write_off", note="insolvent"
    )
    assert closed.state(today=desk.now.date()) is State.CLOSED
    assert desk.fresh(invoice).closed_on == date(2026, 3, 2)
    with pytest.raises(errors.ClosedInvoice):
        operations.close_invoice(**desk.here, invoice_id=invoice.pk, reason="void")
    with pytest.raises(errors.ClosedInvoice):
        operations.amend_invoice(**desk.here, invoice_id=invoice.pk, changes={"note": "x"})
    operations.reopen_invoice(**desk.here, invoice_id=invoice.pk)
    assert desk.fresh(invoice).state(today=desk.now.date()) is State.SENT
    with pytest.raises(errors.NotClosed):
        operations.reopen_invoice(**desk.here, invoice_id=invoice.pk)


def test_an_unknown_reason_is_refused(desk: Desk) -> None:
    invoice = desk.invoice(desk.customer())
    with pytest.raises(InvalidInput):
        operations.close_invoice(**desk.here, invoice_id=invoice.pk, reason="lost")


def test_a_draft_is_deleted_not_closed_and_an_issued_invoice_closed_not_deleted(desk: Desk) -> None:
    customer = desk.customer()
    draft, issued = desk.invoice(customer, issue=False), desk.invoice(customer)
    with pytest.raises(errors.IsDraft):
        operations.close_invoice(**desk.here, invoice_id=draft.pk, reason="void")
    with pytest.raises(errors.AlreadyIssued):
        operations.delete_draft(**desk.here, invoice_id=issued.pk)
    operations.delete_draft(**desk.here, invoice_id=draft.pk)
    assert list(Invoice.objects.all()) == [issued]
    assert AuditEntry.objects.get(action="invoice.deleted").changes["number"] == ["INV-0001", None]


def test_a_paid_invoice_is_not_written_off(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer)
    desk.pay(customer, "100.00")
    with pytest.raises(Conflict):
        operations.close_invoice(**desk.here, invoice_id=invoice.pk, reason="write_off")


def test_an_invoice_that_is_overdue_when_issued_is_told_so_at_once(desk: Desk) -> None:
    desk.invoice(desk.customer(), invoice_date=day("2026-01-01"), due_date=day("2026-02-01"))
    event = Event.objects.get(kind="invoice.overdue")
    assert event.at == datetime(2026, 3, 2, 12, tzinfo=UTC)
