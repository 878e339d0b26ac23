"""What holds chasing back, and what happens when it ends."""

from collections.abc import Callable
from datetime import date

import pytest

from dunwell import flows
from dunwell.core.money import Money
from dunwell.ledger.models import Invoice, PendingPayment, UnmatchedPayment
from dunwell.ledger.operations import ApplicationInput, PaymentInput, UnmatchedInput
from tests.chasing.desk import Desk, after_due, after_issue, before_due, on_issue

STEPS = [on_issue(9), before_due(7, 9), after_due(3, 9)]  # 2 March, 25 March, 4 April
SENT, HELD = "sent", "skipped: paused"


def euros(amount: str) -> Money:
    return Money.parse(amount, "EUR")


def states(desk: Desk, invoice: Invoice) -> list[str]:
    return [state for _at, state in desk.sends(invoice)]


def _pause(desk: Desk, invoice: Invoice) -> None:
    desk.pause(invoice, "2026-03-28")


def _promise(desk: Desk, invoice: Invoice) -> None:
    flows.record_promise(**desk.here, invoice_id=invoice.pk, promised_on=date(2026, 3, 24))


def _dispute(desk: Desk, invoice: Invoice) -> None:
    flows.open_dispute(**desk.here, invoice_id=invoice.pk)


def _dispute_of_all(desk: Desk, invoice: Invoice) -> None:
    flows.open_dispute(**desk.here, invoice_id=invoice.pk, amount=euros("100.00"))


def _two_disputes(desk: Desk, invoice: Invoice) -> None:
    for amount in ("60.00", "40.00"):
        flows.open_dispute(**desk.here, invoice_id=invoice.pk, amount=euros(amount))


def _credit(desk: Desk, invoice: Invoice) -> None:
    desk.pay(invoice, "100.00", applications=[])


def _pending(desk: Desk, invoice: Invoice) -> None:
    flows.record_pending_payment(**desk.here, data=_payment(desk, invoice, [_to(invoice)]))


def _pending_for_all(desk: Desk, invoice: Invoice) -> None:
    flows.record_pending_payment(**desk.here, data=_payment(desk, invoice, None))


def _unmatched(desk: Desk, invoice: Invoice) -> None:
    flows.record_unmatched_payment(
        **desk.here,
        data=UnmatchedInput(
            customer_id=invoice.customer_id, amount=euros("12.34"), received_on=desk.now.date()
        ),
    )


def _payment(
    desk: Desk, invoice: Invoice, applications: list[ApplicationInput] | None
) -> PaymentInput:
    return PaymentInput(
        customer_id=invoice.customer_id,
        amount=euros("100.00"),
        received_on=desk.now.date(),
        source="processor",
        external_id="p1",
        applications=applications,
    )


def _to(invoice: Invoice) -> ApplicationInput:
    return ApplicationInput(invoice_id=invoice.pk)


@pytest.mark.parametrize(
    ("hold", "kind"),
    [
        (_pause, "pause"),
        (_promise, "promise"),
        (_dispute, "dispute"),
        (_dispute_of_all, "dispute"),
        (_two_disputes, "dispute"),
        (_credit, "credit"),
        (_pending, "pending_payment"),
        (_pending_for_all, "pending_payment"),
        (_unmatched, "unmatched_payment"),
    ],
)
def test_a_hold_skips_what_falls_into_it_and_says_why(
    desk: Desk, hold: Callable[[Desk, Invoice], None], kind: str
) -> None:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 00:00")
    hold(desk, invoice)
    desk.advance("2026-03-26 00:00")
    assert states(desk, invoice) == [SENT, HELD, "planned"]
    assert desk.rows(invoice)[1].detail == kind


@pytest.mark.parametrize(
    "hold", [_pause, _promise, _dispute, _dispute_of_all, _two_disputes, _credit]
)
def test_the_first_send_waits_for_the_end_of_a_hold(
    desk: Desk, hold: Callable[[Desk, Invoice], None]
) -> None:
    invoice = desk.invoice(STEPS)
    hold(desk, invoice)
    desk.advance("2026-03-20 00:00")
    assert states(desk, invoice) == [HELD, "planned", "planned"]
    assert desk.times(invoice) == []


@pytest.mark.parametrize(
    ("until", "second"),
    [
        ("2026-03-25", SENT),  # free on the resume date itself
        ("2026-03-26", HELD),
    ],
)
def test_a_pause_ends_on_its_resume_date(desk: Desk, until: str, second: str) -> None:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 00:00")
    desk.pause(invoice, until)
    desk.advance("2026-05-01 00:00")
    assert states(desk, invoice) == [SENT, second, SENT]


def test_a_pause_lifted_before_the_instant_leaves_it_planned(desk: Desk) -> None:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 00:00")
    desk.pause(invoice, "2026-04-30")
    desk.advance("2026-03-25 08:59")
    desk.resume(invoice)
    desk.advance("2026-05-01 00:00")
    assert states(desk, invoice) == [SENT, SENT, SENT]


def test_what_fell_into_a_pause_is_not_sent_afterwards(desk: Desk) -> None:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 00:00")
    desk.pause(invoice, "2026-04-30")
    desk.advance("2026-04-10 00:00")
    desk.resume(invoice)
    desk.advance("2026-06-01 00:00")
    assert states(desk, invoice) == [SENT, HELD, HELD]
    assert desk.times(invoice) == ["2026-03-02 09:00"]


@pytest.mark.parametrize(
    ("promised", "second", "third"),
    [
        # held through the grace days, three by default
        (date(2026, 3, 21), SENT, SENT),  # free from 25 March
        (date(2026, 3, 22), HELD, SENT),
        (date(2026, 3, 31), HELD, SENT),  # free from 4 April
        (date(2026, 4, 1), HELD, HELD),
    ],
)
def test_a_promise_holds_until_its_grace_days_are_over(
    desk: Desk, promised: date, second: str, third: str
) -> None:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 00:00")
    flows.record_promise(**desk.here, invoice_id=invoice.pk, promised_on=promised)
    desk.advance("2026-05-01 00:00")
    assert states(desk, invoice) == [SENT, second, third]


def test_a_promise_keeps_the_grace_days_it_was_made_with(desk: Desk) -> None:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 00:00")
    flows.record_promise(**desk.here, invoice_id=invoice.pk, promised_on=date(2026, 3, 22))
    desk.change_settings(promise_grace_days=0)
    desk.advance("2026-05-01 00:00")
    assert states(desk, invoice) == [SENT, HELD, SENT]


def test_a_kept_part_promise_lets_chasing_go_on_for_the_rest(desk: Desk) -> None:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 00:00")
    flows.record_promise(
        **desk.here, invoice_id=invoice.pk, promised_on=date(2026, 4, 20), amount=euros("30.00")
    )
    desk.advance("2026-03-20 00:00")
    desk.pay(invoice, "30.00")
    desk.advance("2026-05-01 00:00")
    assert states(desk, invoice) == [SENT, SENT, SENT]


def test_a_dispute_of_a_part_holds_nothing_and_the_mail_names_both_amounts(desk: Desk) -> None:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 00:00")
    flows.open_dispute(**desk.here, invoice_id=invoice.pk, amount=euros("25.00"))
    desk.advance("2026-03-26 00:00")
    assert states(desk, invoice) == [SENT, SENT, "planned"]
    reminder = desk.texts(invoice)[1]
    assert "75.00" in reminder
    assert "25.00" in reminder


def test_a_part_dispute_comes_to_hold_when_the_rest_is_paid(desk: Desk) -> None:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 00:00")
    flows.open_dispute(**desk.here, invoice_id=invoice.pk, amount=euros("25.00"))
    desk.pay(invoice, "75.00")
    desk.advance("2026-03-26 00:00")
    assert states(desk, invoice) == [SENT, HELD, "planned"]


def test_credit_below_the_balance_holds_nothing(desk: Desk) -> None:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 00:00")
    desk.pay(invoice, "99.99", applications=[])
    desk.advance("2026-03-26 00:00")
    assert states(desk, invoice) == [SENT, SENT, "planned"]


# --- on issue is never lost


def test_an_invoice_never_sent_goes_out_when_its_pause_ends(desk: Desk) -> None:
    invoice = desk.invoice([on_issue(9), after_issue(2), after_issue(20)])
    desk.pause(invoice, "2026-03-10")
    desk.advance("2026-03-31 00:00")
    assert desk.went_out(invoice) == [
        ("2026-03-10 00:00", "new_invoice", "jo@proseware.example"),
        ("2026-03-22 09:00", "invoice_reminder", "jo@proseware.example"),
    ]


def test_lifting_a_pause_sends_an_invoice_never_sent(desk: Desk) -> None:
    invoice = desk.invoice([on_issue(9)])
    desk.pause(invoice, "2026-04-10")
    desk.advance("2026-03-05 15:00")
    desk.resume(invoice)
    desk.advance("2026-03-05 16:00")
    assert desk.times(invoice) == ["2026-03-05 15:00"]


def test_a_broken_promise_sends_an_invoice_never_sent(desk: Desk) -> None:
    invoice = desk.invoice([on_issue(9)])
    flows.record_promise(**desk.here, invoice_id=invoice.pk, promised_on=date(2026, 3, 5))
    desk.advance("2026-03-31 00:00")
    assert desk.times(invoice) == ["2026-03-09 00:00"]


@pytest.mark.parametrize("hold", [_dispute, _two_disputes])
def test_a_resolved_dispute_sends_an_invoice_never_sent(
    desk: Desk, hold: Callable[[Desk, Invoice], None]
) -> None:
    from dunwell.ledger.models import Dispute

    invoice = desk.invoice([on_issue(9)])
    hold(desk, invoice)
    desk.advance("2026-03-20 11:00")
    for dispute in Dispute.objects.filter(invoice=invoice):
        flows.resolve_dispute(**desk.here, dispute_id=dispute.pk)
    desk.advance("2026-03-21 00:00")
    assert desk.times(invoice) == ["2026-03-20 11:00"]


def test_credit_used_up_elsewhere_sends_an_invoice_never_sent(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice([on_issue(9)], customer=customer)
    other = desk.invoice(customer=customer)
    payment = desk.pay(invoice, "100.00", applications=[]).payment
    desk.advance("2026-03-20 11:00")
    assert desk.times(invoice) == []
    flows.apply_credit(**desk.here, origin_id=payment.pk, invoice_id=other.pk)
    desk.advance("2026-03-21 00:00")
    assert desk.times(invoice) == ["2026-03-20 11:00"]


def test_a_second_hold_after_the_first_keeps_the_first_send_back_once_more(desk: Desk) -> None:
    invoice = desk.invoice([on_issue(9)])
    desk.pause(invoice, "2026-03-10")
    desk.advance("2026-03-09 12:00")
    flows.open_dispute(**desk.here, invoice_id=invoice.pk)
    desk.advance("2026-03-20 00:00")
    assert desk.times(invoice) == []
    assert states(desk, invoice) == [HELD]


def test_a_pending_payment_holds_only_the_invoices_it_names(desk: Desk) -> None:
    named = desk.invoice(STEPS)
    other = desk.invoice(STEPS, customer=named.customer)
    _pending(desk, named)
    desk.advance("2026-03-26 00:00")
    assert states(desk, named)[1] == HELD
    assert states(desk, other)[1] == SENT


def test_a_pending_payment_that_settles_stops_the_chase(desk: Desk) -> None:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 00:00")
    _pending(desk, invoice)
    pending = PendingPayment.objects.get()
    flows.settle_pending_payment(**desk.here, pending_id=pending.pk, received_on=date(2026, 3, 12))
    assert states(desk, invoice) == [SENT, "cancelled: paid", "cancelled: paid"]
    assert PendingPayment.objects.get().state == "settled"


def test_the_processors_own_payment_settles_what_it_announced(desk: Desk) -> None:
    invoice = desk.invoice(STEPS)
    _pending(desk, invoice)
    flows.record_payment(**desk.here, data=_payment(desk, invoice, [_to(invoice)]))
    assert PendingPayment.objects.get().state == "settled"


def test_a_hold_that_ends_before_the_instant_leaves_the_send_planned(desk: Desk) -> None:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 00:00")
    _pending(desk, invoice)
    desk.advance("2026-03-12 00:00")
    flows.fail_pending_payment(**desk.here, pending_id=PendingPayment.objects.get().pk)
    desk.advance("2026-03-26 00:00")
    assert states(desk, invoice) == [SENT, SENT, "planned"]


def test_a_first_send_goes_out_when_a_pending_payment_fails(desk: Desk) -> None:
    invoice = desk.invoice(STEPS)
    _pending(desk, invoice)
    desk.advance("2026-03-04 12:00")
    assert states(desk, invoice)[0] == HELD
    flows.fail_pending_payment(**desk.here, pending_id=PendingPayment.objects.get().pk)
    desk.advance("2026-03-04 13:00")
    assert desk.times(invoice) == ["2026-03-04 12:00"]


def test_an_unmatched_payment_of_nobody_holds_nobody(desk: Desk) -> None:
    invoice = desk.invoice(STEPS)
    flows.record_unmatched_payment(
        **desk.here, data=UnmatchedInput(amount=euros("100.00"), received_on=date(2026, 3, 2))
    )
    desk.advance("2026-03-03 00:00")
    assert states(desk, invoice)[0] == SENT


def test_a_matched_payment_ends_its_hold_and_pays(desk: Desk) -> None:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 00:00")
    _unmatched(desk, invoice)
    flows.match_payment(
        **desk.here,
        unmatched_id=UnmatchedPayment.objects.get().pk,
        customer_id=invoice.customer_id,
        applications=[_to(invoice)],
    )
    invoice.refresh_from_db()
    assert invoice.balance == euros("87.66")
    desk.advance("2026-03-26 00:00")
    assert states(desk, invoice) == [SENT, SENT, "planned"]


def test_a_discarded_payment_frees_the_customer(desk: Desk) -> None:
    invoice = desk.invoice(STEPS)
    _unmatched(desk, invoice)
    flows.discard_unmatched_payment(
        **desk.here, unmatched_id=UnmatchedPayment.objects.get().pk, note="A wrong transfer."
    )
    desk.advance("2026-03-03 00:00")
    assert states(desk, invoice)[0] == SENT


def test_already_paid_holds_for_three_working_days(desk: Desk) -> None:
    steps = [on_issue(9), after_issue(4, 9), after_issue(8, 9)]  # Mon 2, Fri 6, Tue 10 March
    invoice = desk.invoice(steps)
    desk.advance("2026-03-04 10:00")  # a Wednesday
    claim = flows.claim_paid(**desk.here, invoice_id=invoice.pk, note="Paid last week.")
    assert claim.until == date(2026, 3, 9)  # Thursday, Friday, Monday
    desk.advance("2026-03-11 00:00")
    assert states(desk, invoice) == [SENT, HELD, SENT]
    assert desk.rows(invoice)[1].detail == "claimed_paid"


def test_an_answer_to_already_paid_lets_chasing_go_on(desk: Desk) -> None:
    invoice = desk.invoice([on_issue(9), after_issue(2, 9)])
    desk.advance("2026-03-03 00:00")
    claim = flows.claim_paid(**desk.here, invoice_id=invoice.pk)
    flows.answer_claim(**desk.here, claim_id=claim.pk, note="Nothing came.")
    desk.advance("2026-03-05 00:00")
    assert states(desk, invoice) == [SENT, SENT]


def test_a_payment_answers_already_paid(desk: Desk) -> None:
    invoice = desk.invoice([on_issue(9), after_issue(2, 9)])
    desk.advance("2026-03-03 00:00")
    claim = flows.claim_paid(**desk.here, invoice_id=invoice.pk)
    desk.pay(invoice, "40.00")
    claim.refresh_from_db()
    assert claim.answer == "payment"
    desk.advance("2026-03-05 00:00")
    assert states(desk, invoice) == [SENT, SENT]


def test_a_never_sent_invoice_goes_out_when_already_paid_was_not_answered(desk: Desk) -> None:
    invoice = desk.invoice([on_issue(9)])
    flows.claim_paid(**desk.here, invoice_id=invoice.pk)  # until Thursday 5 March
    desk.advance("2026-03-07 00:00")
    assert desk.times(invoice) == ["2026-03-06 00:00"]


@pytest.mark.parametrize("hold", [_pending, _pending_for_all, _unmatched])
def test_a_hold_tells_senders_to_think_again_when_it_begins_and_when_it_ends(
    desk: Desk, hold: Callable[[Desk, Invoice], None]
) -> None:
    invoice = desk.invoice(STEPS)
    versions = [_version(invoice)]
    hold(desk, invoice)
    versions.append(_version(invoice))
    for pending in PendingPayment.objects.all():
        flows.fail_pending_payment(**desk.here, pending_id=pending.pk)
    for unmatched in UnmatchedPayment.objects.all():
        flows.discard_unmatched_payment(**desk.here, unmatched_id=unmatched.pk)
    versions.append(_version(invoice))
    assert versions == sorted(set(versions))


def _version(invoice: Invoice) -> int:
    return Invoice.objects.get(pk=invoice.pk).chase_version
