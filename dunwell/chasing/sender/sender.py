"""The sender's loop: settle and claim in one durable transaction, then hand over one by one.

Per message one round trip to PostgreSQL, while the provider's server works on the envelope:

    move the batch's cursor here       durable mark: from now on a hand-over may have begun
    COMMIT AND CHAIN                    publishes the mark, frees the previous invoice
    SELECT … FOR SHARE SKIP LOCKED      the last check; no payment can pass while we hold it

Go only if the cursor moved, the row came back, and balance and chase_version are what was decided
on (docs/decisions/0004).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypedDict
from uuid import UUID

import psycopg
import structlog

from dunwell.chasing.sender.batches import Claim, Job, Lane, Moment, OpenBatch
from dunwell.chasing.sender.claim import claim
from dunwell.chasing.sender.facts import AccountSubject
from dunwell.chasing.sender.link import Link
from dunwell.chasing.sender.prepare import Prepared, prepare
from dunwell.chasing.sender.settle import PUT_BACK, Outcome, settle
from dunwell.chasing.sender.sweep import sweep
from dunwell.chasing.sender.transport import Providers
from dunwell.chasing.sender.words import content, envelope
from dunwell.chasing.wording.errors import WordingError
from dunwell.core.mime import MimeError
from dunwell.core.outcomes import DeliveryState
from dunwell.ports.documents import DocumentError
from dunwell.ports.errors import (
    NotConfigured,
    Refused,
    TemporarilyRefused,
    Unreachable,
    Unsure,
    Withdrawn,
)
from dunwell.ports.messages import Content, Outgoing
from dunwell.tenancy.database.rows import uuids
from dunwell.tenancy.metrics import SENDS

log = structlog.get_logger("dunwell.sender")

BATCH = 128
_SANDBOX_TRIES = 3
_PATIENCE = 3

_COUNT_PUT_BACKS = "SELECT id FROM chasing_plannedsend WHERE id = ANY(%s) AND put_backs >= %s"


@dataclass(slots=True)
class _Work:
    """What a sender has claimed and how far it got; survives a lost database connection."""

    claim: Claim = field(default_factory=Claim)
    outcomes: dict[UUID, list[Outcome]] = field(default_factory=dict)


class Sender:
    """Hands over what is due. One instance per thread; `close` it."""

    def __init__(self, *, wall: Callable[[], datetime], lane: Lane = Lane.ALL) -> None:
        self._wall = wall
        self._lane = lane
        self._link: Link | None = None
        self._providers = Providers()
        self._work = _Work()
        self._patient: set[UUID] = set()

    def step(
        self, *, now: datetime, organization_id: UUID | None = None, limit: int = BATCH
    ) -> int:
        """Settle what was handed over, claim up to `limit` more and hand those over.

        Returns how many planned sends and retries were decided; 0 means nothing was due and all
        is settled. `organization_id` is a sandbox's, None for all live organizations.
        """
        try:
            link = self._connected()
            self._settle_and_claim(link, now, organization_id, limit)
            for batch in self._work.claim.batches:
                self._deliver(link, batch, now)
        except BaseException:
            # What this sender knows is kept and written down by the next step over a new
            # connection; the rest of the batch was not begun.
            self._disconnect()
            raise
        return self._work.claim.decided

    def close(self) -> None:
        """Let go of the database and of all providers; settle first by a step that returns 0."""
        self._disconnect()
        self._providers.close()

    def _connected(self) -> Link:
        if self._link is None:
            self._link = Link()
            self.sweep()
        return self._link

    def _disconnect(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def sweep(self) -> int:
        """Settle the batches of senders that died; returns how many deliveries were concerned."""
        link = self._link
        if link is None:
            self._connected()
            return 0
        mine = [batch.id for batch in self._work.claim.batches]
        with link.durable() as cursor:
            return sweep(cursor, link=link, wall=self._wall(), but=mine)

    def _settle_and_claim(
        self, link: Link, now: datetime, organization_id: UUID | None, limit: int
    ) -> None:
        wall = self._wall()
        work = self._work
        outcomes = [o for some in work.outcomes.values() for o in some]
        known = {o.job.id for o in outcomes}
        for batch in work.claim.batches:
            outcomes += [
                Outcome(job, batch.id, PUT_BACK) for job in batch.jobs if job.id not in known
            ]
        link.plan_again()
        with link.durable() as cursor:
            if outcomes or work.claim.ended:
                written = settle(
                    cursor,
                    batch_ids=[batch.id for batch in work.claim.batches],
                    outcomes=outcomes,
                    ended=work.claim.ended,
                    now=now,
                    wall=wall,
                )
                _count(written)
            found = claim(
                cursor,
                moment=Moment(now, wall, organization_id, self._lane),
                limit=limit,
                worker=link.number,
                epoch=link.epoch,
            )
            jobs = [job.planned_send_id for batch in found.batches for job in batch.jobs]
            patient = cursor.execute(_COUNT_PUT_BACKS, [uuids(jobs), _PATIENCE]) if jobs else ()
            self._patient = {row[0] for row in patient}
        self._work = _Work(claim=found)

    def _deliver(self, link: Link, batch: OpenBatch, now: datetime) -> None:
        """Hand a batch over in order; the last invoice's lock is freed at its end."""
        done = self._work.outcomes.setdefault(batch.id, [])
        prepared = prepare(jobs=batch.jobs, now=now)
        link.raw.execute("BEGIN")
        endings: dict[int, str] = {}
        stopped: str | None = None
        for ordinal, job in enumerate(batch.jobs):
            if stopped is not None:
                outcome = self._later(job, batch, stopped)
            else:
                patient = job.planned_send_id in self._patient
                handing = _Handing(link, batch, ordinal, job, prepared, endings, now, patient)
                outcome = self._hand_over(handing)
                handing.close()
            done.append(outcome)
            if outcome.state != DeliveryState.SENT:
                endings[ordinal] = outcome.state
            if outcome.reason == "unreachable":
                stopped = outcome.detail
        link.raw.execute("COMMIT")

    def _hand_over(self, handing: "_Handing") -> Outcome:
        """Hand one message over and say how that ended."""
        job, batch, ended = handing.job, handing.batch, handing.ended
        try:
            provider = self._providers.of(batch.route)
            receipt = provider.hand_over(handing.message(), go=handing.go)
            return ended(
                DeliveryState.SENT,
                answer=receipt.reply,
                reference=receipt.reference,
                sha256=receipt.sha256,
            )
        except Withdrawn:
            return Outcome(job, batch.id, PUT_BACK, locked=handing.locked)
        except Unsure as unsure:
            return ended(
                DeliveryState.UNCERTAIN,
                reason="uncertain",
                detail=unsure.known,
                sha256=unsure.sha256,
            )
        except Unreachable as error:
            # An old connection that was closed under us says nothing about the server.
            reason = "connection_closed" if error.retry_after == 0 else "unreachable"
            return self._later(job, batch, str(error), reason, error.retry_after)
        except TemporarilyRefused as error:
            return self._later(job, batch, str(error), "refused_for_now", error.retry_after)
        except Refused as error:
            reason = "address_refused" if error.recipient_bad else "refused"
            reason = "opted_out" if error.opted_out else reason
            return ended(DeliveryState.FAILED, reason=reason, detail=str(error), answer=str(error))
        except NotConfigured as error:
            return ended(DeliveryState.FAILED, reason="sender_not_set_up", detail=error.what)
        except (WordingError, DocumentError, MimeError) as error:
            log.exception("message could not be made", delivery=str(job.id))
            return ended(DeliveryState.FAILED, reason="cannot_be_made", detail=str(error))
        except psycopg.Error:
            raise
        except Exception as error:  # a provider's mistake must not cost the rest of the batch
            log.exception("provider failed", delivery=str(job.id))
            state = DeliveryState.UNCERTAIN if handing.begun else DeliveryState.FAILED
            reason = "uncertain" if handing.begun else "provider_failed"
            return ended(state, reason=reason, detail=repr(error))

    def _later(
        self,
        job: Job,
        batch: OpenBatch,
        detail: str,
        reason: str = "unreachable",
        wish: float | None = None,
    ) -> Outcome:
        """Try again inside the attempt's hour, with back-off; then it has failed."""
        wall = self._wall()
        if job.subject.organization.sandbox:
            wait = timedelta(seconds=0.05 * 2**job.tries)
            over = job.tries + 1 >= _SANDBOX_TRIES
        else:
            backing_off = 0 if wish == 0 and not job.tries else 30 * 2 ** min(job.tries, 5)
            seconds = min(max(wish or 0, backing_off), 900)
            wait = timedelta(seconds=seconds)
            over = job.give_up_at is not None and wall + wait >= job.give_up_at
        return Outcome(
            job,
            batch.id,
            DeliveryState.FAILED if over else DeliveryState.QUEUED,
            reason=reason,
            detail=detail,
            provider=batch.route.name,
            answer=detail,
            next_try_at=None if over else wall + wait,
        )


def _count(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.state != PUT_BACK:
            SENDS.labels(channel=outcome.job.channel, state=outcome.state).inc()


class _Asked(TypedDict):
    """What every last check names."""

    batch_id: UUID
    ordinal: int
    endings: dict[int, str]
    organization_id: UUID
    wait: bool


@dataclass(slots=True)
class _Handing:
    """One message at the moment of its hand-over."""

    link: Link
    batch: OpenBatch
    ordinal: int
    job: Job
    prepared: Sequence[Prepared]  # the batch's
    endings: dict[int, str]  # of the deliveries before it that were not handed over
    now: datetime
    patient: bool
    made: Content | None = None
    asked: bool = False
    locked: bool = False
    begun: bool = False

    def message(self) -> Outgoing:
        """Say what is handed over, and who is next."""
        following = self.ordinal + 1
        return Outgoing(
            self.prepared[self.ordinal].envelope or envelope(self.job, now=self.now),
            self.content,
            self.prepared[following].envelope if following < len(self.prepared) else None,
        )

    def content(self) -> Content:
        """Ask the database, and while it answers make the words where they are not ready."""
        self._ask()
        ready = self.prepared[self.ordinal].content
        self.made = content(self.job, now=self.now) if ready is None else ready
        return self.made

    def _ask(self) -> None:
        subject = self.job.subject
        facts: _Asked = {
            "batch_id": self.batch.id,
            "ordinal": self.ordinal,
            "endings": self.endings,
            "organization_id": subject.organization.id,
            "wait": self.patient,
        }
        if isinstance(subject, AccountSubject):
            self.link.ask_all(invoice_ids=subject.items, **facts)
        else:
            self.link.ask(invoice_id=subject.id, **facts)
        self.asked = True

    def close(self) -> None:
        """Take back an answer that nobody waited for; the lock is freed by the next question."""
        if self.asked:
            self.asked = False
            self.link.answer()

    def ended(self, state: str, **more: Any) -> Outcome:
        """Say how the hand-over ended, with what was handed over."""
        return Outcome(
            self.job,
            self.batch.id,
            state,
            provider=self.batch.route.name,
            content=self.made,
            **more,
        )

    def go(self) -> bool:
        """Mark, publish, lock and check in one round trip; yes only if nothing has changed."""
        if not self.asked:
            self._ask()
        self.asked = False
        subject = self.job.subject
        if isinstance(subject, AccountSubject):
            return self._all_as_rendered(subject)
        row = self.link.answer()
        if row is None:
            self.locked = True
            return False
        balance, chase_version = row
        self.begun = bool(
            balance > 0
            and balance == subject.balance_minor
            and chase_version == subject.chase_version
        )
        return self.begun

    def _all_as_rendered(self, subject: AccountSubject) -> bool:
        """Go only if every invoice that the message names came back as it is in there."""
        found = self.link.answer_all()
        self.locked = len(found) < len(subject.items)
        self.begun = not self.locked and all(
            found[item.id] == (item.balance, item.chase_version) for item in subject.items.values()
        )
        return self.begun
