"""Dates as people write them: which order a column has, and reading one in it."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from dunwell.core.tables.errors import NotADate


class Order(StrEnum):
    """The order of day, month and year; the value is how people name it."""

    YMD = "Y-m-d"
    DMY = "d/m/Y"
    MDY = "m/d/Y"


_NUMBERS: Final = re.compile(
    r"(\d{1,4})([-/. ])(\d{1,2})\2(\d{4}|\d{2}|\d)(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?"
    r"(?: ?(?:AM|PM|am|pm))?(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_COMPACT: Final = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})(?:\.0+)?")
_NAMED: Final = re.compile(
    r"(?:(\d{1,2})[-. ]*)?([A-Za-zÀ-ÿ]{3,10})\.?(?:[-. ]+(\d{1,2})(?=[, ]))?[-., ]*(\d{4})"
)
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar jän jänner janvier janv ene enero",
            "feb february februar février févr fév febrero",
            "mar march märz mär mrz mars marzo",
            "apr april avril avr abr abril",
            "may mai mayo",
            "jun june juni juin junio",
            "jul july juli juillet juil julio",
            "aug august août aout ago agosto",
            "sep sept september septembre septiembre",
            "oct october okt oktober octobre octubre",
            "nov november novembre noviembre",
            "dec december dez dezember décembre déc dic diciembre",
        ),
        start=1,
    )
    for name in names.split()
}


def order_named(text: str) -> Order:
    """Read how a person names a format: "m/d/Y", "dd.mm.yyyy", "%Y-%m-%d", "ISO".

    Raises NotADate for anything else.
    """
    letters = re.sub(r"[^dmy]", "", text.casefold())
    short = re.sub(r"(.)\1+", r"\1", letters)
    by_letters = {"ymd": Order.YMD, "dmy": Order.DMY, "mdy": Order.MDY}
    if text.casefold().startswith("iso"):
        return Order.YMD
    if short not in by_letters:
        raise NotADate(text=text[:40], format="m/d/Y, d/m/Y, Y-m-d")
    return by_letters[short]


@dataclass(slots=True)
class DateColumn:
    """What the values of a column say about their order, gathered one by one."""

    filled: int = 0
    fits: int = 0
    only_dmy: int = 0
    only_mdy: int = 0
    either: int = 0
    example: str = ""

    def look(self, text: str) -> None:
        """Take one value that is not blank into account."""
        self.filled += 1
        parts = _conventional(text)
        if parts is None:
            self.fits += _certain(text) is not None
            return
        first, second, _ = parts
        self.fits += first <= 31 and second <= 31 and min(first, second) <= 12
        self.only_dmy += 12 < first <= 31 and second <= 12
        self.only_mdy += 12 < second <= 31 and first <= 12
        if first <= 12 and second <= 12 and first != second:
            self.either += 1
            self.example = self.example or text

    @property
    def looks_like_dates(self) -> bool:
        """Tell whether nearly all values can be read as dates."""
        return self.filled > 0 and self.fits >= self.filled * 0.9

    @property
    def ambiguous(self) -> bool:
        """Tell whether a person must say which order is meant."""
        return bool(self.only_dmy and self.only_mdy) or (
            self.either > 0 and not self.only_dmy and not self.only_mdy
        )

    @property
    def order(self) -> Order:
        """Return the order, or the likelier one while it is ambiguous."""
        if self.only_mdy > self.only_dmy:
            return Order.MDY
        if self.only_dmy or self.either:
            return Order.DMY
        return Order.YMD


def parse(text: str, order: Order) -> date:
    """Read a date in the order; ISO, compact and named months are understood in any.

    Two-digit years below 70 are in this century. Raises NotADate.
    """
    found = _certain(text)
    if found is None and order is not Order.YMD and (parts := _conventional(text)):
        first, second, year = parts
        day, month = (first, second) if order is Order.DMY else (second, first)
        found = _made(year, month, day)
    if found is None:
        raise NotADate(text=text[:40], format=order.value)
    return found


def _conventional(text: str) -> tuple[int, int, int] | None:
    """Return the two numbers before the year, whose order is a convention, and the year."""
    found = _NUMBERS.fullmatch(text)
    if found is None or len(found[1]) > 2 or found[2] == ".":
        return None
    return int(found[1]), int(found[3]), _year(found[4])


def _certain(text: str) -> date | None:
    """Read what can only mean one day: year first, points (day first), compact, named month."""
    if found := _NUMBERS.fullmatch(text):
        if len(found[1]) == 4:
            return _made(int(found[1]), int(found[3]), int(found[4]))
        if found[2] == ".":
            return _made(_year(found[4]), int(found[3]), int(found[1]))
        return None
    if found := _COMPACT.fullmatch(text):
        return _made(int(found[1]), int(found[2]), int(found[3]))
    if found := _NAMED.fullmatch(text):
        month = _MONTHS.get(found[2].casefold())
        day = found[1] or found[3]
        if month and day and not (found[1] and found[3]):
            return _made(int(found[4]), month, int(day))
    return None


def _year(digits: str) -> int:
    if len(digits) != 2:
        return int(digits)
    return int(digits) + (2000 if int(digits) < 70 else 1900)


def _made(year: int, month: int, day: int) -> date | None:
    """Make a date; None if there is no such day or it lies beyond 1900 to 9998."""
    try:
        made = date(year, month, day)
    except ValueError:
        return None
    return made if 1900 <= year <= 9998 else None
