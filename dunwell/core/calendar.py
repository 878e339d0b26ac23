"""Local days and hours as instants, and business days."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from dunwell.core.errors import DateOutOfRange

# A margin to the ends of what `date` can hold, so that any zone's offset still fits.
FIRST_DAY: Final = date(1900, 1, 1)
LAST_DAY: Final = date(9998, 12, 31)
_FIRST_ORDINAL: Final = FIRST_DAY.toordinal()
_LAST_ORDINAL: Final = LAST_DAY.toordinal()
_SECOND: Final = timedelta(seconds=1)


@lru_cache(maxsize=1024)
def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day an aware instant falls on in the zone; remembered for a batch."""
    return instant.astimezone(zone).date()


@lru_cache(maxsize=65_536)
def day_and_instant(ordinal: int, hour: int, zone: ZoneInfo) -> tuple[date, datetime]:
    """Return the day of a proleptic ordinal and the instant of its hour, both remembered.

    Schedules ask for the same few thousand pairs over and over. Raises DateOutOfRange.
    """
    if not _FIRST_ORDINAL <= ordinal <= _LAST_ORDINAL:
        raise DateOutOfRange
    day = date.fromordinal(ordinal)
    wall = datetime.combine(day, time(hour))
    # fold=0 means the first of two equal wall times.
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return day, instant
    return day, _end_of_gap(wall, zone)


def _end_of_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant after the gap that swallowed a wall time.

    Read with the offset after the gap (fold=1) it lies before the jump, read with the offset
    before it (fold=0) at or behind the jump: halve the distance until a second is left.
    """
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    behind = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    offset = before.astimezone(zone).utcoffset()
    while behind - before > _SECOND:
        middle = before + timedelta(seconds=(behind - before) // _SECOND // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            behind = middle
    return behind


def instant_at(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """Return the UTC instant of a local hour (0 to 23).

    An hour that daylight saving skips gives the next existing instant, one that occurs twice
    the first. Rule: chasing, Triggers. Raises DateOutOfRange.
    """
    return day_and_instant(day.toordinal(), hour, zone)[1]


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of the local day, also where daylight saving skips 00:00."""
    return instant_at(day, 0, zone)


def quiet_until(
    instant: datetime, *, hours: tuple[int, int] | None, zone: ZoneInfo
) -> datetime | None:
    """Return when the quiet hours end in which the instant lies, None if it lies in none.

    `hours` are the first quiet hour and the first that is not (21, 8: over midnight), in the
    person's own zone. Rule: chasing, Triggers, options of the organization.
    """
    if hours is None or hours[0] == hours[1]:
        return None
    begins, ends = hours
    local = instant.astimezone(zone)
    if begins < ends:
        quiet = begins <= local.hour < ends
    else:
        quiet = local.hour >= begins or local.hour < ends
    if not quiet:
        return None
    later = begins > ends and local.hour >= begins
    return instant_at(add_days(local.date(), 1) if later else local.date(), ends, zone)


def add_days(day: date, days: int) -> date:
    """Return the day `days` later (negative: earlier). Raises DateOutOfRange."""
    ordinal = day.toordinal() + days
    if not _FIRST_ORDINAL <= ordinal <= _LAST_ORDINAL:
        raise DateOutOfRange
    return date.fromordinal(ordinal)


def is_business_day(day: date, holidays: frozenset[date]) -> bool:
    """Tell whether the day is neither Saturday nor Sunday nor a public holiday."""
    return day.weekday() < 5 and day not in holidays


def shift_business(day: date, holidays: frozenset[date], *, back: bool = False) -> date:
    """Return the day itself if it is a business day, else the next one (`back`: the last one).

    Rule: chasing, Triggers, options of the organization. Raises DateOutOfRange.
    """
    step = -1 if back else 1
    while not is_business_day(day, holidays):
        day = add_days(day, step)
    return day
