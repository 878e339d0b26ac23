"""Orders of invoices, and the cursors that continue in them.

Each order ends with the id, so it is total and a cursor names exactly one place in it.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Literal
from uuid import UUID

from django.db.models import (
    DateField,
    DateTimeField,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from dunwell.ledger.models import Activity, Invoice
from dunwell.tenancy.errors import InvalidInput

Sort = Literal[
    "due_date", "-due_date", "amount", "-amount", "total", "-total", "number", "-number",
    "customer", "-customer", "invoice_date", "-invoice_date", "last_action", "-last_action",
    "paid", "-paid",
]  # fmt: skip
_NEVER: Final = datetime(1, 1, 2, tzinfo=UTC)
_FAR: Final = date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class _Key:
    """The column of an order; `id_follows`: ids run the same way as the column."""

    column: str
    id_follows: bool = True


_KEYS: Final[dict[str, _Key]] = {
    "due_date": _Key("due_date"),
    "amount": _Key("balance_minor", id_follows=False),
    "total": _Key("total_minor", id_follows=False),
    "number": _Key("number"),
    "customer": _Key("customer__name"),
    "invoice_date": _Key("invoice_date"),
    "last_action": _Key("acted_at"),
    "paid": _Key("paid_at", id_follows=False),
}
SORTS: Final = frozenset(name for key in _KEYS for name in (key, f"-{key}"))


def ordered(
    invoices: QuerySet[Invoice], *, sort: str, status: str, after: str = ""
) -> QuerySet[Any]:
    """Put invoices in order, from behind the cursor `after`; InvalidInput for a broken one."""
    if sort not in SORTS:
        raise InvalidInput.at("sort", _("“%(sort)s” is not an order.") % {"sort": sort})
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    key = _KEYS[name]
    id_descending = descending == key.id_follows
    invoices, column = _with_key(invoices, name, status)
    if after:
        value, pk = read_cursor(after, sort=sort)
        invoices = invoices.filter(
            _behind(column, value, pk, descending=descending, id_descending=id_descending)
        )
    return invoices.annotate(sort_key=F(column)).order_by(
        f"-{column}" if descending else column, "-pk" if id_descending else "pk"
    )


def _with_key(invoices: QuerySet[Invoice], name: str, status: str) -> tuple[QuerySet[Invoice], str]:
    """Name the column to sort by; one that may be empty gets a value for that."""
    if name == "due_date" and status in ("draft", "all"):
        far = Value(_FAR, DateField())
        return invoices.annotate(due_or_far=Coalesce("due_date", far)), "due_or_far"
    if name == "paid":
        never = Value(_NEVER, DateTimeField())
        if status == "paid":
            return invoices, "paid_at"
        return invoices.annotate(paid_or_never=Coalesce("paid_at", never)), "paid_or_never"
    if name == "last_action":
        last = (
            Activity.objects.filter(invoice=OuterRef("pk"), counts=True)
            .order_by()
            .values("invoice")
            .annotate(last=Max("at"))
            .values("last")
        )
        never = Value(_NEVER, DateTimeField())
        return invoices.annotate(acted_at=Coalesce(Subquery(last), never)), "acted_at"
    return invoices, _KEYS[name].column


def _behind(column: str, value: Any, pk: UUID, *, descending: bool, id_descending: bool) -> Q:
    beyond, at_or_beyond = ("lt", "lte") if descending else ("gt", "gte")
    id_beyond = "lt" if id_descending else "gt"
    # The first condition alone bounds the index; the rest decides among equals.
    return Q(**{f"{column}__{at_or_beyond}": value}) & (
        Q(**{f"{column}__{beyond}": value}) | Q(**{f"pk__{id_beyond}": pk})
    )


def cursor(*, sort: str, value: Any, pk: UUID) -> str:
    """Make the cursor of the place behind one row."""
    text = value.isoformat() if isinstance(value, date) else value
    packed = json.dumps([sort, type(value).__name__, text, str(pk)], separators=(",", ":"))
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def read_cursor(text: str, *, sort: str) -> tuple[Any, UUID]:
    """Read a cursor back; InvalidInput if it is broken or belongs to another order."""
    try:
        padded = text + "=" * (-len(text) % 4)
        made_for, kind, value, pk = json.loads(base64.urlsafe_b64decode(padded))
        place = _READ[kind](value), UUID(pk)
    except (ValueError, KeyError, TypeError) as error:
        raise _unknown_place() from error
    if made_for != sort:
        raise _unknown_place()
    return place


def _unknown_place() -> InvalidInput:
    message = _("This place in the list is not known any more; start from its beginning.")
    return InvalidInput.at("cursor", message)


_READ: Final[dict[str, Callable[[Any], Any]]] = {
    "int": int,
    "str": str,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
}
