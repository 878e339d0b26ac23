"""The open invoices that something holds, with what it is and when it ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from dunwell.chasing.holds import all_holds
from dunwell.chasing.models import Pause
from dunwell.core.holds import Hold, HoldKind, free_on, held
from dunwell.inbox.models import ReplyHold
from dunwell.ledger.models import CreditNote, Dispute, Invoice, Payment, Promise
from dunwell.ledger.queries import OPEN
from dunwell.overview.filters import InvoiceFilter, narrow
from dunwell.overview.monitoring.sends import SendFilter
from dunwell.tenancy.models import Organization

MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Held:
    """An invoice on hold: by what, and the first day it is free by itself (None: not by itself)."""

    invoice: Invoice
    hold: Hold
    free_on: date | None


@dataclass(frozen=True, slots=True)
class HeldList:
    """What is held, the largest balances first; `more` says that not all were looked at."""

    rows: Sequence[Held]
    more: bool

    def kinds(self) -> dict[HoldKind, int]:
        """Count the invoices per kind of hold."""
        found: dict[HoldKind, int] = {}
        for row in self.rows:
            found[row.hold.kind] = found.get(row.hold.kind, 0) + 1
        return found


def held_invoices(
    *, organization: Organization, chosen: SendFilter, now: datetime, most: int = MOST
) -> HeldList:
    """List the open invoices on hold at this instant. Rule: chasing, Held means."""
    invoices = narrow(
        Invoice.objects.filter(OPEN),
        chosen=InvoiceFilter(customer_id=chosen.customer_id, owner_id=chosen.owner_id),
        organization=organization,
        now=now,
    )
    if chosen.cadence_id:
        invoices = invoices.filter(schedules__cadence_id=chosen.cadence_id)
    candidates = list(_maybe(invoices, now).select_related("customer")[: most + 1])
    found = _holds([invoice.pk for invoice in candidates[:most]], now)
    rows = []
    for invoice in candidates[:most]:
        hold = held(
            holds=found.get(invoice.pk, ()),
            balance_minor=invoice.balance.minor,
            at=now,
            grace_days=organization.promise_grace_days,
            zone=organization.zone,
        )
        if hold is not None:
            free = free_on(hold, grace_days=organization.promise_grace_days)
            rows.append(Held(invoice, hold, free))
    return HeldList(rows, more=len(candidates) > most)


def _maybe(invoices: QuerySet[Invoice], now: datetime) -> QuerySet[Invoice]:
    """Keep the invoices that something may hold."""
    promised = Promise.objects.filter(state="open").values("invoice_id")
    contested = Dispute.objects.filter(resolved_at__isnull=True).values("invoice_id")
    paused = Pause.objects.filter(ends_at__gt=now).values("invoice_id")
    replied = ReplyHold.objects.filter(ends_at__gt=now).values("invoice_id")
    # Driven by what holds, not by the invoices: few of them are held.
    named = promised.union(contested, paused, replied)
    paid = Payment.objects.filter(unapplied_minor__gt=0).values("customer_id")
    credited = CreditNote.objects.filter(unapplied_minor__gt=0).values("customer_id")
    with_credit = Q(customer_id__in=paid.union(credited))
    return invoices.filter(Q(pk__in=named) | with_credit).order_by("-balance_minor", "id")


def _holds(ids: Sequence[UUID], now: datetime) -> dict[UUID, list[Hold]]:
    if not ids:
        return {}
    with connection.cursor() as cursor:
        return all_holds(cursor=cursor, invoice_ids=ids, ended_after=now)
