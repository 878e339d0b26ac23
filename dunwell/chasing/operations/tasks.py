"""Tasks about accounts: members note what came of them, or put them off."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypedDict
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from dunwell.chasing.models import Task
from dunwell.ledger.operations import ActivityInput, log_activity
from dunwell.tenancy.errors import Conflict, InvalidInput, NotFound
from dunwell.tenancy.events import audit, emit
from dunwell.tenancy.models import Member, Organization
from dunwell.tenancy.roles import Actor, Permission


class TaskChanges(TypedDict, total=False):
    """What may be changed about a task; absent stays as it is."""

    state: str
    outcome: str
    notes: str
    next_on: date | None
    due_on: date
    assignee_id: UUID | None


def update_task(
    *,
    organization: Organization,
    task_id: UUID,
    changes: TaskChanges,
    actor: Actor,
    now: datetime,
) -> Task:
    """Note outcome, notes and the next date of a task; a call that was made is logged.

    With `state` done it is closed; a next date then opens a task for that day. Raises Conflict
    for a task that was cancelled, InvalidInput.
    """
    actor.require(Permission.CHASING_WRITE)
    with transaction.atomic():
        task = Task.objects.select_for_update(of=("self",)).filter(pk=task_id).first()
        if task is None:
            raise NotFound(_("There is no such task."))
        if task.state == "cancelled":
            raise Conflict(_("This task was cancelled: nothing is due any more."))
        if task.state == "done" and changes.get("state") == "open":
            raise Conflict(_("This task is done already."))
        before = {name: getattr(task, name) for name in changes}
        _check(changes)
        for name, value in changes.items():
            setattr(task, name, value)
        closes = before.get("state") == "open" and task.state == "done"
        task.closed_at = (task.closed_at or now) if task.state == "done" else None
        task.closed_by = actor.label if task.state == "done" else ""
        task.save()
        if closes:
            _close(organization, task, actor, now)
        audit(
            actor=actor,
            at=now,
            action="task.changed",
            object_type="task",
            object_id=task.pk,
            changes={name: [str(old), str(getattr(task, name))] for name, old in before.items()},
        )
    return task


def _check(changes: Mapping[str, Any]) -> None:
    if changes.get("state", "open") not in ("open", "done"):
        raise InvalidInput.at("state", _("A task is open or done."))
    if len(changes.get("outcome", "")) > 200:
        raise InvalidInput.at("outcome", _("At most 200 characters."))
    wanted = changes.get("assignee_id")
    if wanted is not None and not Member.objects.filter(pk=wanted, active=True).exists():
        raise InvalidInput.at("assignee_id", _("There is no such member."))
    if "due_on" in changes and changes["due_on"] is None:
        raise InvalidInput.at("due_on", _("Choose a day."))


def _close(organization: Organization, task: Task, actor: Actor, now: datetime) -> None:
    """Log the call and open the task that follows."""
    data = ActivityInput(
        kind="call" if task.kind == "call" else "note",
        customer_id=task.customer.pk,
        outcome=task.outcome,
        next_on=task.next_on,
        text=task.notes,
    )
    log_activity(organization=organization, actor=actor, now=now, data=data)
    emit(
        kind="task.done",
        at=now,
        customer_id=task.customer.pk,
        data={"task_id": str(task.pk), "outcome": task.outcome},
    )
    if task.next_on is not None:
        Task.objects.create(
            organization=organization,
            customer=task.customer,
            assignee=task.assignee,
            kind=task.kind,
            cycle=task.cycle if task.cycle and task.cycle.ended_at is None else None,
            step_key=task.step_key,
            due_on=task.next_on,
            notes=task.notes,
            created_at=now,
        )
