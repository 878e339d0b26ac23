"""The organization's business calendar."""

from datetime import date
from functools import lru_cache

import holidays

from dunwell.tenancy.models import Organization

_YEARS_AHEAD = 11  # repeats and terms reach at most ten years ahead


def calendars() -> dict[str, list[str]]:
    """List the known holiday calendars: country codes with their subdivisions."""
    return holidays.list_supported_countries()


@lru_cache(maxsize=64)
def _holidays(calendar: str, first: int, last: int) -> frozenset[date]:
    country, _, subdivision = calendar.partition("-")
    if not country:
        return frozenset()
    found = holidays.country_holidays(
        country, subdiv=subdivision or None, years=range(first, last + 1)
    )
    return frozenset(found)


def holidays_around(*, organization: Organization, year: int) -> frozenset[date]:
    """Return the holidays around `year`, for counting working days (never None)."""
    return _holidays(organization.holiday_calendar, year - 5, year + _YEARS_AHEAD)


def business_calendar(*, organization: Organization, year: int) -> frozenset[date] | None:
    """Return the days off around `year`, or None where sends are not moved to business days.

    Rule: chasing, Triggers (options of the organization).
    """
    if not organization.business_days_only:
        return None
    return days_off(organization=organization, year=year)


def days_off(*, organization: Organization, year: int) -> frozenset[date]:
    """Return the public holidays around `year` and the days on which the company is closed."""
    public = _holidays(organization.holiday_calendar, year - 5, year + _YEARS_AHEAD)
    return public.union(organization.closed_days)


def next_days_off(*, organization: Organization, after: date, count: int) -> list[tuple[date, str]]:
    """List the next days off with their names, in the organization's language where known.

    A day on which only the company is closed has no name.
    """
    named = dict.fromkeys(organization.closed_days, "") | _named(
        organization.holiday_calendar, after.year, organization.locale
    )
    return [(day, named[day]) for day in sorted(named) if day >= after][:count]


@lru_cache(maxsize=64)
def _named(calendar: str, year: int, tag: str) -> dict[date, str]:
    country, _, subdivision = calendar.partition("-")
    if not country:
        return {}
    known = holidays.country_holidays(country).supported_languages
    language = next(
        (each for each in known if each.partition("_")[0] == tag.partition("-")[0]), None
    )
    return dict(
        holidays.country_holidays(
            country, subdiv=subdivision or None, years=range(year, year + 3), language=language
        )
    )
