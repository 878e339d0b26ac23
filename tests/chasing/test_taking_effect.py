"""Which sends go out: the sentences of “When a planned send takes effect”, one by one."""

from collections.abc import Callable

import pytest

from dunwell import flows
from dunwell.chasing.operations import cadences, schedules
from dunwell.chasing.operations.by_hand import send_now
from dunwell.ledger.models import Customer, Invoice
from tests.chasing.desk import Desk, after_due, after_issue, before_due, on_date, on_issue, repeat

ISSUE_AND_REMIND = [on_issue(9), after_due(3, 10), repeat(10, 2, 16)]


def test_a_whole_schedule_goes_out_one_mail_a_step(desk: Desk) -> None:
    invoice = desk.invoice(ISSUE_AND_REMIND)
    desk.advance("2026-06-01 00:00")
    assert desk.went_out(invoice) == [
        ("2026-03-02 09:00", "new_invoice", "jo@proseware.example"),
        ("2026-04-04 10:00", "past_due_invoice", "jo@proseware.example"),
        ("2026-04-14 16:00", "past_due_invoice", "jo@proseware.example"),
        ("2026-04-24 16:00", "past_due_invoice", "jo@proseware.example"),
    ]


def test_a_draft_sends_nothing(desk: Desk) -> None:
    draft = desk.invoice(ISSUE_AND_REMIND, issue=False)
    desk.advance("2026-06-01 00:00")
    assert (desk.sends(draft), desk.times()) == ([], [])


def test_a_draft_issued_late_goes_out_at_once_and_its_past_steps_are_backdated(desk: Desk) -> None:
    draft = desk.invoice([on_issue(9), after_issue(1), after_issue(30)], issue=False)
    desk.advance("2026-03-20 12:30")
    desk.issue(draft)
    desk.advance("2026-03-20 13:00")
    assert desk.sends(draft) == [
        ("2026-03-03 09:00", "skipped: backdated"),
        ("2026-03-20 12:30", "sent"),
        ("2026-04-01 09:00", "planned"),
    ]


def test_a_draft_issued_in_the_morning_goes_out_at_its_hour(desk: Desk) -> None:
    draft = desk.invoice([on_issue(9)], issue=False)
    desk.advance("2026-03-20 07:30")
    desk.issue(draft)
    desk.advance("2026-03-21 00:00")
    assert desk.times(draft) == ["2026-03-20 09:00"]


# --- the end of an invoice


def _pay(desk: Desk, invoice: Invoice) -> None:
    desk.pay(invoice)


def _credit(desk: Desk, invoice: Invoice) -> None:
    from datetime import date

    from dunwell.core.money import Money
    from dunwell.ledger.operations import ApplicationInput, CreditNoteInput

    money = Money.parse("100.00", "EUR")
    flows.record_credit_note(
        **desk.here,
        data=CreditNoteInput(
            customer_id=invoice.customer_id,
            amount=money,
            issued_on=date(2026, 3, 2),
            applications=[ApplicationInput(invoice_id=invoice.pk, amount=money)],
        ),
    )


def _close(desk: Desk, invoice: Invoice) -> None:
    flows.close_invoice(**desk.here, invoice_id=invoice.pk, reason="void")


def _disable(desk: Desk, invoice: Invoice) -> None:
    desk.switch(invoice, on=False)


@pytest.mark.parametrize(
    ("end", "reason"),
    [(_pay, "paid"), (_credit, "paid"), (_close, "closed"), (_disable, "disabled")],
)
def test_the_end_of_an_invoice_cancels_what_is_left(
    desk: Desk, end: Callable[[Desk, Invoice], None], reason: str
) -> None:
    invoice = desk.invoice(ISSUE_AND_REMIND)
    desk.advance("2026-03-10 00:00")
    end(desk, invoice)
    assert [state for _at, state in desk.sends(invoice)] == ["sent", *[f"cancelled: {reason}"] * 3]
    desk.advance("2026-06-01 00:00")
    assert desk.times(invoice) == ["2026-03-02 09:00"]


def test_a_part_payment_lets_chasing_go_on_for_the_rest(desk: Desk) -> None:
    invoice = desk.invoice(ISSUE_AND_REMIND)
    desk.advance("2026-03-10 00:00")
    desk.pay(invoice, "40.00")
    desk.advance("2026-04-05 00:00")
    assert desk.times(invoice) == ["2026-03-02 09:00", "2026-04-04 10:00"]
    assert "60.00" in desk.texts(invoice)[1]


def test_a_payment_taken_back_starts_chasing_again_without_the_past(desk: Desk) -> None:
    invoice = desk.invoice(ISSUE_AND_REMIND)
    desk.advance("2026-03-10 00:00")
    payment = desk.pay(invoice).payment
    desk.advance("2026-04-15 00:00")
    flows.reverse_payment(**desk.here, payment_id=payment.pk)
    desk.advance("2026-06-01 00:00")
    assert desk.sends(invoice) == [
        ("2026-03-02 09:00", "sent"),
        ("2026-04-04 10:00", "skipped: backdated"),
        ("2026-04-14 16:00", "skipped: backdated"),
        ("2026-04-24 16:00", "sent"),
    ]


def test_a_reopened_invoice_is_chased_again_without_the_past(desk: Desk) -> None:
    invoice = desk.invoice(ISSUE_AND_REMIND)
    _close(desk, invoice)
    desk.advance("2026-04-10 00:00")
    flows.reopen_invoice(**desk.here, invoice_id=invoice.pk)
    desk.advance("2026-06-01 00:00")
    # never sent before, so it goes out now as a new invoice
    assert desk.went_out(invoice)[0] == (
        "2026-04-10 00:00",
        "new_invoice",
        "jo@proseware.example",
    )
    assert desk.times(invoice)[1:] == ["2026-04-14 16:00", "2026-04-24 16:00"]


def test_switching_chasing_on_again_plans_the_future_only(desk: Desk) -> None:
    invoice = desk.invoice(ISSUE_AND_REMIND)
    desk.advance("2026-03-10 00:00")
    desk.switch(invoice, on=False)
    desk.advance("2026-04-10 00:00")
    desk.switch(invoice, on=True)
    desk.advance("2026-06-01 00:00")
    assert [state for _at, state in desk.sends(invoice)] == [
        "sent",
        "skipped: backdated",
        "sent",
        "sent",
    ]


def test_an_invoice_switched_off_before_its_first_send_goes_out_when_switched_on(
    desk: Desk,
) -> None:
    invoice = desk.invoice(ISSUE_AND_REMIND)
    desk.switch(invoice, on=False)
    desk.advance("2026-03-10 12:00")
    desk.switch(invoice, on=True)
    desk.advance("2026-03-11 00:00")
    assert desk.times(invoice) == ["2026-03-10 12:00"]


# --- steps that are past when the schedule is set


def test_an_old_invoice_goes_out_now_and_what_is_past_is_backdated(desk: Desk) -> None:
    invoice = desk.invoice(
        [on_issue(), before_due(7), after_due(1), after_due(20)],
        invoice_date="2026-01-15",
        due_date="2026-02-14",
    )
    desk.advance("2026-04-01 00:00")
    assert desk.sends(invoice) == [
        ("2026-02-07 09:00", "skipped: backdated"),
        ("2026-02-15 09:00", "skipped: backdated"),
        ("2026-03-02 09:00", "sent"),  # the day of issue
        ("2026-03-06 09:00", "sent"),
    ]


def test_a_late_hour_of_the_day_of_issue_is_past_too_and_goes_out_now(desk: Desk) -> None:
    desk.advance("2026-03-02 11:15")
    invoice = desk.invoice([on_issue(9)])
    desk.advance("2026-03-02 12:00")
    assert desk.times(invoice) == ["2026-03-02 11:15"]


def test_an_invoice_marked_as_sent_is_not_sent_again(desk: Desk) -> None:
    invoice = desk.invoice([on_issue(), before_due(7)])
    flows.mark_sent(**desk.here, invoice_id=invoice.pk)
    desk.advance("2026-03-30 00:00")
    assert [state for _at, state in desk.sends(invoice)] == ["skipped: already_sent", "sent"]
    assert desk.went_out(invoice)[0][1] == "invoice_reminder"


def test_the_first_reminder_of_an_unsent_invoice_is_the_invoice(desk: Desk) -> None:
    invoice = desk.invoice([before_due(7)])
    desk.advance("2026-03-30 00:00")
    assert [template for _at, template, _to in desk.went_out(invoice)] == ["new_invoice"]


def test_on_issue_is_skipped_if_a_member_sent_the_invoice_before_its_hour(desk: Desk) -> None:
    invoice = desk.invoice([on_issue(20)])
    send_now(**desk.here, invoice_id=invoice.pk, channels=["email"])
    desk.advance("2026-03-03 00:00")
    assert desk.sends(invoice) == [
        ("2026-03-02 08:00", "sent"),
        ("2026-03-02 20:00", "skipped: already_sent"),
    ]


# --- catching up


@pytest.mark.parametrize(
    ("woken", "states"),
    [
        ("2026-04-05 09:00", ["sent"]),  # 24 hours late, still in time
        ("2026-04-05 09:01", ["skipped: missed"]),
    ],
)
def test_a_send_found_late_goes_out_within_a_day(desk: Desk, woken: str, states: list[str]) -> None:
    invoice = desk.invoice([after_due(3)])  # 4 April
    desk.oversleep(woken)
    desk.advance(woken)
    assert [state for _at, state in desk.sends(invoice)] == states


def test_the_window_for_catching_up_is_the_companys_choice(desk: Desk) -> None:
    desk.change_settings(catch_up_hours=48)
    invoice = desk.invoice([after_due(3)])
    desk.oversleep("2026-04-06 08:00")
    desk.advance("2026-04-06 08:00")
    assert [state for _at, state in desk.sends(invoice)] == ["sent"]


def test_an_outage_never_ends_in_a_burst(desk: Desk) -> None:
    invoice = desk.invoice(
        [on_date("2026-04-10", 8), on_date("2026-04-10", 12), on_date("2026-04-10", 16)]
    )
    desk.oversleep("2026-04-10 18:00")
    desk.advance("2026-04-10 18:00")
    assert [state for _at, state in desk.sends(invoice)] == [
        "skipped: superseded",
        "skipped: superseded",
        "sent",
    ]
    first, second, last = desk.rows(invoice)
    assert {first.points_at_id, second.points_at_id} == {last.pk}


def test_the_latest_wins_whatever_its_channel_or_role(desk: Desk) -> None:
    invoice = desk.invoice(
        [
            on_date("2026-04-10", 8),
            on_date("2026-04-10", 9, channels=["sms"], contact_roles=["Boss"]),
        ]
    )
    desk.oversleep("2026-04-10 18:00")
    desk.advance("2026-04-10 18:00")
    assert [state for _at, state in desk.sends(invoice)] == [
        "skipped: superseded",
        "skipped: no_contact_with_role",
    ]


def test_a_long_outage_does_not_lose_the_first_send(desk: Desk) -> None:
    invoice = desk.invoice([on_issue(9), after_issue(3), after_issue(10)])
    desk.oversleep("2026-03-12 10:00")
    desk.advance("2026-03-12 10:00")
    assert desk.went_out(invoice) == [("2026-03-12 10:00", "new_invoice", "jo@proseware.example")]
    assert [state for _at, state in desk.sends(invoice)] == [
        "sent",
        "skipped: missed",
        "skipped: superseded",
    ]


# --- daily limit


def test_nobody_gets_an_invoice_twice_a_day(desk: Desk) -> None:
    invoice = desk.invoice([on_issue(9), after_issue(0, 14)])
    desk.advance("2026-03-03 00:00")
    first, second = desk.rows(invoice)
    assert desk.times(invoice) == ["2026-03-02 09:00"]
    assert (second.reason, second.points_at_id) == ("daily_limit", first.pk)


def test_who_was_not_reached_today_is_still_written_to(desk: Desk) -> None:
    from dunwell.ledger.operations import ContactInput

    customer = desk.customer(
        contacts=[
            ContactInput(name="Jo", email="jo@proseware.example", receives_invoices=True),
            ContactInput(name="Bo", email="bo@proseware.example", roles=["Boss"]),
        ]
    )
    steps = [on_issue(9), after_issue(0, 14, contact_roles=["Boss"])]
    invoice = desk.invoice(steps, customer=customer)
    desk.advance("2026-03-03 00:00")
    assert [to for _at, _t, to in desk.went_out(invoice)] == [
        "jo@proseware.example",
        "bo@proseware.example",
    ]


def test_a_members_message_counts_for_the_day_too(desk: Desk) -> None:
    invoice = desk.invoice([before_due(7, 15)])  # 25 March
    desk.advance("2026-03-25 10:00")
    send_now(**desk.here, invoice_id=invoice.pk, channels=["email"])
    desk.advance("2026-03-26 00:00")
    assert [state for _at, state in desk.sends(invoice)] == ["sent", "skipped: daily_limit"]


def test_the_day_of_the_limit_is_the_companys_local_day(desk: Desk) -> None:
    invoice = desk.invoice([on_issue(23), after_issue(1, 0)])
    desk.advance("2026-03-04 00:00")
    assert desk.times(invoice) == ["2026-03-02 23:00", "2026-03-03 00:00"]


# --- not worth chasing, not to be chased


@pytest.mark.parametrize(
    ("paid", "states"),
    [
        ("90.01", ["sent", "skipped: below_minimum"]),
        ("90.00", ["sent", "sent"]),
    ],
)
def test_a_small_rest_is_not_chased(desk: Desk, paid: str, states: list[str]) -> None:
    desk.change_settings(minimum_balances={"EUR": "10.00"})
    invoice = desk.invoice([on_issue(), after_due(3)])
    desk.advance("2026-03-10 00:00")
    desk.pay(invoice, paid)
    desk.advance("2026-05-01 00:00")
    assert [state for _at, state in desk.sends(invoice)] == states


def test_a_small_invoice_is_still_sent_once(desk: Desk) -> None:
    desk.change_settings(minimum_balances={"EUR": "10.00"})
    invoice = desk.invoice([on_issue(), after_due(3)], total="5.00")
    desk.advance("2026-05-01 00:00")
    assert [state for _at, state in desk.sends(invoice)] == ["sent", "skipped: below_minimum"]


def _do_not_chase(desk: Desk, customer: Customer, *, on: bool) -> None:
    flows.update_customer(**desk.here, customer_id=customer.pk, changes={"do_not_chase": on})


def test_a_customer_who_is_not_to_be_chased_gets_nothing(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice([on_issue(), after_due(3)], customer=customer)
    _do_not_chase(desk, customer, on=True)
    assert {state for _at, state in desk.sends(invoice)} == {"cancelled: disabled"}
    desk.advance("2026-05-01 00:00")
    assert desk.times(invoice) == []


def test_chasing_a_customer_again_sends_what_was_never_sent_and_goes_on(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice([on_issue(9), after_issue(3), after_due(3)], customer=customer)
    _do_not_chase(desk, customer, on=True)
    desk.advance("2026-03-10 12:00")
    _do_not_chase(desk, customer, on=False)
    desk.advance("2026-05-01 00:00")
    assert desk.times(invoice) == ["2026-03-10 12:00", "2026-04-04 09:00"]


# --- cadences are copied


def test_editing_or_deleting_a_cadence_changes_no_schedule(desk: Desk) -> None:
    cadence = desk.cadence([on_issue(9)])
    invoice = desk.invoice()
    cadences.update_cadence(
        cadence_id=cadence.pk, name="Other", steps=[on_issue(11), after_due(3)], default=True,
        actor=desk.actor, now=desk.now,
    )  # fmt: skip
    later = desk.invoice()
    cadences.delete_cadence(cadence_id=cadence.pk, actor=desk.actor, now=desk.now)
    none = desk.invoice()
    desk.advance("2026-05-01 00:00")
    assert desk.times(invoice) == ["2026-03-02 09:00"]
    assert desk.times(later) == ["2026-03-02 11:00", "2026-04-04 09:00"]
    assert desk.sends(none) == []


def test_no_cadence_means_none_though_there_is_a_default(desk: Desk) -> None:
    from dunwell.ledger.operations import InvoiceInput

    desk.cadence([on_issue(9)])
    data = InvoiceInput(customer_id=desk.customer().pk, total="10")
    invoice = flows.create_invoice(**desk.here, data=data, issue=True, cadence_id=None)
    desk.advance("2026-05-01 00:00")
    assert desk.sends(invoice) == []


def test_a_cadence_applied_to_many_invoices_plans_each_once(desk: Desk) -> None:
    cadence = desk.cadence(ISSUE_AND_REMIND, default=False)
    invoices = [desk.invoice([on_issue(11)]), *(desk.invoice() for _ in range(3))]
    schedules.apply_cadences(**desk.here, chosen={invoice.pk: cadence.pk for invoice in invoices})
    desk.advance("2026-06-01 00:00")
    assert {tuple(desk.times(invoice)) for invoice in invoices} == {
        ("2026-03-02 09:00", "2026-04-04 10:00", "2026-04-14 16:00", "2026-04-24 16:00")
    }
