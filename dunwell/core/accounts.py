"""What a run does for one account: a customer's dealings in one currency.

Rule: chasing, Customer chasing. Money in minor units of the account's currency.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from dunwell.core.account_steps import AccountStep, Age


class StepState(StrEnum):
    """What became of a step in the present cycle; without an entry it was never touched."""

    READY = "ready"
    PLANNED = "planned"
    DONE = "done"
    SUPERSEDED = "superseded"


class Why(StrEnum):
    """Why a run does nothing for an account, or why nothing is to come."""

    NOTHING_DUE = "nothing_due"
    BELOW_MINIMUM = "below_minimum"
    UNDER_WAY = "under_way"
    NOT_REACHED = "not_reached"
    ALL_DONE = "all_done"
    HELD = "held"
    PLAN = "plan"


@dataclass(frozen=True, slots=True)
class Owed:
    """Something that may be chased: what is left of an invoice, or an installment due.

    `minor` is without the disputed part; `since` the invoice date and `due` the due date, both
    the installment's due date for an installment.
    """

    minor: int
    since: date
    due: date


@dataclass(frozen=True, slots=True)
class Standing:
    """An account on a local day. Ages in days; None where nothing is open or past due."""

    balance: int = 0
    past_due: int = 0
    ages: Mapping[Age, int] = field(default_factory=dict)

    def of(self, age: Age) -> int:
        """Return the balance that an age's steps and cycle hang on."""
        return self.past_due if age is Age.PAST_DUE else self.balance


NOTHING: Final = Standing()


def standing(*, owed: Iterable[Owed], credit: int, today: date) -> Standing:
    """Reckon an account: balances less unapplied credit, and the ages of the oldest items.

    An age is there only while its balance is above zero: no due items, no past-due steps.
    """
    items = [item for item in owed if item.minor > 0]
    late = [item for item in items if item.due < today]
    balance = max(0, sum(item.minor for item in items) - credit)
    past_due = max(0, sum(item.minor for item in late) - credit)
    ages = {}
    if balance:
        ages[Age.ACCOUNT] = max(0, (today - min(item.since for item in items)).days)
    if past_due:
        ages[Age.PAST_DUE] = (today - min(item.due for item in late)).days
    return Standing(balance, past_due, ages)


type Cycles = Mapping[Age, Mapping[str, StepState]]
"""The open cycles of an account: per age the states of steps by their keys."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run comes to for one account.

    `ends` and `opens` are cycles, `again` keys of steps that are ready again, `superseded` keys
    that are passed over in favour of `performs`. `why` says why nothing is performed.
    """

    ends: frozenset[Age] = frozenset()
    opens: frozenset[Age] = frozenset()
    again: Sequence[tuple[Age, str]] = ()
    superseded: Sequence[tuple[Age, str]] = ()
    performs: AccountStep | None = None
    why: Why | None = None


def ended(*, cycles: Cycles, now: Standing) -> frozenset[Age]:
    """Return the open cycles that are over: nothing is (past) due any more."""
    return frozenset(age for age in cycles if not now.of(age))


def decide_run(*, steps: Sequence[AccountStep], now: Standing, cycles: Cycles, minimum: int) -> Run:
    """Decide what a run does for one account.

    It performs one step, the furthest that is reached and not done; earlier ones are superseded.
    Of steps by both ages the one reached last is the furthest. Steps above an age that fell are
    ready again. While a communication is under way, or below the minimum, nothing is performed.
    """
    ends = ended(cycles=cycles, now=now)
    states = {age: dict(known) for age, known in cycles.items() if age not in ends}
    again = _again(steps, now, states)
    for age, key in again:
        states[age][key] = StepState.READY
    wanted = {step.age for step in steps}
    opens = frozenset(age for age in now.ages if age in wanted and age not in states)
    candidates = _reached(steps, now, states)
    why = _why_not(now, minimum, states, candidates, steps)
    if why is not None:
        return Run(ends, opens, again, (), None, why)
    furthest = candidates[-1]
    passed = [
        (step.age, step.key)
        for step in candidates
        if step is not furthest and _reached_for(step, now) > _reached_for(furthest, now)
    ]
    return Run(ends, opens, again, passed, furthest)


def _again(
    steps: Sequence[AccountStep], now: Standing, states: Mapping[Age, Mapping[str, StepState]]
) -> list[tuple[Age, str]]:
    """Find the steps done or passed over that lie above the age as it now is."""
    over = (StepState.DONE, StepState.SUPERSEDED)
    return [
        (step.age, step.key)
        for step in steps
        if step.age in states
        and step.age in now.ages
        and step.days > now.ages[step.age]
        and states[step.age].get(step.key) in over
    ]


def _reached(
    steps: Sequence[AccountStep], now: Standing, states: Mapping[Age, Mapping[str, StepState]]
) -> list[AccountStep]:
    """List the steps reached and not done, the furthest last; of equals the first listed."""
    found = [
        step
        for step in steps
        if step.age in now.ages
        and step.days <= now.ages[step.age]
        and states.get(step.age, {}).get(step.key, StepState.READY) is StepState.READY
    ]
    found.reverse()
    found.sort(key=lambda step: -_reached_for(step, now))
    return found


def _reached_for(step: AccountStep, now: Standing) -> int:
    """Return for how many days a step has been reached."""
    return now.ages[step.age] - step.days


def _why_not(
    now: Standing,
    minimum: int,
    states: Mapping[Age, Mapping[str, StepState]],
    candidates: Sequence[AccountStep],
    steps: Sequence[AccountStep],
) -> Why | None:
    if not now.balance:
        return Why.NOTHING_DUE
    if now.balance < minimum:
        return Why.BELOW_MINIMUM
    if any(state is StepState.PLANNED for known in states.values() for state in known.values()):
        return Why.UNDER_WAY
    if candidates:
        return None
    coming = [step for step in steps if step.age in now.ages and step.days > now.ages[step.age]]
    return Why.NOT_REACHED if coming else Why.ALL_DONE


@dataclass(frozen=True, slots=True)
class Next:
    """The step that comes next by itself, and the local day on which it is reached."""

    step: AccountStep
    day: date


def next_step(
    *,
    steps: Sequence[AccountStep],
    now: Standing,
    cycles: Cycles,
    minimum: int,
    today: date,
) -> Next | Why:
    """Say what comes next for an account if nothing changes, or why nothing does."""
    run = decide_run(steps=steps, now=now, cycles=cycles, minimum=minimum)
    if run.performs is not None:
        return Next(run.performs, today)
    if run.why is not Why.NOT_REACHED:
        return run.why or Why.ALL_DONE
    coming = [step for step in steps if step.age in now.ages and step.days > now.ages[step.age]]
    first = min(coming, key=lambda step: -_reached_for(step, now))
    return Next(first, today + timedelta(days=-_reached_for(first, now)))


def next_run_day(*, day: date, weekdays: Sequence[int]) -> date:
    """Return the day itself or the next one that is a run's weekday (Monday is 0)."""
    while day.weekday() not in weekdays:
        day += timedelta(days=1)
    return day
