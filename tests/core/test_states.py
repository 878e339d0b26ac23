from datetime import date

import pytest

from dunwell.core.aging import Bucket, aging, bucket
from dunwell.core.money import Money
from dunwell.core.states import State, crossings, days_overdue, invoice_state

DUE = date(2026, 3, 31)


@pytest.mark.parametrize(
    ("issued", "closed", "balance", "today", "state", "days"),
    [
        (False, False, 100, date(2026, 4, 9), State.DRAFT, 0),
        (True, False, 100, date(2026, 3, 30), State.SENT, 0),
        (True, False, 100, DUE, State.DUE, 0),
        (True, False, 100, date(2026, 4, 1), State.OVERDUE, 1),
        (True, False, 1, date(2026, 4, 30), State.OVERDUE, 30),
        (True, False, 0, date(2026, 4, 1), State.PAID, 0),
        (True, False, -5, date(2026, 3, 1), State.PAID, 0),
        (True, True, 100, date(2026, 4, 1), State.CLOSED, 0),
        (True, True, 0, date(2026, 4, 1), State.CLOSED, 0),
    ],
)
def test_the_state_follows_from_the_facts(
    *, issued: bool, closed: bool, balance: int, today: date, state: State, days: int
) -> None:
    facts = {"issued": issued, "closed": closed, "balance_minor": balance, "due_date": DUE}
    assert invoice_state(**facts, today=today) is state  # type: ignore[arg-type]  # mixed values
    assert days_overdue(**facts, today=today) == days  # type: ignore[arg-type]  # mixed values


def test_an_issued_invoice_without_a_due_date_is_an_error() -> None:
    with pytest.raises(ValueError, match="due date"):
        invoice_state(issued=True, closed=False, balance_minor=1, due_date=None, today=DUE)


@pytest.mark.parametrize(
    ("after", "through", "expected"),
    [
        (date(2026, 3, 30), date(2026, 3, 31), [(DUE, "due")]),
        (date(2026, 3, 31), date(2026, 4, 1), [(date(2026, 4, 1), "overdue")]),
        (date(2026, 3, 1), date(2026, 5, 1), [(DUE, "due"), (date(2026, 4, 1), "overdue")]),
        (date(2026, 4, 1), date(2026, 5, 1), []),
        (date(2026, 3, 1), date(2026, 3, 30), []),
    ],
)
def test_each_boundary_is_crossed_once(
    after: date, through: date, expected: list[tuple[date, str]]
) -> None:
    assert crossings(due_date=DUE, after=after, through=through) == expected


@pytest.mark.parametrize(
    ("days", "name"),
    [
        (-3, "current"), (0, "current"), (1, "1-30"), (30, "1-30"), (31, "31-60"), (60, "31-60"),
        (61, "61-90"), (90, "61-90"), (91, "90+"), (4000, "90+"),
    ],
)  # fmt: skip
def test_days_overdue_fall_into_buckets(days: int, name: str) -> None:
    assert bucket(days) == name


def test_aging_never_adds_currencies() -> None:
    report = aging([(Money(5, "USD"), 0), (Money(7, "EUR"), 31), (Money(1, "EUR"), 95)])
    assert list(report) == ["EUR", "USD"]
    assert report["EUR"].total == Money(8, "EUR")
    assert report["EUR"].buckets[Bucket.UP_TO_60] == Money(7, "EUR")
    assert report["USD"].buckets[Bucket.OVER_90] == Money(0, "USD")
    assert list(report["USD"].buckets) == list(Bucket)
