"""From steps to dated sends, and from one plan to the next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from dunwell.core.cadence import Step, Trigger, TriggerType
from dunwell.core.calendar import day_and_instant, local_date, shift_business
from dunwell.core.outcomes import FROZEN, Reason, SendState


@dataclass(frozen=True, slots=True)
class Instance:
    """One dated instance of a step: its local day and its instant in UTC.

    `occurrence` counts a repeating step's instances from 1; other steps have only 1.
    """

    step_key: int
    occurrence: int
    day: date
    at: datetime
    on_issue: bool = False


def instances(
    *,
    steps: Sequence[Step],
    invoice_date: date,
    issue_day: date,
    due_date: date,
    first_set_on: date,
    zone: ZoneInfo,
    holidays: frozenset[date] | None,
) -> list[Instance]:
    """Reckon when each step takes place, sorted by time, then step and occurrence.

    `issue_day` is the local day of issue (for a draft's preview: today), `first_set_on` the
    local day the schedule was first set. `holidays` None leaves weekends and holidays alone,
    a set (also an empty one) turns the shift to business days on. Rule: chasing, Triggers.
    Raises DateOutOfRange.
    """
    invoice, due = invoice_date.toordinal(), due_date.toordinal()
    # In the order of cadence.BASES.
    bases = (max(invoice, issue_day.toordinal()), invoice, due, 0)
    anchor = max(due, first_set_on.toordinal())
    dated: list[tuple[Step, int, int]] = []
    repeating: list[Step] = []
    for step in steps:
        trigger = step.trigger
        if trigger.times is not None:
            repeating.append(step)
            continue
        # Never before the invoice date. Rule: chasing, When a planned send takes effect.
        ordinal = max(invoice, bases[trigger.base] + trigger.offset)
        anchor = max(anchor, ordinal)
        dated.append((step, 1, ordinal))
    for step in repeating:
        dated += _repeats(step, anchor)
    if holidays is not None:
        dated = [
            (step, occurrence, _shifted(step.trigger, ordinal, invoice, due, holidays))
            for step, occurrence, ordinal in dated
        ]
    found = [_instance(step, occurrence, ordinal, zone) for step, occurrence, ordinal in dated]
    found.sort(key=_by_time)
    return found


def _repeats(step: Step, anchor: int) -> Iterable[tuple[Step, int, int]]:
    """Count a repeating step on from the anchor: A + N, A + 2N … A + M·N."""
    every, times = step.trigger.offset, step.trigger.times or 0
    return ((step, n, anchor + n * every) for n in range(1, times + 1))


def _instance(step: Step, occurrence: int, ordinal: int, zone: ZoneInfo) -> Instance:
    """Give a step's local day its instant."""
    day, at = day_and_instant(ordinal, step.hour, zone)
    return Instance(step.key, occurrence, day, at, step.trigger.type is TriggerType.ON_ISSUE)


def _by_time(instance: Instance) -> tuple[datetime, int, int]:
    """Return what instances are sorted by."""
    return instance.at, instance.step_key, instance.occurrence


def _shifted(
    trigger: Trigger, ordinal: int, invoice: int, due: int, holidays: frozenset[date]
) -> int:
    """Move a day to a business day, within what its trigger allows.

    On issue stays; before-due moves on like the others unless that passes the due date, then
    back, but not to before the invoice date.
    """
    if trigger.type is TriggerType.ON_ISSUE:
        return ordinal
    day = date.fromordinal(ordinal)
    moved = shift_business(day, holidays).toordinal()
    if trigger.type is TriggerType.BEFORE_DUE and moved > due:
        moved = max(invoice, shift_business(day, holidays, back=True).toordinal())
    return moved


class PlanMode(StrEnum):
    """What made the planning necessary."""

    SET = "set"  # the schedule is set: at issue, by hand, by a cadence, by an import
    AGAIN = "again"  # dates, terms, reversal, reopening, enabling, the end of a hold
    CATCH_UP_MOVE = "catch_up_move"  # the zone or an hour changed


class ChangeKind(StrEnum):
    """What to do with a planned send's row."""

    CREATE = "create"
    UPDATE = "update"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Existing:
    """A planned send as it stands now; retries made by a member are not given."""

    step_key: int
    occurrence: int
    state: SendState
    at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One row to create, update or drop, with what it becomes.

    A dropped one's step is gone from the schedule: delete it if nothing was ever done with it,
    else keep it as cancelled, `rescheduled`. `day` is the local day of `at`.
    """

    kind: ChangeKind
    step_key: int
    occurrence: int
    day: date
    at: datetime
    state: SendState
    reason: Reason | None = None


# state, instant, reason
type _Outcome = tuple[SendState, datetime, str | None]
_DROPPED: Final = (SendState.CANCELLED, Reason.RESCHEDULED)


def plan(
    *,
    instances: Sequence[Instance],
    existing: Sequence[Existing],
    now: datetime,
    ever_sent: bool,
    zone: ZoneInfo,
    mode: PlanMode,
) -> list[Change]:
    """List what must change so that the planned sends agree with the instances.

    Planning twice changes nothing the second time, and what was sent or may have been is never
    planned again. `ever_sent`: handed over, uncertain, or marked as sent. For an issued, open
    invoice with chasing on. Rule: chasing, When a planned send takes effect (Planning again).
    """
    rows = {(row.step_key, row.occurrence): row for row in existing}
    changes: list[Change] = []
    for instance in instances:
        row = rows.pop((instance.step_key, instance.occurrence), None)
        if row is not None and row.state in FROZEN:
            continue
        outcome = _outcome(instance, row, now=now, ever_sent=ever_sent, mode=mode)
        if row is None or outcome != (row.state, row.at, row.reason):
            changes.append(_change(instance, row, outcome, zone))
    changes += (
        Change(
            ChangeKind.DROP,
            row.step_key,
            row.occurrence,
            local_date(row.at, zone),
            row.at,
            *_DROPPED,
        )
        for row in rows.values()
        if row.state not in FROZEN and (row.state, row.reason) != _DROPPED
    )
    return changes


def _change(instance: Instance, row: Existing | None, outcome: _Outcome, zone: ZoneInfo) -> Change:
    """Put an outcome as a change of the row, or a new row."""
    state, at, reason = outcome
    return Change(
        kind=ChangeKind.CREATE if row is None else ChangeKind.UPDATE,
        step_key=instance.step_key,
        occurrence=instance.occurrence,
        day=instance.day if at == instance.at else local_date(at, zone),
        at=at,
        state=state,
        reason=None if reason is None else Reason(reason),
    )


def _outcome(
    instance: Instance, row: Existing | None, *, now: datetime, ever_sent: bool, mode: PlanMode
) -> _Outcome:
    """Decide what a send that was not handed over becomes: future planned, past not."""
    if instance.at >= now:
        return SendState.PLANNED, instance.at, None
    if instance.on_issue:
        return _late_issue(instance, row, now=now, ever_sent=ever_sent)
    if row is not None and mode is not PlanMode.SET:
        if row.state is SendState.PLANNED and (
            mode is PlanMode.CATCH_UP_MOVE or row.at == instance.at
        ):
            # Late already, or made late by zone or hour: catching up decides at the claim.
            return SendState.PLANNED, instance.at, None
        if row.state is SendState.SKIPPED and row.at == instance.at:
            # It did not move, so the reason it was skipped for is still the true one.
            return SendState.SKIPPED, row.at, row.reason
    return SendState.SKIPPED, instance.at, Reason.BACKDATED


def _late_issue(
    instance: Instance, row: Existing | None, *, now: datetime, ever_sent: bool
) -> _Outcome:
    """Plan an on-issue step in the past for now, unless the invoice has been sent.

    Rule: chasing, On issue is never lost.
    """
    if ever_sent:
        return SendState.SKIPPED, instance.at, Reason.ALREADY_SENT
    waiting = row is not None and row.state is SendState.PLANNED and row.at <= now
    return SendState.PLANNED, row.at if row is not None and waiting else now, None
