"""Turns the text of one row into values, field by field."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache, partial
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _

from dunwell.core.errors import CoreError, UnknownCurrency
from dunwell.core.money import CURRENCIES
from dunwell.core.tables import cells, dates, decimals
from dunwell.core.tables.dates import Order
from dunwell.core.terms import Anchor
from dunwell.ledger.checks import LONGEST_TERMS, Checks, sentence
from dunwell.ledger.imports.fields import Field, of
from dunwell.ledger.imports.mapping import Mapped

type Values = dict[str, Any]
type Read = Callable[[str], Any]
type Complain = Callable[[str, str], None]


class Refused(Exception):
    """A cell was refused; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What cells may name: members by name and email, cadences by name and id (lower case)."""

    currency: str
    owners: Mapping[str, UUID] = field(default_factory=dict)
    cadences: Mapping[str, UUID] = field(default_factory=dict)


class RowReader:
    """Reads rows of one kind through a mapping."""

    def __init__(
        self, *, kind: str, mapped: Mapping[str, Mapped], known: Known, width: int
    ) -> None:
        fields = of(kind)
        self.width = width
        self._columns: list[tuple[str, int, Read, bool]] = []
        for name, column in mapped.items():
            read = _reader(fields[name], column, known)
            self._columns.append((name, column.position, read, fields[name].required))

    def read(self, row: Sequence[str], complain: Complain) -> Values:
        """Give the filled fields; `complain(field, message)` hears of each that is wrong."""
        values: Values = {}
        width = len(row)
        for name, position, read, required in self._columns:
            cell = row[position] if position < width else ""
            if not cell:
                if required:
                    complain(name, _("This field is empty."))
                continue
            try:
                values[name] = read(cell)
            except CoreError as error:
                complain(name, sentence(error))
            except Refused as refused:
                complain(name, str(refused))
        return values


def _reader(field_: Field, column: Mapped, known: Known) -> Read:
    """Build the function that reads a field's cells."""
    reading = field_.reading
    if reading == "date":
        return lru_cache(maxsize=4096)(partial(_date, Order(column.order)))
    if reading == "amount":
        return partial(_amount, column.mark)
    if reading == "id":
        clean = cells.without_float if column.float_ids else _same
        return lambda cell: cells.text(clean(cell), most=field_.most)
    if reading == "owner":
        return partial(_named, known.owners, "owner")
    if reading == "cadence":
        return partial(_named, known.cadences, "cadence")
    if reading in ("text", "long", "tags"):
        read = {"text": cells.text, "long": cells.long_text, "tags": _tags}[reading]
        return partial(read, most=field_.most)
    return lru_cache(maxsize=1024)(_SIMPLE[reading])


def _same(cell: str) -> str:
    return cell


def _date(order: Order, cell: str) -> date:
    return dates.parse(cell, order)


def _amount(mark: str, cell: str) -> tuple[str, str]:
    """Give an amount in plain form and the currency written beside it, if any."""
    code = next((word for word in (cell[:3], cell[-3:]) if word in CURRENCIES), "")
    return decimals.parse(cell, mark), code


def _currency(cell: str) -> str:
    code = {"€": "EUR", "$": "USD", "£": "GBP"}.get(cell, cell.upper())
    if code not in CURRENCIES:
        raise UnknownCurrency(currency=cell[:10])
    return code


def _named(table: Mapping[str, UUID], what: str, cell: str) -> UUID:
    found = table.get(cell.casefold())
    if found is None:
        message = (
            _("There is no member “%(name)s”.")
            if what == "owner"
            else _("There is no cadence “%(name)s”.")
        )
        raise Refused(message % {"name": cell[:100]})
    return found


def _terms(cell: str) -> int:
    """Read net days, also written "net 30" or "30 days"."""
    words = [word for word in cell.split() if word[:1].isdigit()]
    bare = words[0] if len(words) == 1 else cell
    return cells.whole(bare, least=0, most=LONGEST_TERMS)


def _anchor(cell: str) -> str:
    name = cell.casefold().replace(" ", "_")
    if name not in set(Anchor):
        raise Refused(_("One of these is needed: %(fields)s.") % {"fields": ", ".join(Anchor)})
    return name


def _tags(cell: str, *, most: int) -> list[str]:
    parts = cell.replace(";", ",").replace("|", ",").split(",")
    return list(dict.fromkeys(cells.text(p.strip(), most=most) for p in parts if p.strip()))


def _checked(method: str, cell: str) -> str:
    """Read by the rules that forms and API use."""
    checks = Checks()
    value: str = getattr(checks, method)("value", cell)
    if checks.problems:
        raise Refused(checks.problems[0].message)
    return value


def _country(cell: str) -> str:
    code = cell.upper()
    if len(code) != 2 or not code.isascii() or not code.isalpha():
        raise Refused(_("Give the country by its two letters, such as “DE”."))
    return code


_SIMPLE: Final[dict[str, Read]] = {
    "currency": _currency,
    "yes": cells.yes,
    "terms": _terms,
    "anchor": _anchor,
    "email": partial(_checked, "email"),
    "language": partial(_checked, "language"),
    "zone": partial(_checked, "time_zone"),
    "country": _country,
}
