"""What customers owe as far as it may be chased, for many customers with a handful of queries.

Works over Django's cursor and over the sender's own.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from dunwell.chasing.holds import all_holds
from dunwell.core.accounts import Owed, Standing, standing
from dunwell.core.calendar import local_date
from dunwell.core.holds import Hold, HoldKind, held, part_disputed
from dunwell.ledger.queries.payment_plans import HAS_PLAN, installments_due
from dunwell.tenancy.database.rows import uuids

_ITEMS = f"""
SELECT i.id, i.customer_id, i.currency, i.number, i.total_minor, i.balance_minor, i.invoice_date,
       i.due_date, i.chase_version,
       CASE WHEN i.autopay OR c.autopay THEN 'autopay' WHEN {HAS_PLAN} THEN 'plan' END
FROM ledger_customer c
JOIN ledger_invoice i ON i.organization_id = c.organization_id AND i.customer_id = c.id
WHERE c.organization_id = %s AND c.id = ANY(%s)
  AND i.issued_at IS NOT NULL AND i.closed_at IS NULL AND i.balance_minor > 0
ORDER BY i.customer_id, i.due_date, i.id
"""  # noqa: S608  # of a constant
_CREDIT = """
SELECT customer_id, currency, sum(unapplied_minor)::bigint FROM (
  SELECT customer_id, currency, unapplied_minor FROM ledger_payment
  WHERE organization_id = %(org)s AND customer_id = ANY(%(ids)s) AND unapplied_minor > 0
  UNION ALL
  SELECT customer_id, currency, unapplied_minor FROM ledger_creditnote
  WHERE organization_id = %(org)s AND customer_id = ANY(%(ids)s) AND unapplied_minor > 0
) AS credit GROUP BY customer_id, currency
"""

AUTOPAY = "autopay"
PLAN = "plan"


@dataclass(frozen=True, slots=True)
class OpenItem:
    """One open invoice of an account; money in minor units of `currency`.

    `hold` is what holds it and `left_out` why it is not chased at all (autopay, a payment plan);
    both None where it is chased for `balance` less `disputed`.
    """

    id: UUID
    currency: str
    number: str
    total: int
    balance: int
    invoice_date: date
    due_date: date
    chase_version: int
    disputed: int
    hold: HoldKind | None
    left_out: str | None

    @property
    def chased(self) -> int:
        """Return what of it may be chased."""
        return 0 if self.hold or self.left_out else self.balance - self.disputed


@dataclass(slots=True)
class Account:
    """A customer's open items, oldest due date first, and unapplied credit per currency.

    `installments` are those of payment plans that are due now, of invoices that nothing holds.
    """

    items: list[OpenItem] = field(default_factory=list)
    credit: dict[str, int] = field(default_factory=dict)
    installments: dict[str, list[Owed]] = field(default_factory=dict)

    @property
    def currencies(self) -> list[str]:
        """List the currencies in which something is open."""
        return sorted({item.currency for item in self.items})

    def of(self, currency: str) -> list[OpenItem]:
        """List the open items of one currency."""
        return [item for item in self.items if item.currency == currency]

    def standing(self, currency: str, today: date) -> Standing:
        """Reckon balances and ages of one currency (Rule: chasing, Customer chasing)."""
        owed = [Owed(item.chased, item.invoice_date, item.due_date) for item in self.of(currency)]
        owed += self.installments.get(currency, ())
        return standing(owed=owed, credit=self.credit.get(currency, 0), today=today)

    def planned(self, currency: str) -> bool:
        """Say whether a payment plan of the currency runs."""
        return any(item.left_out == PLAN for item in self.of(currency))

    def all_held(self, currency: str) -> HoldKind | None:
        """Return what holds an account of which nothing may be chased, if that is the reason."""
        items = self.of(currency)
        if any(item.chased for item in items) or self.installments.get(currency):
            return None
        return next((item.hold for item in items if item.hold), None)


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """Whose accounts are looked at, and when."""

    organization_id: UUID
    zone: ZoneInfo
    grace_days: int
    now: datetime


def load_accounts(
    cursor: Any, *, view: Viewpoint, customer_ids: Iterable[UUID]
) -> dict[UUID, Account]:
    """Load the accounts of customers; who has nothing open and no credit gets an empty one."""
    wanted = list(customer_ids)
    ids = uuids(wanted)
    cursor.execute(_ITEMS, [view.organization_id, ids])
    rows = cursor.fetchall()
    holds = all_holds(cursor=cursor, invoice_ids=[row[0] for row in rows], ended_after=view.now)
    found: Mapping[UUID, Account] = defaultdict(Account)
    for row in rows:
        found[row[1]].items.append(_item(row, holds.get(row[0], ()), view))
    _add_installments(cursor, found, view=view, customer_ids=wanted)
    cursor.execute(_CREDIT, {"org": view.organization_id, "ids": ids})
    for customer, currency, minor in cursor.fetchall():
        found[customer].credit[currency] = int(minor)
    return {customer: found[customer] for customer in wanted}


def _add_installments(
    cursor: Any,
    accounts: Mapping[UUID, Account],
    *,
    view: Viewpoint,
    customer_ids: Sequence[UUID],
) -> None:
    """Count what of payment plans is due instead of their invoices, unless those are held."""
    chased = {
        item.id
        for account in accounts.values()
        for item in account.items
        if item.left_out == PLAN and item.hold is None
    }
    if not chased:
        return
    today = local_date(view.now, view.zone)
    due = installments_due(
        cursor=cursor,
        organization_id=view.organization_id,
        today=today,
        customer_ids=customer_ids,
    )
    for each in due:
        if each.invoice_id in chased:
            owed = Owed(each.left_minor, each.due_date, each.due_date)
            parts = accounts[each.customer_id].installments
            parts.setdefault(each.currency, []).append(owed)


def _item(row: Sequence[Any], holds: Sequence[Hold], view: Viewpoint) -> OpenItem:
    invoice, _customer, currency, number, total, balance, since, due, version, left_out = row
    # Credit is subtracted from the account as a whole; it holds no single item here.
    standing_holds = [hold for hold in holds if hold.kind is not HoldKind.CREDIT]
    hold, disputed = None, 0
    if standing_holds:
        facts: dict[str, Any] = {
            "holds": standing_holds,
            "balance_minor": balance,
            "at": view.now,
            "grace_days": view.grace_days,
            "zone": view.zone,
        }
        stands = held(**facts)
        part = part_disputed(**facts)
        hold = stands.kind if stands else None
        disputed = part.disputed_minor if part else 0
    return OpenItem(
        id=invoice,
        currency=currency,
        number=number,
        total=total,
        balance=balance,
        invoice_date=since,
        due_date=due,
        chase_version=version,
        disputed=disputed,
        hold=hold,
        left_out=left_out,
    )
