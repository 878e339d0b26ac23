"""When each step of a schedule takes place, on the wall clock of the company's zone."""

from typing import Any

import pytest

from tests.chasing.desk import (
    Desk,
    after_due,
    after_issue,
    before_due,
    new_desk,
    on_date,
    on_issue,
    repeat,
)


@pytest.mark.parametrize(
    ("step", "times"),
    [
        (on_issue(9), ["2026-03-02 09:00"]),
        (after_issue(0, 10), ["2026-03-02 10:00"]),
        (after_issue(5, 10), ["2026-03-07 10:00"]),
        (before_due(7, 11), ["2026-03-25 11:00"]),
        (after_due(0, 12), ["2026-04-01 12:00"]),
        (after_due(3, 0), ["2026-04-04 00:00"]),
        (on_date("2026-05-05", 23), ["2026-05-05 23:00"]),
        (repeat(10, 3, 16), ["2026-04-11 16:00", "2026-04-21 16:00", "2026-05-01 16:00"]),
        # daylight saving begins on 2026-03-29: two o'clock does not exist that night
        (on_date("2026-03-29", 2), ["2026-03-29 03:00"]),
        # and ends on 2026-10-25: two o'clock comes twice, the first counts
        (on_date("2026-10-25", 2), ["2026-10-25 02:00"]),
    ],
)
def test_a_step_goes_out_on_its_day_at_its_hour(
    desk: Desk, step: dict[str, Any], times: list[str]
) -> None:
    invoice = desk.invoice([step])  # invoice date 2 March, due 1 April
    desk.advance("2026-12-01 00:00")
    assert desk.times(invoice) == times
    assert {state for _at, state in desk.sends(invoice)} == {"sent"}


def test_nothing_goes_out_a_second_before_its_hour(desk: Desk) -> None:
    invoice = desk.invoice([on_issue(9)])
    desk.advance("2026-03-02 08:59:59")
    assert desk.times(invoice) == []
    desk.advance("2026-03-02 09:00")
    assert desk.times(invoice) == ["2026-03-02 09:00"]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Auckland", "America/New_York"])
def test_the_hour_stays_the_same_through_both_changes_of_the_clock(house: None, zone: str) -> None:
    with new_desk("2026-01-05 08:00", zone=zone) as desk:
        invoice = desk.invoice([on_date("2026-01-06", 9), repeat(29, 10, 9)], due_date="2026-01-06")
        desk.advance("2026-12-31 00:00")
        times = desk.times(invoice)
        assert len(times) == 11
        assert {time[-5:] for time in times} == {"09:00"}


@pytest.mark.parametrize(
    ("steps", "first_repeat"),
    [
        ([], "2026-04-11 09:00"),  # counted from the due date
        ([after_due(20)], "2026-05-01 09:00"),  # from the latest other step
        ([on_date("2026-06-01")], "2026-06-11 09:00"),
    ],
)
def test_repeating_begins_after_everything_else(
    desk: Desk, steps: list[dict[str, Any]], first_repeat: str
) -> None:
    invoice = desk.invoice([*steps, repeat(10, 1)])
    assert desk.sends(invoice)[-1] == (first_repeat, "planned")


def test_repeating_begins_at_the_day_the_schedule_was_set_if_all_else_is_past(desk: Desk) -> None:
    invoice = desk.invoice([repeat(10, 2)], invoice_date="2026-01-01", due_date="2026-01-31")
    assert [at for at, _state in desk.sends(invoice)] == ["2026-03-12 09:00", "2026-03-22 09:00"]


def test_weekends_and_holidays_move_sends_to_the_next_business_day(desk: Desk) -> None:
    desk.change_settings(business_days_only=True, holiday_calendar="DE")
    steps = [
        on_issue(),
        after_issue(5),  # Saturday
        before_due(4),  # Saturday, moves on
        on_date("2026-04-03"),  # Good Friday, then the weekend, then Easter Monday
    ]
    invoice = desk.invoice(steps, due_date="2026-04-01")
    assert [at for at, _state in desk.sends(invoice)] == [
        "2026-03-02 09:00",
        "2026-03-09 09:00",
        "2026-03-30 09:00",
        "2026-04-07 09:00",
    ]


def test_a_step_dated_before_the_invoice_moves_to_the_invoice_date(desk: Desk) -> None:
    invoice = desk.invoice([before_due(60, 9)], invoice_date="2026-03-10", due_date="2026-04-09")
    assert desk.sends(invoice) == [("2026-03-10 09:00", "planned")]


def test_what_moves_to_the_invoice_date_gives_way_to_the_invoice_itself(desk: Desk) -> None:
    invoice = desk.invoice(
        [on_issue(9), before_due(60, 12)], invoice_date="2026-03-10", due_date="2026-04-09"
    )
    desk.advance("2026-03-11 00:00")
    assert desk.times(invoice) == ["2026-03-10 09:00"]
    first, second = desk.rows(invoice)
    assert (second.reason, second.points_at_id) == ("daily_limit", first.pk)


def test_an_invoice_dated_ahead_goes_out_on_its_date(desk: Desk) -> None:
    invoice = desk.invoice([on_issue(9)], invoice_date="2026-03-20")
    desk.advance("2026-03-31 00:00")
    assert desk.times(invoice) == ["2026-03-20 09:00"]


def test_the_day_of_issue_counts_if_it_is_later_than_the_invoice_date(desk: Desk) -> None:
    draft = desk.invoice([on_issue(9), after_issue(12)], issue=False)
    desk.advance("2026-03-05 08:00")
    desk.issue(draft)
    assert [at for at, _state in desk.sends(draft)] == ["2026-03-05 09:00", "2026-03-14 09:00"]
