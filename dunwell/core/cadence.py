"""Steps of a cadence: their form in the API, and what is allowed in them."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from enum import StrEnum
from typing import Any, Final, Self

from dunwell.core.calendar import FIRST_DAY, LAST_DAY
from dunwell.core.errors import MalformedStep, gettext_noop
from dunwell.core.members import day, members_of, one_of, optional, text, texts, whole


class Channel(StrEnum):
    """A way to reach a contact."""

    EMAIL = "email"
    SMS = "sms"
    LETTER = "letter"


class TriggerType(StrEnum):
    """What gives a step its date. Rule: chasing, Triggers."""

    ON_ISSUE = "on_issue"
    AFTER_ISSUE = "after_issue"
    BEFORE_DUE = "before_due"
    AFTER_DUE = "after_due"
    ON_DATE = "on_date"
    REPEAT = "repeat"


_WITH_DAYS: Final = frozenset(
    {TriggerType.AFTER_ISSUE, TriggerType.BEFORE_DUE, TriggerType.AFTER_DUE, TriggerType.REPEAT}
)


class Base(StrEnum):
    """The day a trigger's offset is counted from."""

    ISSUE_DAY = "issue_day"
    INVOICE_DATE = "invoice_date"
    DUE_DATE = "due_date"
    NONE = "none"


# Positions instead of names: a schedule is reckoned some ten thousand times a second.
BASES: Final = tuple(Base)
_BASE_OF: Final = {
    TriggerType.ON_ISSUE: BASES.index(Base.ISSUE_DAY),
    TriggerType.AFTER_ISSUE: BASES.index(Base.INVOICE_DATE),
    TriggerType.BEFORE_DUE: BASES.index(Base.DUE_DATE),
    TriggerType.AFTER_DUE: BASES.index(Base.DUE_DATE),
    TriggerType.ON_DATE: BASES.index(Base.NONE),
    TriggerType.REPEAT: BASES.index(Base.NONE),
}


@dataclass(frozen=True, slots=True)
class Trigger:
    """When a step takes place, in the form of the API.

    `days` for all but on_issue and on_date, `date` for on_date, `times` for repeat. `base` is
    a position in BASES and `offset` the days to add to it (for on_date its ordinal).
    """

    type: TriggerType
    days: int | None = None
    date: dt.date | None = None
    times: int | None = None
    base: int = dataclass_field(init=False, repr=False, compare=False)
    offset: int = dataclass_field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _require_parts(self)
        days = self.days or 0
        offset = -days if self.type is TriggerType.BEFORE_DUE else days
        if self.date is not None:
            offset = self.date.toordinal()
        object.__setattr__(self, "base", _BASE_OF[self.type])
        object.__setattr__(self, "offset", offset)

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read the API's form; raises MalformedStep naming the field below `trigger`."""
        members = members_of(data, "trigger", {"type", "days", "date", "times"})
        return cls(
            type=one_of(TriggerType, members.get("type"), "trigger.type"),
            days=optional(members, "days", whole, "trigger.days"),
            date=optional(members, "date", day, "trigger.date"),
            times=optional(members, "times", whole, "trigger.times"),
        )

    def to_json(self) -> dict[str, str | int]:
        """Give the API's form, with only the members its type has."""
        data: dict[str, str | int] = {"type": self.type.value}
        if self.days is not None:
            data["days"] = self.days
        if self.date is not None:
            data["date"] = self.date.isoformat()
        if self.times is not None:
            data["times"] = self.times
        return data


def _require_parts(trigger: Trigger) -> None:
    """Refuse a trigger that lacks a part its type needs or has one that it cannot use."""
    needed = {
        "days": trigger.type in _WITH_DAYS,
        "date": trigger.type is TriggerType.ON_DATE,
        "times": trigger.type is TriggerType.REPEAT,
    }
    for name, is_needed in needed.items():
        if (getattr(trigger, name) is not None) is not is_needed:
            message = _REQUIRED if is_needed else _NOT_HERE
            raise MalformedStep(field=f"trigger.{name}", message=message)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a cadence or schedule; `key` names it for life within its schedule.

    `contact_roles` are role ids as text; `template` a template's id or fixed name, None for
    the choice by the invoice's condition.
    """

    key: int
    trigger: Trigger
    hour: int
    channels: tuple[Channel, ...]
    contact_roles: tuple[str, ...] = ()
    template: str | None = None

    @classmethod
    def from_json(cls, data: object, *, key: int | None = None) -> Self:
        """Read the API's form; `key` is needed where the data has none.

        Raises MalformedStep naming the field. Ranges are checked by `validate`.
        """
        members = members_of(data, "step", _STEP_MEMBERS)
        return cls(
            key=whole(members.get("key"), "key") if key is None else key,
            trigger=Trigger.from_json(members.get("trigger")),
            hour=whole(members.get("hour"), "hour"),
            channels=tuple(
                one_of(Channel, name, "channels") for name in texts(members, "channels")
            ),
            contact_roles=texts(members, "contact_roles"),
            template=optional(members, "template", text, "template"),
        )

    def to_json(self) -> dict[str, Any]:
        """Give the API's form, with the key."""
        return {
            "key": self.key,
            "trigger": self.trigger.to_json(),
            "hour": self.hour,
            "channels": [channel.value for channel in self.channels],
            "contact_roles": list(self.contact_roles),
            "template": self.template,
        }


def keep_keys(
    *, steps: Sequence[Step], previous: Sequence[Step], first_free_key: int
) -> list[Step]:
    """Give steps equal to an earlier one its key, in order, and all others fresh keys.

    So a schedule that is set again knows which of its sends were already done.
    """
    known: dict[Step, list[int]] = {}
    for step in previous:
        known.setdefault(replace(step, key=0), []).append(step.key)
    kept = []
    for step in steps:
        keys = known.get(replace(step, key=0))
        if keys:
            kept.append(replace(step, key=keys.pop(0)))
        else:
            kept.append(replace(step, key=first_free_key))
            first_free_key += 1
    return kept


@dataclass(frozen=True, slots=True)
class Limits:
    """Settings of the installation. Rule: chasing, Limits."""

    steps: int = 100
    cadences: int = 100
    sends_per_day: int = 1
    repeats: int = 10
    repeating_steps: int = 1
    days: int = 3660


@dataclass(frozen=True, slots=True)
class FieldError:
    """One refused field: its path, an English sentence for translators, and its values."""

    field: str
    template: str
    values: Mapping[str, int] = dataclass_field(default_factory=dict)

    @property
    def message(self) -> str:
        """Give the sentence in English."""
        return self.template % self.values


_REQUIRED: Final = gettext_noop("This trigger needs a value here.")
_NOT_HERE: Final = gettext_noop("This trigger takes no value here.")
_TOO_MANY_STEPS: Final = gettext_noop("A cadence has at most %(limit)d steps.")
_TOO_MANY_REPEATING: Final = gettext_noop("A cadence has at most %(limit)d repeating steps.")
_HOUR: Final = gettext_noop("The hour lies between 0 and 23.")
_NO_CHANNEL: Final = gettext_noop("Choose at least one channel.")
_TWICE: Final = gettext_noop("Nothing may be named twice here.")
_BETWEEN: Final = gettext_noop("Choose a number from %(least)d to %(limit)d.")
_YEARS: Final = gettext_noop("The date lies outside the years 1900 to 9998.")


def validate(steps: Sequence[Step], limits: Limits) -> list[FieldError]:
    """List what is not allowed in the steps, empty if all is well.

    Field paths are those of the request body ("steps.2.trigger.days"). Rule: chasing, Limits.
    """
    errors = list(_whole_cadence(steps, limits))
    for position, step in enumerate(steps):
        errors += (
            replace(error, field=f"steps.{position}.{error.field}")
            for error in (*_step_errors(step), *_trigger_errors(step.trigger, limits))
        )
    return errors


def _whole_cadence(steps: Sequence[Step], limits: Limits) -> Iterator[FieldError]:
    """Find what is wrong with the steps taken together."""
    if len(steps) > limits.steps:
        yield FieldError("steps", _TOO_MANY_STEPS, {"limit": limits.steps})
    repeating = sum(step.trigger.type is TriggerType.REPEAT for step in steps)
    if repeating > limits.repeating_steps:
        yield FieldError("steps", _TOO_MANY_REPEATING, {"limit": limits.repeating_steps})
    if any(count > 1 for count in Counter(step.key for step in steps).values()):
        yield FieldError("steps", _TWICE)


def _step_errors(step: Step) -> Iterator[FieldError]:
    """Find what is wrong with one step apart from its trigger."""
    if not 0 <= step.hour <= 23:
        yield FieldError("hour", _HOUR)
    if not step.channels:
        yield FieldError("channels", _NO_CHANNEL)
    for name, named in (("channels", step.channels), ("contact_roles", step.contact_roles)):
        if len(set(named)) < len(named):
            yield FieldError(name, _TWICE)


def _trigger_errors(trigger: Trigger, limits: Limits) -> Iterator[FieldError]:
    """Find what is wrong with one trigger's numbers and date."""
    least = 1 if trigger.type in {TriggerType.BEFORE_DUE, TriggerType.REPEAT} else 0
    if trigger.days is not None and not least <= trigger.days <= limits.days:
        yield FieldError("trigger.days", _BETWEEN, {"least": least, "limit": limits.days})
    if trigger.times is not None and not 1 <= trigger.times <= limits.repeats:
        yield FieldError("trigger.times", _BETWEEN, {"least": 1, "limit": limits.repeats})
    if trigger.date is not None and not FIRST_DAY <= trigger.date <= LAST_DAY:
        yield FieldError("trigger.date", _YEARS)


_STEP_MEMBERS: Final = {"key", "trigger", "hour", "channels", "contact_roles", "template"}
