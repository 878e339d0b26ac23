"""Invoices: made, listed, issued, amended, closed and reopened."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Body, Query, Router, Status
from pydantic import BaseModel, Field

from dunwell import flows
from dunwell.api import shapes
from dunwell.api.door import Here, here
from dunwell.api.paging import Cursor, Limit, Page
from dunwell.api.resources import schedules
from dunwell.chasing.models import Schedule
from dunwell.chasing.operations import by_hand
from dunwell.chasing.operations import schedules as chasing
from dunwell.ledger.models import Invoice, InvoiceLine
from dunwell.ledger.operations import InvoiceChanges, InvoiceInput, LineInput
from dunwell.ledger.queries import due_explained
from dunwell.overview import invoices as lists
from dunwell.overview import rows
from dunwell.overview.filters import InvoiceFilter
from dunwell.overview.filters import Status as StatusName
from dunwell.overview.flags import Flag
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.roles import Permission

router = Router(tags=["invoices"])

FlagName = Literal[
    "no_action_since", "promise_broken", "promise_due", "reply_unanswered", "send_failed",
    "disputed", "no_contact", "not_chased", "not_sent",
]  # fmt: skip
SortName = Literal[
    "due_date", "-due_date", "amount", "-amount", "total", "-total", "number", "-number",
    "customer", "-customer", "client", "-client", "invoice_date", "-invoice_date",
    "last_action", "-last_action", "paid", "-paid",
]  # fmt: skip


class LineIn(shapes.Body):
    """One line; `unit_price` before tax in the invoice's currency, `tax_rate` in percent."""

    description: shapes.Line = ""
    quantity: shapes.Amount = Decimal(1)
    unit_price: shapes.Number
    tax_rate: shapes.Amount | None = None

    def read(self) -> LineInput:
        """Return the ledger's input."""
        return LineInput(
            description=self.description,
            quantity=self.quantity,
            unit_price=self.unit_price,
            tax_rate=self.tax_rate,
        )


class InvoiceFields(shapes.Body):
    """What can be given of an invoice; `total` and `unit_price` are in its currency."""

    number: shapes.Line | None = None
    currency: shapes.Line | None = None
    lines: Annotated[list[LineIn], Field(max_length=1000)] = []
    total: shapes.Number | None = None
    invoice_date: shapes.Day | None = None
    delivery_date: shapes.Day | None = None
    terms: shapes.TermsIn | None = None
    due_date: shapes.Day | None = None
    engagement: shapes.Line | None = None
    purchase_order: shapes.Line | None = None
    note: shapes.Text | None = None
    owner: Annotated[shapes.Line | None, Field(description="A member's id or email")] = None
    external_id: shapes.Line | None = None
    autopay: shapes.YesNo = False
    cadence_id: Annotated[
        UUID | None, Field(description="Absent: the default cadence; null: none")
    ] = None


class InvoiceIn(InvoiceFields):
    """A new invoice: with lines, or with a total."""

    customer_id: UUID
    issue: Annotated[shapes.YesNo, Field(description="Issue it at once")] = False


class InvoicePatch(InvoiceFields):
    """The fields of an invoice that change; what issuing fixed is refused."""

    customer_id: UUID | None = None


class CloseIn(shapes.Body):
    """Why an invoice is closed."""

    reason: Literal["void", "write_off"]
    note: shapes.Text = ""


class SendIn(shapes.Body):
    """A member's own message now; `confirm` where somebody got it today already."""

    channels: Annotated[list[shapes.Channel], Field(min_length=1, max_length=3)] = ["email"]
    confirm: shapes.YesNo = False


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


@router.post("", response={201: InvoiceOut})
def create(request: HttpRequest, data: InvoiceIn) -> Any:
    """Create an invoice."""
    place = here(request, Permission.LEDGER_WRITE)
    fields = _fields(data)
    chosen = {"cadence_id": fields.pop("cadence_id")} if "cadence_id" in fields else {}
    issue = fields.pop("issue", False)
    made = flows.create_invoice(
        organization=place.organization,
        actor=place.actor,
        now=place.now,
        data=InvoiceInput(**fields),
        issue=issue,
        **chosen,
    )
    return Status(201, one(place, made.pk))


@router.get("", response=Page[InvoiceOut])
def find(
    request: HttpRequest,
    *,
    limit: Limit = 50,
    cursor: Cursor = "",
    status: StatusName = "all",
    customer_id: UUID | None = None,
    owner: Annotated[str, Query(max_length=254, description="A member's id or email")] = "",
    flag: FlagName | None = None,
    q: Annotated[str, Query(max_length=200)] = "",
    currency: Annotated[str, Query(max_length=3)] = "",
    engagement: Annotated[str, Query(max_length=100)] = "",
    tag: Annotated[str, Query(max_length=50)] = "",
    sort: SortName = "due_date",
) -> Any:
    """List invoices."""
    place = here(request)
    if flag == "reply_unanswered":
        return {"items": [], "next": None}
    found = lists.invoices(
        organization=place.organization,
        now=place.now,
        status=status,
        chosen=InvoiceFilter(
            customer_id=customer_id,
            owner_id=shapes.member_id("owner", owner),
            flag=Flag(flag) if flag else None,
            text=q.strip(),
            currency=currency.upper(),
            engagement=engagement,
            tag=tag,
        ),
        sort=sort.replace("client", "customer"),
        after=cursor,
        limit=limit,
    )
    return {"items": present(place, found.rows), "next": found.next}


@router.get("/{uuid:invoice_id}", response=InvoiceOut)
def read(request: HttpRequest, invoice_id: UUID) -> Any:
    """Read an invoice."""
    return one(here(request), invoice_id)


@router.patch("/{uuid:invoice_id}", response=InvoiceOut)
def change(request: HttpRequest, invoice_id: UUID, data: InvoicePatch) -> Any:
    """Amend an invoice."""
    place = here(request, Permission.LEDGER_WRITE)
    fields = _fields(data)
    with transaction.atomic():
        if "cadence_id" in fields:
            _choose_cadence(place, invoice_id, fields.pop("cadence_id"))
        flows.amend_invoice(
            organization=place.organization,
            actor=place.actor,
            now=place.now,
            invoice_id=invoice_id,
            changes=InvoiceChanges(**fields),  # type: ignore[typeddict-item]  # checked by the body
        )
    return one(place, invoice_id)


@router.delete("/{uuid:invoice_id}", response={204: None})
def delete(request: HttpRequest, invoice_id: UUID) -> Any:
    """Delete a draft."""
    place = here(request, Permission.LEDGER_WRITE)
    flows.delete_draft(
        organization=place.organization, actor=place.actor, now=place.now, invoice_id=invoice_id
    )
    return Status(204, None)


@router.post("/{uuid:invoice_id}/issue", response=InvoiceOut)
def issue(request: HttpRequest, invoice_id: UUID) -> Any:
    """Issue a draft."""
    place = here(request, Permission.LEDGER_WRITE)
    flows.issue_invoice(
        organization=place.organization, actor=place.actor, now=place.now, invoice_id=invoice_id
    )
    return one(place, invoice_id)


@router.post("/{uuid:invoice_id}/mark-sent", response=InvoiceOut)
def mark_sent(request: HttpRequest, invoice_id: UUID) -> Any:
    """Issue a draft; on an issued invoice only record that it went out by other means."""
    place = here(request, Permission.LEDGER_WRITE)
    flows.mark_sent(
        organization=place.organization, actor=place.actor, now=place.now, invoice_id=invoice_id
    )
    return one(place, invoice_id)


@router.post("/{uuid:invoice_id}/close", response=InvoiceOut)
def close(request: HttpRequest, invoice_id: UUID, data: CloseIn) -> Any:
    """Void or write off."""
    place = here(request, Permission.LEDGER_WRITE)
    flows.close_invoice(
        organization=place.organization,
        actor=place.actor,
        now=place.now,
        invoice_id=invoice_id,
        reason=data.reason,
        note=data.note,
    )
    return one(place, invoice_id)


@router.post("/{uuid:invoice_id}/reopen", response=InvoiceOut)
def reopen(request: HttpRequest, invoice_id: UUID) -> Any:
    """Reopen."""
    place = here(request, Permission.LEDGER_WRITE)
    flows.reopen_invoice(
        organization=place.organization, actor=place.actor, now=place.now, invoice_id=invoice_id
    )
    return one(place, invoice_id)


@router.post("/{uuid:invoice_id}/send", response={201: schedules.PlannedSendOut})
def send(
    request: HttpRequest, invoice_id: UUID, data: Annotated[SendIn | None, Body()] = None
) -> Any:
    """Plan a member's own message for now; the sender hands it over."""
    place = here(request, Permission.CHASING_WRITE)
    wish = data or SendIn()
    made = by_hand.send_now(
        organization=place.organization,
        actor=place.actor,
        now=place.now,
        invoice_id=invoice_id,
        channels=wish.channels,
        confirmed=wish.confirm,
    )
    return Status(201, schedules.planned(place, [made])[0])


def _choose_cadence(place: Here, invoice_id: UUID, cadence_id: UUID | None) -> None:
    """Copy a cadence onto the invoice, or with null stop chasing it."""
    if cadence_id is not None:
        chasing.apply_cadence(
            organization=place.organization,
            invoice_id=invoice_id,
            cadence_id=cadence_id,
            actor=place.actor,
            now=place.now,
        )
        return
    chasing.set_enabled(
        organization=place.organization,
        invoice_id=invoice_id,
        enabled=False,
        actor=place.actor,
        now=place.now,
    )


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


def _fields(data: InvoiceFields) -> dict[str, Any]:
    """Turn what was sent into the ledger's fields; null clears."""
    fields = data.given()
    for name in ("number", "currency", "engagement", "purchase_order", "note"):
        if name in fields:
            fields[name] = fields[name] or ""
    if "lines" in fields:
        fields["lines"] = [line.read() for line in data.lines]
    if "terms" in fields:
        fields["terms"] = data.terms and data.terms.read()
    if "owner" in fields:
        fields["owner_id"] = shapes.member_id("owner", fields.pop("owner"))
    return fields
