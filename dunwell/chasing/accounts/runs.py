"""The runs of customer cadences: what each account's turn comes to, a few hundred at a time.

At the midnight of a run's day its messages are planned for its hour, so that they are seen in
advance and reminders can fold into them. At its hour the run itself decides anew, with what was
reached meanwhile, and makes tasks and escalations. Both change nothing the second time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from dunwell.chasing.accounts.cycles import (
    KINDS,
    Key,
    OpenCycle,
    end_cycles,
    open_cycles,
    reconcile,
    states,
    viewpoint,
)
from dunwell.chasing.accounts.facts import Account, load_accounts
from dunwell.chasing.models import (
    AccountChasing,
    AccountCycle,
    AccountStep,
    CustomerCadence,
    PlannedSend,
    Task,
)
from dunwell.core.account_steps import AccountStep as Step
from dunwell.core.account_steps import Action, Age
from dunwell.core.accounts import Run, StepState, decide_run
from dunwell.core.calendar import instant_at
from dunwell.core.ids import uuid7
from dunwell.core.outcomes import Reason, SendState
from dunwell.ledger.models import Customer
from dunwell.tenancy import events
from dunwell.tenancy.models import Event, Organization

CHUNK = 200
_TAKEN = ("planned", "sending", "sent", "failed")


def run_cadence(
    *, organization: Organization, cadence_id: UUID, day: date, now: datetime, ahead: bool
) -> int:
    """Let every account of a cadence have its turn for a run's day; return how many there were.

    `ahead` plans messages only. One transaction for some hundred accounts, each under the lock of
    the cadence's row, so that two workers never decide on one account at a time.
    """
    seen, last = 0, None
    while True:
        with transaction.atomic():
            cadence = _locked(cadence_id)
            if cadence is None:
                return seen
            customers = _customers(cadence, last)
            if customers:
                turn = _Turn(organization, cadence, day=day, now=now, ahead=ahead)
                turn.take(customers)
                seen, last = seen + len(customers), customers[-1].pk
            else:
                _note(cadence, day, ahead=ahead)
                return seen


def _locked(cadence_id: UUID) -> CustomerCadence | None:
    return CustomerCadence.objects.select_for_update(no_key=True).filter(pk=cadence_id).first()


def _customers(cadence: CustomerCadence, after: UUID | None) -> list[Customer]:
    chased = AccountChasing.objects.filter(
        cadence=cadence, enabled=True, customer__do_not_chase=False
    )
    if after is not None:
        chased = chased.filter(customer_id__gt=after)
    rows = chased.order_by("customer_id").select_related("customer")[:CHUNK]
    return [row.customer for row in rows]


def _note(cadence: CustomerCadence, day: date, *, ahead: bool) -> None:
    """Write down that this day's run was planned, or made."""
    cadence.planned_through = max(day, cadence.planned_through or day)
    if not ahead:
        cadence.ran_through = max(day, cadence.ran_through or day)
    cadence.save(update_fields=["planned_through", "ran_through"])


def minimum_for(cadence: CustomerCadence, currency: str) -> int:
    """Return the least balance that is chased; where the minimum is of another currency, any."""
    return cadence.minimum_minor if cadence.minimum_currency == currency else 0


@dataclass(slots=True)
class _Message:
    """The step of one currency that a message carries."""

    cycle: AccountCycle
    currency: str
    step: Step


@dataclass(slots=True)
class _Made:
    """What the turns of some accounts came to, to be written at once."""

    over: list[AccountCycle] = field(default_factory=list)
    opened: list[AccountCycle] = field(default_factory=list)
    steps: dict[tuple[UUID, str], AccountStep] = field(default_factory=dict)
    created: list[PlannedSend] = field(default_factory=list)
    changed: list[PlannedSend] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    told: list[Event] = field(default_factory=list)


class _Turn:
    """One pass over some accounts of a cadence."""

    def __init__(
        self,
        organization: Organization,
        cadence: CustomerCadence,
        *,
        day: date,
        now: datetime,
        ahead: bool,
    ) -> None:
        self.organization = organization
        self.cadence = cadence
        self.steps = [Step.from_json(item) for item in cadence.steps]
        self.day = day
        self.now = now
        self.ahead = ahead
        self.made = _Made()

    def take(self, customers: Sequence[Customer]) -> None:
        """Decide on the customers' accounts and write down what comes of it."""
        ids = [customer.pk for customer in customers]
        reconcile(organization=self.organization, customer_ids=ids)
        view = viewpoint(organization=self.organization, now=self.now)
        cycles = open_cycles(customer_ids=ids)
        with connection.cursor() as cursor:
            accounts = load_accounts(cursor, view=view, customer_ids=ids)
        taken = self._taken(ids)
        for customer in customers:
            self._customer(customer, accounts[customer.pk], cycles, taken.get(customer.pk))
        self._write()

    def _taken(self, ids: Sequence[UUID]) -> dict[UUID, PlannedSend]:
        """Find the messages these customers get on this day already.

        Those planned are locked; one that a sender is just claiming is told as under way.
        """
        mine = PlannedSend.objects.filter(
            customer__in=ids, kind="account", day=self.day, state__in=_TAKEN
        )
        free = set(
            mine.filter(state=SendState.PLANNED)
            .select_for_update(skip_locked=True)
            .values_list("pk", flat=True)
        )
        found = {}
        for send in mine.select_related("customer"):
            if send.state == SendState.PLANNED and send.pk not in free:
                send.state = SendState.SENDING
            found[send.customer.pk] = send
        return found

    def _customer(
        self,
        customer: Customer,
        account: Account,
        cycles: dict[Key, dict[Age, OpenCycle]],
        send: PlannedSend | None,
    ) -> None:
        planned = send if send is not None and send.state == SendState.PLANNED else None
        known = {currency for owner, currency in cycles if owner == customer.pk}
        before = len(self.made.tasks)
        messages: list[_Message] = []
        for currency in sorted(known | set(account.currencies)):
            mine = cycles.get((customer.pk, currency), {})
            run = decide_run(
                steps=self.steps,
                now=account.standing(currency, self.day),
                cycles=states(mine, but=planned.pk if planned else None),
                minimum=minimum_for(self.cadence, currency),
            )
            messages += self._account(customer, currency, mine, run)
        if send is None and messages:
            self._plan(customer, messages)
        elif planned is not None and messages:
            self._plan_anew(planned, messages, cycles)
        elif planned is not None and len(self.made.tasks) > before:
            planned.state, planned.reason = SendState.SKIPPED, Reason.SUPERSEDED
            self.made.changed.append(planned)

    def _account(
        self, customer: Customer, currency: str, mine: dict[Age, OpenCycle], run: Run
    ) -> Iterator[_Message]:
        """Note one account's turn; yield what a message is to carry."""
        rows = {age: cycle.row for age, cycle in mine.items()}
        self.made.over += [rows.pop(age) for age in run.ends]
        for age in sorted(run.opens):
            rows[age] = self._open(customer, currency, age)
        for age, key in run.again:
            self._step(rows[age], key, StepState.READY)
        step = run.performs
        if step is None or (self.ahead and step.action is not Action.MESSAGE):
            return
        for age, key in run.superseded:
            self._step(rows[age], key, StepState.SUPERSEDED)
        if step.action is Action.MESSAGE:
            yield _Message(rows[step.age], currency, step)
        else:
            self._step(rows[step.age], step.key, StepState.DONE)
            self._task(customer, rows[step.age], step)

    def _open(self, customer: Customer, currency: str, age: Age) -> AccountCycle:
        cycle = AccountCycle(
            organization=self.organization,
            customer=customer,
            currency=currency,
            kind=KINDS[age],
            opened_at=self.now,
        )
        self.made.opened.append(cycle)
        return cycle

    def _step(
        self, cycle: AccountCycle, key: str, state: StepState, send: PlannedSend | None = None
    ) -> None:
        self.made.steps[cycle.pk, key] = AccountStep(
            organization=self.organization,
            cycle=cycle,
            step_key=key,
            state=state,
            at=self.now,
            planned_send=send,
        )

    def _task(self, customer: Customer, cycle: AccountCycle, step: Step) -> None:
        owner = customer.owner_id or self.organization.default_owner_id
        task = Task(
            organization=self.organization,
            customer=customer,
            assignee_id=UUID(step.assignee) if step.assignee else owner,
            kind="escalate" if step.action is Action.ESCALATE else "call",
            cycle=cycle,
            step_key=step.key,
            due_on=self.day,
            created_at=self.now,
        )
        self.made.tasks.append(task)
        kind = "account.escalated" if step.action is Action.ESCALATE else "task.opened"
        data = {
            "task_id": str(task.pk),
            "assignee_id": str(task.assignee_id) if task.assignee_id else None,
            "currency": cycle.currency,
            "trigger": step.to_json()["trigger"],
        }
        told = events.event(kind=kind, at=self.now, customer_id=customer.pk, data=data)
        self.made.told.append(told)

    def _plan(self, customer: Customer, messages: Sequence[_Message]) -> None:
        send = PlannedSend(
            id=uuid7(),
            organization=self.organization,
            customer=customer,
            kind="account",
            hour=self.cadence.hour,
            day=self.day,
            at=instant_at(self.day, self.cadence.hour, self.organization.zone),
            state=SendState.PLANNED,
            changed_at=self.now,
            live=not self.organization.sandbox,
        )
        self._fill(send, messages)
        self.made.created.append(send)

    def _plan_anew(
        self,
        send: PlannedSend,
        messages: Sequence[_Message],
        cycles: dict[Key, dict[Age, OpenCycle]],
    ) -> None:
        """Make a message planned ahead carry what is reached by now.

        Where there is nothing to say it stays, and says at its hour why it did not go out; only
        where a task came in its place it gives way at once.
        """
        kept = {(message.cycle.pk, message.step.key) for message in messages}
        for (owner, _currency), mine in cycles.items():
            for cycle in mine.values() if owner == send.customer_id else ():
                for key, step in cycle.steps.items():
                    if step.planned_send_id == send.pk and (cycle.row.pk, key) not in kept:
                        self._step(cycle.row, key, StepState.READY)
        self._fill(send, messages)
        self.made.changed.append(send)

    def _fill(self, send: PlannedSend, messages: Sequence[_Message]) -> None:
        steps = [message.step for message in messages]
        send.trigger = {
            "type": "account",
            "steps": [
                {"currency": message.currency, **message.step.to_json()} for message in messages
            ],
        }
        send.channels = list(dict.fromkeys(c.value for step in steps for c in step.channels))
        send.contact_roles = list(dict.fromkeys(r for step in steps for r in step.contact_roles))
        send.template = next((step.template for step in steps if step.template), "")
        for message in messages:
            self._step(message.cycle, message.step.key, StepState.PLANNED, send)

    def _write(self) -> None:
        made = self.made
        end_cycles(cycles=made.over, now=self.now)
        AccountCycle.objects.bulk_create(made.opened)
        PlannedSend.objects.bulk_create(made.created)
        columns = ["trigger", "channels", "contact_roles", "template", "state", "reason"]
        PlannedSend.objects.bulk_update(made.changed, columns)
        AccountStep.objects.bulk_create(
            _in_order(made.steps),
            update_conflicts=True,
            unique_fields=["organization", "cycle", "step_key"],
            update_fields=["state", "at", "planned_send"],
        )
        Task.objects.bulk_create(made.tasks, ignore_conflicts=True)
        events.emit_many(made.told)


def _in_order(steps: dict[tuple[UUID, str], Any]) -> list[AccountStep]:
    return [steps[key] for key in sorted(steps)]
