"""Reading single cells that need no knowledge of their column."""

import re
from typing import Final

from dunwell.core.tables.errors import NotWhole, NotYesOrNo, TooLong, Unstorable

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BLANKS: Final = re.compile(r"\s+")
_FLOAT_ID: Final = re.compile(r"\d+\.0+")
_WHOLE: Final = re.compile(r"(\d{1,9})(?:[.,]0+)?")
_YES: Final = frozenset(
    ("yes", "y", "true", "t", "1", "1.0", "x", "sent", "ja", "j", "wahr", "oui", "o", "vrai")
).union(("si", "sí", "s", "verdadero"))
_NO: Final = frozenset(
    ("no", "n", "false", "f", "0", "0.0", "-", "nein", "falsch", "non", "faux", "falso")
)


def text(cell: str, *, most: int) -> str:
    """Give a cell's text on one line, blanks run together; TooLong, Unstorable."""
    if not cell.isprintable():
        if _CONTROL.search(cell):
            raise Unstorable
        cell = _BLANKS.sub(" ", cell).strip()
    elif "  " in cell:
        cell = _BLANKS.sub(" ", cell)
    if len(cell) > most:
        raise TooLong(given=len(cell), most=most)
    return cell


def long_text(cell: str, *, most: int) -> str:
    """Give a cell's text with its line breaks; TooLong, Unstorable."""
    if _CONTROL.search(cell):
        raise Unstorable
    if len(cell) > most:
        raise TooLong(given=len(cell), most=most)
    return cell


def is_float_id(cell: str) -> bool:
    """Tell whether a number passed through a program that made it a float: "1930571429.0"."""
    return _FLOAT_ID.fullmatch(cell) is not None


def without_float(cell: str) -> str:
    """Take the ".0" off such a number."""
    return cell.partition(".")[0] if is_float_id(cell) else cell


def whole(cell: str, *, least: int, most: int) -> int:
    """Read a whole number, also written "30.0"; NotWhole."""
    found = _WHOLE.fullmatch(cell)
    if found is None or not least <= int(found[1]) <= most:
        raise NotWhole(text=cell[:40], least=least, most=most)
    return int(found[1])


def yes(cell: str) -> bool:
    """Read yes or no in English, German, French or Spanish; NotYesOrNo."""
    word = cell.casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise NotYesOrNo(text=cell[:40])
