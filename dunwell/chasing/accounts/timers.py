"""When customer cadences run, and when reminders that were folded in vain come back."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from dunwell.chasing.accounts import rules
from dunwell.chasing.accounts.runs import run_cadence
from dunwell.chasing.models import CustomerCadence
from dunwell.core.accounts import next_run_day
from dunwell.core.calendar import add_days, instant_at, local_date, midnight
from dunwell.tenancy.models import Organization

# Asked every few seconds for every organization, and before each step of a test clock; most have
# none.
_AT_WORK = """
SELECT c.id FROM chasing_customercadence c
WHERE c.organization_id = %s AND (c.assign_when IS NOT NULL OR EXISTS (
  SELECT FROM chasing_accountchasing a
  WHERE a.organization_id = c.organization_id AND a.cadence_id = c.id AND a.enabled))
"""
# A reminder folded into a message that in the end did not go out on one of its channels.
_IN_VAIN = """
FROM chasing_plannedsend p
JOIN chasing_plannedsend a ON a.organization_id = p.organization_id AND a.id = p.points_at_id
WHERE p.organization_id = %(org)s AND p.state = 'skipped' AND p.reason = 'folded'
  AND a.state IN ('failed', 'skipped', 'cancelled')
  AND p.day >= %(since)s
  AND EXISTS (SELECT FROM unnest(p.channels) AS channel WHERE NOT EXISTS (
    SELECT FROM inbox_delivery d WHERE d.organization_id = p.organization_id
      AND d.planned_send_id = a.id AND d.channel = channel
      AND d.state IN ('queued', 'sending', 'sent', 'delivered', 'uncertain')))
"""
_FIND = f"SELECT p.id {_IN_VAIN} LIMIT 1"
_BRING_BACK = f"""
UPDATE chasing_plannedsend q SET state = 'planned', reason = '', detail = '', points_at_id = NULL,
  changed_at = %(now)s, put_backs = 0, not_before = NULL
FROM (SELECT p.id {_IN_VAIN} ORDER BY p.id FOR NO KEY UPDATE OF p) AS found
WHERE q.id = found.id AND q.state = 'skipped'
"""  # noqa: S608 - constants


def next_run(
    *,
    organization: Organization,
    after: datetime,  # noqa: ARG001 - all timers take the same
) -> datetime | None:
    """Return the next midnight or hour at which a customer cadence has something to do."""
    instants = [_due(organization, cadence) for cadence in _at_work(organization)]
    return min(instants, default=None)


def _at_work(organization: Organization) -> list[CustomerCadence]:
    """List the cadences that have accounts or take some by a rule."""
    with connection.cursor() as cursor:
        cursor.execute(_AT_WORK, [organization.pk])
        ids = [row[0] for row in cursor.fetchall()]
    return list(CustomerCadence.objects.filter(pk__in=ids).order_by("id")) if ids else []


def _due(organization: Organization, cadence: CustomerCadence) -> datetime:
    """Return the instant of a cadence's next deed: a day's planning, or its run."""
    planned, ran = cadence.planned_through, cadence.ran_through
    if planned is not None and (ran is None or ran < planned):
        return instant_at(planned, cadence.hour, organization.zone)
    start = local_date(cadence.created_at, organization.zone)
    day = next_run_day(day=add_days(planned, 1) if planned else start, weekdays=cadence.weekdays)
    return midnight(day, organization.zone)


def do_runs(*, organization: Organization, at: datetime) -> int:
    """Plan and make every run that is due; one missed by more than the window is left out.

    An outage never ends in a heap: of several runs that are late only the last is made.
    """
    rules.assign(organization=organization, now=at)
    done = 0
    for cadence in _at_work(organization):
        while (due := _due(organization, cadence)) <= at:
            done += _do(organization, cadence, due, at)
            cadence.refresh_from_db(fields=["planned_through", "ran_through"])
    return done


def _do(organization: Organization, cadence: CustomerCadence, due: datetime, at: datetime) -> int:
    zone = organization.zone
    planned, ran = cadence.planned_through, cadence.ran_through
    making = planned is not None and (ran is None or ran < planned)
    day = planned if making and planned is not None else local_date(due, zone)
    if at - instant_at(day, cadence.hour, zone) > timedelta(hours=organization.catch_up_hours):
        _leave_out(cadence, _last_day(cadence, day, at, organization))
        return 0
    return 1 + run_cadence(
        organization=organization, cadence_id=cadence.pk, day=day, now=at, ahead=not making
    )


def _last_day(
    cadence: CustomerCadence, day: date, at: datetime, organization: Organization
) -> date:
    """Return the last day whose run is missed for good."""
    window = timedelta(hours=organization.catch_up_hours)
    while True:
        coming = next_run_day(day=add_days(day, 1), weekdays=cadence.weekdays)
        if at - instant_at(coming, cadence.hour, organization.zone) <= window:
            return day
        day = coming


def _leave_out(cadence: CustomerCadence, through: date) -> None:
    CustomerCadence.objects.filter(pk=cadence.pk).update(
        planned_through=through, ran_through=through
    )


def next_unfold(*, organization: Organization, after: datetime) -> datetime | None:
    """Return now, if a reminder was folded into a message that did not go out; else None."""
    with connection.cursor() as cursor:
        cursor.execute(_FIND, _asked(organization, after))
        return after if cursor.fetchone() else None


def unfold(*, organization: Organization, at: datetime) -> int:
    """Plan such reminders again: at their own hour, or under catching up."""
    with connection.cursor() as cursor:
        cursor.execute(_BRING_BACK, {**_asked(organization, at), "now": at})
        return int(cursor.rowcount)


def _asked(organization: Organization, at: datetime) -> dict[str, Any]:
    # What a message folded days ago would only be missed now.
    since = local_date(at - timedelta(hours=organization.catch_up_hours), organization.zone)
    return {"org": organization.pk, "since": since}
