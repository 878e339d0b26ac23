"""What the passing of time sets off in chasing: sends that fall due, and holds that end."""

import time
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Min

from dunwell.chasing.models import PlannedSend
from dunwell.chasing.operations.planning import replan
from dunwell.chasing.sender.session import one_sender
from dunwell.inbox.models import Delivery
from dunwell.tenancy.models import Organization
from dunwell.tenancy.timers import Timer, register

SENDS = "sends"

# Invoices never sent whose on-issue step fell into a hold that stands no more at %(at)s.
_LOST_ISSUES = """
SELECT DISTINCT p.invoice_id, (
  SELECT max(h.ends_at) FROM chasing_pause h
  WHERE h.organization_id = p.organization_id AND h.invoice_id = p.invoice_id
    AND h.ends_at > %(at)s)
FROM chasing_plannedsend p
JOIN ledger_invoice i ON i.organization_id = p.organization_id AND i.id = p.invoice_id
JOIN chasing_schedule s ON s.organization_id = p.organization_id AND s.invoice_id = p.invoice_id
WHERE p.organization_id = %(organization)s AND p.state = 'skipped' AND p.reason = 'paused'
  AND p.kind = 'step' AND p.trigger->>'type' = 'on_issue'
  AND i.closed_at IS NULL AND i.balance_minor > 0 AND s.enabled
  AND NOT EXISTS (SELECT FROM chasing_firstsend f
    WHERE f.organization_id = p.organization_id AND f.invoice_id = p.invoice_id)
  AND NOT EXISTS (SELECT FROM ledger_promise q WHERE q.organization_id = p.organization_id
    AND q.invoice_id = p.invoice_id AND q.state = 'open')
  AND NOT EXISTS (SELECT FROM ledger_dispute d WHERE d.organization_id = p.organization_id
    AND d.invoice_id = p.invoice_id AND d.resolved_at IS NULL
    AND coalesce(d.amount_minor, i.balance_minor) >= i.balance_minor)
"""


def _lost_issues(organization: Organization, at: datetime) -> list[tuple[UUID, datetime | None]]:
    with connection.cursor() as cursor:
        cursor.execute(_LOST_ISSUES, {"organization": organization.pk, "at": at})
        return [(row[0], row[1]) for row in cursor.fetchall()]


def next_lost_issue(*, organization: Organization, after: datetime) -> datetime | None:
    """Return when the next never-sent invoice becomes free of its hold."""
    ends = [end for _invoice, end in _lost_issues(organization, after)]
    if None in ends:
        return after
    return min((end for end in ends if end is not None), default=None)


def plan_lost_issues(*, organization: Organization, at: datetime) -> int:
    """Plan on-issue steps for now whose hold has ended (Rule: chasing, On issue is never lost)."""
    free = [invoice for invoice, end in _lost_issues(organization, at) if end is None]
    if free:
        replan(organization=organization, invoice_ids=free, now=at)
    return len(free)


def next_send(*, organization: Organization, after: datetime) -> datetime | None:
    """Return the instant of the next planned send."""
    found: datetime | None = PlannedSend.objects.filter(
        organization=organization, state="planned"
    ).aggregate(first=Min("at"))["first"]
    return None if found is None else max(found, after)


def send_due(*, organization: Organization, at: datetime) -> int:
    """Hand over everything due in a sandbox at this instant; wait for its short retries."""
    decided = 0
    with one_sender() as sender:
        while True:
            some = sender.step(now=at, organization_id=organization.pk)
            decided += some
            if not some:
                if not _waiting(organization, at):
                    return decided
                time.sleep(0.02)


def _waiting(organization: Organization, at: datetime) -> bool:
    """Say whether a delivery waits for its next try, or a put-back send for its turn."""
    queued = Delivery.objects.filter(organization=organization, state="queued")
    back = PlannedSend.objects.filter(
        organization=organization, state="planned", at__lte=at, not_before__isnull=False
    )
    return queued.exists() or back.exists()


def register_all() -> None:
    """Register this floor's rules; a hold's end comes before the sends it sets free."""
    register(Timer("lost_issues", next_lost_issue, plan_lost_issues))
    register(Timer(SENDS, next_send, send_due))
