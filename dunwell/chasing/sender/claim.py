"""Claiming: decides on what is due and makes its deliveries durably, before anything is sent."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from dunwell.chasing.sender.again import claim_again
from dunwell.chasing.sender.attempts import Person, wanted_by_retries
from dunwell.chasing.sender.batches import Batches, Claim, Job, Moment
from dunwell.chasing.sender.facts import OrganizationFacts, Subject, load_subjects
from dunwell.chasing.sender.transport import Route, route
from dunwell.core.cadence import Channel
from dunwell.core.calendar import local_date
from dunwell.core.ids import uuid7
from dunwell.core.outcomes import DeliveryState, SendState
from dunwell.core.recipients import Recipient
from dunwell.core.sending import (
    Cancel,
    Decision,
    DeliveryFacts,
    PlannedFacts,
    Send,
    Skip,
    decide_due,
    judge,
)
from dunwell.tenancy.database.rows import Row, as_json, uuids

ATTEMPT = timedelta(hours=1)

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
   to_address, state, reason, detail, template, language, invoice_version, chase_version,
   balance_minor, at, local_day, tries, give_up_at, batch_id, ordinal, settled_at, provider,
   provider_answer, provider_reference, sha256)
SELECT id, organization_id, planned_send_id, customer_id, invoice_id, contact_id, channel, to_name,
   to_address, state, reason, '', template, language, invoice_version, chase_version,
   balance_minor, %s, local_day, 0, %s, batch_id, ordinal, settled_at, provider, '', '', ''
FROM json_to_recordset(%s)
 AS new (id uuid, organization_id uuid, planned_send_id uuid, customer_id uuid, invoice_id uuid,
   contact_id uuid, channel text, to_name text, to_address text, state text, reason text,
   template text, language text, invoice_version int, chase_version int, balance_minor bigint,
   local_day date, batch_id uuid, ordinal int, settled_at timestamptz, provider text)
"""


def claim(cursor: Any, *, moment: Moment, limit: int, worker: int, epoch: UUID) -> Claim:
    """Take up to `limit` due sends and retries, decide on each, and open batches for them.

    Runs in the caller's durable transaction; waits for nobody (SKIP LOCKED throughout).
    """
    found = Claim()
    batches = Batches()
    claim_again(cursor, moment, limit, found, batches)
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
    deciding = _Deciding(moment, batches)
    for invoice, due in sends.items():
        subject = subjects[invoice]
        decisions = decide_due(
            sends=due, invoice=subject.invoice, rules=subject.organization.rules, now=moment.now
        )
        for send in due:
            deciding.carry_out(send, decisions[send.id], subject)
    cursor.execute(_END, [moment.now, as_json(deciding.endings)])
    if deciding.made:
        give_up = moment.wall + ATTEMPT
        cursor.execute(_DELIVERIES, [moment.now, give_up, as_json(deciding.made)])


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


class _Deciding:
    """Carries decisions out: the endings of sends, and the deliveries and batches they make."""

    def __init__(self, moment: Moment, batches: Batches) -> None:
        self.moment = moment
        self.batches = batches
        self.endings: list[Row] = []
        self.made: list[Row] = []
        self._routes: dict[tuple[UUID, Channel], Route] = {}

    def carry_out(self, send: PlannedFacts, decision: Decision, subject: Subject) -> None:
        """Turn a decision into the planned send's new state and its deliveries."""
        ending: Row = {"id": send.id, "reason": "", "detail": "", "points_at": None}
        if isinstance(decision, Cancel):
            ending |= {"state": SendState.CANCELLED, "reason": decision.reason}
        elif isinstance(decision, Skip):
            ending |= {
                "state": SendState.SKIPPED,
                "reason": decision.reason,
                "detail": decision.hold.kind.value if decision.hold else "",
                "points_at": decision.ref,
            }
        else:
            state, reason = judge(self._deliveries(send, decision, subject))
            ending |= {"state": state, "reason": str(reason or "")}
        self.endings.append(ending)

    def _deliveries(
        self, send: PlannedFacts, decision: Send, subject: Subject
    ) -> list[DeliveryFacts]:
        results = []
        for channel, people in decision.recipients.items():
            way = self._route(subject.organization, channel)
            for person in people:
                failure = str(person.failure or way.failure or "")
                self._deliver(send, decision.template, subject, way, person, failure)
                state = DeliveryState.FAILED if failure else DeliveryState.QUEUED
                results.append(DeliveryFacts(channel, state, failure or None))
        return results

    def _route(self, organization: OrganizationFacts, channel: Channel) -> Route:
        """Choose an organization's route once a claim: it may have secrets to decrypt."""
        key = (organization.id, channel)
        way = self._routes.get(key)
        if way is None:
            way = self._routes[key] = route(organization, channel)
        return way

    def _deliver(  # noqa: PLR0917  # one delivery is made of just these
        self,
        send: PlannedFacts,
        template: str,
        subject: Subject,
        way: Route,
        person: Recipient,
        failure: str,
    ) -> None:
        contact = person.contact_id
        job = Job(
            id=uuid7(),
            planned_send_id=send.id,
            subject=subject,
            contact_id=contact,
            channel=way.channel,
            to_name=subject.contact_names.get(contact, "") if contact else "",
            to_address=person.address or "",
            template=template,
            give_up_at=self.moment.wall + ATTEMPT,
        )
        batch_id, ordinal = (None, None) if failure else self.batches.enlist(job, way)
        self.made.append(
            {
                "id": job.id,
                "organization_id": subject.organization.id,
                "planned_send_id": send.id,
                "customer_id": subject.customer_id,
                "invoice_id": subject.id,
                "contact_id": contact,
                "channel": way.channel,
                "to_name": job.to_name,
                "to_address": job.to_address,
                "state": DeliveryState.FAILED if failure else DeliveryState.QUEUED,
                "reason": failure,
                "template": template,
                "language": subject.language,
                "invoice_version": subject.version,
                "chase_version": subject.chase_version,
                "balance_minor": subject.balance_minor,
                "local_day": local_date(self.moment.now, subject.organization.zone),
                "batch_id": batch_id,
                "ordinal": ordinal,
                "settled_at": self.moment.now if failure else None,
                "provider": way.name,
            }
        )
