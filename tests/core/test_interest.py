"""Statutory interest for late payment, reckoned by hand and compared."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.core.interest import (
    KNOWN_THROUGH,
    LAWS,
    RATES,
    RateUnknown,
    agreed,
    fixed_fee,
    late_interest,
    rate_on,
    statutory,
)

GERMANY, FRANCE, ENGLAND = LAWS["DE"], LAWS["FR"], LAWS["GB"]
JANUARY = date(2024, 1, 1)


@pytest.mark.parametrize(
    ("country", "day", "percent"),
    [
        ("DE", date(2024, 3, 1), "12.62"),
        ("DE", date(2024, 7, 1), "12.37"),
        ("AT", date(2024, 3, 1), "13.08"),
        ("FR", date(2024, 7, 1), "14.25"),
        ("ES", date(2025, 1, 1), "11.15"),
        ("GB", date(2024, 6, 30), "13.25"),
        ("FI", date(2023, 1, 1), "10.50"),
    ],
)
def test_the_rate_is_the_half_years_reference_rate_and_the_points(
    country: str, day: date, percent: str
) -> None:
    rate, _last = rate_on(law=LAWS[country], day=day)
    assert rate == Decimal(percent)


def test_interest_runs_from_the_day_after_the_due_date() -> None:
    def after(days: int) -> int:
        due = date(2024, 3, 31)
        today = date.fromordinal(due.toordinal() + days)
        return late_interest(
            rate=statutory(law=GERMANY), due_date=due, today=today, balances=[(JANUARY, 1_000_000)]
        ).minor

    assert after(0) == 0
    assert after(1) == 346  # 10,000.00 × 12.62 % / 365
    assert after(30) == 10_373


def test_a_part_payment_lowers_it_from_the_day_it_came() -> None:
    found = late_interest(
        rate=statutory(law=GERMANY),
        due_date=date(2024, 3, 31),
        today=date(2024, 4, 30),
        balances=[(JANUARY, 1_000_000), (date(2024, 4, 11), 400_000)],
    )
    assert [(each.days, each.balance_minor) for each in found.slices] == [
        (10, 1_000_000),
        (20, 400_000),
    ]
    assert found.minor == 6_224  # 3,457.53 + 2,766.03


def test_a_new_half_year_has_its_own_rate() -> None:
    found = late_interest(
        rate=statutory(law=GERMANY),
        due_date=date(2024, 6, 20),
        today=date(2024, 7, 10),
        balances=[(JANUARY, 1_000_000)],
    )
    assert [(each.days, each.rate) for each in found.slices] == [
        (10, Decimal("12.62")),
        (10, Decimal("12.37")),
    ]


def test_what_is_not_known_is_not_guessed() -> None:
    def until(day: date, own: Sequence[tuple[date, Decimal]] = ()) -> list[Decimal]:
        found = late_interest(
            rate=statutory(law=FRANCE, own=own),
            due_date=date(2026, 6, 20),
            today=day,
            balances=[(JANUARY, 100_00)],
        )
        return [each.rate for each in found.slices]

    with pytest.raises(RateUnknown) as raised:
        until(date(2026, 7, 2))
    assert raised.value.day == date(2026, 7, 1)
    rates = until(date(2026, 7, 2), own=[(date(2026, 7, 1), Decimal("2.00"))])
    assert rates == [Decimal("12.15"), Decimal("12.00")]


def test_a_rate_that_was_entered_holds_for_its_half_year_only() -> None:
    own = [(date(2026, 7, 1), Decimal("2.00"))]
    with pytest.raises(RateUnknown):
        rate_on(law=FRANCE, day=date(2027, 1, 1), own=own)


def test_what_the_table_knows_nobody_overrides() -> None:
    own = [(date(2024, 1, 1), Decimal(99))]
    assert rate_on(law=FRANCE, day=date(2024, 3, 1), own=own)[0] == Decimal("14.50")


def test_a_rate_that_was_agreed_on_stays_the_same() -> None:
    found = late_interest(
        rate=agreed(percent=Decimal(18)),
        due_date=date(2026, 6, 20),
        today=date(2027, 6, 20),
        balances=[(JANUARY, 1_000_00)],
    )
    assert found.minor == 180_00


@pytest.mark.parametrize(
    ("country", "debt", "fee"),
    [
        ("DE", 1, 4000),
        ("DE", 5_000_000, 4000),
        ("GB", 999_99, 4000),
        ("GB", 1_000_00, 7000),
        ("GB", 10_000_00, 10_000),
    ],
)
def test_the_fixed_fee(country: str, debt: int, fee: int) -> None:
    assert fixed_fee(law=LAWS[country], debt_minor=debt) == fee


def test_every_series_has_a_row_for_each_half_year_it_vouches_for() -> None:
    for rows in RATES.values():
        days = [day for day, _rate in rows]
        assert days == sorted(days)
        assert days[-1] == date(2026, 1, 1)
        assert len(days) == (KNOWN_THROUGH.year - 2020) * 2 + 1


@given(
    days=st.integers(0, 900),
    first=st.integers(1, 10**9),
    paid_after=st.integers(1, 900),
    share=st.integers(0, 100),
)
def test_paying_never_makes_it_more_and_days_add_up(
    days: int, first: int, paid_after: int, share: int
) -> None:
    due = date(2023, 5, 5)
    today = date.fromordinal(due.toordinal() + days)
    paid = date.fromordinal(due.toordinal() + paid_after)
    whole = late_interest(
        rate=statutory(law=GERMANY),
        due_date=due,
        today=today,
        balances=[(JANUARY.replace(year=2023), first)],
    )
    rest = first - first * share // 100
    part = late_interest(
        rate=statutory(law=GERMANY),
        due_date=due,
        today=today,
        balances=[(JANUARY.replace(year=2023), first), (paid, rest)],
    )
    assert 0 <= part.minor <= whole.minor
    assert sum(each.days for each in whole.slices) == days
