"""What the passing of time sets off in chasing: sends that fall due, and holds that end."""

import time
from datetime import datetime
from uuid import UUID

from django.db import connection

from dunwell.chasing.accounts.timers import do_runs, next_run, next_unfold, unfold
from dunwell.chasing.operations import tray
from dunwell.chasing.operations.planning import replan
from dunwell.chasing.sender.facts import Subject, load_subjects
from dunwell.chasing.sender.session import one_sender
from dunwell.core.calendar import midnight
from dunwell.core.holds import free_on, held
from dunwell.tenancy.models import Organization
from dunwell.tenancy.timers import Timer, register

SENDS = "sends"

# Open invoices that were never sent, whose on-issue step fell into a hold.
_LOST_ISSUES = """
SELECT DISTINCT p.invoice_id
FROM chasing_plannedsend p
JOIN ledger_invoice i ON i.organization_id = p.organization_id AND i.id = p.invoice_id
JOIN chasing_schedule s ON s.organization_id = p.organization_id AND s.invoice_id = p.invoice_id
WHERE p.organization_id = %s AND p.state = 'skipped' AND p.reason = 'paused'
  AND p.kind = 'step' AND p.trigger->>'type' = 'on_issue'
  AND i.closed_at IS NULL AND i.balance_minor > 0 AND s.enabled
  AND i.first_marked_sent_at IS NULL
  AND NOT EXISTS (SELECT FROM chasing_firstsend f
    WHERE f.organization_id = p.organization_id AND f.invoice_id = p.invoice_id)
"""


def _lost_issues(organization: Organization, at: datetime) -> tuple[list[UUID], list[datetime]]:
    """Return the lost issues that are free at the instant, and when holds of the others end.

    Only those ends that are known beforehand: of pauses, replies, promises and claims.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOST_ISSUES, [organization.pk])
        ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            return [], []
        subjects = load_subjects(cursor, invoice_ids=ids, since=at, now=at)
    free = [invoice for invoice, subject in subjects.items() if _free(subject, at)]
    ends = [end for subject in subjects.values() for end in _ends(subject)]
    return free, [end for end in ends if end > at]


def _ends(subject: Subject) -> list[datetime]:
    """List when an invoice's holds end by themselves."""
    rules, ends = subject.organization.rules, []
    for hold in subject.invoice.holds:
        day = free_on(hold, grace_days=rules.grace_days)
        if hold.ended is not None:
            ends.append(hold.ended)
        elif day is not None:
            ends.append(midnight(day, rules.zone))
    return ends


def _free(subject: Subject, at: datetime) -> bool:
    rules = subject.organization.rules
    hold = held(
        holds=subject.invoice.holds,
        balance_minor=subject.balance_minor,
        at=at,
        grace_days=rules.grace_days,
        zone=rules.zone,
    )
    return hold is None


def next_lost_issue(*, organization: Organization, after: datetime) -> datetime | None:
    """Return when the next never-sent invoice becomes free of its hold."""
    free, ends = _lost_issues(organization, after)
    return after if free else min(ends, default=None)


def plan_lost_issues(*, organization: Organization, at: datetime) -> int:
    """Plan on-issue steps for now whose hold has ended (Rule: chasing, On issue is never lost)."""
    free, _ends = _lost_issues(organization, at)
    if free:
        replan(organization=organization, invoice_ids=free, now=at)
    return len(free)


# Messages that wait for their next try, or in the batch of a sender that lives or died: both by
# partial indexes that hold next to nothing, though the table holds every message ever sent.
_UNDER_WAY = """
(EXISTS (SELECT FROM inbox_delivery d
         WHERE d.organization_id = %(org)s AND d.state = 'queued' AND d.batch_id IS NULL
           AND d.planned_send_id IS NOT NULL AND d.next_try_at IS NOT NULL
           AND (d.not_before IS NULL OR d.not_before <= %(at)s))
 OR EXISTS (SELECT FROM chasing_batch b JOIN inbox_delivery d ON d.batch_id = b.id
            WHERE d.organization_id = %(org)s))
"""
_NEXT = f"""
SELECT {_UNDER_WAY}, least(
  (SELECT min(at) FROM chasing_plannedsend WHERE organization_id = %(org)s AND state = 'planned'),
  (SELECT min(d.not_before) FROM inbox_delivery d WHERE d.organization_id = %(org)s
     AND d.state = 'queued' AND d.batch_id IS NULL AND d.next_try_at IS NOT NULL))
"""  # noqa: S608  # only our own words
# Also a put-back send that waits for its turn.
_WAITING = f"""
SELECT {_UNDER_WAY} OR EXISTS (
  SELECT FROM chasing_plannedsend WHERE organization_id = %(org)s AND state = 'planned'
    AND at <= %(at)s AND not_before IS NOT NULL)
"""  # noqa: S608  # only our own words


def next_send(*, organization: Organization, after: datetime) -> datetime | None:
    """Return the instant of the next planned send; now, if one is under way already."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, {"org": organization.pk, "at": after})
        under_way, found = cursor.fetchone()
    if under_way:
        return after
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
                sender.sweep()
                time.sleep(0.02)


def _waiting(organization: Organization, at: datetime) -> bool:
    """Say whether a delivery waits for its next try, or a put-back send for its turn."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"org": organization.pk, "at": at})
        return bool(cursor.fetchone()[0])


def _withdraw_letters(*, organization: Organization, at: datetime) -> int:
    return tray.withdraw(organization=organization, now=at)


def register_all() -> None:
    """Register this floor's rules; a hold's end comes before the sends it sets free."""
    register(Timer("lost_issues", next_lost_issue, plan_lost_issues))
    register(Timer("tray", tray.next_withdrawal, _withdraw_letters))
    register(Timer("account_runs", next_run, do_runs))
    register(Timer("unfold", next_unfold, unfold))
    register(Timer(SENDS, next_send, send_due))
