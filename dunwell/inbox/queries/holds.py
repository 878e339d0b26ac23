"""What replies hold back, over Django's cursor or the sender's own."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from dunwell.core.holds import Hold, HoldKind
from dunwell.tenancy.database.rows import uuids

_HOLDS: Final = """
SELECT h.invoice_id, h.until, h.since, h.ends_at
FROM ledger_invoice i
JOIN inbox_replyhold h ON h.organization_id = i.organization_id AND h.invoice_id = i.id
WHERE i.id = ANY(%s) AND h.ends_at > %s ORDER BY h.id
"""


def reply_holds(
    *, cursor: Any, invoice_ids: Iterable[UUID], ended_after: datetime
) -> dict[UUID, list[Hold]]:
    """Return per invoice the holds of replies; arguments as in ledger.queries.holds_of."""
    found: dict[UUID, list[Hold]] = defaultdict(list)
    rows = cursor.execute(_HOLDS, [uuids(invoice_ids), ended_after]).fetchall()
    for invoice_id, until, since, ended in rows:
        found[invoice_id].append(Hold(HoldKind.REPLY, until=until, since=since, ended=ended))
    return found
