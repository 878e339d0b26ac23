"""Tasks about accounts: calls, and matters escalated to a member."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router
from pydantic import BaseModel

from dunwell.api import paging, shapes
from dunwell.api.door import Here, here
from dunwell.api.paging import Cursor, Limit, Page
from dunwell.chasing.models import Task
from dunwell.chasing.operations.tasks import TaskChanges, update_task
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.roles import Permission

router = Router(tags=["chasing"])

State = Literal["open", "done", "cancelled"]


class TaskPatch(shapes.Body):
    """What came of a task; with `state` done it is closed, `next_on` then opens another."""

    state: Literal["open", "done"] = "open"
    outcome: shapes.Line | None = None
    notes: shapes.Text | None = None
    next_on: shapes.Day | None = None
    due_on: shapes.Day | None = None
    assignee: shapes.Line | None = None


class TaskOut(BaseModel):
    """Something a member is to do about a customer's account."""

    id: UUID
    customer_id: UUID
    kind: Literal["call", "escalate"]
    step: str | None
    assignee_id: UUID | None
    due_on: shapes.Day
    state: State
    outcome: str
    notes: str
    next_on: shapes.Day | None
    created_at: shapes.Instant
    closed_at: shapes.Instant | None
    closed_by: str | None


@router.get("", response=Page[TaskOut])
def find(
    request: HttpRequest,
    *,
    limit: Limit = 50,
    cursor: Cursor = "",
    state: State | None = None,
    customer_id: UUID | None = None,
    assignee: shapes.Line = "",
    due_until: shapes.Day | None = None,
) -> Any:
    """List tasks, the first due first; `due_until` today gives those of today and overdue."""
    place = here(request)
    rows = Task.objects.all()
    if state:
        rows = rows.filter(state=state)
    if customer_id:
        rows = rows.filter(customer_id=customer_id)
    if assignee:
        rows = rows.filter(assignee_id=shapes.member_id("assignee", assignee))
    if due_until:
        rows = rows.filter(due_on__lte=due_until)
    return paging.page(
        rows,
        order=["due_on", "id"],
        limit=limit,
        cursor=cursor,
        present=lambda found: present(place, found),
    )


@router.get("/{uuid:task_id}", response=TaskOut)
def read(request: HttpRequest, task_id: UUID) -> Any:
    """Read a task."""
    place = here(request)
    found = Task.objects.filter(pk=task_id).first()
    if found is None:
        raise NotFound(_("There is no such task."))
    return present(place, [found])[0]


@router.patch("/{uuid:task_id}", response=TaskOut)
def change(request: HttpRequest, task_id: UUID, data: TaskPatch) -> Any:
    """Note what came of a task, put it off, hand it over or close it."""
    place = here(request, Permission.CHASING_WRITE)
    changed = update_task(
        organization=place.organization,
        task_id=task_id,
        changes=_changes(data),
        actor=place.actor,
        now=place.now,
    )
    return present(place, [changed])[0]


def present(place: Here, rows: Sequence[Task]) -> list[dict[str, Any]]:
    """Write tasks."""
    zone = place.organization.zone
    return [
        {
            "id": row.pk,
            "customer_id": row.customer_id,
            "kind": row.kind,
            "step": row.step_key or None,
            "assignee_id": row.assignee_id,
            "due_on": row.due_on.isoformat(),
            "state": row.state,
            "outcome": row.outcome,
            "notes": row.notes,
            "next_on": row.next_on.isoformat() if row.next_on else None,
            "created_at": shapes.instant(row.created_at, zone),
            "closed_at": shapes.instant(row.closed_at, zone),
            "closed_by": row.closed_by or None,
        }
        for row in rows
    ]


def _changes(data: TaskPatch) -> TaskChanges:
    """Turn what was sent into the names of a task; null clears."""
    given = data.given()
    changes: TaskChanges = {}
    for name in ("outcome", "notes"):
        if name in given:
            changes[name] = given[name] or ""
    for name in ("state", "next_on", "due_on"):
        if name in given:
            changes[name] = given[name]  # type: ignore[literal-required]  # one of three names
    if "assignee" in given:
        changes["assignee_id"] = shapes.member_id("assignee", data.assignee)
    return changes
