"""What happens to a schedule when dates, zone or steps change."""

import pytest

from tests.chasing.desk import Desk, after_due, after_issue, before_due, on_date, on_issue, repeat

STEPS = [on_issue(9), before_due(7, 9), after_due(3, 10), repeat(10, 2, 16)]


def test_a_later_due_date_moves_what_is_still_to_come(desk: Desk) -> None:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 00:00")
    desk.amend(invoice, due_date="2026-05-01")
    assert desk.sends(invoice) == [
        ("2026-03-02 09:00", "sent"),
        ("2026-04-24 09:00", "planned"),
        ("2026-05-04 10:00", "planned"),
        ("2026-05-14 16:00", "planned"),
        ("2026-05-24 16:00", "planned"),
    ]


def test_what_a_change_moves_into_the_past_is_backdated(desk: Desk) -> None:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-20 12:00")
    desk.amend(invoice, due_date="2026-03-10")
    assert desk.sends(invoice) == [
        ("2026-03-02 09:00", "sent"),
        ("2026-03-03 09:00", "skipped: backdated"),
        ("2026-03-13 10:00", "skipped: backdated"),
        ("2026-03-23 16:00", "planned"),
        ("2026-04-02 16:00", "planned"),
    ]


def test_what_was_sent_is_never_sent_again(desk: Desk) -> None:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-04-15 00:00")
    before = desk.times(invoice)
    desk.amend(invoice, due_date="2026-06-30")
    desk.advance("2026-08-31 00:00")
    # on issue, before due, after due and the first repeat were sent before the change
    assert desk.times(invoice) == [*before, "2026-07-23 16:00"]


def test_skipped_ones_come_back_when_their_day_lies_ahead_again(desk: Desk) -> None:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 00:00")
    desk.pause(invoice, "2026-04-10")
    desk.advance("2026-04-11 00:00")
    desk.amend(invoice, due_date="2026-05-01")
    assert [state for _at, state in desk.sends(invoice)] == ["sent", *["planned"] * 4]


def test_another_steps_set_keeps_what_was_sent(desk: Desk) -> None:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 00:00")
    desk.set_steps(invoice, [on_issue(9), after_due(5, 11)])
    assert desk.sends(invoice) == [
        ("2026-03-02 09:00", "sent"),
        ("2026-04-06 11:00", "planned"),
    ]
    desk.set_steps(invoice, STEPS)
    desk.advance("2026-06-01 00:00")
    assert len(desk.times(invoice)) == 5


def test_the_same_plan_again_changes_nothing(desk: Desk) -> None:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-30 00:00")
    before = desk.sends(invoice)
    desk.amend(invoice, note="a note", total="120.00")
    assert desk.sends(invoice) == before


@pytest.mark.parametrize(
    ("zone", "at"),
    [
        ("America/New_York", "2026-04-04 10:00"),  # later: still to come
        ("Pacific/Auckland", "2026-04-04 10:00"),  # earlier, but still to come
    ],
)
def test_a_new_time_zone_keeps_the_local_hour(desk: Desk, zone: str, at: str) -> None:
    invoice = desk.invoice([on_issue(9), after_due(3, 10)])
    desk.advance("2026-03-10 00:00")
    desk.change_settings(time_zone=zone)
    assert desk.sends(invoice)[-1] == (at, "planned")
    desk.advance("2026-05-01 00:00")
    assert desk.times(invoice)[-1] == at


def test_a_send_that_a_new_zone_moves_into_the_past_is_caught_up(desk: Desk) -> None:
    invoice = desk.invoice([on_date("2026-04-10", 12)])
    desk.advance("2026-04-10 08:00")  # already evening in Auckland
    desk.change_settings(time_zone="Pacific/Auckland")
    desk.advance("2026-04-10 20:00")
    assert [state for _at, state in desk.sends(invoice)] == ["sent"]


def test_business_days_switched_on_move_what_is_planned(desk: Desk) -> None:
    invoice = desk.invoice([on_date("2026-04-11", 9)])  # a Saturday
    desk.change_settings(business_days_only=True)
    assert desk.sends(invoice) == [("2026-04-13 09:00", "planned")]


def test_a_later_invoice_date_holds_the_first_send_back(desk: Desk) -> None:
    invoice = desk.invoice([on_issue(9), after_issue(1, 9)])
    desk.amend(invoice, invoice_date="2026-03-20")
    desk.advance("2026-03-31 00:00")
    assert desk.times(invoice) == ["2026-03-20 09:00", "2026-03-21 09:00"]
