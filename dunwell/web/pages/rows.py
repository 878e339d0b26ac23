"""Rows that a form gains and loses by plain buttons, so that it works without scripts.

A button named `rows` with the value `add` asks for one more row, `drop-2` for one less.
"""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

BUTTON = "rows"


def wants_rows(post: Mapping[str, Any]) -> bool:
    """Say whether a button of the rows was pressed, not the form's own."""
    return bool(post.get(BUTTON))


def changed_rows(post: QueryDict, *, prefix: str, most: int) -> QueryDict:
    """Return the posted form with a row more or less, as its button asks."""
    data = post.copy()
    total = min(_number(post.get(f"{prefix}-TOTAL_FORMS")), most)
    act = str(post.get(BUTTON, ""))
    if act == "add":
        total = min(total + 1, most)
    elif act.startswith("drop-"):
        dropped = _number(act.removeprefix("drop-"))
        if dropped < total:
            data = _without(data, prefix, dropped, total)
            total -= 1
    data[f"{prefix}-TOTAL_FORMS"] = str(total)
    return data


def _without(data: QueryDict, prefix: str, dropped: int, total: int) -> QueryDict:
    """Take one row out and move those behind it up."""
    kept = QueryDict(mutable=True)
    for name, values in data.lists():
        row, field = _parts(name, prefix)
        if row is None or row < dropped:
            kept.setlist(name, values)
        elif dropped < row < total:
            kept.setlist(f"{prefix}-{row - 1}-{field}", values)
    return kept


def _parts(name: str, prefix: str) -> tuple[int | None, str]:
    start, _dash, rest = name.partition(f"{prefix}-")
    number, _dash, field = rest.partition("-")
    if start or not number.isdecimal():
        return None, ""
    return int(number), field


def _number(text: object) -> int:
    digits = str(text or "")
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 6 else 0
