"""Settling: writes down how deliveries ended, and what follows from it for their planned sends."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dunwell.chasing.sender.account_threads import join_threads
from dunwell.chasing.sender.batches import Ended, Job
from dunwell.core.cadence import Channel
from dunwell.core.ids import uuid7
from dunwell.core.outcomes import DeliveryState
from dunwell.core.sending import DeliveryFacts, judge
from dunwell.ports.messages import Content
from dunwell.tenancy.database.rows import Row, as_json, uuids

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
    provider_answer = new.answer, provider_reference = new.reference, sha256 = new.sha256,
    tries = new.tries,
    next_try_at = new.next_try_at, settled_at = new.settled_at, message_id = new.message_id,
    batch_id = NULL, ordinal = NULL
FROM json_to_recordset(%s) AS new (id uuid, state text, reason text, detail text, provider text,
  answer text, reference text, sha256 text, tries int, next_try_at timestamptz,
  settled_at timestamptz, message_id uuid)
WHERE d.id = new.id
"""
_ENDED = """
UPDATE inbox_delivery d
SET state = new.state, reason = new.reason, settled_at = %s, next_try_at = NULL
FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS new (id, state, reason) WHERE d.id = new.id
"""
_UNDO = """
WITH untouched AS (
  SELECT p.id FROM chasing_plannedsend p WHERE p.id = ANY(%(sends)s) AND NOT EXISTS (
    SELECT FROM inbox_delivery d WHERE d.organization_id = p.organization_id
      AND d.planned_send_id = p.id AND NOT (d.state = 'queued' AND d.tries = 0
        AND d.batch_id IS NULL AND d.next_try_at IS NULL AND d.provider <> 'letter_pdf'))
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
FROM json_to_recordset(%s) AS new (id uuid, state text, reason text)
WHERE p.id = new.id AND (p.state, p.reason) IS DISTINCT FROM (new.state, new.reason)
"""
_FIRST_SENDS = """
INSERT INTO chasing_firstsend (id, organization_id, invoice_id, at, how)
SELECT first_send_id, organization_id, invoice_id, %s, state
FROM json_to_recordset(%s)
  AS new (first_send_id uuid, organization_id uuid, invoice_id uuid, state text)
ORDER BY invoice_id
ON CONFLICT (organization_id, invoice_id) DO NOTHING
"""
# A new conversation or one more message in it; `last_seq` is the place of the last of them.
_CONVERSATIONS = """
INSERT INTO inbox_conversation AS c
  (id, organization_id, customer_id, invoice_id, channel, last_seq, created_at)
SELECT conversation_id, organization_id, customer_id, invoice_id, channel, messages, %s
FROM json_to_recordset(%s) AS new (conversation_id uuid, organization_id uuid, customer_id uuid,
  invoice_id uuid, channel text, messages int)
ORDER BY invoice_id
ON CONFLICT (organization_id, invoice_id) DO UPDATE SET last_seq = c.last_seq + excluded.last_seq
RETURNING invoice_id, id, last_seq
"""
# The message, the entry in the log and the event of everything that went out, in one statement;
# the three of one message have one id.
_TELL = """
WITH new AS MATERIALIZED (
  SELECT * FROM json_to_recordset(%(rows)s) AS new (message_id uuid, organization_id uuid,
    thread_id uuid, seq int, channel text, by text, subject text, text text, html text,
    attachments jsonb, customer_id uuid, invoice_id uuid, state text, data jsonb)
), messages AS (
  INSERT INTO inbox_message (id, organization_id, conversation_id, seq, author, direction, channel,
    by, subject, text, html, attachments, internal, at)
  SELECT message_id, organization_id, thread_id, seq, 'system', 'out', channel, by, subject, text,
    html, attachments, false, %(now)s FROM new
), activities AS (
  INSERT INTO ledger_activity (id, organization_id, customer_id, invoice_id, kind, counts, at, by,
    channel, outcome, text, data)
  SELECT message_id, organization_id, customer_id, invoice_id, 'message', true, %(now)s, 'Dunwell',
    channel, state, subject, data FROM new
)
INSERT INTO tenancy_event (id, organization_id, kind, at, customer_id, invoice_id, data)
SELECT message_id, organization_id, 'message.' || state, %(now)s, customer_id, invoice_id, data
FROM new
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
    reference: str = ""
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
    cursor.execute(_LOCK_SENDS, [uuids(sends)])
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


def settle_by_hand(cursor: Any, *, outcome: Outcome, now: datetime) -> None:
    """Write down a hand-over that a member did: a letter was posted.

    The caller holds the invoice's row (at least FOR SHARE) and has checked again.
    """
    sends = [outcome.job.planned_send_id]
    cursor.execute(_LOCK_SENDS, [uuids(sends)])
    _write_messages(cursor, [outcome], now)
    _write_deliveries(cursor, [outcome], now)
    _judge_sends(cursor, sends, now)


def _write_deliveries(cursor: Any, outcomes: Sequence[Outcome], now: datetime) -> None:
    back = [o for o in outcomes if o.state == PUT_BACK]
    if back:
        cursor.execute(_LEAVE_BATCH, [[o.job.id for o in back]])
    rows = [o for o in outcomes if o.state != PUT_BACK]
    if not rows:
        return
    cursor.execute(
        _DELIVERIES,
        [
            as_json(
                [
                    {
                        "id": o.job.id,
                        "state": o.state,
                        "reason": o.reason,
                        "detail": o.detail[:2000],
                        "provider": o.provider,
                        "answer": o.answer[:2000],
                        "reference": o.reference[:120],
                        "sha256": o.sha256,
                        "tries": o.job.tries + 1,
                        "next_try_at": o.next_try_at,
                        "settled_at": None if o.state == DeliveryState.QUEUED else now,
                        "message_id": o.message_id,
                    }
                    for o in rows
                ]
            )
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
    for send, channel, state, reason in cursor.execute(_RESULTS, [uuids(sends)]).fetchall():
        found[send].append(DeliveryFacts(Channel(channel), DeliveryState(state), reason or None))
    rows: list[Row] = []
    for send, deliveries in found.items():
        verdict, reason = judge(deliveries)
        rows.append({"id": send, "state": verdict, "reason": reason or ""})
    if rows:
        cursor.execute(_JUDGE, [now, as_json(rows)])


def _write_messages(cursor: Any, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Put what went out into its conversation, the log and the events."""
    if not outcomes:
        return
    rows = [_told(outcome) for outcome in outcomes]
    of_accounts = [row for row in rows if row["invoice_id"] is None]
    if of_accounts:
        join_threads(cursor, rows=of_accounts, now=now)
    _join_invoice_threads(cursor, [row for row in rows if row["invoice_id"] is not None], now)
    cursor.execute(_TELL, {"rows": as_json(rows), "now": now})


def _join_invoice_threads(cursor: Any, rows: Sequence[Row], now: datetime) -> None:
    """Note invoices' first sends and give each message its place in their conversations."""
    threads: dict[UUID, Row] = {}
    for row in rows:
        thread = threads.setdefault(row["invoice_id"], {**row, **_new_thread()})
        thread["messages"] += 1
    if not threads:
        return
    text = as_json([{name: each[name] for name in _THREAD_COLUMNS} for each in threads.values()])
    cursor.execute(_FIRST_SENDS, [now, text])
    for invoice, thread_id, last in cursor.execute(_CONVERSATIONS, [now, text]).fetchall():
        thread = threads[invoice]
        thread |= {"id": thread_id, "seq": last - thread["messages"]}
    for row in rows:
        thread = threads[row["invoice_id"]]
        thread["seq"] += 1
        row["thread_id"], row["seq"] = thread["id"], thread["seq"]


_THREAD_COLUMNS = (
    "first_send_id",
    "conversation_id",
    "organization_id",
    "customer_id",
    "invoice_id",
    "channel",
    "state",
    "messages",
)


def _new_thread() -> Row:
    made = uuid7()
    return {"first_send_id": made, "conversation_id": made, "messages": 0}


def _told(outcome: Outcome) -> Row:
    """Describe one message that went out, for its conversation, the log and the events."""
    job, words = outcome.job, outcome.content
    outcome.message_id = uuid7()
    return {
        "message_id": outcome.message_id,
        "organization_id": job.subject.organization.id,
        "channel": job.channel,
        "by": job.subject.organization.sender_name,
        "subject": words.subject[:500] if words else "",
        "text": words.text if words else "",
        "html": (words.html or "") if words else "",
        "attachments": [
            {"filename": each.filename, "content_type": each.content_type, "size": len(each.data)}
            for each in (words.attachments if words else ())
        ],
        "customer_id": job.subject.customer_id,
        "invoice_id": job.subject.id,
        "planned_send_id": job.planned_send_id,
        "state": str(outcome.state),
        "data": {"template": job.template, "to": job.to_address or job.to_name},
    }
