"""Money comes in, is applied, is taken back; nothing is lost and nothing is owed twice."""

from typing import Any
from uuid import uuid4

import pytest

from dunwell.core.money import Money
from dunwell.ledger import errors, operations
from dunwell.ledger.models import Activity, Application, CreditNote, Payment
from dunwell.ledger.operations import CreditNoteInput
from dunwell.ledger.queries import credit_of
from dunwell.tenancy.errors import InvalidInput, NotFound
from dunwell.tenancy.models import Event
from tests.ledger.conftest import Desk, day, euros, to


def _told(kind: str) -> int:
    return Event.objects.filter(kind=kind).count()


def test_without_applications_the_oldest_due_date_is_paid_first(desk: Desk) -> None:
    customer = desk.customer()
    late = desk.invoice(customer, due_date=day("2026-04-01"))
    early = desk.invoice(customer, due_date=day("2026-03-10"))
    desk.invoice(customer, issue=False, due_date=day("2026-03-02"))
    result = desk.pay(customer, "130.00")
    assert desk.fresh(early).balance == euros("0.00")
    assert desk.fresh(late).balance == euros("70.00")
    assert result.payment.unapplied == euros("0.00")


def test_a_partial_payment_lowers_the_balance_and_keeps_the_state(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer)
    desk.pay(customer, "0.01")
    after = desk.fresh(invoice)
    assert (after.balance, after.paid_at) == (euros("99.99"), None)
    assert _told("invoice.paid") == 0


def test_the_last_cent_pays_the_invoice_on_the_day_the_money_came(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer)
    desk.pay(customer, "60.00", received_on=day("2026-02-20"))
    desk.pay(customer, "40.00", received_on=day("2026-02-18"))
    after = desk.fresh(invoice)
    assert (after.paid_at, after.paid_on) == (desk.now, day("2026-02-20"))
    assert _told("invoice.paid") == 1


def test_an_over_payment_stays_as_credit_and_is_never_applied_by_itself(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer)
    desk.pay(customer, "150.00", applications=[to(invoice, "150.00")])
    assert desk.fresh(invoice).balance == euros("0.00")
    assert credit_of(customer_id=customer.pk) == {"EUR": euros("50.00")}
    later = desk.invoice(customer)
    assert desk.fresh(later).balance == euros("100.00")


def test_credit_is_applied_on_request_up_to_what_both_sides_allow(desk: Desk) -> None:
    customer = desk.customer()
    payment = desk.pay(customer, "150.00").payment
    invoice = desk.invoice(customer)
    after = operations.apply_credit(
        **desk.here, origin_id=payment.pk, invoice_id=invoice.pk, amount=euros("30.00")
    )
    assert after.balance == euros("70.00")
    operations.apply_credit(**desk.here, origin_id=payment.pk, invoice_id=invoice.pk)
    assert desk.fresh(invoice).paid_at == desk.now
    assert credit_of(customer_id=customer.pk) == {"EUR": euros("50.00")}
    with pytest.raises(errors.NothingOwed):
        operations.apply_credit(**desk.here, origin_id=payment.pk, invoice_id=invoice.pk)
    other = desk.invoice(customer, "500.00")
    with pytest.raises(errors.OverApplied):
        operations.apply_credit(
            **desk.here, origin_id=payment.pk, invoice_id=other.pk, amount=euros("50.01")
        )
    operations.apply_credit(**desk.here, origin_id=payment.pk, invoice_id=other.pk)
    with pytest.raises(errors.NoCredit):
        operations.apply_credit(**desk.here, origin_id=payment.pk, invoice_id=other.pk)


def test_an_empty_list_of_applications_leaves_all_as_credit(desk: Desk) -> None:
    customer = desk.customer()
    desk.invoice(customer)
    assert desk.pay(customer, "10.00", applications=[]).payment.unapplied == euros("10.00")


def test_money_is_not_applied_across_currencies(desk: Desk) -> None:
    customer = desk.customer()
    desk.invoice(customer, currency="USD")
    desk.pay(customer, "100.00", "EUR")
    assert credit_of(customer_id=customer.pk) == {"EUR": euros("100.00")}


def test_the_same_payment_told_again_is_the_first_payment(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer)
    first = desk.pay(customer, "40.00", source="bank", external_id="7")
    again = desk.pay(customer, "40.00", source="bank", external_id="7")
    assert (first.created, again.created) == (True, False)
    assert again.payment == first.payment
    assert desk.fresh(invoice).balance == euros("60.00")
    assert (_told("payment.recorded"), Activity.objects.filter(kind="payment").count()) == (1, 1)


def test_another_source_may_use_the_same_id(desk: Desk) -> None:
    customer = desk.customer()
    desk.pay(customer, "40.00", source="bank", external_id="7")
    assert desk.pay(customer, "40.00", source="stripe", external_id="7").created


@pytest.mark.parametrize(
    "other",
    [
        {"amount": "41.00"},
        {"amount": "40.00", "currency": "USD"},
        {"amount": "40.00", "received_on": day("2026-03-01")},
        {"amount": "40.00", "reference": "other"},
        {"amount": "40.00", "applications": []},
    ],
)
def test_a_known_payment_with_other_content_is_a_conflict(
    desk: Desk, other: dict[str, Any]
) -> None:
    customer = desk.customer()
    desk.pay(customer, "40.00", source="bank", external_id="7")
    with pytest.raises(errors.PaymentDiffers):
        desk.pay(customer, **other, source="bank", external_id="7")
    assert Payment.objects.count() == 1


def test_the_repeat_of_a_payment_is_known_even_after_its_invoice_was_closed(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer)
    given: dict[str, Any] = {"external_id": "7", "applications": [to(invoice, "40.00")]}
    first = desk.pay(customer, "40.00", **given)
    operations.close_invoice(**desk.here, invoice_id=invoice.pk, reason="write_off")
    assert desk.pay(customer, "40.00", **given).payment == first.payment


def test_a_payment_is_not_applied_to_a_draft(desk: Desk) -> None:
    customer = desk.customer()
    draft = desk.invoice(customer, issue=False)
    with pytest.raises(errors.IsDraft) as refused:
        desk.pay(customer, "10.00", applications=[to(draft, "10.00")])
    assert refused.value.status == 409
    assert not Payment.objects.exists()


def test_on_a_closed_invoice_a_payment_becomes_credit_and_is_flagged(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer)
    operations.close_invoice(**desk.here, invoice_id=invoice.pk, reason="void")
    payment = desk.pay(customer, "100.00", applications=[to(invoice, "100.00")]).payment
    assert (payment.flag, payment.unapplied) == ("closed_invoice", euros("100.00"))
    assert desk.fresh(invoice).balance == euros("100.00")


def test_bad_payments_are_refused_at_their_field_and_leave_nothing(desk: Desk) -> None:
    customer, stranger = desk.customer(), desk.customer("Stranger")
    mine, theirs = desk.invoice(customer), desk.invoice(stranger)
    dollars = desk.invoice(customer, currency="USD")
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("0", {}, "amount"),
        ("-5.00", {}, "amount"),
        ("5.00", {"reference": "r" * 1000}, "reference"),
        ("5.00", {"applications": [to(mine, "5.01")]}, "applications"),
        ("5.00", {"applications": [to(mine, "3.00"), to(mine, "2.01")]}, "applications"),
        ("5.00", {"applications": [to(mine, "0.00")]}, "applications.0.amount"),
        ("5.00", {"applications": [to(mine, "5.00", "USD")]}, "applications.0.amount"),
        ("5.00", {"applications": [to(dollars, "5.00")]}, "applications.0.invoice_id"),
        ("5.00", {"applications": [to(theirs, "5.00")]}, "applications.0.invoice_id"),
    ]
    for amount, given, field in cases:
        with pytest.raises(InvalidInput) as refused:
            desk.pay(customer, amount, **given)
        assert [problem.field for problem in refused.value.problems] == [field]
    assert not Payment.objects.exists()
    assert not Application.objects.exists()


def test_unknown_customers_and_invoices_are_not_found(desk: Desk) -> None:
    customer = desk.customer()
    ghost = operations.ApplicationInput(invoice_id=uuid4(), amount=euros("1"))
    with pytest.raises(NotFound):
        desk.pay(customer, "5.00", applications=[ghost])
    with pytest.raises(NotFound):
        operations.record_payment(
            **desk.here,
            data=operations.PaymentInput(
                customer_id=uuid4(), amount=euros("1"), received_on=day("2026-03-02")
            ),
        )
    with pytest.raises(NotFound):
        operations.reverse_payment(**desk.here, payment_id=uuid4())


def test_a_bounced_payment_reopens_its_invoice(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer)
    payment = desk.pay(customer, "100.00").payment
    back = operations.reverse_payment(**desk.here, payment_id=payment.pk, reason="bounced")
    after = desk.fresh(invoice)
    assert (after.balance, after.paid_at, after.paid_on) == (euros("100.00"), None, None)
    assert back.payment.unapplied == euros("0.00")
    assert (_told("payment.reversed"), _told("invoice.reopened")) == (1, 1)
    with pytest.raises(errors.OverReversed):
        operations.reverse_payment(**desk.here, payment_id=payment.pk)


def test_a_part_reversal_takes_credit_first_then_what_was_applied_last(desk: Desk) -> None:
    customer = desk.customer()
    first = desk.invoice(customer, due_date=day("2026-03-05"))
    second = desk.invoice(customer, due_date=day("2026-03-06"))
    payment = desk.pay(customer, "230.00").payment

    def reverse(amount: str) -> tuple[Money, Money, Money]:
        result = operations.reverse_payment(
            **desk.here, payment_id=payment.pk, amount=euros(amount)
        )
        return desk.fresh(first).balance, desk.fresh(second).balance, result.payment.unapplied

    assert reverse("20.00") == (euros("0"), euros("0"), euros("10.00"))
    assert reverse("30.00") == (euros("0"), euros("20.00"), euros("0"))
    assert reverse("100.00") == (euros("20.00"), euros("100.00"), euros("0"))
    with pytest.raises(errors.OverReversed):
        reverse("80.01")
    with pytest.raises(InvalidInput):
        operations.reverse_payment(
            **desk.here, payment_id=payment.pk, amount=Money.parse("1", "USD")
        )
    assert reverse("80.00") == (euros("100.00"), euros("100.00"), euros("0"))


def test_a_payment_stops_every_message_rendered_before_it(desk: Desk) -> None:
    customer = desk.customer()
    paid = desk.fresh(desk.invoice(customer, due_date=day("2026-03-05")))
    other = desk.fresh(desk.invoice(customer, due_date=day("2026-03-06")))
    desk.pay(customer, "50.00")
    assert desk.fresh(paid).chase_version > paid.chase_version
    assert desk.fresh(other).chase_version == other.chase_version
    # Credit that is left over may hold the other invoice.
    desk.pay(customer, "20.00", applications=[])
    assert desk.fresh(other).chase_version > other.chase_version


def test_a_credit_note_is_applied_like_a_payment_and_numbered(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer)

    def note(amount: str, **given: Any) -> CreditNote:
        data = CreditNoteInput(
            customer_id=customer.pk, amount=euros(amount), issued_on=day("2026-03-01"), **given
        )
        return operations.record_credit_note(**desk.here, data=data)

    assert note("30.00").number == "CN-0001"
    assert desk.fresh(invoice).balance == euros("70.00")
    assert note("5.00", applications=[], number="CN-0002").unapplied == euros("5.00")
    assert note("80.00").number == "CN-0003"
    assert desk.fresh(invoice).paid_on == day("2026-03-01")
    assert credit_of(customer_id=customer.pk) == {"EUR": euros("15.00")}
    with pytest.raises(errors.DuplicateNumber):
        note("1.00", number="CN-0001")
    with pytest.raises(InvalidInput):
        note("0.00")


def test_what_counts_as_last_action(desk: Desk) -> None:
    customer = desk.customer()
    desk.invoice(customer)
    desk.pay(customer, "100.00")
    assert set(Activity.objects.filter(counts=True).values_list("kind", flat=True)) == {"payment"}
