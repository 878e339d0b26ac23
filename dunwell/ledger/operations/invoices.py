"""Invoices: made, issued, marked as sent and amended. Closing them is in closing.py."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F

from dunwell.core.calendar import local_date
from dunwell.core.money import Money
from dunwell.core.states import State
from dunwell.core.terms import Blocked
from dunwell.ledger.checks import Checks, as_json
from dunwell.ledger.constraints import refusals
from dunwell.ledger.errors import (
    AlreadyIssued,
    BelowApplied,
    ClosedInvoice,
    DueDateMissing,
    DuplicateExternalId,
    DuplicateNumber,
)
from dunwell.ledger.models import Customer, Invoice, InvoiceLine
from dunwell.ledger.operations import history
from dunwell.ledger.operations.balance import follow_balances
from dunwell.ledger.operations.due_dates import set_due_date
from dunwell.ledger.operations.invoice_input import (
    Cleaned,
    InvoiceChanges,
    InvoiceInput,
    LineInput,
    clean,
)
from dunwell.ledger.operations.locks import lock_invoice
from dunwell.ledger.operations.numbers import next_invoice_number
from dunwell.tenancy.errors import DunwellError, NotFound
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor

_FIXED_BY_ISSUE: Final = ("customer_id", "number", "currency")
_DUE_FIELDS: Final = frozenset(
    {"invoice_date", "delivery_date", "terms_days", "terms_anchor", "explicit_due_date"}
)


@transaction.atomic
def create_invoice(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    data: InvoiceInput,
    issue: bool = False,
) -> Invoice:
    """Create an invoice as a draft, or issue it at once.

    Raises NotFound for an unknown customer, InvalidInput naming every wrong field,
    DuplicateNumber, DuplicateExternalId, and DueDateMissing where it cannot be issued.
    """
    customer = _customer(data.customer_id)
    currency = _currency(data.currency or customer.currency or organization.currency)
    given = {field.name: getattr(data, field.name) for field in fields(data)}
    cleaned = clean(given=given, currency=currency, organization_id=organization.pk)
    columns = cleaned.columns
    columns["invoice_date"] = columns["invoice_date"] or local_date(now, organization.zone)
    columns["number"] = columns["number"] or next_invoice_number(organization=organization)
    invoice = Invoice(
        organization=organization,
        customer=customer,
        currency=currency,
        created_at=now,
        **columns,
    )
    set_due_date(organization=organization, customer=customer, invoice=invoice)
    with refusals(_taken(invoice)):
        invoice.save(force_insert=True)
    _replace_lines(invoice, cleaned)
    history.happened(
        actor=actor,
        now=now,
        kind="invoice_created",
        event="invoice.created",
        invoice=invoice,
        data={"total": history.money_json(invoice.total)},
    )
    if issue:
        _issue(organization, actor, now, invoice)
    return invoice


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


def _customer(customer_id: UUID) -> Customer:
    found = Customer.objects.filter(pk=customer_id).first()
    if found is None:
        raise NotFound
    return found


def _currency(code: str) -> str:
    checks = Checks()
    currency = checks.currency("currency", code)
    checks.done()
    return currency


def _taken(invoice: Invoice) -> Mapping[str, DunwellError]:
    return {
        "invoice_number_once": DuplicateNumber(number=invoice.number),
        "invoice_external_id_once": DuplicateExternalId(external_id=invoice.external_id or ""),
    }


def _issue(organization: Organization, actor: Actor, now: datetime, invoice: Invoice) -> None:
    """Set the moment of issue on a locked or new invoice whose due date was just reckoned."""
    if invoice.due_date is None:
        blocked = invoice.due_rule.get("blocked")
        raise DueDateMissing(blocked=Blocked(blocked) if blocked else None)
    invoice.issued_at = now
    _save(invoice, ["issued_at", "due_date", "due_rule"])
    history.audited(
        actor=actor,
        now=now,
        action="invoice.issued",
        row=invoice,
        changes={"issued_at": [None, now.isoformat()]},
    )
    history.happened(
        actor=actor,
        now=now,
        kind="issued",
        event="invoice.issued",
        invoice=invoice,
        data={
            "total": history.money_json(invoice.total),
            "due_date": invoice.due_date.isoformat(),
        },
    )
    _tell_new_state(organization, actor, now, State.SENT, invoice)


def _tell_new_state(
    organization: Organization, actor: Actor, now: datetime, old: State, invoice: Invoice
) -> None:
    """Tell that an act, not midnight, made the invoice due or overdue."""
    new = invoice.state(today=local_date(now, organization.zone))
    if new is not old and new in (State.DUE, State.OVERDUE):
        history.state_moved(
            organization=organization, actor=actor, now=now, invoice=invoice, kind=new.value
        )


def _save(invoice: Invoice, names: list[str]) -> None:
    """Store columns and raise both versions, so that no sender uses what it rendered before."""
    with refusals(_taken(invoice)):
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
    currency = _currency(changes.get("currency") or invoice.currency)
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
        columns["customer_id"] = _customer(given["customer_id"]).pk
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
        _tell_new_state(organization, actor, now, was, invoice)
