"""What follows when balances changed: paid, reopened, promises kept."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db.models import F, Max

from dunwell.core.calendar import local_date
from dunwell.ledger.models import Application, Invoice
from dunwell.ledger.operations import history
from dunwell.ledger.operations.promises import settle_after_payment
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor


def follow_balances(
    *, organization: Organization, actor: Actor, now: datetime, before: Iterable[Invoice]
) -> list[Invoice]:
    """Note on locked invoices that their balance changed, and tell who became paid or unpaid.

    `before` holds the rows as they were before the change. Raises their chase versions, so that
    no message rendered with the old balance leaves. Returns the rows as they are now.
    """
    old = {row.pk: row for row in before}
    Invoice.objects.filter(pk__in=old).update(chase_version=F("chase_version") + 1)
    current = list(Invoice.objects.filter(pk__in=old).order_by("id"))
    # First, so that the events below find promises settled.
    settle_after_payment(organization=organization, actor=actor, now=now, invoices=current)
    for invoice in current:
        was_paid = old[invoice.pk].paid_at is not None
        is_paid = invoice.issued_at is not None and invoice.balance.minor <= 0
        if is_paid != was_paid:
            _mark(organization, actor, now, invoice, paid=is_paid)
    return current


def _mark(
    organization: Organization, actor: Actor, now: datetime, invoice: Invoice, *, paid: bool
) -> None:
    invoice.paid_at = now if paid else None
    invoice.paid_on = _paid_on(invoice, local_date(now, organization.zone)) if paid else None
    Invoice.objects.filter(pk=invoice.pk).update(paid_at=invoice.paid_at, paid_on=invoice.paid_on)
    if invoice.closed_at is not None:
        return
    history.state_moved(
        organization=organization,
        actor=actor,
        now=now,
        invoice=invoice,
        kind="paid" if paid else "reopened",
    )


def _paid_on(invoice: Invoice, today: date) -> date:
    """Return the day the last of the money came, not the day it was recorded.

    Rule: tracking, Never chase blind (reports use receipt and credit dates).
    """
    last = Application.objects.filter(invoice=invoice).aggregate(day=Max("applied_on"))["day"]
    return last or today
