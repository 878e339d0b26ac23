"""Claiming: decides on what is due and makes its deliveries durably, before anything is sent."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from dunwell.chasing.sender.accounts import Folding, claim_accounts
from dunwell.chasing.sender.again import claim_again
from dunwell.chasing.sender.attempts import Person, wanted_by_retries
from dunwell.chasing.sender.batches import Batches, Claim, Lane, Moment
from dunwell.chasing.sender.deciding import Deciding
from dunwell.chasing.sender.facts import load_subjects
from dunwell.core.cadence import Channel
from dunwell.core.outcomes import SendState
from dunwell.core.sending import (
    PlannedFacts,
    decide_due,
)
from dunwell.tenancy.database.rows import uuids

_COLUMNS = """p.id, p.organization_id, p.invoice_id, p.kind, p.at, p.channels, p.contact_roles,
  p.template, p.trigger->>'type', p.retry_of_id"""
_FROM = """FROM chasing_plannedsend p
  JOIN chasing_schedule s
    ON s.organization_id = p.organization_id AND s.invoice_id = p.invoice_id"""
# A claim holds the schedule's row too, so that two senders never decide on one invoice at a time.
_DUE_LIVE = f"""
SELECT {_COLUMNS} {_FROM}
WHERE p.state = 'planned' AND p.live AND p.at <= %(now)s
  AND (p.not_before IS NULL OR p.not_before <= %(wall)s)
ORDER BY p.at, p.id LIMIT %(limit)s FOR UPDATE OF p, s SKIP LOCKED
"""
_DUE_SANDBOX = f"""
SELECT {_COLUMNS} {_FROM}
WHERE p.organization_id = %(organization)s AND p.state = 'planned' AND p.at <= %(now)s
  AND (p.not_before IS NULL OR p.not_before <= %(wall)s)
ORDER BY p.at, p.id LIMIT %(limit)s FOR UPDATE OF p, s SKIP LOCKED
"""
# Driven by the invoices, each over the index of its sends: hence LATERAL, and the state as a
# parameter, which keeps the planner from reading all that is due for each of them.
_DUE_BESIDE = f"""
SELECT beside.* FROM unnest(%(invoices)s::uuid[], %(orgs)s::uuid[]) AS claimed (invoice, org)
CROSS JOIN LATERAL (
  SELECT {_COLUMNS} FROM chasing_plannedsend p
  WHERE p.organization_id = claimed.org AND p.invoice_id = claimed.invoice
    AND p.state = %(planned)s AND p.at <= %(now)s AND NOT p.id = ANY(%(claimed)s)
    AND (p.not_before IS NULL OR p.not_before <= %(wall)s)
  FOR UPDATE SKIP LOCKED
) beside
"""  # noqa: S608  # only our own columns
_OPEN_BATCH = """
INSERT INTO chasing_batch (id, worker, epoch, channel, size, cursor, endings, opened_at)
VALUES (%s, %s, %s, %s, %s, -1, '{}', %s)
"""


def claim(cursor: Any, *, moment: Moment, limit: int, worker: int, epoch: UUID) -> Claim:
    """Take up to `limit` due sends and retries, decide on each, and open batches for them.

    Runs in the caller's durable transaction; waits for nobody (SKIP LOCKED throughout).
    """
    found = Claim()
    batches = Batches()
    claim_again(cursor, moment, limit, found, batches)
    if moment.lane is not Lane.SLOW:
        claim_accounts(cursor, moment, limit, found, batches)
        _claim_due(cursor, moment, limit, found, batches)
    found.batches = batches.opened()
    for batch in found.batches:
        cursor.execute(
            _OPEN_BATCH,
            [batch.id, worker, epoch, batch.route.channel, len(batch.jobs), moment.wall],
        )
    return found


def _claim_due(
    cursor: Any,
    moment: Moment,
    limit: int,
    found: Claim,
    batches: Batches,
) -> None:
    parameters: dict[str, Any] = {
        "now": moment.now,
        "wall": moment.wall,
        "limit": limit,
        "organization": moment.organization_id,
    }
    sql = _DUE_LIVE if moment.organization_id is None else _DUE_SANDBOX
    rows = cursor.execute(sql, parameters).fetchall()
    if not rows:
        return
    organizations = {row[2]: row[1] for row in rows}
    parameters["invoices"] = uuids(organizations)
    parameters["orgs"] = uuids(organizations.values())
    parameters["planned"] = SendState.PLANNED
    parameters["claimed"] = uuids(row[0] for row in rows)
    rows += cursor.execute(_DUE_BESIDE, parameters).fetchall()
    found.decided += len(rows)
    subjects = load_subjects(
        cursor,
        invoice_ids=(row[2] for row in rows),
        since=min(row[4] for row in rows),
        now=moment.now,
    )
    retries = {row[0]: subjects[row[2]] for row in rows if row[9] is not None}
    wanted = wanted_by_retries(cursor, retries=retries)
    sends: dict[UUID, list[PlannedFacts]] = defaultdict(list)
    for row in rows:
        sends[row[2]].append(_planned_facts(row, wanted))
    deciding = Deciding(moment, batches)
    folding = Folding(cursor, subjects=list(subjects.values()), moment=moment)
    for invoice, due in sends.items():
        subject = subjects[invoice]
        decisions = decide_due(
            sends=due, invoice=subject.invoice, rules=subject.organization.rules, now=moment.now
        )
        for send in due:
            decision = folding.fold(send, decisions[send.id], subject)
            deciding.carry_out(send, decision, subject)
    deciding.write(cursor)


def _planned_facts(row: Sequence[Any], wanted: dict[UUID, frozenset[Person]]) -> PlannedFacts:
    send, _organization, _invoice, kind, at, channels, roles, template, trigger, retry_of = row
    return PlannedFacts(
        id=send,
        at=at,
        channels=tuple(Channel(channel) for channel in channels),
        contact_roles=roles,
        template=template or None,
        on_issue=trigger == "on_issue",
        # A member's own message obeys the same rules as a member's retry.
        retry_of=send if kind == "manual" else retry_of,
        only=wanted.get(send),
    )
