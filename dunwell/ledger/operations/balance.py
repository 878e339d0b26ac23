"""What follows when balances changed: paid, reopened, promises kept."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import connection

from dunwell.core.calendar import local_date
from dunwell.ledger.models import Invoice
from dunwell.ledger.operations.claims import answer_by_payment
from dunwell.ledger.operations.history import Book
from dunwell.ledger.operations.payment_plans import follow_plans
from dunwell.ledger.operations.promises import settle_after_payment
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor

# The day is the one on which the last of the money came, not that on which it was recorded.
# Rule: tracking, Never chase blind (reports use receipt and credit dates).
_FOLLOW: Final = """
UPDATE ledger_invoice i
SET chase_version = i.chase_version + 1,
    paid_at = CASE WHEN n.paid THEN coalesce(i.paid_at, %(now)s) END,
    paid_on = CASE WHEN NOT n.paid THEN NULL WHEN i.paid_at IS NOT NULL THEN i.paid_on
      ELSE coalesce((SELECT max(a.applied_on) FROM ledger_application a
                     WHERE a.organization_id = i.organization_id AND a.invoice_id = i.id),
                    %(today)s) END
FROM (SELECT id, issued_at IS NOT NULL AND balance_minor <= 0 AS paid
      FROM ledger_invoice WHERE organization_id = %(organization)s AND id = ANY(%(ids)s)) n
WHERE i.organization_id = %(organization)s AND i.id = n.id
"""


def follow_balances(
    *, organization: Organization, actor: Actor, now: datetime, before: Iterable[Invoice]
) -> list[Invoice]:
    """Note on locked invoices that their balance changed, and tell who became paid or unpaid.

    `before` holds the rows as they were before the change. Raises their chase versions, so that
    no message rendered with the old balance leaves. Returns the rows as they are now.
    """
    old = {row.pk: row for row in before}
    if not old:
        return []
    with connection.cursor() as cursor:
        today = local_date(now, organization.zone)
        ids = list(old)
        cursor.execute(
            _FOLLOW, {"organization": organization.pk, "ids": ids, "now": now, "today": today}
        )
    current = list(Invoice.objects.filter(pk__in=old).order_by("id"))
    # First, so that the events below find promises settled.
    settle_after_payment(organization=organization, actor=actor, now=now, invoices=current)
    follow_plans(actor=actor, now=now, invoices=current)
    answer_by_payment(now=now, invoice_ids=old)
    book = Book(actor=actor, now=now)
    for invoice in current:
        paid = invoice.paid_at is not None
        if paid != (old[invoice.pk].paid_at is not None) and invoice.closed_at is None:
            book.state_moved(
                organization=organization, invoice=invoice, kind="paid" if paid else "reopened"
            )
    book.write()
    return current
