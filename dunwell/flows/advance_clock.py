"""Advances a sandbox's clock: everything due on the way happens, in order of time."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext as _

from dunwell.chasing.sender.session import one_sender
from dunwell.tenancy import clock, timers
from dunwell.tenancy.errors import Conflict, InvalidInput
from dunwell.tenancy.models import Organization
from dunwell.tenancy.publisher import publish_all
from dunwell.tenancy.roles import Actor, Permission
from dunwell.tenancy.timers import Timer

# An instant at which the rules keep finding something to do is a mistake in a rule.
_MOST_ROUNDS = 10_000


@dataclass(frozen=True, slots=True)
class Advanced:
    """Where the clock stands now, and how much each rule did on the way."""

    now: datetime
    done: dict[str, int]


def advance(*, organization: Organization, to: datetime, actor: Actor) -> Advanced:
    """Advance a sandbox's clock to `to` and do everything due up to then, in order of time.

    Runs in the calling process, in many transactions; returns when all is done. Raises Conflict
    for a live organization or while another advance runs, InvalidInput for an earlier instant.
    Rule: chasing, Time control.
    """
    actor.require(Permission.CLOCK)
    if organization.sandbox_now is None:
        raise Conflict(_("This organization lives on the real clock."))
    if to < organization.sandbox_now:
        raise InvalidInput.at("to", _("A test clock only moves forward."))
    key = organization.pk.int & 0x7FFF_FFFF_FFFF_FFFF
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        if not cursor.fetchone()[0]:
            raise Conflict(_("The clock is being advanced already."))
    try:
        done = _run(organization, to)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
    publish_all()
    return Advanced(now=to, done=dict(done))


def _run(organization: Organization, to: datetime) -> Counter[str]:
    done = Counter({timer.name: 0 for timer in timers.all_timers()})
    rounds = 0
    asked = _Asked(organization)
    with one_sender():
        while True:
            standing = clock.now(organization)
            at = asked.earliest(standing)
            if at is None or at > to:
                break
            rounds = rounds + 1 if at <= standing else 0
            if rounds > _MOST_ROUNDS:
                raise RuntimeError(f"the rules never come to rest at {at}")
            _stand_at(organization, at)
            done.update(_do_due(organization, max(at, standing), asked))
    _stand_at(organization, to)
    return done


class _Asked:
    """When each rule has something to do next; an answer holds until any rule did something."""

    def __init__(self, organization: Organization) -> None:
        self._organization = organization
        self._answers: dict[str, datetime | None] = {}

    def due(self, timer: Timer, after: datetime) -> datetime | None:
        """Return a rule's next instant, None if it has none."""
        if timer.name not in self._answers:
            answer = timer.next_due(organization=self._organization, after=after)
            self._answers[timer.name] = answer
        return self._answers[timer.name]

    def earliest(self, after: datetime) -> datetime | None:
        """Return the next instant of all rules, None if none has any."""
        dues = [self.due(timer, after) for timer in timers.all_timers()]
        return min((due for due in dues if due is not None), default=None)

    def forget(self) -> None:
        """Ask anew: one rule sets off another."""
        self._answers.clear()


def _do_due(organization: Organization, at: datetime, asked: _Asked) -> dict[str, int]:
    """Do the rules that are due, in their order."""
    done: dict[str, int] = {}
    for timer in timers.all_timers():
        due = asked.due(timer, at)
        if due is not None and due <= at:
            done[timer.name] = timer.do_due(organization=organization, at=at)
            asked.forget()
    return done


def _stand_at(organization: Organization, at: datetime) -> None:
    """Move the clock, never back."""
    if organization.sandbox_now is None or at > organization.sandbox_now:
        organization.sandbox_now = at
        Organization.objects.filter(pk=organization.pk).update(sandbox_now=at)
