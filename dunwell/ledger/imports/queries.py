"""Reads of imports."""

from typing import Any

from django.db.models import QuerySet

from dunwell.ledger.imports.fields import FIELDS, Field
from dunwell.ledger.imports.mapping import Mapped, from_json, question, unused
from dunwell.ledger.models import Import


def latest() -> QuerySet[Import]:
    """List imports, newest first, without what is long in them."""
    return Import.objects.defer("analysis", "invalid").order_by("-id")


def fields_of(*, kind: str) -> tuple[Field, ...]:
    """List the fields that a kind of import can fill."""
    return FIELDS[kind]


def describe(*, import_: Import) -> dict[str, Any]:
    """Give an import in the form of the API (Rule: api, Shapes).

    `invalid` holds the first 1,000 errors; `invalid_rows` counts all invalid rows. `questions` is
    what must be confirmed before it can run.
    """
    mapped = from_json(import_.mapping)
    return {
        "id": str(import_.pk),
        "kind": import_.kind,
        "state": import_.state,
        "filename": import_.filename,
        "dry_run": import_.dry_run,
        "rows": import_.rows,
        "rows_done": import_.rows_done,
        "valid": import_.valid,
        "invalid_rows": import_.invalid_rows,
        "invalid": import_.invalid,
        "created": import_.created,
        "updated": import_.updated,
        "unchanged": import_.unchanged,
        "counts": import_.counts,
        "problem": import_.problem,
        "data_set": import_.analysis.get("data_set", ""),
        "mapping": {name: _told(column) for name, column in mapped.items()},
        "questions": [
            {"field": column.field, "kind": column.question, "message": question(column)}
            for column in mapped.values()
            if column.question
        ],
        "unknown_columns": unused(import_.analysis, mapped),
        "options": import_.options,
        "created_at": import_.created_at,
        "finished_at": import_.finished_at,
        "undone_at": import_.undone_at,
        "undone": import_.undone or None,
    }


def _told(column: Mapped) -> dict[str, str]:
    told = {"column": column.column}
    if column.order:
        told["format"] = column.order
    if column.mark:
        told["decimal"] = column.mark
    return told
