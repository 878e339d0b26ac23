"""Claiming: decides on what is due and makes its deliveries durably, before anything is sent."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dunwell.chasing.sender.facts import Subject, load_subjects
from dunwell.chasing.sender.rows import Row, as_json
from dunwell.chasing.sender.transport import Route, route
from dunwell.core.cadence import Channel
from dunwell.core.calendar import local_date
from dunwell.core.ids import uuid7
from dunwell.core.outcomes import DeliveryState, Reason, SendState
from dunwell.core.sending import (
    Cancel,
    Decision,
    DeliveryFacts,
    PlannedFacts,
    Send,
    Skip,
    decide_due,
    judge,
    stopped,
)

ATTEMPT = timedelta(hours=1)

_COLUMNS = """p.id, p.organization_id, p.invoice_id, p.kind, p.at, p.channels, p.contact_roles,
  p.template, p.trigger->>'type', p.retry_of_id"""
_FROM = """FROM chasing_plannedsend p
  JOIN chasing_schedule s ON s.organization_id = p.organization_id AND s.invoice_id = p.invoice_id"""
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
_DUE_BESIDE = f"""
SELECT {_COLUMNS} {_FROM}
WHERE p.organization_id = ANY(%(orgs)s) AND p.invoice_id = ANY(%(invoices)s)
  AND p.state = 'planned' AND p.at <= %(now)s AND NOT p.id = ANY(%(claimed)s)
  AND (p.not_before IS NULL OR p.not_before <= %(wall)s)
FOR UPDATE OF p SKIP LOCKED
"""
_FAILED_OF = """
SELECT planned_send_id, contact_id, lower(to_address) FROM inbox_delivery
WHERE organization_id = ANY(%s) AND planned_send_id = ANY(%s)
  AND state IN ('failed', 'bounced', 'uncertain')
"""
_END = """
UPDATE chasing_plannedsend p
SET state = new.state, reason = new.reason, detail = new.detail, points_at_id = new.points_at,
    changed_at = %s
FROM json_to_recordset(%s) AS new (id uuid, state text, reason text, detail text, points_at uuid)
WHERE p.id = new.id
"""
_OPEN_BATCH = """
INSERT INTO chasing_batch (id, worker, epoch, channel, size, cursor, endings, opened_at)
VALUES (%s, %s, %s, %s, %s, -1, '{}', %s)
"""
_DELIVERIES = """
INSERT INTO inbox_delivery
  (id, organization_id, planned_send_id, customer_id, invoice_id, contact_id, channel, to_name,
   to_address, person, state, reason, detail, template, language, invoice_version, chase_version,
   balance_minor, at, local_day, tries, give_up_at, batch_id, ordinal, settled_at, provider,
   provider_answer, sha256)
SELECT id, organization_id, planned_send_id, customer_id, invoice_id, contact_id, channel, to_name,
   to_address, '', state, reason, '', template, language, invoice_version, chase_version,
   balance_minor, %s, local_day, 0, %s, batch_id, ordinal, settled_at, provider, '', ''
FROM json_to_recordset(%s)
 AS new (id uuid, organization_id uuid, planned_send_id uuid, customer_id uuid, invoice_id uuid,
   contact_id uuid, channel text, to_name text, to_address text, state text, reason text,
   template text, language text, invoice_version int, chase_version int, balance_minor bigint,
   local_day date, batch_id uuid, ordinal int, settled_at timestamptz, provider text)
"""
_AGAIN = """
SELECT d.id, d.planned_send_id, d.invoice_id, d.contact_id, d.channel, d.to_name, d.to_address,
       d.template, d.language, d.tries, d.give_up_at, d.detail, p.kind, p.at, p.trigger->>'type',
       p.retry_of_id
FROM inbox_delivery d
JOIN chasing_plannedsend p ON p.organization_id = d.organization_id AND p.id = d.planned_send_id
WHERE d.state = 'queued' AND d.batch_id IS NULL AND d.next_try_at <= %(wall)s
  AND p.live = %(live)s AND (%(organization)s::uuid IS NULL OR d.organization_id = %(organization)s)
ORDER BY d.next_try_at, d.id LIMIT %(limit)s FOR UPDATE OF d SKIP LOCKED
"""
_REBATCH = """
UPDATE inbox_delivery d
SET batch_id = new.batch_id, ordinal = new.ordinal, invoice_version = new.invoice_version,
    chase_version = new.chase_version, balance_minor = new.balance_minor, next_try_at = NULL
FROM json_to_recordset(%s) AS new (id uuid, batch_id uuid, ordinal int, invoice_version int,
  chase_version int, balance_minor bigint)
WHERE d.id = new.id
"""


@dataclass(slots=True)
class Job:
    """One delivery that a batch will hand over."""

    id: UUID
    planned_send_id: UUID
    subject: Subject
    contact_id: UUID | None
    channel: str
    to_name: str
    to_address: str
    template: str
    tries: int = 0
    give_up_at: datetime | None = None


@dataclass(slots=True)
class OpenBatch:
    """Deliveries that go through one route, in order."""

    id: UUID
    route: Route
    jobs: list[Job] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ended:
    """A delivery that ended before any batch took it up again (paid meanwhile, too late)."""

    delivery_id: UUID
    planned_send_id: UUID
    state: str
    reason: str


@dataclass(slots=True)
class Claim:
    """What one claim came to: batches to work through, and sends decided without a hand-over."""

    batches: list[OpenBatch] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    decided: int = 0
    judged: list[UUID] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Moment:
    """The two clocks at a claim, and whose sends it may take (None: all live organizations)."""

    now: datetime
    wall: datetime
    organization_id: UUID | None = None


def claim(cursor: Any, *, moment: Moment, limit: int, worker: int, epoch: UUID) -> Claim:
    """Take up to `limit` due sends and retries, decide on each, and open batches for them.

    Runs in the caller's durable transaction; waits for nobody (SKIP LOCKED throughout).
    """
    found = Claim()
    by_route: dict[tuple[str, Route], OpenBatch] = {}
    _claim_again(cursor, moment, limit, found, by_route)
    _claim_due(cursor, moment, limit, found, by_route)
    found.batches = list(by_route.values())
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
    by_route: dict[tuple[str, Route], OpenBatch],
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
    parameters["orgs"] = sorted({row[1] for row in rows})
    parameters["invoices"] = sorted({row[2] for row in rows})
    parameters["claimed"] = [row[0] for row in rows]
    rows += cursor.execute(_DUE_BESIDE, parameters).fetchall()
    found.decided += len(rows)
    subjects = load_subjects(
        cursor,
        invoice_ids=(row[2] for row in rows),
        since=min(row[4] for row in rows),
        now=moment.now,
    )
    failed = _failed_recipients(cursor, rows)
    sends: dict[UUID, list[PlannedFacts]] = defaultdict(list)
    for row in rows:
        sends[row[2]].append(_planned_facts(row, failed))
    endings: list[Row] = []
    made: list[Row] = []
    for invoice, due in sends.items():
        subject = subjects[invoice]
        decisions = decide_due(
            sends=due, invoice=subject.invoice, rules=subject.organization.rules, now=moment.now
        )
        for send in due:
            endings.append(_carry_out(send, decisions[send.id], subject, moment, made, by_route))
    cursor.execute(_END, [moment.now, as_json(endings)])
    if made:
        give_up = moment.wall + ATTEMPT
        cursor.execute(_DELIVERIES, [moment.now, give_up, as_json(made)])


def _failed_recipients(
    cursor: Any, rows: Sequence[Sequence[Any]]
) -> dict[UUID, frozenset[UUID | str]]:
    """Return whom the first attempts of retries failed to reach; nobody known means everyone."""
    first = sorted({row[9] for row in rows if row[9] is not None})
    people: dict[UUID, set[UUID | str]] = defaultdict(set)
    if first:
        orgs = sorted({row[1] for row in rows})
        for send, contact, address in cursor.execute(_FAILED_OF, [orgs, first]).fetchall():
            people[send].update(person for person in (contact, address) if person)
    return {send: frozenset(known) for send, known in people.items()}


def _planned_facts(row: Sequence[Any], failed: dict[UUID, frozenset[UUID | str]]) -> PlannedFacts:
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
        only=failed.get(retry_of) if retry_of else None,
    )


def _carry_out(
    send: PlannedFacts,
    decision: Decision,
    subject: Subject,
    moment: Moment,
    made: list[Row],
    by_route: dict[tuple[str, Route], OpenBatch],
) -> Row:
    """Turn a decision into the planned send's new state and its deliveries."""
    ending: Row = {"id": send.id, "reason": "", "detail": "", "points_at": None}
    if isinstance(decision, Cancel):
        return {**ending, "state": SendState.CANCELLED, "reason": decision.reason}
    if isinstance(decision, Skip):
        return {
            **ending,
            "state": SendState.SKIPPED,
            "reason": decision.reason,
            "detail": decision.hold.kind.value if decision.hold else "",
            "points_at": decision.ref,
        }
    results = _make_deliveries(send, decision, subject, moment, made, by_route)
    state, reason = judge(results)
    return {**ending, "state": state, "reason": str(reason or "")}


def _make_deliveries(
    send: PlannedFacts,
    decision: Send,
    subject: Subject,
    moment: Moment,
    made: list[Row],
    by_route: dict[tuple[str, Route], OpenBatch],
) -> list[DeliveryFacts]:
    results = []
    today = local_date(moment.now, subject.organization.zone)
    for channel, people in decision.recipients.items():
        way = route(subject.organization, channel)
        for person in people:
            failure = person.failure or way.failure
            name = subject.contact_names.get(person.contact_id, "") if person.contact_id else ""
            job = Job(
                id=uuid7(),
                planned_send_id=send.id,
                subject=subject,
                contact_id=person.contact_id,
                channel=channel.value,
                to_name=name,
                to_address=person.address or "",
                template=decision.template,
                give_up_at=moment.wall + ATTEMPT,
            )
            batch_id, ordinal = (None, None) if failure else _enlist(job, way, by_route)
            state = DeliveryState.FAILED if failure else DeliveryState.QUEUED
            made.append(
                {
                    "id": job.id,
                    "organization_id": subject.organization.id,
                    "planned_send_id": send.id,
                    "customer_id": subject.customer_id,
                    "invoice_id": subject.id,
                    "contact_id": person.contact_id,
                    "channel": channel.value,
                    "to_name": name,
                    "to_address": job.to_address,
                    "state": state.value,
                    "reason": str(failure or ""),
                    "template": decision.template,
                    "language": subject.language,
                    "invoice_version": subject.version,
                    "chase_version": subject.chase_version,
                    "balance_minor": subject.balance_minor,
                    "local_day": today,
                    "batch_id": batch_id,
                    "ordinal": ordinal,
                    "settled_at": moment.now if failure else None,
                    "provider": way.name,
                }
            )
            results.append(DeliveryFacts(channel, state, str(failure) if failure else None))
    return results


def _enlist(job: Job, way: Route, by_route: dict[tuple[str, Route], OpenBatch]) -> tuple[UUID, int]:
    batch = by_route.get((job.channel, way))
    if batch is None:
        batch = by_route[job.channel, way] = OpenBatch(id=uuid7(), route=way)
    batch.jobs.append(job)
    return batch.id, len(batch.jobs) - 1


def _claim_again(
    cursor: Any,
    moment: Moment,
    limit: int,
    found: Claim,
    by_route: dict[tuple[str, Route], OpenBatch],
) -> None:
    """Take up deliveries that were put back or refused for the moment, if nothing stops them."""
    rows = cursor.execute(
        _AGAIN,
        {
            "wall": moment.wall,
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
        invoice_ids=(row[2] for row in rows),
        since=min(row[13] for row in rows),
        now=moment.now,
    )
    again: list[Row] = []
    for row in rows:
        ended = _ended_meanwhile(row, subjects[row[2]], moment)
        if ended is not None:
            found.ended.append(ended)
            continue
        subject = subjects[row[2]]
        job = Job(
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
        batch_id, ordinal = _enlist(job, route(subject.organization, Channel(row[4])), by_route)
        again.append(
            {
                "id": job.id,
                "batch_id": batch_id,
                "ordinal": ordinal,
                "invoice_version": subject.version,
                "chase_version": subject.chase_version,
                "balance_minor": subject.balance_minor,
            }
        )
    if again:
        cursor.execute(_REBATCH, [as_json(again)])


def _ended_meanwhile(row: Sequence[Any], subject: Subject, moment: Moment) -> Ended | None:
    """Say how a waiting delivery ended: its time is over, or something stops its send now."""
    delivery, send, kind, at, trigger, retry_of = row[0], row[1], row[12], row[13], row[14], row[15]
    if row[10] is not None and moment.wall >= row[10]:
        return Ended(delivery, send, DeliveryState.FAILED, "refused_for_an_hour")
    facts = PlannedFacts(
        id=send,
        at=at,
        channels=(Channel(row[4]),),
        # Its own first message may have made the invoice “sent” on another channel meanwhile.
        on_issue=False,
        retry_of=send if kind == "manual" or trigger == "on_issue" else retry_of,
    )
    stop = stopped(
        send=facts, invoice=subject.invoice, rules=subject.organization.rules, now=moment.now
    )
    if stop is None:
        return None
    return Ended(delivery, send, "cancelled", str(stop.reason))


def is_skip(reason: str) -> bool:
    """Say whether a send that ended for this reason is called skipped rather than cancelled."""
    return reason in {Reason.PAUSED, Reason.BELOW_MINIMUM, Reason.ALREADY_SENT}
