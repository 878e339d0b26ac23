"""The staging table: rows are copied into it, judged there and written from there.

Every kind's table has `row`, `action` (create, update or same) and the first problem that the
database found (`field`, `code`, `value`).
"""
# ruff: noqa: S608 (statements are put together from names of this package only)

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from django.db import connection
from django.utils.translation import gettext as _

from dunwell.ledger.imports import files, sql
from dunwell.ledger.imports.analysis import form_from
from dunwell.ledger.imports.mapping import from_json
from dunwell.ledger.imports.problems import Problems, sentence
from dunwell.ledger.imports.reading import RowReader
from dunwell.ledger.imports.work import Kind, Work
from dunwell.tenancy.errors import InvalidInput

_CHUNK: Final = 20_000
_EXTRA: Final = {"action": "text", "field": "text", "code": "text", "value": "text"}


def drop() -> None:
    """Remove what an import staged; the connection goes on to serve others."""
    sql.run("DROP TABLE IF EXISTS pg_temp.import_row, pg_temp.import_customer")


def create(columns: Mapping[str, str]) -> None:
    """Make the staging table of a kind."""
    drop()
    every = {"row": "integer PRIMARY KEY", **columns, **_EXTRA}
    sql.run(
        f"CREATE TEMPORARY TABLE import_row ({', '.join(f'{n} {t}' for n, t in every.items())})"
    )


def load(*, work: Work, kind: Kind, problems: Problems, progress: Callable[[int], None]) -> None:
    """Read the file into the staging table; what cannot be read becomes a problem.

    Constant in memory. `progress(rows)` is called between chunks. Raises TableError.
    """
    create({**kind.columns, **kind.reckoned})
    source = _source(work)
    reader = RowReader(
        kind=work.import_.kind,
        mapped=from_json(work.import_.mapping),
        known=work.known,
        width=len(work.import_.analysis["columns"]),
    )
    done = 0
    while chunk := list(islice(source, _CHUNK)):
        staged = _staged(chunk, reader, kind, problems)
        sql.copy("import_row", ("row", *kind.columns), staged)
        done += len(chunk)
        progress(done)
    refresh_statistics()


def refresh_statistics() -> None:
    """Tell the planner what the staging table holds; temporary tables are never analyzed alone."""
    sql.run("ANALYZE import_row")


def _source(work: Work) -> Iterator[files.Row]:
    path = files.upload(work.import_.pk)
    if not path.exists():
        raise InvalidInput.at("file", _("The file was removed; upload it again."))
    rows = files.rows(path, form_from(work.import_.analysis))
    next(rows)  # the header
    return rows


def _staged(
    chunk: list[files.Row], reader: RowReader, kind: Kind, problems: Problems
) -> Iterator[tuple[Any, ...]]:
    found: list[tuple[str, str]] = []

    def complain(field: str, message: str) -> None:
        found.append((field, message))

    for number, cells in chunk:
        values = reader.read(cells, complain)
        if len(cells) > reader.width and any(cells[reader.width :]):
            complain("", _("The row has more cells than the header."))
        staged = None if found else kind.stage(values, complain)
        for field, message in found:
            problems.add(number, field, message)
        if staged is not None and not found:
            yield (number, *staged)
        found.clear()


def gather(problems: Problems) -> None:
    """Take over the problems that the database found."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT row, field, code, value FROM import_row WHERE code IS NOT NULL ORDER BY row"
        )
        while found := cursor.fetchmany(_CHUNK):
            for row, field, code, value in found:
                problems.add(row, field, sentence(code, value or ""))


def refuse(field: str, code: str, value: str, source: str, parameters: Mapping[str, Any]) -> None:
    """Note a problem in the staged rows `r` that the rest of the statement selects.

    `source` starts behind SET: "FROM … WHERE …" or "WHERE …"; rows with a problem keep theirs.
    """
    sql.run(
        f"UPDATE import_row r SET field = '{field}', code = '{code}', value = {value} {source}"
        " AND r.code IS NULL",
        parameters,
    )


def refuse_repeated(column: str, code: str, *, field: str = "") -> None:
    """Refuse rows that repeat an earlier row's value of a column."""
    refuse(
        field or column,
        code,
        "d.first",
        f"FROM (SELECT row, min(row) OVER (PARTITION BY {column}) AS first FROM import_row"
        f" WHERE {column} IS NOT NULL AND code IS NULL) d WHERE d.row = r.row AND d.first < r.row",
        {},
    )


def bounds(size: int) -> list[tuple[int, int, int]]:
    """Cut the valid rows into ranges of `size`: (after, through, rows in it)."""
    found = sql.fetch(
        "SELECT max(row), count(*) FROM"
        " (SELECT row, (row_number() OVER (ORDER BY row) - 1) / %(size)s AS n"
        "  FROM import_row WHERE code IS NULL) numbered GROUP BY n ORDER BY n",
        {"size": size},
    )
    starts = [0, *(end for end, _count in found)]
    return [(after, end, count) for after, (end, count) in zip(starts, found, strict=False)]


def tally() -> dict[str, int]:
    """Count the valid rows by action."""
    return dict(
        sql.fetch("SELECT action, count(*) FROM import_row WHERE code IS NULL GROUP BY action")
    )
