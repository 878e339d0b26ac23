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
_CREATE = """
INSERT INTO chasing_plannedsend
  (id, organization_id, invoice_id, kind, step_key, occurrence, trigger, hour, day, at, channels,
   contact_roles, template, state, reason, detail, by, changed_at, put_backs, live)
SELECT id, %s, invoice_id, 'step', step_key, occurrence, step->'trigger', (step->>'hour')::int,
       day, at, ARRAY(SELECT jsonb_array_elements_text(step->'channels')),
       ARRAY(SELECT jsonb_array_elements_text(step->'contact_roles')),
       coalesce(step->>'template', ''), state, reason, '', '', %s, 0, %s
FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::int[], %s::jsonb[], %s::date[],
            %s::timestamptz[], %s::text[], %s::text[])
  AS new (id, invoice_id, step_key, occurrence, step, day, at, state, reason)
"""
_UPDATE = """
UPDATE chasing_plannedsend p
SET day = new.day, at = new.at, state = new.state, reason = new.reason, changed_at = %s,
    detail = '', points_at_id = NULL, put_backs = 0, not_before = NULL
FROM unnest(%s::uuid[], %s::int[], %s::int[], %s::date[], %s::timestamptz[], %s::text[],
            %s::text[]) AS new (invoice_id, step_key, occurrence, day, at, state, reason)
WHERE p.organization_id = %s AND p.invoice_id = new.invoice_id AND p.step_key = new.step_key
  AND p.occurrence = new.occurrence AND p.kind = 'step' AND p.state <> 'sending'
"""
_DROP = """
DELETE FROM chasing_plannedsend p USING unnest(%s::uuid[], %s::int[], %s::int[])
  AS gone (invoice_id, step_key, occurrence)
WHERE p.organization_id = %s AND p.invoice_id = gone.invoice_id AND p.step_key = gone.step_key
  AND p.occurrence = gone.occurrence AND p.kind = 'step' AND p.state IN
  ('planned', 'skipped', 'cancelled')
"""


@dataclass(slots=True)
class _Plan:
    """What a batch of invoices comes to."""

    drafts: list[UUID] = field(default_factory=list)
    ended: dict[Reason, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    changes: list[tuple[UUID, Change, dict[int, str]]] = field(default_factory=list)


@lru_cache(maxsize=4096)
def parse_steps(text: str) -> tuple[Step, ...]:
    """Read the stored JSON of a schedule's steps; schedules of one cadence share the text."""
    return tuple(Step.from_json(item) for item in json.loads(text))


@lru_cache(maxsize=4096)
def _step_texts(text: str) -> dict[int, str]:
    return {item["key"]: json.dumps(item) for item in json.loads(text)}


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
    cursor.execute(_LOCK, [organization.pk, ids])
    cursor.execute(_RAISE, [organization.pk, ids])
    cursor.execute(_INVOICES, [organization.pk, ids])
    rows = cursor.fetchall()
    existing: dict[UUID, list[Existing]] = defaultdict(list)
    cursor.execute(_EXISTING, [organization.pk, ids])
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
            texts = _step_texts(steps_text)
            found.changes += [(invoice, change, texts) for change in changes]
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
    created = [c for c in found.changes if c[1].kind is ChangeKind.CREATE]
    updated = [c for c in found.changes if c[1].kind is ChangeKind.UPDATE]
    dropped = [c for c in found.changes if c[1].kind is ChangeKind.DROP]
    if dropped:
        cursor.execute(
            _DROP,
            [
                [invoice for invoice, _, _ in dropped],
                [change.step_key for _, change, _ in dropped],
                [change.occurrence for _, change, _ in dropped],
                organization.pk,
            ],
        )
    if updated:
        columns = _columns(updated)
        cursor.execute(_UPDATE, [now, *columns, organization.pk])
    if created:
        columns = _columns(created)
        ids = [uuid7() for _ in created]
        steps = [texts[change.step_key] for _, change, texts in created]
        cursor.execute(
            _CREATE,
            [
                organization.pk,
                now,
                not organization.sandbox,
                ids,
                *columns[:3],
                steps,
                *columns[3:],
            ],
        )


def _columns(changes: list[tuple[UUID, Change, dict[int, str]]]) -> list[list[Any]]:
    """Turn changes into the arrays that unnest takes."""
    return [
        [invoice for invoice, _, _ in changes],
        [change.step_key for _, change, _ in changes],
        [change.occurrence for _, change, _ in changes],
        [change.day for _, change, _ in changes],
        [change.at for _, change, _ in changes],
        [change.state.value for _, change, _ in changes],
        [(change.reason or "") and str(change.reason) for _, change, _ in changes],
    ]


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
