from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.core.calendar import add_days, instant_at, local_date, midnight, shift_business
from dunwell.core.errors import DateOutOfRange

ZONES = st.sampled_from(
    [
        ZoneInfo(name)
        for name in (
            "Europe/Berlin", "Pacific/Auckland", "America/New_York", "Australia/Lord_Howe",
            "Asia/Beirut", "America/Havana", "America/Santiago", "Asia/Kolkata", "Pacific/Apia",
            "UTC",
        )
    ]
)  # fmt: skip
DAYS = st.dates(date(2000, 1, 1), date(2060, 12, 31))


@pytest.mark.parametrize(
    ("zone", "day", "hour", "expected"),
    [
        ("Europe/Berlin", date(2026, 1, 15), 9, "2026-01-15T08:00"),
        ("Europe/Berlin", date(2026, 7, 15), 9, "2026-07-15T07:00"),
        # 02:00 does not exist on 29 March: 03:00 is the next instant
        ("Europe/Berlin", date(2026, 3, 29), 2, "2026-03-29T01:00"),
        # 02:00 occurs twice on 25 October: the first
        ("Europe/Berlin", date(2026, 10, 25), 2, "2026-10-25T00:00"),
        ("America/New_York", date(2026, 3, 8), 2, "2026-03-08T07:00"),
        ("America/New_York", date(2026, 11, 1), 1, "2026-11-01T05:00"),
        ("Pacific/Auckland", date(2026, 9, 27), 2, "2026-09-26T14:00"),
        # half an hour is skipped: 02:00 becomes 02:30, not 03:00
        ("Australia/Lord_Howe", date(2026, 10, 4), 2, "2026-10-03T15:30"),
        # midnight is skipped
        ("Asia/Beirut", date(2026, 3, 29), 0, "2026-03-28T22:00"),
        ("America/Havana", date(2026, 11, 1), 0, "2026-11-01T04:00"),
        # the whole day is skipped
        ("Pacific/Apia", date(2011, 12, 30), 12, "2011-12-30T10:00"),
    ],
)
def test_a_local_hour_is_an_instant(zone: str, day: date, hour: int, expected: str) -> None:
    assert instant_at(day, hour, ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M") == expected


@given(DAYS, st.integers(0, 23), ZONES)
def test_the_instant_is_the_first_at_or_after_the_hour(
    day: date, hour: int, zone: ZoneInfo
) -> None:
    at = instant_at(day, hour, zone)
    assert at.tzinfo is UTC
    wall = datetime(day.year, day.month, day.day, hour)  # noqa: DTZ001  # a wall time is meant
    assert at.astimezone(zone).replace(tzinfo=None) >= wall
    just_before = (at - timedelta(microseconds=1)).astimezone(zone)
    assert just_before.replace(tzinfo=None) < wall


@given(DAYS, ZONES)
def test_hours_of_a_day_never_run_backwards(day: date, zone: ZoneInfo) -> None:
    hours = [instant_at(day, hour, zone) for hour in range(24)]
    assert hours == sorted(hours)
    assert hours[-1] <= midnight(add_days(day, 1), zone)


@given(DAYS.filter(lambda day: day != date(2011, 12, 30)), ZONES)
def test_the_day_begins_in_its_first_instant(day: date, zone: ZoneInfo) -> None:
    first = midnight(day, zone)
    assert local_date(first, zone) == day
    assert local_date(first - timedelta(microseconds=1), zone) < day


@pytest.mark.parametrize(
    ("day", "back", "expected"),
    [
        (date(2026, 3, 6), False, date(2026, 3, 6)),
        (date(2026, 3, 7), False, date(2026, 3, 9)),
        (date(2026, 3, 8), True, date(2026, 3, 6)),
        # Good Friday and Easter Monday
        (date(2026, 4, 3), False, date(2026, 4, 7)),
        (date(2026, 4, 6), True, date(2026, 4, 2)),
    ],
)
def test_weekends_and_holidays_are_no_business_days(day: date, back: bool, expected: date) -> None:
    holidays = frozenset({date(2026, 4, 3), date(2026, 4, 6)})
    assert shift_business(day, holidays, back=back) == expected


@pytest.mark.parametrize(
    ("day", "days"), [(date(9998, 12, 31), 1), (date(1900, 1, 1), -1), (date(2026, 1, 1), 10**9)]
)
def test_days_beyond_the_calendar_are_refused(day: date, days: int) -> None:
    with pytest.raises(DateOutOfRange):
        add_days(day, days)
    with pytest.raises(DateOutOfRange):
        instant_at(date.max, 9, ZoneInfo("UTC"))
