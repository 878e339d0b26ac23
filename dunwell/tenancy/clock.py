"""The two clocks (Rule: chasing, Time control).

The organization's clock rules states, schedules, promises, pauses and default dates; it stands
still in a sandbox. The wall clock rules tokens, sessions, rate limits, back-off and leases.
Doors read a clock once and pass the instant down.
"""

from datetime import UTC, date, datetime

from dunwell.core.calendar import local_date
from dunwell.tenancy.models import Organization


def wall() -> datetime:
    """Return the real present instant in UTC."""
    return datetime.now(UTC)


def now(organization: Organization) -> datetime:
    """Return the organization's present instant in UTC."""
    return organization.sandbox_now or wall()


def today(organization: Organization) -> date:
    """Return the organization's present local day."""
    return local_date(now(organization), organization.zone)
