"""Numbers as people write them: which decimal mark a column has, and reading one with it."""

import re
from dataclasses import dataclass
from typing import Final

from dunwell.core.tables.errors import NotANumber

_AROUND: Final = re.compile(r"[\s\u00a0\u202f'’]+")
_CURRENCY: Final = re.compile(r"^(?:[A-Z]{3}|[€$£¥₹])|(?:[A-Z]{3}|[€$£¥₹])$")
_NUMBER: Final = re.compile(r"\d[\d.,]*|[.,]\d+")


class PlainNumber(str):
    """A number that a spreadsheet stored as one: written plainly, so its mark is certain."""

    __slots__ = ()


@dataclass(slots=True)
class NumberColumn:
    """What the values of a column say about their decimal mark, gathered one by one."""

    filled: int = 0
    fits: int = 0
    point: int = 0
    comma: int = 0
    either: int = 0
    example: str = ""

    def look(self, text: str) -> None:
        """Take one value that is not blank into account."""
        self.filled += 1
        if isinstance(text, PlainNumber):
            self.fits += 1
            return
        bare = bare_number(text).lstrip("+-")
        if not _NUMBER.fullmatch(bare):
            return
        self.fits += 1
        mark = _mark(bare)
        self.point += mark == "."
        self.comma += mark == ","
        if mark == "?":
            self.either += 1
            self.example = self.example or text

    @property
    def looks_like_numbers(self) -> bool:
        """Tell whether nearly all values can be read as numbers."""
        return self.filled > 0 and self.fits >= self.filled * 0.9

    @property
    def ambiguous(self) -> bool:
        """Tell whether a person must say which mark is meant."""
        return bool(self.point and self.comma) or (
            self.either > 0 and not self.point and not self.comma
        )

    @property
    def mark(self) -> str:
        """Return the decimal mark, or the likelier one while it is ambiguous."""
        return "," if self.comma > self.point else "."


def bare_number(text: str) -> str:
    """Strip blanks, apostrophes, a currency and accounting signs: "(1'200.00)" is "-1200.00"."""
    bare = _AROUND.sub("", text).replace("\u2212", "-")
    negative = bare.startswith("(") and bare.endswith(")")
    bare = _CURRENCY.sub("", bare.strip("()") if negative else bare)
    bare = _CURRENCY.sub("", bare)
    if bare.endswith("-"):
        bare, negative = bare[:-1], True
    return f"-{bare}" if negative and not bare.startswith("-") else bare


def _mark(bare: str) -> str:
    """Return the decimal mark a number proves, "?" if it could be either, "" if it has none."""
    points, commas = bare.count("."), bare.count(",")
    if points and commas:
        return "." if bare.rindex(".") > bare.rindex(",") else ","
    if points + commas == 0:
        return ""
    sign, other = (".", ",") if points else (",", ".")
    if points + commas > 1:
        return other
    whole, _, fraction = bare.partition(sign)
    if len(fraction) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0"):
        return "?"
    return sign


def parse(text: str, mark: str) -> str:
    """Give a number in plain form ("-1234.5") without needless zeros after the point.

    Grouping must be in threes. Raises NotANumber.
    """
    if isinstance(text, PlainNumber):
        return _trimmed(text)
    bare = bare_number(text)
    sign = "-" if bare.startswith("-") else ""
    whole, _, fraction = bare.lstrip("+-").partition(mark)
    group = "," if mark == "." else "."
    if group in whole:
        parts = whole.split(group)
        if not 1 <= len(parts[0]) <= 3 or any(len(part) != 3 for part in parts[1:]):
            raise NotANumber(text=text[:40], mark=mark)
        whole = "".join(parts)
    if not (whole + fraction).isdigit() or not (whole + fraction).isascii():
        raise NotANumber(text=text[:40], mark=mark)
    return _trimmed(f"{sign}{whole or '0'}.{fraction or '0'}")


def _trimmed(plain: str) -> str:
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
