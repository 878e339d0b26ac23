"""Rules that the passing of time sets off, each with its next instant and its doing.

A live organization's are done by the worker, a sandbox's by advancing its clock, in order of time
(docs/why/house.md, How things move).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from dunwell.tenancy.models import Organization


@dataclass(frozen=True, slots=True)
class Timer:
    """One time-driven rule.

    `next_due(organization=…, after=…)` gives the next instant at which it has something to do, None
    if never; it may lie before `after` where something was left undone. `do_due(organization=…,
    at=…)` does all that is due up to `at`, in its own transactions, and returns how much it did.
    Both run inside the organization's scope.
    """

    name: str
    next_due: Callable[..., datetime | None]
    do_due: Callable[..., int]


_timers: dict[str, Timer] = {}


def register(timer: Timer) -> None:
    """Add a rule; called once at start from a floor's AppConfig.ready."""
    _timers[timer.name] = timer


def all_timers() -> list[Timer]:
    """List the registered rules in the order of their registration."""
    return list(_timers.values())


def next_due(*, organization: Organization, after: datetime) -> datetime | None:
    """Return the earliest instant at which any rule has something to do."""
    instants = [t.next_due(organization=organization, after=after) for t in all_timers()]
    return min((i for i in instants if i is not None), default=None)
