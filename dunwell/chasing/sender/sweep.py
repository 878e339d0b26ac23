"""Sweeping: settles the batches of senders that died, by what their cursor proves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from dunwell.chasing.sender.batches import Job
from dunwell.chasing.sender.facts import load_account_subjects, load_subjects
from dunwell.chasing.sender.link import LOCK_SPACE, Link
from dunwell.chasing.sender.settle import PUT_BACK, Outcome, settle
from dunwell.chasing.sender.words import content
from dunwell.core.outcomes import DeliveryState
from dunwell.ports.messages import Content

log = structlog.get_logger("dunwell.sender")

_BATCHES = """
SELECT b.id, b.worker, b.epoch, b.cursor, b.endings, (
  SELECT max(o.sandbox_now) FROM inbox_delivery d
  JOIN tenancy_organization o ON o.id = d.organization_id WHERE d.batch_id = b.id)
FROM chasing_batch b
WHERE b.worker <> %s AND NOT b.id = ANY(%s) ORDER BY b.id FOR UPDATE SKIP LOCKED
"""
_FREE = "SELECT pg_try_advisory_xact_lock(%s, %s::int)"
_DELIVERIES = """
SELECT d.id, d.ordinal, d.planned_send_id, d.invoice_id, d.contact_id, d.channel, d.to_name,
       d.to_address, d.template, d.tries, d.at
FROM inbox_delivery d WHERE d.batch_id = %s ORDER BY d.ordinal
"""


def sweep(cursor: Any, *, link: Link, wall: datetime, but: Sequence[UUID]) -> int:
    """Settle every batch whose sender's lock is free; return how many deliveries they had.

    Before the cursor: handed over (or ended as noted). At the cursor: uncertain. After it: not
    begun, planned again. Where PostgreSQL crashed since, later marks may be lost, so all but what
    lies before the cursor is uncertain. `wall` is the real instant. Rule: chasing, Outcomes.
    """
    concerned = 0
    rows = cursor.execute(_BATCHES, [link.number, list(but)]).fetchall()
    for batch, worker, epoch, position, endings, sandbox_now in rows:
        free = cursor.execute(_FREE, [LOCK_SPACE, worker % 2**31]).fetchone()[0]
        if not free:
            continue
        # Each batch by its own clock: any sender may find it, also one that advances a sandbox.
        at = sandbox_now or wall
        outcomes = _outcomes(
            cursor, batch, position, endings, crashed=epoch != link.epoch, now=at, wall=wall
        )
        settle(cursor, batch_ids=[batch], outcomes=outcomes, ended=(), now=at, wall=wall)
        concerned += len(outcomes)
        log.warning("swept a dead sender's batch", deliveries=len(outcomes), cursor=position)
    return concerned


def _outcomes(
    cursor: Any,
    batch: UUID,
    position: int,
    endings: dict[str, str],
    *,
    crashed: bool,
    now: datetime,
    wall: datetime,
) -> list[Outcome]:
    rows = cursor.execute(_DELIVERIES, [batch]).fetchall()
    if not rows:
        return []
    subjects = load_subjects(
        cursor,
        invoice_ids=(row[3] for row in rows if row[3] is not None),
        since=min(row[10] for row in rows),
        now=now,
    )
    of_accounts = [row[2] for row in rows if row[3] is None]
    accounts = load_account_subjects(cursor, send_ids=of_accounts, now=now)
    found = []
    for row in rows:
        job = Job(
            id=row[0],
            planned_send_id=row[2],
            subject=accounts[row[2]] if row[3] is None else subjects[row[3]],
            contact_id=row[4],
            channel=row[5],
            to_name=row[6],
            to_address=row[7],
            template=row[8],
            tries=row[9],
        )
        found.append(
            _outcome(job, batch, row[1], position, endings, crashed=crashed, now=now, wall=wall)
        )
    return found


def _outcome(
    job: Job,
    batch: UUID,
    ordinal: int,
    position: int,
    endings: dict[str, str],
    *,
    crashed: bool,
    now: datetime,
    wall: datetime,
) -> Outcome:
    if ordinal < position:
        return _before(job, batch, endings.get(str(ordinal), DeliveryState.SENT), now, wall)
    if ordinal == position or crashed:
        known = "The sender stopped while handing this over; it may have arrived."
        return Outcome(
            job,
            batch,
            DeliveryState.UNCERTAIN,
            reason="uncertain",
            detail=known,
            content=_rebuilt(job, now),
        )
    return Outcome(job, batch, PUT_BACK)


def _before(job: Job, batch: UUID, state: str, now: datetime, wall: datetime) -> Outcome:
    """Give the outcome of a delivery that the dead sender had finished."""
    if state == PUT_BACK:
        return Outcome(job, batch, PUT_BACK)
    if state == DeliveryState.SENT:
        return Outcome(job, batch, state, content=_rebuilt(job, now))
    if state == DeliveryState.QUEUED:
        return Outcome(job, batch, state, reason="refused_for_now", next_try_at=wall)
    return Outcome(
        job,
        batch,
        state,
        reason="uncertain" if state == DeliveryState.UNCERTAIN else "refused",
        detail="The sender stopped before it could write down the answer.",
    )


def _rebuilt(job: Job, now: datetime) -> Content:
    """Make the words again: the dead sender's are lost, and with them the hash of the bytes."""
    return content(job, now=now)
