"""Batches and the jobs in them: what a claim makes and a sender works through."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from dunwell.chasing.sender.facts import AccountSubject, Subject
from dunwell.chasing.sender.transport import Route
from dunwell.core.ids import uuid7

type About = Subject | AccountSubject
"""What a message is about: one invoice, or a customer's whole account."""

ATTEMPT = timedelta(hours=1)
"""How long what is refused for the moment is tried again (Rule: chasing, Outcomes)."""


@dataclass(slots=True)
class Job:
    """One delivery that a batch will hand over."""

    id: UUID
    planned_send_id: UUID
    subject: About
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


class Lane(StrEnum):
    """Which channels a sender hands over, so that no slow service stands between mails."""

    ALL = "all"
    MAIL = "mail"  # also decides on what is due
    SLOW = "slow"  # text messages and letters, once they are decided on

    def takes(self, channel: str) -> bool:
        """Tell whether messages of a channel go in this lane."""
        return self is Lane.ALL or (channel == "email") is (self is Lane.MAIL)


@dataclass(frozen=True, slots=True)
class Moment:
    """The two clocks at a claim, and whose sends it may take (None: all live organizations)."""

    now: datetime
    wall: datetime
    organization_id: UUID | None = None
    lane: Lane = Lane.ALL


class Batches:
    """The batches a claim opens, one per route."""

    def __init__(self) -> None:
        self._open: dict[Route, OpenBatch] = {}

    def enlist(self, job: Job, way: Route) -> tuple[UUID, int]:
        """Put a job at the end of its route's batch; return the batch and its place there."""
        batch = self._open.get(way)
        if batch is None:
            batch = self._open[way] = OpenBatch(id=uuid7(), route=way)
        batch.jobs.append(job)
        return batch.id, len(batch.jobs) - 1

    def opened(self) -> list[OpenBatch]:
        """Return the batches in the order they were opened."""
        return list(self._open.values())
