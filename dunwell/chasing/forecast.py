"""What steps would send over all open invoices in the coming days, counted per day and channel.

Invoices are grouped by their dates: all of one invoice date, due date and day of issue get the
same plan, so 100,000 invoices are reckoned a few thousand times. Nothing is stored.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db import connection

from dunwell.core.cadence import Step
from dunwell.core.calendar import add_days, local_date, midnight
from dunwell.core.schedule import instances
from dunwell.tenancy.holidays import business_calendar
from dunwell.tenancy.models import Organization

DAYS: Final = 90

# Open invoices by dates, and whether any message of theirs went out; as the planner asks it.
_GROUPS: Final = """
SELECT i.invoice_date, i.due_date, (i.issued_at AT TIME ZONE %(zone)s)::date,
  i.first_marked_sent_at IS NOT NULL OR f.id IS NOT NULL, count(*)
FROM ledger_invoice i
JOIN ledger_customer c ON c.organization_id = i.organization_id AND c.id = i.customer_id
LEFT JOIN chasing_firstsend f
  ON f.organization_id = i.organization_id AND f.invoice_id = i.id
WHERE i.organization_id = %(organization)s AND i.issued_at IS NOT NULL AND i.closed_at IS NULL
  AND i.balance_minor > 0 AND NOT c.do_not_chase
GROUP BY 1, 2, 3, 4
"""


@dataclass(frozen=True, slots=True)
class Group:
    """Open invoices with the same dates."""

    invoice_date: date
    due_date: date
    issued_on: date
    ever_sent: bool
    invoices: int


type Forecast = Mapping[tuple[date, str], int]


def open_groups(*, organization: Organization) -> list[Group]:
    """Count the open invoices that may be chased per combination of dates."""
    with connection.cursor() as cursor:
        asked: dict[str, Any] = {"organization": organization.pk, "zone": organization.time_zone}
        cursor.execute(_GROUPS, asked)
        return [Group(*row) for row in cursor.fetchall()]


def forecast(
    *,
    organization: Organization,
    steps: Sequence[Step],
    groups: Sequence[Group],
    now: datetime,
    days: int = DAYS,
) -> Forecast:
    """Count per local day and channel what steps would send if applied to all groups now.

    From today for `days` days. Holds and payments to come are not foreseen. An invoice that was
    never sent goes out now at the latest (Rule: chasing, On issue is never lost). Raises
    DateOutOfRange.
    """
    zone = organization.zone
    today = local_date(now, zone)
    end = midnight(add_days(today, days), zone)
    channels = {step.key: [channel.value for channel in step.channels] for step in steps}
    found: Counter[tuple[date, str]] = Counter()
    for group in groups:
        for each in instances(
            steps=steps,
            invoice_date=group.invoice_date,
            issue_day=group.issued_on,
            due_date=group.due_date,
            first_set_on=today,
            zone=zone,
            holidays=business_calendar(organization=organization, year=group.invoice_date.year),
        ):
            lost = each.on_issue and not group.ever_sent and each.at < now
            day = today if lost else each.day
            if lost or now <= each.at < end:
                for channel in channels[each.step_key]:
                    found[day, channel] += group.invoices
    return found
