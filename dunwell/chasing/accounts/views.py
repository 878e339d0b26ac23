"""How one customer's account stands and what comes next, as pages and the API show it.

Reads only. Rule: chasing, Customer chasing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from django.db import connection

from dunwell.chasing.accounts.cycles import open_cycles, states, viewpoint
from dunwell.chasing.accounts.facts import Account, load_accounts
from dunwell.chasing.accounts.runs import minimum_for
from dunwell.chasing.models import AccountChasing, CustomerCadence, PlannedSend
from dunwell.core.account_steps import AccountStep
from dunwell.core.accounts import Cycles, Next, Standing, StepState, Why, next_run_day, next_step
from dunwell.core.calendar import add_days, instant_at, local_date
from dunwell.core.outcomes import SendState
from dunwell.ledger.models import Customer
from dunwell.tenancy.models import Organization

_BECAME: Final[Mapping[str, StepState]] = {
    SendState.SENT: StepState.DONE,
    SendState.FAILED: StepState.DONE,
    SendState.SKIPPED: StepState.READY,
    SendState.CANCELLED: StepState.READY,
}


class NotChased(StrEnum):
    """Why no cadence chases an account at all."""

    DISABLED = "disabled"
    DO_NOT_CHASE = "do_not_chase"


@dataclass(frozen=True, slots=True)
class NextStep:
    """The step that comes next if nothing changes, and the instant of its run."""

    step: AccountStep
    at: datetime


@dataclass(frozen=True, slots=True)
class AccountView:
    """One currency of a customer: how it stands, and the next step or why there is none.

    `standing` is in minor units of `currency`, without what is disputed, held or on credit.
    """

    currency: str
    standing: Standing
    next: NextStep | Why | NotChased


@dataclass(frozen=True, slots=True)
class ChasingView:
    """How a customer's account is chased; `chasing` None where nobody ever chose and no rule."""

    chasing: AccountChasing | None
    accounts: Sequence[AccountView]


def chasing_of(*, organization: Organization, customer: Customer, now: datetime) -> ChasingView:
    """Look at a customer's account in each currency in which something is open."""
    row = AccountChasing.objects.select_related("cadence").filter(customer=customer).first()
    cadence = row.cadence if row is not None and row.enabled else None
    view = viewpoint(organization=organization, now=now)
    with connection.cursor() as cursor:
        account = load_accounts(cursor, view=view, customer_ids=[customer.pk])[customer.pk]
    cycles = _cycles(customer)
    look = _Look(organization, account, now)
    accounts = []
    for currency in account.currencies:
        coming: NextStep | Why | NotChased
        if customer.do_not_chase:
            coming = NotChased.DO_NOT_CHASE
        elif cadence is None:
            coming = NotChased.DISABLED
        else:
            coming = look.next(cadence, currency, cycles.get(currency, {}))
        accounts.append(AccountView(currency, look.standing(currency), coming))
    return ChasingView(row, accounts)


def _cycles(customer: Customer) -> dict[str, Cycles]:
    """Load the open cycles by currency, with what became meanwhile of the messages planned.

    As cycles.reconcile will note it at the next run.
    """
    found = open_cycles(customer_ids=[customer.pk], lock=False)
    steps = [
        step for ages in found.values() for one in ages.values() for step in one.steps.values()
    ]
    sends = dict(
        PlannedSend.objects.filter(
            pk__in=[step.planned_send_id for step in steps if step.state == StepState.PLANNED]
        ).values_list("pk", "state")
    )
    for step in steps:
        if step.state == StepState.PLANNED and step.planned_send_id in sends:
            step.state = _BECAME.get(sends[step.planned_send_id], step.state)
    return {currency: states(mine) for (_customer, currency), mine in found.items()}


@dataclass(frozen=True, slots=True)
class _Look:
    """One customer's account, looked at now."""

    organization: Organization
    account: Account
    now: datetime

    @property
    def today(self) -> date:
        """Return the organization's day."""
        return local_date(self.now, self.organization.zone)

    def standing(self, currency: str) -> Standing:
        """Reckon balances and ages."""
        return self.account.standing(currency, self.today)

    def next(self, cadence: CustomerCadence, currency: str, cycles: Cycles) -> NextStep | Why:
        """Say what comes next, or why nothing does."""
        found = next_step(
            steps=[AccountStep.from_json(item) for item in cadence.steps],
            now=self.standing(currency),
            cycles=cycles,
            minimum=minimum_for(cadence, currency),
            today=self.today,
        )
        if isinstance(found, Next):
            return NextStep(found.step, self._run_at(cadence, found.day))
        if found is Why.NOTHING_DUE and self.account.all_held(currency):
            return Why.HELD
        if found is Why.NOTHING_DUE and self.account.planned(currency):
            return Why.PLAN
        return found

    def _run_at(self, cadence: CustomerCadence, reached: date) -> datetime:
        """Return the instant of the first run, not made yet, on which a step is reached."""
        day = max(reached, self.today)
        if cadence.ran_through is not None:
            day = max(day, add_days(cadence.ran_through, 1))
        day = next_run_day(day=day, weekdays=cadence.weekdays)
        return instant_at(day, cadence.hour, self.organization.zone)
