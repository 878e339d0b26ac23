"""Holding invoices back after a reply, and after our answer (Rule: chasing, Held means)."""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from dunwell.core.calendar import add_days, local_date, midnight
from dunwell.core.holds import working_day
from dunwell.inbox.models import Reply, ReplyHold
from dunwell.tenancy.holidays import holidays_around
from dunwell.tenancy.models import Organization


def free_day(*, organization: Organization, now: datetime) -> date:
    """Return the first local day on which a hold that begins now has ended."""
    today = local_date(now, organization.zone)
    if not organization.reply_hold_days:
        return today
    holidays = holidays_around(organization=organization, year=today.year)
    last = working_day(start=today, days=organization.reply_hold_days, holidays=holidays)
    return add_days(last, 1)


def hold(
    *, organization: Organization, reply: Reply, invoice_ids: Iterable[UUID], now: datetime
) -> None:
    """Hold invoices for the organization's working days.

    The caller has raised their chase_version in the same transaction, so that a message that is
    being handed over is stopped (docs/decisions/0004).
    """
    ids = sorted(set(invoice_ids))
    until = free_day(organization=organization, now=now)
    ReplyHold.objects.bulk_create(
        ReplyHold(
            organization=organization,
            reply=reply,
            invoice_id=invoice_id,
            since=now,
            until=until,
            ends_at=max(now, midnight(until, organization.zone)),
        )
        for invoice_id in ids
    )


def lift(*, invoice_id: UUID, now: datetime) -> int:
    """End the holds of an invoice that stand now; the caller holds its lock."""
    return ReplyHold.objects.filter(invoice_id=invoice_id, ends_at__gt=now).update(ends_at=now)
