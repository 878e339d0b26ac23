"""Everything that holds invoices back: what the ledger knows, replies and members' pauses.

The sender and the pages read it here, in one statement, so that a page never says otherwise than
the sender does.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from dunwell.core.holds import Hold
from dunwell.inbox.queries.holds import REPLY_HOLDS
from dunwell.ledger.queries.holds import holds_of

# First, because pauses are what a member can lift.
_PAUSES: Final = """
SELECT i.id, 'pause', -1, p.id, p.reason, p.until, NULL::bigint, p.started_at, p.ends_at
FROM asked i
JOIN chasing_pause p ON p.organization_id = i.organization_id AND p.invoice_id = i.id
WHERE p.ends_at > %(ended_after)s
"""


def all_holds(
    *, cursor: Any, invoice_ids: Iterable[UUID], ended_after: datetime
) -> dict[UUID, list[Hold]]:
    """Return per invoice all its holds, pauses first: they are what a member can lift.

    `cursor` and `ended_after` as in ledger.queries.holds_of (Rule: chasing, Held means).
    """
    return holds_of(
        cursor=cursor,
        invoice_ids=invoice_ids,
        ended_after=ended_after,
        more=(_PAUSES, REPLY_HOLDS),
    )
