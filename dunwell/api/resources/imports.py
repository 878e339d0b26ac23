"""Imports of spreadsheets: looked at, run, taken back."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import File, Form, Router, Status, UploadedFile
from pydantic import BaseModel

from dunwell.api import paging, shapes
from dunwell.api.door import Here, here
from dunwell.api.paging import Cursor, Limit, Page
from dunwell.flows import imports as flow
from dunwell.ledger.models import Import
from dunwell.tenancy.errors import InvalidInput, NotFound
from dunwell.tenancy.roles import Permission

router = Router(tags=["imports"])

Kind = Literal["customers", "contacts", "invoices", "payments"]


class InvalidRow(BaseModel):
    """What is wrong with one row."""

    row: int
    field: str
    message: str


class ImportOut(BaseModel):
    """An import; `invalid` holds the first 1,000 problems, `invalid_rows` counts all rows."""

    id: UUID
    kind: Kind
    state: Literal["queued", "running", "done", "failed"]
    filename: str
    dry_run: bool
    rows: int
    rows_done: int
    valid: int
    invalid_rows: int
    invalid: list[InvalidRow]
    created: int
    updated: int
    unchanged: int
    counts: dict[str, Any]
    problem: str
    data_set: str
    mapping: dict[str, dict[str, str]]
    questions: list[dict[str, str]]
    unknown_columns: list[str]
    options: dict[str, Any]
    created_at: shapes.Instant
    finished_at: shapes.Instant | None
    undone_at: shapes.Instant | None
    undone: dict[str, Any] | None


@router.post("", response={201: ImportOut})
def start(
    request: HttpRequest,
    *,
    file: Annotated[UploadedFile, File()],
    kind: Annotated[Kind, Form()],
    mapping: Annotated[str, Form(max_length=100_000, description="A JSON object")] = "",
    options: Annotated[str, Form(max_length=100_000, description="A JSON object")] = "",
    dry_run: Annotated[bool, Form()] = False,
) -> Any:
    """Import a CSV or XLSX file, or with `dry_run` only find out what that would do.

    Large files are left to the worker: the state is then `queued`. `mapping` maps fields to
    columns; `options` are currency, date_format, decimal, valid_only, sent, cadence,
    default_cadence, encoding, delimiter and sheet.
    """
    place = here(request, Permission.IMPORT)
    made = flow.start(
        organization=place.organization,
        actor=place.actor,
        now=place.now,
        filename=file.name or "",
        file=file,
        kind=kind,
        mapping=_object("mapping", mapping),
        options=_object("options", options),
        dry_run=dry_run,
    )
    return Status(201, present(place, made))


@router.get("", response=Page[ImportOut])
def find(request: HttpRequest, limit: Limit = 50, cursor: Cursor = "") -> Any:
    """List imports, newest first."""
    place = here(request)
    return paging.page(
        Import.objects.all(),
        order=["-id"],
        limit=limit,
        cursor=cursor,
        present=lambda rows: [present(place, row) for row in rows],
    )


@router.get("/{uuid:import_id}", response=ImportOut)
def read(request: HttpRequest, import_id: UUID) -> Any:
    """Read an import."""
    place = here(request)
    return present(place, _get(import_id))


@router.post("/{uuid:import_id}/undo", response=ImportOut)
def undo(request: HttpRequest, import_id: UUID) -> Any:
    """Take an import back; rows sent, paid or edited since stay and are named in `undone`."""
    place = here(request, Permission.IMPORT)
    flow.undo(
        organization=place.organization, actor=place.actor, now=place.now, import_id=import_id
    )
    return present(place, _get(import_id))


def present(place: Here, row: Import) -> dict[str, Any]:
    """Write an import."""
    told = flow.describe(import_=row)
    zone = place.organization.zone
    instants = ("created_at", "finished_at", "undone_at")
    return told | {name: shapes.instant(told[name], zone) for name in instants}


def _get(import_id: UUID) -> Import:
    found = Import.objects.filter(pk=import_id).first()
    if found is None:
        raise NotFound(_("There is no such import."))
    return found


def _object(field: str, text: str) -> Mapping[str, Any]:
    """Read a JSON object of a form. Raises InvalidInput at the field."""
    if not text.strip():
        return {}
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput.at(field, _("This must be a JSON object.")) from error
    if not isinstance(data, dict):
        raise InvalidInput.at(field, _("This must be a JSON object."))
    return data
