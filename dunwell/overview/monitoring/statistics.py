"""What cadences bring: within how many days after which step invoices were paid.

Only invoices paid in full, by the day the money came; amounts per currency, never added up.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db import connection

from dunwell.core.money import Money
from dunwell.tenancy.database.rows import as_json
from dunwell.tenancy.models import Organization

WITHIN: Final = (3, 7, 14, 30)
"""The bounds, in days after the last step; one more group holds what came later."""

# The last message that had gone out on the day the money came. One planned for the same day
# counts: the money and the message are not told apart within a day.
_PAID: Final = """
SELECT s.cadence_id, i.currency, last.trigger, last.kind,
  CASE WHEN last.day IS NOT NULL
    THEN (SELECT count(*) FROM unnest(%(within)s::int[]) bound WHERE i.paid_on - last.day > bound)
  END AS later_than, count(*), sum(i.total_minor)::bigint
FROM ledger_invoice i
LEFT JOIN chasing_schedule s ON s.organization_id = i.organization_id AND s.invoice_id = i.id
LEFT JOIN LATERAL (
  SELECT p.trigger, p.kind, p.day FROM chasing_plannedsend p
  WHERE p.organization_id = i.organization_id AND p.invoice_id = i.id AND p.day <= i.paid_on
    AND (p.state = 'sent' OR p.state = 'failed' AND p.reason = 'uncertain')
  ORDER BY p.at DESC LIMIT 1) last ON true
WHERE i.organization_id = %(organization)s AND i.balance_minor <= 0 AND i.closed_at IS NULL
  AND i.paid_at IS NOT NULL AND i.paid_on >= %(first)s AND i.paid_on <= %(last)s
GROUP BY 1, 2, 3, 4, 5
"""


@dataclass(slots=True)
class Paid:
    """How many invoices were paid and what they came to per currency, in minor units."""

    count: int = 0
    minor: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, count: int, currency: str, minor: int) -> None:
        """Add invoices of one currency."""
        self.count += count
        self.minor[currency] += minor

    @property
    def amounts(self) -> list[Money]:
        """List what they came to, one amount per currency."""
        return [Money(minor, currency) for currency, minor in sorted(self.minor.items())]


@dataclass(slots=True)
class StepPaid:
    """What was paid after one step as the last one, by the days it took.

    `trigger` is the step's, empty where nothing had been sent. `within` has one group for each of
    WITHIN and one for later.
    """

    trigger: Mapping[str, Any]
    all: Paid = field(default_factory=Paid)
    within: list[Paid] = field(default_factory=lambda: [Paid() for _ in range(len(WITHIN) + 1)])

    @property
    def reminder(self) -> bool:
        """Say whether it reminded; sending the invoice at issue does not."""
        return bool(self.trigger) and self.trigger.get("type") != "on_issue"


@dataclass(slots=True)
class Statistics:
    """What was paid under one cadence, or under all (`cadence_id` None and `overall`)."""

    cadence_id: UUID | None
    overall: bool = False
    all: Paid = field(default_factory=Paid)
    unreminded: Paid = field(default_factory=Paid)
    steps: dict[str, StepPaid] = field(default_factory=dict)

    def add(self, trigger: Mapping[str, Any], later_than: int | None, paid: Sequence[Any]) -> None:
        """Add invoices paid after a step; `paid` is count, currency, minor units."""
        step = self.steps.setdefault(as_json([dict(trigger)]), StepPaid(trigger))
        step.all.add(*paid)
        if later_than is not None:
            step.within[later_than].add(*paid)
        self.all.add(*paid)
        if not step.reminder:
            self.unreminded.add(*paid)

    @property
    def unreminded_share(self) -> int:
        """Return how many of a hundred invoices were paid before any reminder."""
        return round(100 * self.unreminded.count / self.all.count) if self.all.count else 0

    @property
    def ordered(self) -> list[StepPaid]:
        """List the steps, those after which most was paid first."""
        return sorted(self.steps.values(), key=lambda step: -step.all.count)


def statistics(*, organization: Organization, first: date, last: date) -> list[Statistics]:
    """Sum up the invoices whose money came between two days, overall and then per cadence.

    Invoices without a cadence (none, or steps of their own) come last, with `cadence_id` None.
    Rule: chasing, Monitoring.
    """
    overall = Statistics(None, overall=True)
    found: dict[UUID | None, Statistics] = {}
    for cadence, currency, trigger, kind, later_than, count, minor in _rows(
        organization, first, last
    ):
        step = _trigger(trigger, kind)
        own = found.setdefault(cadence, Statistics(cadence))
        for each in (overall, own):
            each.add(step, later_than, (count, currency, minor))
    return [overall, *sorted(found.values(), key=lambda s: (s.cadence_id is None, -s.all.count))]


def _trigger(trigger: Mapping[str, Any] | None, kind: str | None) -> Mapping[str, Any]:
    """Name a step by its trigger, a member's own message by its kind."""
    if kind in ("manual", "retry"):
        return {"type": kind}
    return trigger or {}


def _rows(organization: Organization, first: date, last: date) -> list[Any]:
    asked: dict[str, Any] = {
        "organization": organization.pk, "first": first, "last": last, "within": list(WITHIN),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_PAID, asked)
        names = [column.name for column in cursor.description or ()]
        at = names.index("trigger")
        return [_read(list(row), at) for row in cursor.fetchall()]


def _read(row: list[Any], at: int) -> list[Any]:
    if isinstance(row[at], str):
        row[at] = json.loads(row[at])
    return row
