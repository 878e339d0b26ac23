"""Short ways to chase whole accounts at a desk."""

from collections.abc import Mapping, Sequence
from typing import Any

from dunwell.chasing.models import AccountStep, CustomerCadence, PlannedSend, Task
from dunwell.chasing.operations.customer_cadences import (
    CustomerCadenceInput,
    chase_account,
    create_customer_cadence,
)
from dunwell.core.money import Money
from dunwell.inbox.models import Delivery
from dunwell.ledger.models import Customer
from tests.chasing.desk import Desk, outcome

EVERY_DAY = range(7)


def past_due(days: int, action: str = "message", **more: Any) -> dict[str, Any]:
    return _step("past_due_age", days, action, more)


def account_age(days: int, action: str = "message", **more: Any) -> dict[str, Any]:
    return _step("account_age", days, action, more)


def _step(age: str, days: int, action: str, more: Mapping[str, Any]) -> dict[str, Any]:
    channels = {"channels": ["email"]} if action == "message" else {}
    return {"trigger": {"type": age, "days": days}, "action": action, **channels, **more}


def customer_cadence(
    desk: Desk,
    steps: Sequence[Mapping[str, Any]],
    *,
    name: str = "Accounts",
    weekdays: Sequence[int] = EVERY_DAY,
    hour: int = 10,
    minimum: str | None = None,
    assign_when: Mapping[str, Any] | None = None,
) -> CustomerCadence:
    data = CustomerCadenceInput(
        name=name,
        weekdays=weekdays,
        hour=hour,
        steps=steps,
        minimum=Money.parse(minimum, "EUR") if minimum else None,
        assign_when=assign_when,
    )
    return create_customer_cadence(**desk.here, data=data)


def chase(desk: Desk, customer: Customer, cadence: CustomerCadence) -> None:
    chase_account(**desk.here, customer_id=customer.pk, cadence_id=cadence.pk)


def account_sends(desk: Desk, customer: Customer) -> list[tuple[str, str]]:
    """List the messages about a customer's account: local time, and state with its reason."""
    rows = PlannedSend.objects.filter(customer=customer).order_by("at", "id")
    return [(desk.local(row.at), outcome(row)) for row in rows]


def account_mails(desk: Desk, customer: Customer) -> list[tuple[str, str]]:
    """List the mails about a customer's account that went out: local time, address."""
    rows = Delivery.objects.filter(
        customer=customer, invoice__isnull=True, state__in=["sent", "uncertain"]
    )
    return [(desk.local(row.at), row.to_address) for row in rows.order_by("at", "id")]


def texts(customer: Customer) -> list[str]:
    """List subject and text of the mails about a customer's account, in order."""
    rows = Delivery.objects.filter(customer=customer, invoice__isnull=True, message__isnull=False)
    return [f"{row.message.subject}\n{row.message.text}" for row in rows.order_by("at", "id")]


def tasks(customer: Customer) -> list[tuple[str, str, str]]:
    """List a customer's tasks: day, kind, state."""
    rows = Task.objects.filter(customer=customer).order_by("due_on", "id")
    return [(str(row.due_on), row.kind, row.state) for row in rows]


def step_states(customer: Customer) -> dict[str, str]:
    """Map the steps of a customer's open cycles to what became of them."""
    rows = AccountStep.objects.filter(cycle__customer=customer, cycle__ended_at__isnull=True)
    return {f"{row.cycle.currency} {row.step_key}": row.state for row in rows}
