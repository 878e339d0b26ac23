"""What holds chasing back as far as the ledger knows (Rule: chasing, Held means)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from dunwell.core.holds import Hold, HoldKind
from dunwell.tenancy.database.rows import uuids

# All parts of one statement. Each row: invoice, kind, rank, id, reason, until, covered, since,
# ended. The grace days that held when a promise was made stay its own: `until` is moved by the
# difference to those that core.holds will add.
_ASKED: Final = """
WITH asked AS MATERIALIZED (
  SELECT id, organization_id, customer_id, currency FROM ledger_invoice WHERE id = ANY(%(ids)s)
), account AS (
  SELECT DISTINCT organization_id, customer_id, currency FROM asked
)
"""
_LEDGER: Final = """
SELECT i.id, 'promise', 1, p.id, p.note, p.promised_on + (p.grace_days - o.promise_grace_days),
       NULL::bigint, p.said_at, p.settled_at
FROM asked i
JOIN ledger_promise p ON p.organization_id = i.organization_id AND p.invoice_id = i.id
JOIN tenancy_organization o ON o.id = i.organization_id
WHERE p.settled_at IS NULL OR p.settled_at >= %(ended_after)s
UNION ALL
SELECT i.id, 'dispute', 2, d.id, d.reason, NULL, d.amount_minor, d.opened_at, d.resolved_at
FROM asked i
JOIN ledger_dispute d ON d.organization_id = i.organization_id AND d.invoice_id = i.id
WHERE d.resolved_at IS NULL OR d.resolved_at >= %(ended_after)s
UNION ALL
SELECT i.id, 'claimed_paid', 3, c.id, c.note, c.until, NULL, c.claimed_at, c.ended_at
FROM asked i
JOIN ledger_paidclaim c ON c.organization_id = i.organization_id AND c.invoice_id = i.id
WHERE c.ended_at IS NULL OR c.ended_at >= %(ended_after)s
UNION ALL
SELECT i.id, 'pending_payment', 4, p.id, p.reference, NULL, NULL, p.announced_at, p.ended_at
FROM asked i
JOIN ledger_pendingpayment p
  ON p.organization_id = i.organization_id AND p.customer_id = i.customer_id
WHERE (p.ended_at IS NULL OR p.ended_at >= %(ended_after)s)
  AND CASE WHEN p.all_open THEN p.currency = i.currency ELSE EXISTS (
    SELECT FROM ledger_pendingshare s
    WHERE s.organization_id = p.organization_id AND s.pending_id = p.id AND s.invoice_id = i.id
  ) END
UNION ALL
SELECT i.id, 'unmatched_payment', 5, u.id, u.reference, NULL, NULL, u.came_at, u.ended_at
FROM asked i
JOIN ledger_unmatchedpayment u
  ON u.organization_id = i.organization_id AND u.customer_id = i.customer_id
WHERE u.ended_at IS NULL OR u.ended_at >= %(ended_after)s
UNION ALL
SELECT i.id, 'credit', 6, NULL, '', NULL, h.credit, NULL, NULL
FROM asked i JOIN (
  SELECT a.organization_id, a.customer_id, a.currency,
    (coalesce((SELECT sum(p.unapplied_minor) FROM ledger_payment p
      WHERE p.organization_id = a.organization_id AND p.customer_id = a.customer_id
        AND p.currency = a.currency AND p.unapplied_minor > 0), 0)
    + coalesce((SELECT sum(c.unapplied_minor) FROM ledger_creditnote c
      WHERE c.organization_id = a.organization_id AND c.customer_id = a.customer_id
        AND c.currency = a.currency AND c.unapplied_minor > 0), 0))::bigint AS credit
  FROM account a
) h USING (organization_id, customer_id, currency)
WHERE h.credit > 0
"""


def holds_of(
    *, cursor: Any, invoice_ids: Iterable[UUID], ended_after: datetime, more: Sequence[str] = ()
) -> dict[UUID, list[Hold]]:
    """Return per invoice all that holds it or will: promises, disputes, claims, money, credit.

    One statement however many invoices, over Django's cursor or the sender's own. `ended_after`:
    holds that ended before it are left out; give the earliest planned instant in question, since
    a send is skipped if its planned instant lay in a hold. `more`: parts of the floors above
    (SELECT … FROM asked i …; ranks below 1 come first). Feed the answer to core.holds.held.
    """
    parts = "\nUNION ALL\n".join((*more, _LEDGER))
    rows = cursor.execute(
        f"{_ASKED}{parts}\nORDER BY 3, 4",
        {"ids": uuids(invoice_ids), "ended_after": ended_after},
    ).fetchall()
    found: dict[UUID, list[Hold]] = defaultdict(list)
    for invoice_id, kind, _rank, _id, reason, until, covers, since, ended in rows:
        found[invoice_id].append(
            Hold(
                HoldKind(kind),
                reason=reason,
                until=until,
                covers_minor=covers,
                since=since,
                ended=ended,
            )
        )
    return found
