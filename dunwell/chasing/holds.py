"""Everything that holds invoices back: what the ledger knows, replies and members' pauses.

The sender and the pages read it here, so that a page never says otherwise than the sender does.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from dunwell.core.holds import Hold, HoldKind
from dunwell.inbox.queries.holds import reply_holds
from dunwell.ledger.queries.holds import holds_of
from dunwell.tenancy.database.rows import uuids

_PAUSES = """
SELECT p.invoice_id, p.reason, p.until, p.started_at, p.ends_at
FROM ledger_invoice i
JOIN chasing_pause p ON p.organization_id = i.organization_id AND p.invoice_id = i.id
WHERE i.id = ANY(%s) AND p.ends_at > %s ORDER BY p.id
"""


def all_holds(
    *, cursor: Any, invoice_ids: Iterable[UUID], ended_after: datetime
) -> dict[UUID, list[Hold]]:
    """Return per invoice all its holds, pauses first: they are what a member can lift.

    `cursor` and `ended_after` as in ledger.queries.holds_of (Rule: chasing, Held means).
    """
    ids = uuids(invoice_ids)
    pauses: dict[UUID, list[Hold]] = {}
    rows = cursor.execute(_PAUSES, [ids, ended_after]).fetchall()
    for invoice_id, reason, until, since, ended in rows:
        pauses.setdefault(invoice_id, []).append(
            Hold(HoldKind.PAUSE, reason=reason, until=until, since=since, ended=ended)
        )
    found = holds_of(cursor=cursor, invoice_ids=invoice_ids, ended_after=ended_after)
    replied = reply_holds(cursor=cursor, invoice_ids=invoice_ids, ended_after=ended_after)
    for invoice_id, replies in replied.items():
        found[invoice_id] = replies + found[invoice_id]
    for invoice_id, paused in pauses.items():
        found[invoice_id] = paused + found[invoice_id]
    return found
