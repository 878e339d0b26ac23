"""Reading the members of a JSON object that came from outside, naming the field that is wrong."""

import datetime as dt
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from dunwell.core.errors import MalformedStep, gettext_noop

_OBJECT: Final = gettext_noop("This must be an object.")
_UNKNOWN: Final = gettext_noop("There is no such field.")
_CHOICE: Final = gettext_noop("This is not one of the choices.")
_WHOLE: Final = gettext_noop("This must be a whole number.")
_TEXT: Final = gettext_noop("This must be text.")
_DATE: Final = gettext_noop("This must be a date like 2026-03-31.")
_LIST: Final = gettext_noop("This must be a list of texts.")


def members_of(data: object, name: str, known: set[str]) -> Mapping[str, object]:
    """Return a JSON object's members, none of them unknown."""
    if not isinstance(data, Mapping):
        raise MalformedStep(field=name, message=_OBJECT)
    for member in data:
        if member not in known:
            raise MalformedStep(field=f"{name}.{member}", message=_UNKNOWN)
    return data


def optional[T](
    members: Mapping[str, object], name: str, read: Callable[[object, str], T], path: str
) -> T | None:
    """Read a member that may be absent or null."""
    value = members.get(name)
    return None if value is None else read(value, path)


def whole(value: object, path: str) -> int:
    """Read a whole number; true and 3.0 are none."""
    if type(value) is not int:
        raise MalformedStep(field=path, message=_WHOLE)
    return value


def text(value: object, path: str) -> str:
    """Read a text."""
    if not isinstance(value, str):
        raise MalformedStep(field=path, message=_TEXT)
    return value


def texts(members: Mapping[str, object], name: str) -> tuple[str, ...]:
    """Read a list of texts; absent and null are empty."""
    value = members.get(name) or ()
    if not isinstance(value, list | tuple):
        raise MalformedStep(field=name, message=_LIST)
    return tuple(text(item, name) for item in value)


def day(value: object, path: str) -> dt.date:
    """Read a date in its one ISO form."""
    written = text(value, path)
    try:
        found = dt.date.fromisoformat(written)
    except ValueError:
        raise MalformedStep(field=path, message=_DATE) from None
    if found.isoformat() != written:
        raise MalformedStep(field=path, message=_DATE)
    return found


def one_of[E: StrEnum](choices: type[E], value: object, path: str) -> E:
    """Read one of an enumeration's values."""
    try:
        return choices(text(value, path))
    except ValueError as error:
        if isinstance(error, MalformedStep):
            raise
        raise MalformedStep(field=path, message=_CHOICE) from None
