"""Taking up deliveries again that were put back, or refused for the moment."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from dunwell.chasing.sender.batches import ATTEMPT, About, Batches, Claim, Ended, Job, Moment
from dunwell.chasing.sender.facts import (
    AccountSubject,
    Subject,
    load_account_subjects,
    load_subjects,
)
from dunwell.chasing.sender.transport import route
from dunwell.core.cadence import Channel
from dunwell.core.calendar import local_date
from dunwell.core.outcomes import DeliveryState, Reason
from dunwell.core.sending import PlannedFacts, Send, Skip, stopped
from dunwell.tenancy.database.rows import Row, as_json

_AGAIN = """
SELECT d.id, d.planned_send_id, d.invoice_id, d.contact_id, d.channel, d.to_name, d.to_address,
       d.template, d.language, d.tries, d.give_up_at, d.detail, p.kind, p.at, p.trigger->>'type',
       p.retry_of_id, d.not_before
FROM inbox_delivery d
JOIN chasing_plannedsend p ON p.organization_id = d.organization_id AND p.id = d.planned_send_id
WHERE d.state = 'queued' AND d.batch_id IS NULL AND d.next_try_at <= %(wall)s
  AND (d.not_before IS NULL OR d.not_before <= %(now)s)
  AND d.channel = ANY(%(channels)s)
  AND p.live = %(live)s AND (%(organization)s::uuid IS NULL OR d.organization_id = %(organization)s)
ORDER BY d.next_try_at, d.id LIMIT %(limit)s FOR UPDATE OF d SKIP LOCKED
"""
_REBATCH = """
UPDATE inbox_delivery d
SET batch_id = new.batch_id, ordinal = new.ordinal, invoice_version = new.invoice_version,
    chase_version = new.chase_version, balance_minor = new.balance_minor, next_try_at = NULL,
    local_day = new.local_day, give_up_at = coalesce(d.give_up_at, new.give_up_at)
FROM json_to_recordset(%s) AS new (id uuid, batch_id uuid, ordinal int, invoice_version int,
  chase_version int, balance_minor bigint, local_day date, give_up_at timestamptz)
WHERE d.id = new.id
"""


def claim_again(
    cursor: Any,
    moment: Moment,
    limit: int,
    found: Claim,
    batches: Batches,
) -> None:
    """Take up deliveries that were put back or refused for the moment, if nothing stops them."""
    rows = cursor.execute(
        _AGAIN,
        {
            "wall": moment.wall,
            "now": moment.now,
            "channels": [each.value for each in Channel if moment.lane.takes(each)],
            "limit": limit,
            "organization": moment.organization_id,
            "live": moment.organization_id is None,
        },
    ).fetchall()
    if not rows:
        return
    found.decided += len(rows)
    subjects = load_subjects(
        cursor,
        invoice_ids=(row[2] for row in rows if row[2] is not None),
        since=min(row[13] for row in rows),
        now=moment.now,
    )
    of_accounts = [row[1] for row in rows if row[2] is None]
    accounts = load_account_subjects(cursor, send_ids=of_accounts, now=moment.now)
    again: list[Row] = []
    for row in rows:
        subject: About = accounts[row[1]] if row[2] is None else subjects[row[2]]
        ended = _ended_meanwhile(row, subject, moment)
        if ended is not None:
            found.ended.append(ended)
            continue
        job = _job(row, subject)
        batch_id, ordinal = batches.enlist(job, route(subject.organization, Channel(row[4])))
        again.append(_rebatched(job, batch_id, ordinal, moment))
    if again:
        cursor.execute(_REBATCH, [as_json(again)])


def _rebatched(job: Job, batch_id: UUID, ordinal: int, moment: Moment) -> Row:
    """Give the row of _REBATCH for a delivery as it stands now."""
    subject = job.subject
    return {
        "id": job.id,
        "batch_id": batch_id,
        "ordinal": ordinal,
        "invoice_version": subject.version,
        "chase_version": subject.chase_version,
        "balance_minor": subject.balance_minor,
        "local_day": local_date(moment.now, subject.organization.zone),
        "give_up_at": moment.wall + ATTEMPT,
    }


def _job(row: Sequence[Any], subject: About) -> Job:
    """Read a row of _AGAIN."""
    return Job(
        id=row[0],
        planned_send_id=row[1],
        subject=subject,
        contact_id=row[3],
        channel=row[4],
        to_name=row[5],
        to_address=row[6],
        template=row[7],
        tries=row[9],
        give_up_at=row[10],
    )


def _ended_meanwhile(row: Sequence[Any], subject: About, moment: Moment) -> Ended | None:
    """Say how a waiting delivery ended: its time is over, or something stops its send now."""
    delivery, send, kind, at, trigger, retry_of = row[0], row[1], row[12], row[13], row[14], row[15]
    if row[10] is not None and moment.wall >= row[10]:
        return Ended(delivery, send, DeliveryState.FAILED, "refused_for_an_hour")
    if isinstance(subject, AccountSubject):
        decision = subject.verdict.decision
        if isinstance(decision, Send):
            return None
        return Ended(delivery, send, DeliveryState.CANCELLED, str(decision.reason))
    facts = PlannedFacts(
        id=send,
        at=at,
        channels=(Channel(row[4]),),
        on_issue=trigger == "on_issue",
        retry_of=send if kind == "manual" else retry_of,
    )
    # Its own first message may have made the invoice “sent” on another channel meanwhile.
    invoice = replace(subject.invoice, ever_sent=False)
    stop = stopped(send=facts, invoice=invoice, rules=subject.organization.rules, now=moment.now)
    if stop is None and row[16] is not None:
        stop = _reached_meanwhile(row, subject)
    if stop is None:
        return None
    return Ended(delivery, send, DeliveryState.CANCELLED, str(stop.reason))


def _reached_meanwhile(row: Sequence[Any], subject: Subject) -> Skip | None:
    """Stop what waited for another day, on which its person was reached already."""
    for person in (row[3], row[6].casefold()):
        ref = subject.invoice.reached.get((Channel(row[4]), person)) if person else None
        if ref is not None and ref != row[1]:
            return Skip(Reason.DAILY_LIMIT, ref=ref)
    return None
