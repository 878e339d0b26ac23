"""Invoices: issued, marked as sent and amended; made in creating.py, closed in closing.py."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F

from dunwell.core.calendar import local_date
from dunwell.core.money import Money
from dunwell.core.states import State
from dunwell.ledger.checks import as_json
from dunwell.ledger.constraints import refusals
from dunwell.ledger.errors import (
    AlreadyIssued,
    BelowApplied,
    ClosedInvoice,
)
from dunwell.ledger.models import Invoice, InvoiceLine
from dunwell.ledger.operations import history
from dunwell.ledger.operations.balance import follow_balances
from dunwell.ledger.operations.due_dates import set_due_date
from dunwell.ledger.operations.invoice_input import (
    Cleaned,
    InvoiceChanges,
    LineInput,
    clean,
)
from dunwell.ledger.operations.issuing import (
    currency_of,
    customer_of,
    require_due_date,
    taken,
    tell_issue,
    tell_new_state,
)
from dunwell.ledger.operations.locks import lock_invoice
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor

_FIXED_BY_ISSUE: Final = ("customer_id", "number", "currency")
_DUE_FIELDS: Final = frozenset(
    {"invoice_date", "delivery_date", "terms_days", "terms_anchor", "explicit_due_date"}
)


@transaction.atomic
def issue_invoice(
    *, organization: Organization, actor: Actor, now: datetime, invoice_id: UUID
) -> Invoice:
    """Issue a draft: from now on it counts and can only be closed, not deleted.

    The due date is reckoned by the terms of this moment. Raises NotFound, AlreadyIssued and
    DueDateMissing.
    """
    invoice = lock_invoice(invoice_id=invoice_id)
    if invoice.issued_at is not None:
        raise AlreadyIssued(number=invoice.number)
    set_due_date(organization=organization, customer=invoice.customer, invoice=invoice)
    _issue(organization, actor, now, invoice)
    return invoice


@transaction.atomic
def mark_sent(
    *, organization: Organization, actor: Actor, now: datetime, invoice_id: UUID
) -> Invoice:
    """Record that the invoice went to the customer outside Dunwell; a draft is issued by it.

    Rule: api, Shapes (`mark-sent` issues a draft; on an issued invoice it only records). Raises
    NotFound, ClosedInvoice, DueDateMissing.
    """
    invoice = lock_invoice(invoice_id=invoice_id)
    if invoice.closed_at is not None:
        raise ClosedInvoice(number=invoice.number)
    if invoice.issued_at is None:
        set_due_date(organization=organization, customer=invoice.customer, invoice=invoice)
        _issue(organization, actor, now, invoice)
    if invoice.first_marked_sent_at is None:
        invoice.first_marked_sent_at = now
        _save(invoice, ["first_marked_sent_at"])
    history.happened(
        actor=actor, now=now, kind="marked_sent", event="invoice.sent", invoice=invoice
    )
    return invoice


@transaction.atomic
def amend_invoice(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    invoice_id: UUID,
    changes: InvoiceChanges,
) -> Invoice:
    """Change the given fields of a draft, or what may still change of an issued invoice.

    Customer, number and currency are fixed by issuing. Changed terms, anchor and due date are
    audited with old and new value (Rule: tracking, Dates and terms). Raises NotFound,
    ClosedInvoice, AlreadyIssued, BelowApplied, DuplicateNumber, InvalidInput.
    """
    invoice = lock_invoice(invoice_id=invoice_id)
    if invoice.closed_at is not None:
        raise ClosedInvoice(number=invoice.number)
    before = Invoice.objects.get(pk=invoice.pk)
    cleaned = _amended_columns(organization, invoice, changes)
    for name, value in cleaned.columns.items():
        setattr(invoice, name, value)
    if not _DUE_FIELDS.isdisjoint(cleaned.columns) or "customer_id" in cleaned.columns:
        set_due_date(organization=organization, customer=invoice.customer, invoice=invoice)
    _require_total_above_applied(invoice, cleaned)
    changed = _differences(before, invoice)
    if not changed and cleaned.lines is None:
        return invoice
    _save(invoice, [*changed, "due_rule"])
    _replace_lines(invoice, cleaned)
    _tell_amendment(
        organization=organization,
        actor=actor,
        now=now,
        before=before,
        invoice=invoice,
        changed=changed,
    )
    invoice.refresh_from_db()
    return invoice


def _issue(organization: Organization, actor: Actor, now: datetime, invoice: Invoice) -> None:
    """Issue a locked draft whose due date was just reckoned."""
    require_due_date(invoice=invoice)
    invoice.issued_at = now
    _save(invoice, ["issued_at", "due_date", "due_rule"])
    book = history.Book(actor=actor, now=now)
    tell_issue(book=book, organization=organization, now=now, invoice=invoice)
    book.write()


def _save(invoice: Invoice, names: list[str]) -> None:
    """Store columns and raise both versions, so that no sender uses what it rendered before."""
    with refusals(taken(invoice=invoice)):
        Invoice.objects.filter(pk=invoice.pk).update(
            **{name: getattr(invoice, name) for name in names},
            version=F("version") + 1,
            chase_version=F("chase_version") + 1,
        )
    invoice.version += 1
    invoice.chase_version += 1


def _replace_lines(invoice: Invoice, cleaned: Cleaned) -> None:
    if cleaned.lines is None:
        return
    InvoiceLine.objects.filter(invoice=invoice).delete()
    for line in cleaned.lines:
        line.invoice = invoice
    InvoiceLine.objects.bulk_create(cleaned.lines)


def _amended_columns(
    organization: Organization, invoice: Invoice, changes: InvoiceChanges
) -> Cleaned:
    """Check the changes; a draft may also change customer, number and currency."""
    currency = currency_of(code=changes.get("currency") or invoice.currency)
    given: dict[str, Any] = dict(changes)
    if currency != invoice.currency and not {"lines", "total"} & given.keys():
        given |= _same_figures(invoice)
    if given.get("total") is not None and "lines" not in given:
        given["lines"] = ()  # a bare total replaces the lines it would contradict
    cleaned = clean(given=given, currency=currency, organization_id=organization.pk)
    columns = cleaned.columns
    for name in ("number", "invoice_date"):
        if not columns.get(name, True):
            del columns[name]  # emptied means: as it was
    if "customer_id" in given:
        columns["customer_id"] = customer_of(customer_id=given["customer_id"]).pk
    if currency != invoice.currency:
        columns["currency"] = currency
    fixed = [
        n for n in _FIXED_BY_ISSUE if columns.get(n, getattr(invoice, n)) != getattr(invoice, n)
    ]
    if fixed and invoice.issued_at is not None:
        raise AlreadyIssued(number=invoice.number)
    return cleaned


def _same_figures(invoice: Invoice) -> dict[str, Any]:
    """Give the invoice's lines or total again, to be read in another currency."""
    lines = [
        LineInput(
            description=line.description,
            quantity=line.quantity,
            unit_price=line.unit_price,
            tax_rate=line.tax_rate,
        )
        for line in invoice.lines.all()
    ]
    return {"lines": lines} if lines else {"total": invoice.total.amount}


def _require_total_above_applied(invoice: Invoice, cleaned: Cleaned) -> None:
    if invoice.total_minor < invoice.applied_minor:
        raise BelowApplied(
            total=invoice.total,
            applied=Money(invoice.applied_minor, invoice.currency),
            field=cleaned.changed_total or "total",
        )


def _differences(before: Invoice, after: Invoice) -> dict[str, list[Any]]:
    """Map each stored field that changed to its old and new value."""
    columns = Invoice._meta.concrete_fields
    names = [column.attname for column in columns if not column.generated]
    return {
        name: [as_json(getattr(before, name)), as_json(getattr(after, name))]
        for name in names
        if name != "due_rule" and getattr(before, name) != getattr(after, name)
    }


def _tell_amendment(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    before: Invoice,
    invoice: Invoice,
    changed: Mapping[str, Any],
) -> None:
    history.audited(actor=actor, now=now, action="invoice.amended", row=invoice, changes=changed)
    history.happened(
        actor=actor,
        now=now,
        kind="amended",
        event="invoice.amended",
        invoice=invoice,
        data={"changes": dict(changed)},
    )
    if invoice.issued_at is None:
        return
    today: date = local_date(now, organization.zone)
    was = before.state(today=today)
    if "total_minor" in changed:
        follow_balances(organization=organization, actor=actor, now=now, before=[before])
    if was is not State.PAID:
        book = history.Book(actor=actor, now=now)
        tell_new_state(book=book, organization=organization, now=now, old=was, invoice=invoice)
        book.write()
