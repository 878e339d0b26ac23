"""What holds chasing back as far as the ledger knows (Rule: chasing, Held means)."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from dunwell.core.holds import Hold, HoldKind
from dunwell.tenancy.database.rows import uuids

# The grace days that held when the promise was made stay its own: `until` is moved by the
# difference to those that core.holds will add.
_PROMISES: Final = """
SELECT p.invoice_id, p.note, p.promised_on + (p.grace_days - o.promise_grace_days),
       p.said_at, p.settled_at
FROM ledger_invoice i
JOIN ledger_promise p ON p.organization_id = i.organization_id AND p.invoice_id = i.id
JOIN tenancy_organization o ON o.id = i.organization_id
WHERE i.id = ANY(%(ids)s)
  AND (p.settled_at IS NULL OR p.settled_at >= %(ended_after)s)
ORDER BY p.id
"""
_DISPUTES: Final = """
SELECT d.invoice_id, d.reason, d.amount_minor, d.opened_at, d.resolved_at
FROM ledger_invoice i
JOIN ledger_dispute d ON d.organization_id = i.organization_id AND d.invoice_id = i.id
WHERE i.id = ANY(%(ids)s)
  AND (d.resolved_at IS NULL OR d.resolved_at >= %(ended_after)s)
ORDER BY d.id
"""
_CREDIT: Final = """
WITH asked AS (
  SELECT id, organization_id, customer_id, currency FROM ledger_invoice WHERE id = ANY(%(ids)s)
), account AS (
  SELECT DISTINCT organization_id, customer_id, currency FROM asked
), held AS (
  SELECT a.organization_id, a.customer_id, a.currency,
    coalesce((SELECT sum(p.unapplied_minor) FROM ledger_payment p
      WHERE p.organization_id = a.organization_id AND p.customer_id = a.customer_id
        AND p.currency = a.currency AND p.unapplied_minor > 0), 0)
    + coalesce((SELECT sum(c.unapplied_minor) FROM ledger_creditnote c
      WHERE c.organization_id = a.organization_id AND c.customer_id = a.customer_id
        AND c.currency = a.currency AND c.unapplied_minor > 0), 0) AS credit
  FROM account a
)
SELECT i.id, h.credit::bigint FROM asked i
JOIN held h USING (organization_id, customer_id, currency)
WHERE h.credit > 0
"""


def holds_of(
    *, cursor: Any, invoice_ids: Iterable[UUID], ended_after: datetime
) -> dict[UUID, list[Hold]]:
    """Return per invoice its promises, disputes and the customer's unapplied credit as holds.

    Three statements however many invoices, over Django's cursor or the sender's own. `ended_after`:
    holds that ended before it are left out; give the earliest planned instant in question, since
    a send is skipped if its planned instant lay in a hold. Feed the answer to core.holds.held.
    """
    found: dict[UUID, list[Hold]] = defaultdict(list)
    parameters: dict[str, Any] = {"ids": uuids(invoice_ids), "ended_after": ended_after}
    for invoice_id, note, until, since, ended in cursor.execute(_PROMISES, parameters).fetchall():
        found[invoice_id].append(
            Hold(HoldKind.PROMISE, reason=note, until=until, since=since, ended=ended)
        )
    for invoice_id, reason, covers, since, ended in cursor.execute(
        _DISPUTES, parameters
    ).fetchall():
        found[invoice_id].append(
            Hold(HoldKind.DISPUTE, reason=reason, covers_minor=covers, since=since, ended=ended)
        )
    for invoice_id, credit in cursor.execute(_CREDIT, parameters).fetchall():
        found[invoice_id].append(Hold(HoldKind.CREDIT, covers_minor=credit))
    return found
