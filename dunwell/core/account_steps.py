"""Steps of a customer cadence: their form in the API, and what is allowed in them.

Rule: chasing, Customer chasing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Self

from dunwell.core.cadence import Channel, FieldError, Limits
from dunwell.core.errors import gettext_noop
from dunwell.core.members import members_of, one_of, optional, text, texts, whole


class Age(StrEnum):
    """The age that a step waits for."""

    ACCOUNT = "account_age"
    PAST_DUE = "past_due_age"


class Action(StrEnum):
    """What a step does."""

    MESSAGE = "message"
    TASK = "task"
    ESCALATE = "escalate"


class StatementKind(StrEnum):
    """Which statement of account goes with a message."""

    OPEN_ITEMS = "open_items"
    BALANCE_FORWARD = "balance_forward"


_MEMBERS: Final = {
    "trigger",
    "action",
    "channels",
    "contact_roles",
    "template",
    "assignee",
    "statement",
}


@dataclass(frozen=True, slots=True)
class AccountStep:
    """One step: reached when the account's age (or past-due age) is `days` or more.

    `contact_roles` are role ids as text; `template` a template's name, None for the account
    reminder; `assignee` a member's id as text, None for the customer's owner.
    """

    age: Age
    days: int
    action: Action
    channels: tuple[Channel, ...] = ()
    contact_roles: tuple[str, ...] = ()
    template: str | None = None
    assignee: str | None = None
    statement: StatementKind = StatementKind.OPEN_ITEMS

    @property
    def key(self) -> str:
        """Name the step within its cadence, for as long as it stays what it is."""
        return f"{self.age}:{self.days}:{self.action}"

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read the API's form. Raises MalformedStep naming the field."""
        members = members_of(data, "step", _MEMBERS)
        trigger = members_of(members.get("trigger"), "trigger", {"type", "days"})
        statement = optional(members, "statement", text, "statement")
        return cls(
            age=one_of(Age, trigger.get("type"), "trigger.type"),
            days=whole(trigger.get("days"), "trigger.days"),
            action=one_of(Action, members.get("action"), "action"),
            channels=tuple(
                one_of(Channel, name, "channels") for name in texts(members, "channels")
            ),
            contact_roles=texts(members, "contact_roles"),
            template=optional(members, "template", text, "template") or None,
            assignee=optional(members, "assignee", text, "assignee") or None,
            statement=one_of(StatementKind, statement or "open_items", "statement"),
        )

    def to_json(self) -> dict[str, Any]:
        """Give the API's form."""
        return {
            "trigger": {"type": self.age.value, "days": self.days},
            "action": self.action.value,
            "channels": [channel.value for channel in self.channels],
            "contact_roles": list(self.contact_roles),
            "template": self.template,
            "assignee": self.assignee,
            "statement": self.statement.value,
        }

    def with_roles(self, roles: Sequence[str]) -> Self:
        """Put role ids in the place of names."""
        return replace(self, contact_roles=tuple(roles))


_TOO_MANY: Final = gettext_noop("A cadence has at most %(limit)d steps.")
_NO_CHANNEL: Final = gettext_noop("Choose at least one channel.")
_NOT_HERE: Final = gettext_noop("Only a message has this.")
_NO_MEMBER: Final = gettext_noop("A message goes to contacts; it has no member.")
_WHO: Final = gettext_noop("Name the member it is escalated to.")
_BETWEEN: Final = gettext_noop("Choose a number from %(least)d to %(limit)d.")
_TWICE: Final = gettext_noop("This appears twice.")


def check_steps(steps: Sequence[AccountStep], limits: Limits) -> list[FieldError]:
    """Find what is not allowed in a customer cadence's steps; empty if all is well.

    Field paths are those of the request body ("steps.2.trigger.days").
    """
    errors = []
    if len(steps) > limits.steps:
        errors.append(FieldError("steps", _TOO_MANY, {"limit": limits.steps}))
    seen: set[str] = set()
    for position, step in enumerate(steps):
        found = list(_problems(step, limits))
        if step.key in seen:
            found.append(FieldError("trigger", _TWICE))
        seen.add(step.key)
        errors += [replace(error, field=f"steps.{position}.{error.field}") for error in found]
    return errors


def _problems(step: AccountStep, limits: Limits) -> Iterator[FieldError]:
    if not 0 <= step.days <= limits.days:
        yield FieldError("trigger.days", _BETWEEN, {"least": 0, "limit": limits.days})
    for name, named in (("channels", step.channels), ("contact_roles", step.contact_roles)):
        if len(set(named)) < len(named):
            yield FieldError(name, _TWICE)
        if named and step.action is not Action.MESSAGE:
            yield FieldError(name, _NOT_HERE)
    if step.action is Action.MESSAGE:
        if not step.channels:
            yield FieldError("channels", _NO_CHANNEL)
        if step.assignee is not None:
            yield FieldError("assignee", _NO_MEMBER)
    elif step.action is Action.ESCALATE and step.assignee is None:
        yield FieldError("assignee", _WHO)
