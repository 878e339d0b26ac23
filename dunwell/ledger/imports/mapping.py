"""Which column gives which field, and what a person must still confirm."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _

from dunwell.core.errors import CoreError
from dunwell.core.tables import dates, headers
from dunwell.ledger.imports import fields
from dunwell.ledger.imports.analysis import order_of
from dunwell.tenancy.errors import FieldProblem, InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """One field taken from one column; `order` and `mark` say how dates and numbers are written.

    `question` is what a person must confirm first: "date", "decimal" or nothing.
    """

    field: str
    column: str
    position: int
    order: str = ""
    mark: str = ""
    float_ids: bool = False
    question: str = ""
    example: str = ""


def resolve(
    *,
    kind: str,
    analysis: Mapping[str, Any],
    given: Mapping[str, Any],
    options: Mapping[str, Any],
) -> dict[str, Mapped]:
    """Combine the guess by headers with what a person gave: field → column.

    `given` maps fields to headers (or headers to fields), to positions, or to {column, format,
    decimal}; None takes a field out. Raises InvalidInput for unknown fields, columns and formats.
    """
    columns: list[dict[str, Any]] = analysis["columns"]
    names = [column["header"] for column in columns]
    stated = _stated(kind, given, names)
    guess = headers.guess(names, {name: f.headers for name, f in fields.of(kind).items()})
    taken = {entry["position"] for entry in stated.values() if entry["position"] is not None}
    chosen = {
        name: {"position": position}
        for name, position in guess.items()
        if name not in stated and position not in taken
    }
    chosen |= {name: entry for name, entry in stated.items() if entry["position"] is not None}
    known = fields.of(kind)
    return {
        name: _mapped(known[name], columns[chosen[name]["position"]], chosen[name], options)
        for name in known
        if name in chosen
    }


def require_complete(*, kind: str, mapped: Mapping[str, Mapped]) -> None:
    """Refuse a mapping that lacks a required field or leaves a question open."""
    problems = [
        FieldProblem(f"mapping.{field.name}", _("No column gives “%(f)s”.") % {"f": field.name})
        for field in fields.FIELDS[kind]
        if field.required and field.name not in mapped
    ]
    choice = fields.ONE_OF[kind]
    if not any(name in mapped for name in choice):
        message = _("One of these is needed: %(fields)s.") % {"fields": ", ".join(choice)}
        problems.append(FieldProblem(f"mapping.{choice[0]}", message))
    problems += [
        FieldProblem(f"mapping.{column.field}", question(column))
        for column in mapped.values()
        if column.question
    ]
    if problems:
        raise InvalidInput(problems[0].message, problems=problems)


def question(column: Mapped) -> str:
    """Say what a person must confirm about a column."""
    values = {"column": column.column, "example": column.example}
    if column.question == "date":
        return (
            _(
                "“%(column)s” can be read day first or month first (“%(example)s”): "
                "say which, d/m/Y or m/d/Y."
            )
            % values
        )
    return (
        _(
            "“%(column)s” can be read with a decimal comma or a decimal point (“%(example)s”): "
            "say which."
        )
        % values
    )


def as_json(mapped: Mapping[str, Mapped]) -> dict[str, Any]:
    """Give a mapping as it is stored."""
    return {name: asdict(column) for name, column in mapped.items()}


def from_json(stored: Mapping[str, Any]) -> dict[str, Mapped]:
    """Read a stored mapping."""
    return {name: Mapped(**column) for name, column in stored.items()}


def _stated(kind: str, given: Mapping[str, Any], names: list[str]) -> dict[str, dict[str, Any]]:
    known = fields.of(kind)
    problems: list[FieldProblem] = []
    stated: dict[str, dict[str, Any]] = {}
    for left, right in given.items():
        entry = dict(right) if isinstance(right, Mapping) else {"column": right}
        name, column = left, entry.get("column")
        if name not in known and isinstance(column, str) and column in known and left in names:
            name, column = column, left  # header → field is understood as well
        if name not in known:
            text = _("There is no field “%(f)s”; these exist: %(known)s.")
            message = text % {"f": name, "known": ", ".join(known)}
            problems.append(FieldProblem(f"mapping.{name}", message))
            continue
        position = _position(column, names)
        if position is None and column not in (None, ""):
            message = _("The file has no column “%(c)s”.") % {"c": column}
            problems.append(FieldProblem(f"mapping.{name}", message))
        stated[name] = {**entry, "position": position}
    if problems:
        raise InvalidInput(problems[0].message, problems=problems)
    return stated


def _position(column: object, names: list[str]) -> int | None:
    if isinstance(column, int):
        return column if 0 <= column < len(names) else None
    if not isinstance(column, str) or not column:
        return None
    if column in names:
        return names.index(column)
    keys = [headers.key(name) for name in names]
    wanted = headers.key(column)
    return keys.index(wanted) if wanted in keys else None


def _mapped(
    field: fields.Field,
    column: Mapping[str, Any],
    entry: Mapping[str, Any],
    options: Mapping[str, Any],
) -> Mapped:
    order, mark, question_, example = "", "", "", ""
    if field.reading == "date":
        told = column.get("date") or {}
        stated = entry.get("format") or options.get("date_format")
        order = _order(field.name, stated) if stated else order_of(dict(column)).value
        if not stated and told.get("ambiguous"):
            question_, example = "date", told["example"]
    elif field.reading == "amount":
        told = column.get("number") or {}
        mark = entry.get("decimal") or options.get("decimal") or ""
        if mark not in ("", ".", ","):
            raise InvalidInput.at(f"mapping.{field.name}", _("The decimal mark is “.” or “,”."))
        if not mark and told.get("ambiguous"):
            question_, example = "decimal", told["example"]
        mark = mark or told.get("mark", ".")
    return Mapped(
        field=field.name,
        column=column["header"],
        position=entry["position"],
        order=order,
        mark=mark,
        float_ids=bool(column.get("float_ids")),
        question=question_,
        example=example,
    )


def _order(field: str, stated: object) -> str:
    try:
        return dates.order_named(str(stated)).value
    except CoreError as error:
        raise InvalidInput.at(
            f"mapping.{field}", _("“%(text)s” is not a form of dates.") % {"text": stated}
        ) from error


def unused(analysis: Mapping[str, Any], mapped: Mapping[str, Mapped]) -> list[str]:
    """List the columns that are not imported."""
    used = {column.position for column in mapped.values()}
    return [
        column["header"] or _("column %(n)d") % {"n": position + 1}
        for position, column in enumerate(analysis["columns"])
        if position not in used
    ]
