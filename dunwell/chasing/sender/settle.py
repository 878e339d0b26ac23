"""Settling: writes down how deliveries ended, and what follows from it for their planned sends."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dunwell.chasing.sender.claim import Ended, Job, is_skip
from dunwell.core.cadence import Channel
from dunwell.core.ids import uuid7
from dunwell.core.outcomes import DeliveryState
from dunwell.core.sending import DeliveryFacts, judge
from dunwell.ports.messages import Content

LOCKED_WAIT = timedelta(seconds=2)

_LOCK_SENDS = """
SELECT id FROM chasing_plannedsend WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
"""
# Whoever deletes a batch settles it: a sender its own, or the sweep after the sender's death.
_TAKE_BATCHES = "DELETE FROM chasing_batch WHERE id = ANY(%s) RETURNING id"
_LEAVE_BATCH = """
UPDATE inbox_delivery SET batch_id = NULL, ordinal = NULL WHERE id = ANY(%s)
"""
_DELIVERIES = """
UPDATE inbox_delivery d
SET state = new.state, reason = new.reason, detail = new.detail, provider = new.provider,
    provider_answer = new.answer, sha256 = new.sha256, tries = new.tries,
    next_try_at = new.next_try_at, settled_at = new.settled_at, message_id = new.message_id,
    batch_id = NULL, ordinal = NULL
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::int[], %s::timestamptz[], %s::timestamptz[], %s::uuid[])
  AS new (id, state, reason, detail, provider, answer, sha256, tries, next_try_at, settled_at,
          message_id)
WHERE d.id = new.id
"""
_ENDED = """
UPDATE inbox_delivery d SET state = new.state, reason = new.reason, settled_at = %s
FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS new (id, state, reason) WHERE d.id = new.id
"""
_UNDO = """
WITH untouched AS (
  SELECT p.id FROM chasing_plannedsend p WHERE p.id = ANY(%(sends)s) AND NOT EXISTS (
    SELECT FROM inbox_delivery d WHERE d.organization_id = p.organization_id
      AND d.planned_send_id = p.id AND NOT (d.state = 'queued' AND d.tries = 0
        AND d.batch_id IS NULL))
), gone AS (
  DELETE FROM inbox_delivery d USING untouched u WHERE d.planned_send_id = u.id RETURNING d.id
)
UPDATE chasing_plannedsend p
SET state = 'planned', put_backs = p.put_backs + 1, not_before = %(not_before)s,
    changed_at = %(now)s
FROM untouched u WHERE p.id = u.id RETURNING p.id
"""
_TRY_REST_AGAIN = """
UPDATE inbox_delivery SET next_try_at = %s
WHERE id = ANY(%s) AND state = 'queued' AND batch_id IS NULL
"""
_RESULTS = """
SELECT planned_send_id, channel, state, reason FROM inbox_delivery
WHERE planned_send_id = ANY(%s)
"""
_JUDGE = """
UPDATE chasing_plannedsend p SET state = new.state, reason = new.reason, changed_at = %s
FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS new (id, state, reason)
WHERE p.id = new.id AND (p.state, p.reason) IS DISTINCT FROM (new.state, new.reason)
"""
_FIRST_SENDS = """
INSERT INTO chasing_firstsend (id, organization_id, invoice_id, at, how)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[], %s::text[])
ON CONFLICT (organization_id, invoice_id) DO NOTHING
"""
_CONVERSATIONS = """
INSERT INTO inbox_conversation
  (id, organization_id, customer_id, invoice_id, channel, last_seq, created_at)
SELECT id, organization_id, customer_id, invoice_id, channel, 0, %s
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[])
  AS new (id, organization_id, customer_id, invoice_id, channel)
ON CONFLICT (organization_id, invoice_id) DO NOTHING
"""
_THREADS = """
SELECT id, invoice_id, last_seq FROM inbox_conversation
WHERE organization_id = ANY(%s) AND invoice_id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
"""
_SEQ = """
UPDATE inbox_conversation c SET last_seq = new.seq
FROM unnest(%s::uuid[], %s::int[]) AS new (id, seq) WHERE c.id = new.id
"""
_MESSAGES = """
INSERT INTO inbox_message (id, organization_id, conversation_id, seq, author, direction, channel,
  by, subject, text, html, internal, at)
SELECT id, organization_id, conversation_id, seq, 'system', 'out', channel, by, subject, text,
  html, false, at
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::int[], %s::text[], %s::text[], %s::text[],
            %s::text[], %s::text[], %s::timestamptz[])
  AS new (id, organization_id, conversation_id, seq, channel, by, subject, text, html, at)
"""
_ACTIVITIES = """
INSERT INTO ledger_activity (id, organization_id, customer_id, invoice_id, kind, counts, at, by,
  channel, outcome, text, data)
SELECT id, organization_id, customer_id, invoice_id, 'message', counts, at, 'Dunwell', channel,
  outcome, text, data
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::bool[], %s::timestamptz[],
            %s::text[], %s::text[], %s::text[], %s::jsonb[])
  AS new (id, organization_id, customer_id, invoice_id, counts, at, channel, outcome, text, data)
"""
_EVENTS = """
INSERT INTO tenancy_event (id, organization_id, kind, at, customer_id, invoice_id, data)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[], %s::uuid[],
                     %s::uuid[], %s::jsonb[])
"""

PUT_BACK = "put_back"
_OUT = frozenset({DeliveryState.SENT, DeliveryState.UNCERTAIN})


@dataclass(slots=True)
class Outcome:
    """How one delivery of a batch ended, or that it is put back untouched.

    `state` is a delivery's state, or PUT_BACK; a delivery to be tried again is `queued` with
    `next_try_at` (wall clock). `content` is what was handed over, if it is still known.
    """

    job: Job
    batch_id: UUID
    state: str
    reason: str = ""
    detail: str = ""
    provider: str = ""
    answer: str = ""
    sha256: str = ""
    next_try_at: datetime | None = None
    content: Content | None = None
    locked: bool = False
    message_id: UUID | None = None


def settle(
    cursor: Any,
    *,
    batch_ids: Sequence[UUID],
    outcomes: Sequence[Outcome],
    ended: Sequence[Ended],
    now: datetime,
    wall: datetime,
) -> list[Outcome]:
    """Write down how the deliveries of whole batches ended; return the outcomes written.

    `now` is the organization's clock (the wall clock for live ones). A batch that somebody swept
    meanwhile stays as the sweep found it. Locks planned sends in id order, then the rest.
    """
    gone = cursor.execute(_TAKE_BATCHES, [list(batch_ids)]).fetchall() if batch_ids else []
    ours = {row[0] for row in gone}
    written = [o for o in outcomes if o.batch_id in ours]
    sends = sorted({o.job.planned_send_id for o in written} | {e.planned_send_id for e in ended})
    if not sends:
        return []
    cursor.execute(_LOCK_SENDS, [sends])
    _write_messages(cursor, [o for o in written if o.state in _OUT], now)
    _write_deliveries(cursor, written, now)
    if ended:
        cursor.execute(
            _ENDED,
            [
                now,
                [e.delivery_id for e in ended],
                [e.state for e in ended],
                [e.reason for e in ended],
            ],
        )
    _put_back(cursor, written, now, wall)
    _judge_sends(cursor, sends, now)
    return written


def _write_deliveries(cursor: Any, outcomes: Sequence[Outcome], now: datetime) -> None:
    back = [o for o in outcomes if o.state == PUT_BACK]
    if back:
        cursor.execute(_LEAVE_BATCH, [[o.job.id for o in back]])
    rows = [o for o in outcomes if o.state != PUT_BACK]
    if not rows:
        return
    open_states = {DeliveryState.QUEUED}
    cursor.execute(
        _DELIVERIES,
        [
            [o.job.id for o in rows],
            [o.state for o in rows],
            [o.reason for o in rows],
            [o.detail[:2000] for o in rows],
            [o.provider for o in rows],
            [o.answer[:2000] for o in rows],
            [o.sha256 for o in rows],
            [o.job.tries + 1 for o in rows],
            [o.next_try_at for o in rows],
            [None if o.state in open_states else now for o in rows],
            [o.message_id for o in rows],
        ],
    )


def _put_back(cursor: Any, outcomes: Sequence[Outcome], now: datetime, wall: datetime) -> None:
    """Plan untouched sends again; of a send that went out in part only the rest is tried again."""
    for locked in (True, False):
        some = [o for o in outcomes if o.state == PUT_BACK and o.locked is locked]
        if not some:
            continue
        wait = wall + LOCKED_WAIT if locked else wall
        sends = sorted({o.job.planned_send_id for o in some})
        cursor.execute(_UNDO, {"sends": sends, "not_before": wait, "now": now})
        cursor.execute(_TRY_REST_AGAIN, [wait, [o.job.id for o in some]])


def _judge_sends(cursor: Any, sends: Sequence[UUID], now: datetime) -> None:
    """Derive each planned send's state from its deliveries (Rule: chasing, Outcomes)."""
    found: dict[UUID, list[DeliveryFacts]] = defaultdict(list)
    withdrawn: dict[UUID, str] = {}
    for send, channel, state, reason in cursor.execute(_RESULTS, [list(sends)]).fetchall():
        if state == "cancelled":
            withdrawn[send] = reason
        else:
            found[send].append(
                DeliveryFacts(Channel(channel), DeliveryState(state), reason or None)
            )
    verdicts = [(send, *judge(deliveries)) for send, deliveries in found.items()]
    rows = [(send, str(state), str(reason or "")) for send, state, reason in verdicts]
    for send, reason in withdrawn.items():
        if send not in found:
            rows.append((send, "skipped" if is_skip(reason) else "cancelled", reason))
    if rows:
        cursor.execute(_JUDGE, [now, *(list(column) for column in zip(*rows, strict=True))])


def _write_messages(cursor: Any, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Put what went out into its conversation, the log and the events."""
    if not outcomes:
        return
    rows = sorted(outcomes, key=lambda o: (o.job.subject.id, o.job.id))
    subjects = [o.job.subject for o in rows]
    orgs = [s.organization.id for s in subjects]
    customers = [s.customer_id for s in subjects]
    invoices = [s.id for s in subjects]
    channels = [o.job.channel for o in rows]
    size = len(rows)
    cursor.execute(
        _FIRST_SENDS, [_ids(size), orgs, invoices, [now] * size, [str(o.state) for o in rows]]
    )
    cursor.execute(_CONVERSATIONS, [now, _ids(size), orgs, customers, invoices, channels])
    _number_messages(cursor, rows, now)
    data = [
        json.dumps({"template": o.job.template, "to": o.job.to_address or o.job.to_name})
        for o in rows
    ]
    subject_lines = [o.content.subject if o.content else "" for o in rows]
    states = [str(o.state) for o in rows]
    cursor.execute(
        _ACTIVITIES,
        [
            _ids(size),
            orgs,
            customers,
            invoices,
            [True] * size,
            [now] * size,
            channels,
            states,
            subject_lines,
            data,
        ],
    )
    cursor.execute(
        _EVENTS,
        [
            _ids(size),
            orgs,
            [f"message.{state}" for state in states],
            [now] * size,
            customers,
            invoices,
            data,
        ],
    )


def _number_messages(cursor: Any, rows: Sequence[Outcome], now: datetime) -> None:
    """Give each message the next number of its conversation and note it on the outcome."""
    orgs = sorted({o.job.subject.organization.id for o in rows})
    invoices = sorted({o.job.subject.id for o in rows})
    threads: dict[UUID, list[Any]] = {
        invoice: [thread, seq]
        for thread, invoice, seq in cursor.execute(_THREADS, [orgs, invoices]).fetchall()
    }
    made = []
    for outcome in rows:
        thread = threads[outcome.job.subject.id]
        thread[1] += 1
        outcome.message_id = uuid7()
        words = outcome.content
        made.append(
            (
                outcome.message_id,
                outcome.job.subject.organization.id,
                thread[0],
                thread[1],
                outcome.job.channel,
                outcome.job.subject.organization.sender_name,
                words.subject[:500] if words else "",
                words.text if words else "",
                (words.html or "") if words else "",
                now,
            )
        )
    cursor.execute(_MESSAGES, [list(column) for column in zip(*made, strict=True)])
    cursor.execute(_SEQ, [[t[0] for t in threads.values()], [t[1] for t in threads.values()]])


def _ids(count: int) -> list[UUID]:
    return [uuid7() for _n in range(count)]
