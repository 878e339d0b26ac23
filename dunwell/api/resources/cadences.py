"""Cadences: named lists of steps that are copied onto invoices."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import BaseModel, Field

from dunwell.api import paging, shapes
from dunwell.api.door import Here, here
from dunwell.api.paging import Cursor, Limit, Page
from dunwell.api.resources import steps as forms
from dunwell.chasing import queries
from dunwell.chasing.models import Cadence
from dunwell.chasing.operations import cadences as operations
from dunwell.tenancy.roles import Permission

router = Router(tags=["chasing"])


class CadenceIn(shapes.Body):
    """A cadence; at most one is the default for new invoices."""

    name: shapes.Line
    default: shapes.YesNo = False
    steps: Annotated[list[forms.StepIn], Field(max_length=1000)]


class CadenceOut(BaseModel):
    """A cadence. Changing it never changes the schedules that were copied from it."""

    id: UUID
    name: str
    default: bool
    steps: list[forms.StepOut]
    created_at: shapes.Instant
    updated_at: shapes.Instant


@router.post("", response={201: CadenceOut})
def create(request: HttpRequest, data: CadenceIn) -> Any:
    """Create a cadence."""
    place = here(request, Permission.CHASING_WRITE)
    made = operations.create_cadence(
        name=data.name,
        steps=forms.read(data.steps),
        default=data.default,
        actor=place.actor,
        now=place.now,
    )
    return Status(201, present(place, [made])[0])


@router.get("", response=Page[CadenceOut])
def find(request: HttpRequest, limit: Limit = 100, cursor: Cursor = "") -> Any:
    """List cadences."""
    place = here(request)
    return paging.page(
        Cadence.objects.all(),
        order=["id"],
        limit=limit,
        cursor=cursor,
        present=lambda rows: present(place, rows),
    )


@router.get("/{uuid:cadence_id}", response=CadenceOut)
def read(request: HttpRequest, cadence_id: UUID) -> Any:
    """Read a cadence."""
    place = here(request)
    return present(place, [queries.get_cadence(cadence_id=cadence_id)])[0]


@router.put("/{uuid:cadence_id}", response=CadenceOut)
def replace(request: HttpRequest, cadence_id: UUID, data: CadenceIn) -> Any:
    """Change a cadence for later applications; existing schedules keep their copy."""
    place = here(request, Permission.CHASING_WRITE)
    changed = operations.update_cadence(
        cadence_id=cadence_id,
        name=data.name,
        steps=forms.read(data.steps),
        default=data.default,
        actor=place.actor,
        now=place.now,
    )
    return present(place, [changed])[0]


@router.delete("/{uuid:cadence_id}", response={204: None})
def delete(request: HttpRequest, cadence_id: UUID) -> Any:
    """Delete a cadence."""
    place = here(request, Permission.CHASING_WRITE)
    operations.delete_cadence(cadence_id=cadence_id, actor=place.actor, now=place.now)
    return Status(204, None)


def present(place: Here, rows: Sequence[Cadence]) -> list[dict[str, Any]]:
    """Write cadences."""
    zone = place.organization.zone
    return [
        {
            "id": row.pk,
            "name": row.name,
            "default": row.default,
            "steps": forms.present(row.steps),
            "created_at": shapes.instant(row.created_at, zone),
            "updated_at": shapes.instant(row.updated_at, zone),
        }
        for row in rows
    ]
