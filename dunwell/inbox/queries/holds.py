"""What replies hold back, as a part of the one statement that reads all holds."""

from typing import Final

REPLY_HOLDS: Final = """
SELECT i.id, 'reply', 0, h.id, '', h.until, NULL::bigint, h.since, h.ends_at
FROM asked i
JOIN inbox_replyhold h ON h.organization_id = i.organization_id AND h.invoice_id = i.id
WHERE h.ends_at > %(ended_after)s
"""
"""A part for ledger.queries.holds_of; after members' pauses, before what the ledger knows."""
