"""The open cycles of accounts, with what became of each step in them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from dunwell.chasing.accounts.facts import Viewpoint, load_accounts
from dunwell.chasing.models import AccountCycle, AccountStep, PlannedSend, Task
from dunwell.core.account_steps import Age
from dunwell.core.accounts import StepState, ended
from dunwell.core.calendar import local_date
from dunwell.core.outcomes import Reason, SendState
from dunwell.tenancy.database.rows import uuids
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import SYSTEM_ACTOR

AGES: Final = {"account": Age.ACCOUNT, "past_due": Age.PAST_DUE}
KINDS: Final = {age: kind for kind, age in AGES.items()}

# A step is done once its message went out or failed for good (a failure is not tried again by
# itself); one that was skipped or withdrawn waits for the next run.
_RECONCILE = """
UPDATE chasing_accountstep s
SET state = CASE WHEN p.state IN ('sent', 'failed') THEN 'done' ELSE 'ready' END
FROM chasing_plannedsend p, chasing_accountcycle c
WHERE s.organization_id = %(org)s AND s.state = 'planned'
  AND p.organization_id = s.organization_id AND p.id = s.planned_send_id
  AND p.state IN ('sent', 'failed', 'skipped', 'cancelled')
  AND c.organization_id = s.organization_id AND c.id = s.cycle_id AND c.customer_id = ANY(%(ids)s)
"""
_CONCERNED = """
SELECT DISTINCT i.customer_id FROM ledger_invoice i
WHERE i.organization_id = %(org)s AND i.id = ANY(%(ids)s) AND (
  EXISTS (SELECT FROM chasing_accountcycle c WHERE c.organization_id = i.organization_id
    AND c.customer_id = i.customer_id AND c.ended_at IS NULL)
  OR EXISTS (SELECT FROM chasing_plannedsend p WHERE p.organization_id = i.organization_id
    AND p.customer_id = i.customer_id AND p.state = 'planned'))
"""


@dataclass(slots=True)
class OpenCycle:
    """A cycle under way and its steps by key."""

    row: AccountCycle
    steps: dict[str, AccountStep] = field(default_factory=dict)


type Key = tuple[UUID, str]
"""An account: customer and currency."""


def open_cycles(
    *, customer_ids: Sequence[UUID], lock: bool = True
) -> dict[Key, dict[Age, OpenCycle]]:
    """Load the open cycles of customers with their steps, locked in the order of their ids."""
    rows = AccountCycle.objects.filter(customer__in=customer_ids, ended_at__isnull=True)
    rows = rows.order_by("id")
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    by_id: dict[UUID, OpenCycle] = {row.pk: OpenCycle(row) for row in rows}
    for step in AccountStep.objects.filter(cycle__in=list(by_id)):
        by_id[step.cycle_id].steps[step.step_key] = step
    found: dict[Key, dict[Age, OpenCycle]] = defaultdict(dict)
    for cycle in by_id.values():
        row = cycle.row
        found[row.customer_id, row.currency][AGES[row.kind]] = cycle
    return found


def reconcile(*, organization: Organization, customer_ids: Sequence[UUID]) -> None:
    """Note what became of the steps whose messages have ended since."""
    with connection.cursor() as cursor:
        cursor.execute(_RECONCILE, {"org": organization.pk, "ids": uuids(customer_ids)})


def states(
    cycles: dict[Age, OpenCycle], *, but: UUID | None = None
) -> dict[Age, dict[str, StepState]]:
    """Return the states of an account's steps; those planned in the send `but` count as ready."""
    return {
        age: {
            key: StepState.READY
            if but is not None and step.planned_send_id == but and step.state == StepState.PLANNED
            else StepState(step.state)
            for key, step in cycle.steps.items()
        }
        for age, cycle in cycles.items()
    }


def end_cycles(*, cycles: Iterable[AccountCycle], now: datetime) -> None:
    """End cycles and cancel their open tasks (Rule: chasing, Customer chasing)."""
    ids = [cycle.pk for cycle in cycles]
    if not ids:
        return
    AccountCycle.objects.filter(pk__in=ids, ended_at__isnull=True).update(ended_at=now)
    Task.objects.filter(cycle__in=ids, state="open").update(
        state="cancelled", closed_at=now, closed_by=SYSTEM_ACTOR.label
    )


def look_again(*, organization: Organization, invoice_ids: Sequence[UUID], now: datetime) -> None:
    """End the cycles of these invoices' accounts of which nothing is (past) due any more.

    Called in the transaction that changed the invoices, so a cycle ends with the payment and not
    with the next run. A planned message to a customer who owes nothing is cancelled.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CONCERNED, {"org": organization.pk, "ids": uuids(invoice_ids)})
        customers = [row[0] for row in cursor.fetchall()]
        if not customers:
            return
        view = viewpoint(organization=organization, now=now)
        accounts = load_accounts(cursor, view=view, customer_ids=customers)
    today = local_date(now, organization.zone)
    over = []
    for (customer, currency), cycles in open_cycles(customer_ids=customers).items():
        standing = accounts[customer].standing(currency, today)
        over += [cycles[age].row for age in ended(cycles=states(cycles), now=standing)]
    end_cycles(cycles=over, now=now)
    paid = [customer for customer, account in accounts.items() if not account.items]
    _withdraw(paid, now)


def _withdraw(customer_ids: Sequence[Any], now: datetime) -> None:
    PlannedSend.objects.filter(customer__in=customer_ids, state=SendState.PLANNED).update(
        state=SendState.CANCELLED, reason=Reason.PAID, changed_at=now
    )


def viewpoint(*, organization: Organization, now: datetime) -> Viewpoint:
    """Look at an organization's accounts at an instant."""
    return Viewpoint(
        organization_id=organization.pk,
        zone=organization.zone,
        grace_days=organization.promise_grace_days,
        now=now,
    )
