"""What programs read of invoices: what is stored, and what is derived at this moment."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import BaseModel

from dunwell.api import shapes
from dunwell.api.door import Here
from dunwell.chasing.models import Schedule
from dunwell.ledger.models import Invoice, InvoiceLine
from dunwell.ledger.queries import due_explained
from dunwell.overview import rows
from dunwell.tenancy.errors import NotFound

FlagName = Literal[
    "no_action_since", "promise_broken", "promise_due", "reply_unanswered", "send_failed",
    "disputed", "no_contact", "not_chased", "not_sent",
]  # fmt: skip


class LineOut(BaseModel):
    """One line; `total` with tax."""

    description: str
    quantity: str
    unit_price: shapes.MoneyOut
    tax_rate: str | None
    net: shapes.MoneyOut
    tax: shapes.MoneyOut
    total: shapes.MoneyOut


class LastActionOut(BaseModel):
    """The last thing sent to or heard from the customer."""

    kind: str
    at: shapes.Instant
    by: str
    channel: str | None
    outcome: str | None


class InvoiceOut(BaseModel):
    """An invoice with its derived facts; `owner` is whoever is responsible."""

    id: UUID
    number: str
    customer_id: UUID
    customer_name: str
    currency: str
    lines: list[LineOut]
    total: shapes.MoneyOut
    balance: shapes.MoneyOut
    status: Literal["draft", "sent", "due", "overdue", "paid", "closed"]
    invoice_date: shapes.Day
    delivery_date: shapes.Day | None
    terms: shapes.TermsOut | None
    due_date: shapes.Day | None
    due_explained: str | None
    days_overdue: int
    engagement: str
    purchase_order: str
    note: str
    owner: shapes.OwnerOut | None
    external_id: str | None
    autopay: bool
    cadence_id: UUID | None
    created_at: shapes.Instant
    issued_at: shapes.Instant | None
    marked_sent_at: shapes.Instant | None
    paid_on: shapes.Day | None
    closed_on: shapes.Day | None
    close_reason: str | None
    close_note: str | None
    last_action: LastActionOut | None
    flags: list[FlagName]
    next_send: shapes.Instant | None
    promised_on: shapes.Day | None
    paused_until: shapes.Day | None


def one(place: Here, invoice_id: UUID) -> dict[str, Any]:
    """Write one invoice. Raises NotFound."""
    found = rows.read(ids=[invoice_id], organization=place.organization, now=place.now)
    if not found:
        raise NotFound(_("There is no such invoice."))
    return present(place, found)[0]


def require(invoice_id: UUID) -> Invoice:
    """Find an invoice. Raises NotFound."""
    found = Invoice.objects.filter(pk=invoice_id).first()
    if found is None:
        raise NotFound(_("There is no such invoice."))
    return found


def present(place: Here, found: Sequence[rows.Row]) -> list[dict[str, Any]]:
    """Write invoices, in the order given."""
    ids = [row.id for row in found]
    invoices = Invoice.objects.prefetch_related("lines").in_bulk(ids)
    owners = shapes.Owners(place.organization)
    cadences = dict(
        Schedule.objects.filter(invoice__in=ids).values_list("invoice_id", "cadence_id")
    )
    return [
        {
            **_stored(place, invoices[row.id]),
            **_derived(place, row),
            "owner": owners.first_of(row.owner_id),
            "cadence_id": cadences.get(row.id),
        }
        for row in found
        if row.id in invoices
    ]


def _stored(place: Here, invoice: Invoice) -> dict[str, Any]:
    zone = place.organization.zone
    return {
        "id": invoice.pk,
        "number": invoice.number,
        "customer_id": invoice.customer_id,
        "currency": invoice.currency,
        "lines": [_line(line, invoice.currency) for line in invoice.lines.all()],
        "total": shapes.money(invoice.total),
        "balance": shapes.money(invoice.balance),
        "invoice_date": invoice.invoice_date.isoformat(),
        "delivery_date": invoice.delivery_date and invoice.delivery_date.isoformat(),
        "terms": shapes.terms(invoice.terms),
        "due_date": invoice.due_date and invoice.due_date.isoformat(),
        "due_explained": due_explained(invoice=invoice, locale=place.organization.locale) or None,
        "engagement": invoice.engagement,
        "purchase_order": invoice.purchase_order,
        "note": invoice.note,
        "external_id": invoice.external_id,
        "autopay": invoice.autopay,
        "created_at": shapes.instant(invoice.created_at, zone),
        "issued_at": shapes.instant(invoice.issued_at, zone),
        "marked_sent_at": shapes.instant(invoice.first_marked_sent_at, zone),
        "paid_on": invoice.paid_on and invoice.paid_on.isoformat(),
        "closed_on": invoice.closed_on and invoice.closed_on.isoformat(),
        "close_reason": invoice.close_reason or None,
        "close_note": invoice.close_note or None,
    }


def _derived(place: Here, row: rows.Row) -> dict[str, Any]:
    zone = place.organization.zone
    last = row.last_action
    return {
        "customer_name": row.customer,
        "status": row.state.value,
        "days_overdue": row.days_overdue,
        "last_action": last
        and {
            "kind": last.kind,
            "at": shapes.instant(last.at, zone),
            "by": last.by,
            "channel": last.channel or None,
            "outcome": last.outcome or None,
        },
        "flags": [flag.value for flag in row.flags],
        "next_send": row.next_chase and shapes.instant(row.next_chase.at, zone),
        "promised_on": row.promised_on and row.promised_on.isoformat(),
        "paused_until": row.paused_until and row.paused_until.isoformat(),
    }


def _line(line: InvoiceLine, currency: str) -> dict[str, Any]:
    return {
        "description": line.description,
        "quantity": shapes.plain(line.quantity),
        "unit_price": shapes.price(line.unit_price, currency),
        "tax_rate": None if line.tax_rate is None else shapes.plain(line.tax_rate),
        "net": shapes.money_of(line.net_minor, currency),
        "tax": shapes.money_of(line.tax_minor, currency),
        "total": shapes.money_of(line.net_minor + line.tax_minor, currency),
    }
