"""Why nothing was sent for an invoice on a day, or why something was, from what is on record.

Rule: chasing, When a planned send takes effect; every sentence there is one answer here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from dunwell.core.calendar import local_date
from dunwell.core.holds import Hold, free_on, held
from dunwell.core.outcomes import Reason, SendState


class Why(StrEnum):
    """The answers that are no reason of a planned send; those are named like their reason."""

    SENT = "sent"
    SENDING = "sending"
    PLANNED = "planned"
    WAITING = "waiting"  # its time has come and nobody has taken it yet
    WILL_BE_HELD = "will_be_held"
    NOT_ISSUED = "not_issued"
    NO_SCHEDULE = "no_schedule"
    NO_STEP = "no_step"
    MOVED = "moved"
    DO_NOT_CHASE = "do_not_chase"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time: since when, until when (None: it lasts), and by whom or why."""

    since: datetime
    until: datetime | None = None
    by: str = ""
    why: str = ""

    def covers(self, instant: datetime) -> bool:
        """Tell whether an instant lies within it."""
        return self.since <= instant and (self.until is None or instant < self.until)

    def touches(self, first: datetime, last: datetime) -> bool:
        """Tell whether any of it lies between two instants."""
        return self.since <= last and (self.until is None or self.until > first)


@dataclass(frozen=True, slots=True)
class Planned:
    """A planned send as it stands; `went_out` are the local days on which it reached somebody."""

    id: UUID
    at: datetime
    state: SendState
    reason: str = ""
    detail: str = ""
    changed_at: datetime | None = None
    by: str = ""
    points_at: UUID | None = None
    went_out: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Moved:
    """A step whose day fell on a weekend or holiday, or before the invoice date."""

    step_key: int
    occurrence: int
    day: date
    to: date


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is on record about an invoice's chasing.

    `paid`, `closed`, `off` (chasing switched off) and `barred` (the customer is not to be chased)
    are the times in which each held; `outages` those without any worker. `holds` are open and
    ended ones. `sends` are all of the invoice, in order of time.
    """

    day: date
    now: datetime
    zone: ZoneInfo
    grace_days: int
    balance_minor: int
    issued_on: date | None
    scheduled: bool
    sends: Sequence[Planned] = ()
    moved: Sequence[Moved] = ()
    holds: Sequence[Hold] = ()
    paid: Sequence[Span] = ()
    closed: Sequence[Span] = ()
    off: Sequence[Span] = ()
    barred: Sequence[Span] = ()
    outages: Sequence[Span] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """One reason, with what shows it.

    `send` is the planned send in question, `other` the one it points at, `before` and `after` the
    sends next to a day on which none was planned.
    """

    why: str
    send: Planned | None = None
    span: Span | None = None
    hold: Hold | None = None
    other: Planned | None = None
    moved: Moved | None = None
    before: Planned | None = None
    after: Planned | None = None
    outages: Sequence[Span] = field(default=())


def explain(facts: Facts) -> list[Answer]:
    """Answer why nothing, or what, went out on the day; never empty.

    One answer per send that was to go out that day or did; without any, the one reason why none
    was to.
    """
    found = [_of_send(send, facts) for send in facts.sends if _on_day(send, facts)]
    return found or [_without_send(facts)]


def _on_day(send: Planned, facts: Facts) -> bool:
    return facts.day == local_date(send.at, facts.zone) or facts.day in send.went_out


def _without_send(facts: Facts) -> Answer:
    """Say why no send was to go out at all."""
    if facts.issued_on is None or facts.day < facts.issued_on:
        return Answer(Why.NOT_ISSUED)
    ended = _ended_on_day(facts)
    if ended is not None:
        return ended
    if not facts.scheduled:
        return Answer(Why.NO_SCHEDULE)
    for moved in facts.moved:
        if moved.day == facts.day:
            return Answer(Why.MOVED, moved=moved)
    before = [s for s in facts.sends if local_date(s.at, facts.zone) < facts.day]
    after = [
        send
        for send in facts.sends
        if local_date(send.at, facts.zone) > facts.day and send.state is not SendState.CANCELLED
    ]
    return Answer(
        Why.NO_STEP, before=before[-1] if before else None, after=after[0] if after else None
    )


# In this order: what ends an invoice weighs more than what a member switched.
def _endings(facts: Facts) -> Iterator[tuple[str, Sequence[Span]]]:
    yield Reason.CLOSED, facts.closed
    yield Reason.PAID, facts.paid
    yield Why.DO_NOT_CHASE, facts.barred
    yield Reason.DISABLED, facts.off


def _ended_on_day(facts: Facts) -> Answer | None:
    """Find what had ended or stopped chasing for that whole day."""
    for why, spans in _endings(facts):
        for span in spans:
            begun = local_date(span.since, facts.zone) <= facts.day
            lasting = span.until is None or local_date(span.until, facts.zone) > facts.day
            if begun and lasting:
                return Answer(why, span=span)
    return None


_STANDING: Final = {
    SendState.SENT: Why.SENT,
    SendState.SENDING: Why.SENDING,
}


def _of_send(send: Planned, facts: Facts) -> Answer:
    """Say what became of one planned send, or what will."""
    if send.state in _STANDING:
        return Answer(_STANDING[send.state], send=send)
    if send.state is SendState.PLANNED:
        return _planned(send, facts)
    others = {each.id: each for each in facts.sends}
    other = others.get(send.points_at) if send.points_at else None
    if send.reason == Reason.PAUSED:
        return Answer(send.reason, send=send, hold=_hold_of(send, facts))
    if send.reason == Reason.MISSED:
        return Answer(send.reason, send=send, outages=_outages(send, facts))
    if send.reason in (Reason.PAID, Reason.CLOSED, Reason.DISABLED):
        return _stopped(send, facts)
    if send.reason == Reason.BACKDATED:
        return _backdated(send, facts)
    return Answer(send.reason or send.state.value, send=send, other=other)


def _planned(send: Planned, facts: Facts) -> Answer:
    """Look ahead: a hold that stands at its time will stop it."""
    at = max(send.at, facts.now)
    hold = held(
        holds=facts.holds,
        balance_minor=facts.balance_minor,
        at=at,
        grace_days=facts.grace_days,
        zone=facts.zone,
    )
    if hold is not None:
        return Answer(Why.WILL_BE_HELD, send=send, hold=hold)
    if send.at < facts.now:
        return Answer(Why.WAITING, send=send, outages=_outages(send, facts))
    return Answer(Why.PLANNED, send=send)


def _hold_of(send: Planned, facts: Facts) -> Hold | None:
    """Find the hold of the kind that was noted, standing at the send's time or when it was met."""
    instants = [send.at, *([send.changed_at] if send.changed_at else [])]
    for hold in facts.holds:
        if hold.kind.value == send.detail and any(_stood(hold, at, facts) for at in instants):
            return hold
    return None


def _stood(hold: Hold, at: datetime, facts: Facts) -> bool:
    begun = hold.since is None or hold.since <= at
    lasting = hold.ended is None or at < hold.ended
    free = free_on(hold, grace_days=facts.grace_days)
    return begun and lasting and (free is None or local_date(at, facts.zone) < free)


def _outages(send: Planned, facts: Facts) -> Sequence[Span]:
    """List the times without a worker between a send's time and when it was found."""
    found_at = send.changed_at if send.state is SendState.SKIPPED else facts.now
    return tuple(o for o in facts.outages if o.touches(send.at, found_at or facts.now))


def _stopped(send: Planned, facts: Facts) -> Answer:
    """Say what cancelled a send, since when and by whom."""
    spans: Iterable[tuple[str, Sequence[Span]]] = _endings(facts)
    if send.reason != Reason.DISABLED:
        spans = [(why, found) for why, found in spans if why == send.reason]
    else:
        spans = [(w, found) for w, found in spans if w in (Why.DO_NOT_CHASE, Reason.DISABLED)]
    for why, found in spans:
        for span in found:
            if span.covers(send.at):
                return Answer(why, send=send, span=span)
    return Answer(send.reason, send=send)


def _backdated(send: Planned, facts: Facts) -> Answer:
    """Look behind a step that planning again found in the past: what kept it back at its time."""
    for why, spans in _endings(facts):
        for span in spans:
            if span.covers(send.at):
                return Answer(why, send=send, span=span)
    return Answer(Reason.BACKDATED, send=send)
