"""How one customer's whole account is chased."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import BaseModel

from dunwell.api import shapes
from dunwell.api.door import Here, here
from dunwell.api.resources.customer_cadences import AccountStepOut, present_steps
from dunwell.chasing.accounts.views import AccountView, NextStep, chasing_of
from dunwell.chasing.operations import customer_cadences as operations
from dunwell.core.account_steps import Age
from dunwell.ledger.queries.found import get_customer
from dunwell.tenancy.roles import Permission

router = Router(tags=["chasing"])


class ChasingIn(shapes.Body):
    """The customer cadence that is to chase the account; it wins over every rule."""

    cadence_id: UUID


class NextOut(BaseModel):
    """The step that comes next if nothing changes, and when."""

    step: AccountStepOut
    at: shapes.Instant


class AccountOut(BaseModel):
    """One currency; ages in days. Without `next` there is a `reason`."""

    currency: str
    balance: shapes.MoneyOut
    past_due: shapes.MoneyOut
    account_age: int | None
    past_due_age: int | None
    next: NextOut | None
    reason: str | None


class ChasingOut(BaseModel):
    """How the account is chased; `by_hand` where a member chose, or stopped it."""

    enabled: bool
    cadence_id: UUID | None
    by_hand: bool
    since: shapes.Instant | None
    by: str | None
    accounts: list[AccountOut]


@router.get("/{uuid:customer_id}/chasing", response=ChasingOut)
def read(request: HttpRequest, customer_id: UUID) -> Any:
    """Read how a customer's account is chased, and what comes next."""
    return one(here(request), customer_id)


@router.put("/{uuid:customer_id}/chasing", response=ChasingOut)
def choose(request: HttpRequest, customer_id: UUID, data: ChasingIn) -> Any:
    """Chase a customer's account with a cadence."""
    place = here(request, Permission.CHASING_WRITE)
    get_customer(customer_id=customer_id)
    operations.chase_account(
        organization=place.organization,
        customer_id=customer_id,
        cadence_id=data.cadence_id,
        actor=place.actor,
        now=place.now,
    )
    return one(place, customer_id)


@router.delete("/{uuid:customer_id}/chasing", response={204: None})
def stop(request: HttpRequest, customer_id: UUID) -> Any:
    """Stop chasing a customer's account; no rule takes it up again."""
    place = here(request, Permission.CHASING_WRITE)
    get_customer(customer_id=customer_id)
    operations.stop_chasing_account(
        organization=place.organization, customer_id=customer_id, actor=place.actor, now=place.now
    )
    return Status(204, None)


def one(place: Here, customer_id: UUID) -> dict[str, Any]:
    """Write how a customer's account is chased."""
    customer = get_customer(customer_id=customer_id)
    view = chasing_of(organization=place.organization, customer=customer, now=place.now)
    row = view.chasing
    return {
        "enabled": row is not None and row.enabled,
        "cadence_id": row.cadence_id if row else None,
        "by_hand": row is not None and row.by_hand,
        "since": shapes.instant(row.since, place.organization.zone) if row else None,
        "by": row.by if row else None,
        "accounts": [_account(place, each) for each in view.accounts],
    }


def _account(place: Here, view: AccountView) -> dict[str, Any]:
    coming = view.next if isinstance(view.next, NextStep) else None
    return {
        "currency": view.currency,
        "balance": shapes.money_of(view.standing.balance, view.currency),
        "past_due": shapes.money_of(view.standing.past_due, view.currency),
        "account_age": view.standing.ages.get(Age.ACCOUNT),
        "past_due_age": view.standing.ages.get(Age.PAST_DUE),
        "next": {
            "step": present_steps([coming.step])[0],
            "at": shapes.instant(coming.at, place.organization.zone),
        }
        if coming
        else None,
        "reason": None if isinstance(view.next, NextStep) else view.next.value,
    }
