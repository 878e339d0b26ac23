"""What a file says of itself: its form, headers, samples, and what each column looks like."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from dunwell.core.tables import cells as cell_rules
from dunwell.core.tables.dates import DateColumn, Order
from dunwell.core.tables.decimals import NumberColumn
from dunwell.core.tables.errors import EmptyFile
from dunwell.ledger.imports.files import Form, form_of, rows

_SAMPLES: Final = 3
_REMEMBERED: Final = 20_000


def storable(text: str) -> str:
    """Leave out what JSON in the database cannot hold."""
    return text.replace("\x00", "")


@dataclass(slots=True)
class Column:
    """One column as it is gathered row by row. Values seen before teach nothing new."""

    header: str
    samples: list[str] = field(default_factory=list)
    filled: int = 0
    floats: int = 0
    dates: DateColumn | None = field(default_factory=DateColumn)
    numbers: NumberColumn | None = field(default_factory=NumberColumn)
    seen: set[str] = field(default_factory=set)

    def look(self, text: str) -> None:
        """Take one value into account."""
        if text in self.seen:
            return
        if len(self.seen) < _REMEMBERED:
            self.seen.add(text)
        self.filled += 1
        if len(self.samples) < _SAMPLES:
            self.samples.append(storable(text[:80]))
        self.floats += cell_rules.is_float_id(text)
        if self.dates is not None:
            self.dates.look(text)
        if self.numbers is not None:
            self.numbers.look(text)
        if self.filled == 500:
            self._give_up()

    def _give_up(self) -> None:
        """Stop looking for what 500 values did not show; it costs most of the time."""
        if self.dates is not None and self.dates.fits == 0:
            self.dates = None
        if self.numbers is not None and self.numbers.fits == 0:
            self.numbers = None

    def summary(self) -> dict[str, Any]:
        """Give what mapping needs to know, as JSON."""
        told: dict[str, Any] = {"header": self.header, "samples": self.samples}
        told["float_ids"] = 0 < self.filled == self.floats
        if self.dates is not None and self.dates.fits:
            told["date"] = {
                "order": self.dates.order.value,
                "ambiguous": self.dates.ambiguous,
                "example": self.dates.example,
                "likely": self.dates.looks_like_dates,
            }
        if self.numbers is not None and self.numbers.fits:
            told["number"] = {
                "mark": self.numbers.mark,
                "ambiguous": self.numbers.ambiguous,
                "example": self.numbers.example,
                "likely": self.numbers.looks_like_numbers,
            }
        return told


def analyze(
    path: Path, *, encoding: str = "", delimiter: str = "", sheet: str = ""
) -> dict[str, Any]:
    """Read a file once and give {form, columns, rows} as JSON.

    Raises TableError for what is no table, EmptyFile also for a header without rows.
    """
    form = form_of(path, encoding=encoding, delimiter=delimiter, sheet=sheet)
    source = rows(path, form)
    header = next(source, None)
    if header is None:
        raise EmptyFile
    columns = [Column(storable(name[:200])) for name in header[1]]
    count = 0
    for _number, cells in source:
        count += 1
        for column, cell in zip(columns, cells, strict=False):
            if cell:
                column.look(cell)
    if not count:
        raise EmptyFile
    return {
        "form": asdict(form),
        "header_row": header[0],
        "columns": [column.summary() for column in columns],
        "rows": count,
    }


def form_from(analysis: dict[str, Any]) -> Form:
    """Give how the analyzed file is read."""
    return Form(**analysis["form"])


def order_of(column: dict[str, Any]) -> Order:
    """Give the order of a date column's parts."""
    told = column.get("date")
    return Order(told["order"]) if told else Order.YMD
