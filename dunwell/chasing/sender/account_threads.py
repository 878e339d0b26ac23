"""The conversations of messages about accounts: one for each planned message, of its customer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from dunwell.tenancy.database.rows import Row, as_json

# The conversation bears the id of the planned send: those whom it reached answer into one thread.
_JOIN = """
INSERT INTO inbox_conversation AS c
  (id, organization_id, customer_id, channel, last_seq, created_at)
SELECT planned_send_id, organization_id, customer_id, channel, messages, %s
FROM json_to_recordset(%s) AS new (planned_send_id uuid, organization_id uuid, customer_id uuid,
  channel text, messages int)
ORDER BY planned_send_id
ON CONFLICT (id) DO UPDATE SET last_seq = c.last_seq + excluded.last_seq
RETURNING id, last_seq
"""


def join_threads(cursor: Any, *, rows: Sequence[Row], now: datetime) -> None:
    """Give each message about an account its conversation (`thread_id`) and its place there."""
    threads: dict[UUID, Row] = {}
    for row in rows:
        thread = threads.setdefault(row["planned_send_id"], {**row, "messages": 0})
        thread["messages"] += 1
    names = ("planned_send_id", "organization_id", "customer_id", "channel", "messages")
    text = as_json([{name: each[name] for name in names} for each in threads.values()])
    places = {}
    for conversation, last in cursor.execute(_JOIN, [now, text]).fetchall():
        places[conversation] = last - threads[conversation]["messages"]
    for row in rows:
        conversation = row["planned_send_id"]
        places[conversation] += 1
        row["thread_id"], row["seq"] = conversation, places[conversation]
