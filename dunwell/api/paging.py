"""Lists in pages: where the next one begins is an opaque cursor, never an offset.

A cursor holds the sort values of the last row given, so rows that come or go meanwhile move
nothing (Rule: api, Lists).
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import BaseModel

from dunwell.tenancy.errors import InvalidInput

MOST: Final = 200
_signer = Signer(salt="dunwell.api.cursor")

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many items at most")]
Cursor = Annotated[str, Query(max_length=2000, description="`next` of the page before")]


class Page[T](BaseModel):
    """Some items, and the cursor of the next page if there is one."""

    items: list[T]
    next: str | None


def encode(values: Sequence[Any]) -> str:
    """Make a cursor of sort values (texts, numbers, dates, instants, ids)."""
    return _signer.sign_object([_plain(value) for value in values], compress=True)


def decode(cursor: str) -> list[Any]:
    """Read a cursor back, its values as texts and numbers. Raises InvalidInput."""
    try:
        values = _signer.unsign_object(cursor)
    except (BadSignature, ValueError) as error:
        raise _not_ours() from error
    if not isinstance(values, list):
        raise _not_ours()
    return values


def page[M: Model](
    rows: QuerySet[M],
    *,
    order: Sequence[str],
    limit: int,
    cursor: str,
    present: Callable[[list[M]], list[Any]],
) -> dict[str, Any]:
    """Give one page of a queryset in the order of fields that together are unique.

    `order` names columns that are never null, "-" before those that go down; `present` turns the
    page's rows into items, all at once so that it can look things up together.
    """
    if cursor:
        rows = rows.filter(_behind(order, decode(cursor)))
    found = list(rows.order_by(*order)[: limit + 1])
    shown = found[:limit]
    more = len(found) > limit
    names = [name.lstrip("-") for name in order]
    return {
        "items": present(shown),
        "next": encode([getattr(shown[-1], name) for name in names]) if more else None,
    }


def _behind(order: Sequence[str], values: list[Any]) -> Q:
    """Say which rows stand behind the last one given: a > x, or a = x and b > y, and so on."""
    if len(values) != len(order):
        raise _not_ours()
    condition = Q(pk__in=[])
    same = Q()
    for name, value in zip(order, values, strict=True):
        column, compare = (name[1:], "lt") if name.startswith("-") else (name, "gt")
        condition |= same & Q(**{f"{column}__{compare}": value})
        same &= Q(**{column: value})
    return condition


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _not_ours() -> InvalidInput:
    return InvalidInput.at("cursor", _("This cursor does not belong to this list."))
