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

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many items at most")]
Cursor = Annotated[str, Query(max_length=2000, description="`next` of the page before")]


class Page[T](BaseModel):
    """Some items, and the cursor of the next page if there is one."""

    items: list[T]
    next: str | None


def _signer(order: Sequence[str]) -> Signer:
    """Sign for one order only, so that a cursor of another list is not taken for one of this."""
    return Signer(salt=f"dunwell.api.cursor:{','.join(order)}")


def _decoded(cursor: str, order: Sequence[str]) -> list[Any]:
    try:
        values: list[Any] = _signer(order).unsign_object(cursor)
    except (BadSignature, ValueError) as error:
        message = _("This cursor does not belong to this list.")
        raise InvalidInput.at("cursor", message) from error
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
        rows = rows.filter(_behind(order, _decoded(cursor, order)))
    found = list(rows.order_by(*order)[: limit + 1])
    shown = found[:limit]
    more = len(found) > limit
    return {"items": present(shown), "next": _cursor(shown[-1], order) if more else None}


def _cursor(row: Model, order: Sequence[str]) -> str:
    values = [_plain(getattr(row, name.lstrip("-"))) for name in order]
    return _signer(order).sign_object(values, compress=True)


def _behind(order: Sequence[str], values: list[Any]) -> Q:
    """Say which rows stand behind the last one given: a > x, or a = x and b > y, and so on."""
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
