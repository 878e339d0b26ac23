"""Customer cadences: steps by the age of a whole account, run on weekdays at an hour."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Status
from pydantic import BaseModel, Field

from dunwell.api import paging, shapes
from dunwell.api.door import Here, here
from dunwell.api.paging import Cursor, Limit, Page
from dunwell.api.resources.steps import role_names
from dunwell.chasing.models import CustomerCadence
from dunwell.chasing.operations import customer_cadences as operations
from dunwell.core.account_steps import AccountStep
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.roles import Permission

router = Router(tags=["chasing"])

AgeName = Literal["account_age", "past_due_age"]
ActionName = Literal["message", "task", "escalate"]


class AgeIn(shapes.Body):
    """Reached when the account's age, or the age of what is past due, is so many days."""

    type: AgeName
    days: shapes.Whole


class AccountStepIn(shapes.Body):
    """A message to contacts, or a task or escalation for a member (id or email address)."""

    trigger: AgeIn
    action: ActionName
    channels: Annotated[list[shapes.Channel] | None, Field(max_length=3)] = None
    contact_roles: Annotated[list[shapes.Line], Field(max_length=100)] = []
    template: shapes.Line | None = None
    assignee: shapes.Line | None = None
    statement: Literal["open_items", "balance_forward"] = "open_items"


class AgeOut(BaseModel):
    """The age that a step waits for."""

    type: AgeName
    days: int


class AccountStepOut(BaseModel):
    """A step; `key` names it within its cadence, for as long as it stays what it is."""

    key: str
    trigger: AgeOut
    action: ActionName
    channels: list[shapes.Channel]
    contact_roles: list[str]
    template: str | None
    assignee: UUID | None
    statement: Literal["open_items", "balance_forward"]


class RunForm(shapes.Body):
    """On which weekdays (Monday is 0) and at which hour of the organization's day it runs."""

    weekdays: Annotated[list[Annotated[shapes.Whole, Field(ge=0, le=6)]], Field(max_length=7)]
    hour: Annotated[shapes.Whole, Field(ge=0, le=23)]


class RuleTerms(shapes.Body):
    """Payment terms of the customers; without anchor any anchor."""

    days: Annotated[shapes.Whole, Field(ge=0, le=3660)]
    anchor: Literal["invoice_date", "delivery_date", "end_of_month"] | None = None


class RuleIn(shapes.Body):
    """Which customers it takes by itself: all that is given holds, any one of the tags."""

    tags: Annotated[list[shapes.Line] | None, Field(max_length=100)] = None
    terms: RuleTerms | None = None
    language: Annotated[str | None, Field(max_length=16)] = None
    currency: Annotated[str | None, Field(max_length=3)] = None
    amount: Annotated[
        shapes.MoneyIn | None, Field(description="Owing at least so much in its currency")
    ] = None


class RuleOut(BaseModel):
    """Which customers it takes by itself."""

    tags: list[str] | None = None
    terms: RuleTerms | None = None
    language: str | None = None
    currency: str | None = None
    amount: shapes.MoneyOut | None = None


class CustomerCadenceIn(shapes.Body):
    """A customer cadence; without a minimum any balance above zero is chased."""

    name: shapes.Line
    run: RunForm
    minimum_balance: shapes.MoneyIn | None = None
    steps: Annotated[list[AccountStepIn], Field(max_length=1000)]
    assign_when: RuleIn | None = None


class CustomerCadenceOut(BaseModel):
    """A customer cadence; a change holds for its accounts from the next run on."""

    id: UUID
    name: str
    run: RunForm
    minimum_balance: shapes.MoneyOut | None
    steps: list[AccountStepOut]
    assign_when: RuleOut | None
    created_at: shapes.Instant
    updated_at: shapes.Instant


@router.post("", response={201: CustomerCadenceOut})
def create(request: HttpRequest, data: CustomerCadenceIn) -> Any:
    """Create a customer cadence; its rule takes its customers at once."""
    place = here(request, Permission.CHASING_WRITE)
    made = operations.create_customer_cadence(
        organization=place.organization, data=_read(data), actor=place.actor, now=place.now
    )
    return Status(201, present(place, [made])[0])


@router.get("", response=Page[CustomerCadenceOut])
def find(request: HttpRequest, limit: Limit = 100, cursor: Cursor = "") -> Any:
    """List customer cadences."""
    place = here(request)
    return paging.page(
        CustomerCadence.objects.all(),
        order=["id"],
        limit=limit,
        cursor=cursor,
        present=lambda rows: present(place, rows),
    )


@router.get("/{uuid:customer_cadence_id}", response=CustomerCadenceOut)
def read(request: HttpRequest, customer_cadence_id: UUID) -> Any:
    """Read a customer cadence."""
    place = here(request)
    found = CustomerCadence.objects.filter(pk=customer_cadence_id).first()
    if found is None:
        raise NotFound(_("There is no such cadence."))
    return present(place, [found])[0]


@router.put("/{uuid:customer_cadence_id}", response=CustomerCadenceOut)
def replace(request: HttpRequest, customer_cadence_id: UUID, data: CustomerCadenceIn) -> Any:
    """Change a customer cadence; steps that stay what they are stay done."""
    place = here(request, Permission.CHASING_WRITE)
    changed = operations.update_customer_cadence(
        organization=place.organization,
        cadence_id=customer_cadence_id,
        data=_read(data),
        actor=place.actor,
        now=place.now,
    )
    return present(place, [changed])[0]


@router.delete("/{uuid:customer_cadence_id}", response={204: None})
def delete(request: HttpRequest, customer_cadence_id: UUID) -> Any:
    """Delete a customer cadence; what it planned is cancelled."""
    place = here(request, Permission.CHASING_WRITE)
    operations.delete_customer_cadence(
        organization=place.organization,
        cadence_id=customer_cadence_id,
        actor=place.actor,
        now=place.now,
    )
    return Status(204, None)


def present(place: Here, rows: Sequence[CustomerCadence]) -> list[dict[str, Any]]:
    """Write customer cadences."""
    zone = place.organization.zone
    return [
        {
            "id": row.pk,
            "name": row.name,
            "run": {"weekdays": row.weekdays, "hour": row.hour},
            "minimum_balance": shapes.money_of(row.minimum_minor, row.minimum_currency)
            if row.minimum_currency
            else None,
            "steps": present_steps([AccountStep.from_json(item) for item in row.steps]),
            "assign_when": row.assign_when,
            "created_at": shapes.instant(row.created_at, zone),
            "updated_at": shapes.instant(row.updated_at, zone),
        }
        for row in rows
    ]


def present_steps(steps: Sequence[AccountStep]) -> list[dict[str, Any]]:
    """Write steps with the names of their roles."""
    names = role_names(step.contact_roles for step in steps)
    return [
        {
            **step.to_json(),
            "key": step.key,
            "contact_roles": [names.get(each, each) for each in step.contact_roles],
        }
        for step in steps
    ]


def _read(data: CustomerCadenceIn) -> operations.CustomerCadenceInput:
    rule = data.assign_when
    if rule is not None and rule.amount is not None:
        rule.amount.read("assign_when.amount")
    return operations.CustomerCadenceInput(
        name=data.name,
        weekdays=data.run.weekdays,
        hour=data.run.hour,
        minimum=shapes.amount("minimum_balance", data.minimum_balance),
        steps=[_step(n, each) for n, each in enumerate(data.steps)],
        assign_when=rule.model_dump(exclude_none=True) if rule else None,
    )


def _step(position: int, given: AccountStepIn) -> dict[str, Any]:
    """Return a step in the form that chasing reads; a message without channels is an email."""
    member = shapes.member_id(f"steps.{position}.assignee", given.assignee)
    usual = ["email"] if given.action == "message" else []
    return {
        **given.model_dump(exclude={"assignee", "channels"}),
        "channels": usual if given.channels is None else list(given.channels),
        "template": given.template or None,
        "assignee": str(member) if member else None,
    }
