"""Rows on their way into the database: one JSON text per statement.

Arrays for unnest cost the driver a regular expression per text; JSON is written by C code.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

type Row = dict[str, Any]


def uuids(ids: Iterable[UUID]) -> str:
    """Write ids as the text of a uuid[]: the driver's own lists cost ten times as much."""
    return "{" + ",".join(map(str, ids)) + "}"


def as_json(rows: Sequence[Row]) -> str:
    """Write rows for json_to_recordset; ids, days and instants become their usual text."""
    return json.dumps(rows, default=str, ensure_ascii=False).replace("\\u0000", "")
