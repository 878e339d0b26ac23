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
    """Return the holidays around `year`, or None where sends are not moved to business days.

    Rule: chasing, Triggers (options of the organization).
    """
    if not organization.business_days_only:
        return None
    return _holidays(organization.holiday_calendar, year - 5, year + _YEARS_AHEAD)
