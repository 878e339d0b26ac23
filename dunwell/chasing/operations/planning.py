"""Planning: from schedules to planned sends, for any number of invoices at once.

Everything that changes what should go out ends here: issuing, amending, paying, reversing, closing,
reopening, changing a schedule, a time zone, or the end of a hold.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from itertools import batched
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from dunwell.chasing.accounts.cycles import look_again
from dunwell.core.cadence import Step
from dunwell.core.calendar import local_date
from dunwell.core.ids import uuid7
from dunwell.core.outcomes import Reason, SendState
from dunwell.core.schedule import Change, ChangeKind, Existing, PlanMode, instances, plan
from dunwell.tenancy.database.rows import Row, as_json, uuids
from dunwell.tenancy.holidays import business_calendar
from dunwell.tenancy.models import Organization

BATCH = 2000

_LOCK = """
SELECT id FROM ledger_invoice WHERE organization_id = %s AND id = ANY(%s)
ORDER BY id FOR NO KEY UPDATE
"""
_RAISE = """
UPDATE ledger_invoice SET chase_version = chase_version + 1
WHERE organization_id = %s AND id = ANY(%s)
"""
_INVOICES = """
SELECT i.id, i.invoice_date, i.due_date, i.issued_at, i.closed_at IS NOT NULL, i.balance_minor,
       s.enabled AND NOT c.do_not_chase, s.steps::text, s.first_set_on,
       i.first_marked_sent_at IS NOT NULL OR EXISTS (
         SELECT FROM chasing_firstsend f
         WHERE f.organization_id = i.organization_id AND f.invoice_id = i.id)
FROM ledger_invoice i
JOIN ledger_customer c ON c.organization_id = i.organization_id AND c.id = i.customer_id
JOIN chasing_schedule s ON s.organization_id = i.organization_id AND s.invoice_id = i.id
WHERE i.organization_id = %s AND i.id = ANY(%s)
"""
_EXISTING = """
SELECT invoice_id, step_key, occurrence, state, at, reason
FROM chasing_plannedsend
WHERE organization_id = %s AND invoice_id = ANY(%s) AND kind = 'step'
"""
_END = """
UPDATE chasing_plannedsend SET state = 'cancelled', reason = %s, changed_at = %s
WHERE organization_id = %s AND invoice_id = ANY(%s) AND state = 'planned' AND kind = ANY(%s)
"""
_DELETE_DRAFTS = """
DELETE FROM chasing_plannedsend
WHERE organization_id = %s AND invoice_id = ANY(%s) AND kind = 'step' AND state <> 'sending'
  AND NOT EXISTS (SELECT FROM inbox_delivery d
                  WHERE d.organization_id = chasing_plannedsend.organization_id
                    AND d.planned_send_id = chasing_plannedsend.id)
"""
# What a step says stands once for all its sends, in `steps`; a send names its step by `n`. In the
# order of their ids, so that table and indexes grow at their ends.
_CREATE = """
INSERT INTO chasing_plannedsend
  (id, organization_id, invoice_id, kind, step_key, occurrence, trigger, hour, day, at, channels,
   contact_roles, template, state, reason, detail, by, changed_at, put_backs, live)
WITH steps AS MATERIALIZED (
  SELECT n, s.step->'trigger' AS trigger, (s.step->>'hour')::int AS hour,
         ARRAY(SELECT jsonb_array_elements_text(s.step->'channels')) AS channels,
         ARRAY(SELECT jsonb_array_elements_text(s.step->'contact_roles')) AS roles,
         coalesce(s.step->>'template', '') AS template
  FROM jsonb_array_elements(%(steps)s::jsonb) WITH ORDINALITY AS s (step, n)
)
SELECT new.id, %(organization)s, new.invoice_id, 'step', new.step_key, new.occurrence,
       steps.trigger, steps.hour, new.day, new.at, steps.channels, steps.roles, steps.template,
       new.state, new.reason, '', '', %(now)s, 0, %(live)s
FROM json_to_recordset(%(sends)s)
  AS new (id uuid, invoice_id uuid, step_key int, occurrence int, n int, day date, at timestamptz,
          state text, reason text)
JOIN steps USING (n)
ORDER BY new.id
"""
_UPDATE = """
UPDATE chasing_plannedsend p
SET day = new.day, at = new.at, state = new.state, reason = new.reason, changed_at = %(now)s,
    detail = '', points_at_id = NULL, put_backs = 0, not_before = NULL
FROM json_to_recordset(%(sends)s)
  AS new (invoice_id uuid, step_key int, occurrence int, day date, at timestamptz, state text,
          reason text)
WHERE p.organization_id = %(organization)s AND p.invoice_id = new.invoice_id
  AND p.step_key = new.step_key AND p.occurrence = new.occurrence AND p.kind = 'step'
  AND p.state <> 'sending'
"""
_DROP = """
DELETE FROM chasing_plannedsend p USING json_to_recordset(%(sends)s)
  AS gone (invoice_id uuid, step_key int, occurrence int)
WHERE p.organization_id = %(organization)s AND p.invoice_id = gone.invoice_id
  AND p.step_key = gone.step_key AND p.occurrence = gone.occurrence AND p.kind = 'step'
  AND p.state IN ('planned', 'skipped', 'cancelled')
"""


# An invoice, what becomes of one of its sends, and the text of its schedule's steps.
type _Changed = tuple[UUID, Change, str]


@dataclass(slots=True)
class _Plan:
    """What a batch of invoices comes to."""

    drafts: list[UUID] = field(default_factory=list)
    ended: dict[Reason, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    changes: list[_Changed] = field(default_factory=list)


@lru_cache(maxsize=4096)
def parse_steps(text: str) -> tuple[Step, ...]:
    """Read the stored JSON of a schedule's steps; schedules of one cadence share the text."""
    return tuple(Step.from_json(item) for item in json.loads(text))


def replan(
    *,
    organization: Organization,
    invoice_ids: Collection[UUID],
    now: datetime,
    mode: PlanMode = PlanMode.AGAIN,
) -> None:
    """Make the planned sends of these invoices agree with the facts as they now stand.

    Locks the invoices in id order and raises their chase_version, so that a message in the making
    is withdrawn. Invoices without a schedule are left alone. Runs in the caller's transaction or
    in one of its own. Rule: chasing, When a planned send takes effect.
    """
    for some in batched(sorted(invoice_ids), BATCH):
        with transaction.atomic(savepoint=False), connection.cursor() as cursor:
            _replan_batch(cursor, organization, list(some), now, mode)
            look_again(organization=organization, invoice_ids=some, now=now)


def _replan_batch(
    cursor: Any, organization: Organization, ids: list[UUID], now: datetime, mode: PlanMode
) -> None:
    these = [organization.pk, uuids(ids)]
    cursor.execute(_LOCK, these)
    cursor.execute(_RAISE, these)
    cursor.execute(_INVOICES, these)
    rows = cursor.fetchall()
    existing: dict[UUID, list[Existing]] = defaultdict(list)
    cursor.execute(_EXISTING, these)
    for invoice, key, occurrence, state, at, reason in cursor.fetchall():
        existing[invoice].append(Existing(key, occurrence, SendState(state), at, reason or None))
    found = _decide(rows, existing, organization, now, mode)
    _write(cursor, organization, found, now)


def _decide(
    rows: Sequence[Any],
    existing: dict[UUID, list[Existing]],
    organization: Organization,
    now: datetime,
    mode: PlanMode,
) -> _Plan:
    found = _Plan()
    zone = organization.zone
    for (
        invoice,
        invoice_date,
        due_date,
        issued_at,
        closed,
        balance,
        enabled,
        steps_text,
        first_set,
        ever_sent,
    ) in rows:
        end = _end(closed=closed, balance=balance, enabled=enabled)
        if issued_at is None:
            found.drafts.append(invoice)
        elif end is not None:
            found.ended[end].append(invoice)
        else:
            dated = instances(
                steps=parse_steps(steps_text),
                invoice_date=invoice_date,
                issue_day=local_date(issued_at, zone),
                due_date=due_date,
                first_set_on=first_set,
                zone=zone,
                holidays=business_calendar(organization=organization, year=invoice_date.year),
            )
            changes = plan(
                instances=dated,
                existing=existing.get(invoice, ()),
                now=now,
                ever_sent=ever_sent,
                zone=zone,
                mode=mode,
            )
            found.changes += [(invoice, change, steps_text) for change in changes]
    return found


def _end(*, closed: bool, balance: int, enabled: bool) -> Reason | None:
    """Return why nothing more is chased, None if the invoice is to be chased."""
    if closed:
        return Reason.CLOSED
    if balance <= 0:
        return Reason.PAID
    return None if enabled else Reason.DISABLED


def _write(cursor: Any, organization: Organization, found: _Plan, now: datetime) -> None:
    if found.drafts:
        cursor.execute(_DELETE_DRAFTS, [organization.pk, found.drafts])
    for reason, ids in found.ended.items():
        # A member's own attempts obey paid and closed, not that the schedule is switched off.
        kinds = ["step"] if reason is Reason.DISABLED else ["step", "manual", "retry"]
        cursor.execute(_END, [reason.value, now, organization.pk, ids, kinds])
    changes: dict[ChangeKind, list[_Changed]] = defaultdict(list)
    for changed in found.changes:
        changes[changed[1].kind].append(changed)
    parameters = {"organization": organization.pk, "now": now, "live": not organization.sandbox}
    for kind, statement in ((ChangeKind.DROP, _DROP), (ChangeKind.UPDATE, _UPDATE)):
        if kind in changes:
            rows = [_row(invoice, change) for invoice, change, _ in changes[kind]]
            cursor.execute(statement, {**parameters, "sends": as_json(rows)})
    if ChangeKind.CREATE in changes:
        steps, rows = _created(changes[ChangeKind.CREATE])
        made = {"steps": steps, "sends": as_json(rows)}
        cursor.execute(_CREATE, {**parameters, **made})


def _row(invoice: UUID, change: Change) -> Row:
    return {
        "invoice_id": invoice,
        "step_key": change.step_key,
        "occurrence": change.occurrence,
        "day": change.day,
        "at": change.at,
        "state": change.state,
        "reason": change.reason or "",
    }


def _created(changes: Sequence[_Changed]) -> tuple[str, list[Row]]:
    """Give the steps of new sends, each once, as a JSON array, and the rows that count in it."""
    numbers: dict[tuple[str, int], int] = {}
    steps: list[Any] = []
    rows = []
    for invoice, change, text in changes:
        number = numbers.get((text, change.step_key))
        if number is None:
            for item in json.loads(text):
                steps.append(item)
                numbers[text, item["key"]] = len(steps)
            number = numbers[text, change.step_key]
        rows.append({"id": uuid7(), "n": number, **_row(invoice, change)})
    return json.dumps(steps), rows


@dataclass(frozen=True, slots=True)
class Preview:
    """One send as it would be planned; nothing is stored."""

    step: Step
    occurrence: int
    day: date
    at: datetime


def preview(
    *,
    organization: Organization,
    steps: Sequence[Step],
    invoice_date: date,
    issue_day: date,
    due_date: date,
    first_set_on: date,
) -> Iterator[Preview]:
    """Reckon what the steps would come to for an invoice with these dates, in order of time."""
    by_key = {step.key: step for step in steps}
    for instance in instances(
        steps=steps,
        invoice_date=invoice_date,
        issue_day=issue_day,
        due_date=due_date,
        first_set_on=first_set_on,
        zone=organization.zone,
        holidays=business_calendar(organization=organization, year=invoice_date.year),
    ):
        yield Preview(
            step=by_key[instance.step_key],
            occurrence=instance.occurrence,
            day=instance.day,
            at=instance.at,
        )
