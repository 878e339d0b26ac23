"""Rows on their way into the database: one JSON text per statement.

Arrays for unnest cost the driver a regular expression per text; JSON is written by C code.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import orjson

type Row = dict[str, Any]


def uuids(ids: Iterable[UUID]) -> str:
    """Write ids as the text of a uuid[]: the driver's own lists cost ten times as much."""
    return "{" + ",".join(map(str, ids)) + "}"


def as_json(rows: Sequence[Row]) -> str:
    """Write rows for json_to_recordset; ids, days and instants become their usual text.

    Without the characters PostgreSQL's texts cannot hold: NUL and halves of surrogate pairs.
    """
    try:
        text = orjson.dumps(rows, default=str)
    except orjson.JSONEncodeError:
        text = orjson.dumps(_sound(rows), default=str)
    if b"\\u0000" in text:
        text = _NUL.sub(rb"\1", text)
    return text.decode()


# An escaped NUL, but not an escaped backslash before "u0000".
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


def _sound(value: Any) -> Any:
    """Copy rows with a question mark for what UTF-8 has no bytes for."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_sound(key): _sound(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_sound(each) for each in value]
    return value
