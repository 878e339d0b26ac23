"""Carrying decisions out: the new state of planned sends, their deliveries and batches."""

from typing import Any
from uuid import UUID

from dunwell.chasing.sender.batches import ATTEMPT, About, Batches, Job, Moment
from dunwell.chasing.sender.facts import OrganizationFacts
from dunwell.chasing.sender.transport import TRAY, Route, route
from dunwell.chasing.sender.waiting import wait_of
from dunwell.core.cadence import Channel
from dunwell.core.calendar import local_date
from dunwell.core.ids import uuid7
from dunwell.core.outcomes import DeliveryState, SendState
from dunwell.core.recipients import Recipient
from dunwell.core.sending import Cancel, Decision, DeliveryFacts, PlannedFacts, Send, Skip, judge
from dunwell.tenancy.database.rows import Row, as_json

_END = """
UPDATE chasing_plannedsend p
SET state = new.state, reason = new.reason, detail = new.detail, points_at_id = new.points_at,
    changed_at = %s
FROM json_to_recordset(%s) AS new (id uuid, state text, reason text, detail text, points_at uuid)
WHERE p.id = new.id
"""
_DELIVERIES = """
INSERT INTO inbox_delivery
  (id, organization_id, planned_send_id, customer_id, invoice_id, contact_id, channel, to_name,
   to_address, state, reason, detail, template, language, invoice_version, chase_version,
   balance_minor, at, local_day, tries, give_up_at, batch_id, ordinal, next_try_at, not_before,
   settled_at, provider, provider_answer, provider_reference, sha256)
SELECT id, organization_id, planned_send_id, customer_id, invoice_id, contact_id, channel, to_name,
   to_address, state, reason, '', template, language, invoice_version, chase_version,
   balance_minor, %s, local_day, 0, give_up_at, batch_id, ordinal, next_try_at, not_before,
   settled_at, provider, '', '', ''
FROM json_to_recordset(%s)
 AS new (id uuid, organization_id uuid, planned_send_id uuid, customer_id uuid, invoice_id uuid,
   contact_id uuid, channel text, to_name text, to_address text, state text, reason text,
   template text, language text, invoice_version int, chase_version int, balance_minor bigint,
   local_day date, batch_id uuid, ordinal int, settled_at timestamptz, provider text,
   next_try_at timestamptz, not_before timestamptz, give_up_at timestamptz)
"""


class Deciding:
    """Carries decisions out: the endings of sends, and the deliveries and batches they make."""

    def __init__(self, moment: Moment, batches: Batches) -> None:
        self.moment = moment
        self.batches = batches
        self.endings: list[Row] = []
        self.made: list[Row] = []
        self._routes: dict[tuple[UUID, Channel], Route] = {}

    def carry_out(self, send: PlannedFacts, decision: Decision, subject: About) -> None:
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

    def write(self, cursor: Any) -> None:
        """Write all down in the caller's transaction."""
        cursor.execute(_END, [self.moment.now, as_json(self.endings)])
        if self.made:
            cursor.execute(_DELIVERIES, [self.moment.now, as_json(self.made)])

    def _deliveries(
        self, send: PlannedFacts, decision: Send, subject: About
    ) -> list[DeliveryFacts]:
        results = []
        for channel, people in decision.recipients.items():
            way = self._route(subject.organization, channel)
            if way.name == TRAY and subject.id is None:
                # The tray knows letters about invoices only.
                way = Route(channel, "", failure="channel_not_set_up")
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
        subject: About,
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
        self.made.append(self._row(job, way, failure))

    def _row(self, job: Job, way: Route, failure: str) -> Row:
        """Place a delivery in its route's batch, or say what it waits for; give its row."""
        wait = None if failure else wait_of(job, way, self.moment)
        enlisted = not failure and wait is None
        batch_id, ordinal = self.batches.enlist(job, way) if enlisted else (None, None)
        subject = job.subject
        return {
            "id": job.id,
            "organization_id": subject.organization.id,
            "planned_send_id": job.planned_send_id,
            "customer_id": subject.customer_id,
            "invoice_id": subject.id,  # none where it is about an account
            "contact_id": job.contact_id,
            "channel": way.channel,
            "to_name": job.to_name,
            "to_address": job.to_address,
            "state": DeliveryState.FAILED if failure else DeliveryState.QUEUED,
            "reason": failure,
            "template": job.template,
            "language": subject.language,
            "invoice_version": subject.version,
            "chase_version": subject.chase_version,
            "balance_minor": subject.balance_minor,
            "local_day": local_date(self.moment.now, subject.organization.zone),
            "batch_id": batch_id,
            "ordinal": ordinal,
            "settled_at": self.moment.now if failure else None,
            "provider": way.name,
            "next_try_at": wait and wait.next_try_at,
            "not_before": wait and wait.not_before,
            # What waits for something begins its hour when it is taken up.
            "give_up_at": job.give_up_at if enlisted else None,
        }
