"""Steps of cadences and schedules in the form of the API, contact roles by their names."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from dunwell.api import shapes
from dunwell.ledger.models import ContactRole


class TriggerIn(shapes.Body):
    """When a step takes place; each type takes only the fields it needs."""

    type: Literal["on_issue", "after_issue", "before_due", "after_due", "on_date", "repeat"]
    days: shapes.Whole | None = None
    date: shapes.Day | None = None
    times: shapes.Whole | None = None


class StepIn(shapes.Body):
    """Trigger, hour of day (0 to 23), channels, and who gets it by which template."""

    trigger: TriggerIn
    hour: shapes.Whole
    channels: Annotated[list[shapes.Channel], Field(max_length=3)] = ["email"]
    contact_roles: Annotated[list[shapes.Line], Field(max_length=100)] = []
    template: shapes.Line | None = None


class StepOut(BaseModel):
    """A step; `key` names it within its schedule for life."""

    key: int
    trigger: dict[str, str | int]
    hour: int
    channels: list[shapes.Channel]
    contact_roles: list[str]
    template: str | None


def read(given: Sequence[StepIn]) -> list[dict[str, Any]]:
    """Return steps in the form that chasing reads."""
    return [
        {
            "trigger": each.trigger.model_dump(mode="json", exclude_none=True),
            "hour": each.hour,
            "channels": list(each.channels),
            "contact_roles": list(each.contact_roles),
            "template": each.template or None,
        }
        for each in given
    ]


def present(stored: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Write stored steps with the names of their roles."""
    names = role_names(step.get("contact_roles", ()) for step in stored)
    return [
        {
            **step,
            "contact_roles": [names.get(each, each) for each in step.get("contact_roles", ())],
        }
        for step in stored
    ]


def role_names(ids: Iterable[Iterable[str]]) -> dict[str, str]:
    """Map the ids of contact roles to their names."""
    wanted = {UUID(each) for some in ids for each in some}
    if not wanted:
        return {}
    rows = ContactRole.objects.filter(pk__in=wanted).values_list("id", "name")
    return {str(pk): name for pk, name in rows}
