"""Invoices made, as drafts or issued at once; one or many."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from dunwell.core.calendar import local_date
from dunwell.ledger.constraints import constraint_of
from dunwell.ledger.models import Customer, Invoice, InvoiceLine
from dunwell.ledger.operations import history
from dunwell.ledger.operations.due_dates import set_due_date
from dunwell.ledger.operations.invoice_input import Cleaned, InvoiceInput, clean
from dunwell.ledger.operations.issuing import currency_of, require_due_date, taken, tell_issue
from dunwell.ledger.operations.numbers import next_invoice_numbers
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInvoice:
    """An invoice to make: as a draft, or issued at once."""

    data: InvoiceInput
    issue: bool = False


def create_invoice(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    data: InvoiceInput,
    issue: bool = False,
) -> Invoice:
    """Create one invoice; see create_invoices."""
    (invoice,) = create_invoices(
        organization=organization, actor=actor, now=now, new=[NewInvoice(data=data, issue=issue)]
    )
    return invoice


@transaction.atomic
def create_invoices(
    *, organization: Organization, actor: Actor, now: datetime, new: Sequence[NewInvoice]
) -> list[Invoice]:
    """Create invoices as drafts or issued, all or none; gives them in the same order.

    Raises NotFound for an unknown customer, InvalidInput naming every wrong field,
    DuplicateNumber, DuplicateExternalId, and DueDateMissing where one cannot be issued.
    """
    customers = _customers(new)
    made = [_cleaned(organization, customers[each.data.customer_id], each) for each in new]
    _number(organization, made)
    book = history.Book(actor=actor, now=now)
    invoices = [
        _build(organization, now, customers[each.data.customer_id], each, cleaned, book)
        for each, cleaned in zip(new, made, strict=True)
    ]
    _insert(invoices)
    _insert_lines(invoices, made)
    book.write()
    return invoices


def _customers(new: Sequence[NewInvoice]) -> dict[UUID, Customer]:
    wanted = {each.data.customer_id for each in new}
    found = Customer.objects.in_bulk(wanted)
    if len(found) < len(wanted):
        raise NotFound
    return found


def _cleaned(organization: Organization, customer: Customer, new: NewInvoice) -> Cleaned:
    """Check one invoice's input; its currency is in the columns too."""
    data = new.data
    currency = currency_of(code=data.currency or customer.currency or organization.currency)
    given = {field.name: getattr(data, field.name) for field in fields(data)}
    cleaned = clean(given=given, currency=currency, organization_id=organization.pk)
    cleaned.columns["currency"] = currency
    return cleaned


def _number(organization: Organization, made: Sequence[Cleaned]) -> None:
    """Give the next numbers to those that name none."""
    nameless = [cleaned.columns for cleaned in made if not cleaned.columns["number"]]
    if not nameless:
        return
    named = {cleaned.columns["number"] for cleaned in made}
    numbers = next_invoice_numbers(organization=organization, count=len(nameless), but=named)
    for columns, number in zip(nameless, numbers, strict=True):
        columns["number"] = number


def _build(  # noqa: PLR0917  # one invoice is made of just these
    organization: Organization,
    now: datetime,
    customer: Customer,
    new: NewInvoice,
    cleaned: Cleaned,
    book: history.Book,
) -> Invoice:
    """Build an invoice with its due date, and note what is to be told of it."""
    columns = cleaned.columns
    columns["invoice_date"] = columns["invoice_date"] or local_date(now, organization.zone)
    invoice = Invoice(organization=organization, customer=customer, created_at=now, **columns)
    set_due_date(organization=organization, customer=customer, invoice=invoice)
    book.happened(
        kind="invoice_created",
        event="invoice.created",
        invoice=invoice,
        data={"total": history.money_json(invoice.total)},
    )
    if new.issue:
        require_due_date(invoice=invoice)
        invoice.issued_at = now
        tell_issue(book=book, organization=organization, now=now, invoice=invoice)
    return invoice


def _insert(invoices: Sequence[Invoice]) -> None:
    try:
        with transaction.atomic():
            Invoice.objects.bulk_create(invoices)
    except IntegrityError as error:
        refused = taken(invoice=_twice(invoices, constraint_of(error)))
        if constraint_of(error) not in refused:
            raise
        raise refused[constraint_of(error)] from error


def _twice(invoices: Sequence[Invoice], constraint: str) -> Invoice:
    """Find the invoice whose number or external id is taken, by another or among themselves."""
    column = "number" if constraint == "invoice_number_once" else "external_id"
    values = [getattr(invoice, column) for invoice in invoices]
    stored = Invoice.objects.filter(**{f"{column}__in": [v for v in values if v is not None]})
    seen = set(stored.values_list(column, flat=True))
    for invoice, value in zip(invoices, values, strict=True):
        if value in seen:
            return invoice
        if value is not None:
            seen.add(value)
    return invoices[0]


def _insert_lines(invoices: Sequence[Invoice], made: Sequence[Cleaned]) -> None:
    lines: list[InvoiceLine] = []
    for invoice, cleaned in zip(invoices, made, strict=True):
        for line in cleaned.lines or ():
            line.invoice = invoice
            lines.append(line)
    if lines:
        InvoiceLine.objects.bulk_create(lines)
