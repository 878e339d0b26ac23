"""What holds invoices back, at any instant, in words; few queries however many invoices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from dunwell.chasing.holds import all_holds
from dunwell.core.holds import Hold, held
from dunwell.ledger.models import Invoice
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
    with connection.cursor() as cursor:
        return Holding(at, all_holds(cursor=cursor, invoice_ids=invoice_ids, ended_after=at.now))
