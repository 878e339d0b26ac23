"""What holds invoices back, at any instant, in words; few queries however many invoices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dunwell.chasing.models import Pause
from dunwell.core.holds import Hold, HoldKind, held
from dunwell.core.money import Money
from dunwell.ledger.models import Invoice
from dunwell.ledger.queries import holds_of
from dunwell.web.pages import sentences
from dunwell.web.requests import Here


@dataclass(frozen=True, slots=True)
class Holding:
    """The holds of some invoices that stand now or begin later."""

    at: Here
    holds: dict[UUID, list[Hold]]

    def words(self, invoice: Invoice, when: datetime) -> str:
        """Say what holds an invoice at an instant; empty where nothing does."""
        organization = self.at.organization
        grace = organization.promise_grace_days
        found = held(
            holds=self.holds.get(invoice.pk, ()),
            balance_minor=invoice.balance.minor,
            at=when,
            grace_days=grace,
            zone=organization.zone,
        )
        if found is None:
            return ""
        return sentences.hold_words(found, grace_days=grace, tag=organization.locale)


def holding(invoice_ids: Sequence[UUID], *, at: Here) -> Holding:
    """Load the holds of invoices that have not ended by now. Rule: chasing, Held means."""
    if not invoice_ids:
        return Holding(at, {})
    found = holds_of(invoice_ids=invoice_ids, ended_after=at.now)
    for pause in Pause.objects.filter(invoice__in=invoice_ids, ends_at__gt=at.now):
        # A member's pause is named first: it is what the page offers to lift.
        found.setdefault(pause.invoice_id, []).insert(
            0,
            Hold(
                HoldKind.PAUSE,
                reason=pause.reason,
                until=pause.until,
                since=pause.started_at,
                ended=pause.ends_at,
            ),
        )
    return Holding(at, found)


def minimum_balance(invoice: Invoice, *, at: Here) -> int:
    """Return the balance below which an invoice is not chased, in minor units."""
    value = at.organization.minimum_balances.get(invoice.currency)
    return Money.parse(str(value), invoice.currency).minor if value else 0
