"""Writes whole sets of rows: INSERT … SELECT that fills every column of a model."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection
from django.db.models import Model
from psycopg.types.json import Jsonb


def insert_select(
    model: type[Model], columns: Mapping[str, str], source: str
) -> tuple[str, dict[str, Any]]:
    """Build `INSERT INTO model … SELECT … source`; columns not given take the model's default.

    `columns` maps column names to SQL expressions. Returns the statement, still open at its end
    for ON CONFLICT and RETURNING, and the parameters it names.
    """
    given = dict(columns)
    parameters: dict[str, Any] = {}
    for field in model._meta.local_concrete_fields:
        if field.generated or field.column is None or field.column in given:
            continue
        name = f"default_{field.column}"
        given[field.column] = f"%({name})s::{field.db_type(connection)}"
        value = field.get_default()
        json = field.get_internal_type() == "JSONField"
        parameters[name] = Jsonb(value) if json and value is not None else value
    names = ", ".join(f'"{name}"' for name in given)
    text = f'INSERT INTO "{model._meta.db_table}" ({names}) SELECT {", ".join(given.values())} '
    return text + source, parameters


def run(text: str, parameters: Mapping[str, Any] | None = None) -> int:
    """Run a statement and give the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(text, dict(parameters or {}))
        return int(cursor.rowcount)


def fetch(text: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """Run a query and give its rows."""
    with connection.cursor() as cursor:
        cursor.execute(text, dict(parameters or {}))
        return list(cursor.fetchall())


def one(text: str, parameters: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
    """Run a query and give its only row."""
    return fetch(text, parameters)[0]


def copy(table: str, columns: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """COPY rows into a staging table.

    Tables under row-level security refuse COPY, hence temporary ones (docs/decisions/0006).
    """
    names = ", ".join(columns)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as to:
        for row in rows:
            to.write_row(row)
