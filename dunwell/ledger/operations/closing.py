"""The ends of an invoice: closed, opened again, or deleted while a draft."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from dunwell.core.calendar import local_date
from dunwell.ledger.checks import Checks
from dunwell.ledger.errors import AlreadyIssued, ClosedInvoice, IsDraft, NotClosed, NothingOwed
from dunwell.ledger.models import Customer, Invoice
from dunwell.ledger.operations import history
from dunwell.ledger.operations.locks import lock_invoice
from dunwell.tenancy import events
from dunwell.tenancy.errors import InvalidInput
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor

VOID: Final = "void"
WRITE_OFF: Final = "write_off"


@transaction.atomic
def close_invoice(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    invoice_id: UUID,
    reason: str,
    note: str = "",
) -> Invoice:
    """Close an issued invoice: `void` (it was a mistake) or `write_off` (bad debt).

    It leaves the board and every total of what is owed; what was applied stays applied. Raises
    NotFound, IsDraft, ClosedInvoice, NothingOwed for writing off a paid one, InvalidInput.
    """
    if reason not in (VOID, WRITE_OFF):
        raise InvalidInput.at("reason", _("The reason is either void or write_off."))
    checks = Checks()
    note = checks.text("note", note, limit=5000)
    checks.done()
    invoice = lock_invoice(invoice_id=invoice_id)
    _require_closable(invoice, reason)
    invoice.closed_at = now
    invoice.closed_on = local_date(now, organization.zone)
    invoice.close_reason, invoice.close_note = reason, note
    _store_end(invoice)
    history.audited(
        actor=actor,
        now=now,
        action="invoice.closed",
        row=invoice,
        changes={"close_reason": ["", reason], "close_note": ["", note]},
    )
    history.happened(
        actor=actor,
        now=now,
        kind="closed",
        event="invoice.closed",
        invoice=invoice,
        outcome=reason,
        text=note,
        data={"reason": reason, "balance": history.money_json(invoice.balance)},
    )
    return invoice


def _require_closable(invoice: Invoice, reason: str) -> None:
    if invoice.issued_at is None:
        raise IsDraft(number=invoice.number)
    if invoice.closed_at is not None:
        raise ClosedInvoice(number=invoice.number)
    if reason == WRITE_OFF and invoice.balance.minor <= 0:
        raise NothingOwed(number=invoice.number)


def _store_end(invoice: Invoice) -> None:
    Invoice.objects.filter(pk=invoice.pk).update(
        closed_at=invoice.closed_at,
        closed_on=invoice.closed_on,
        close_reason=invoice.close_reason,
        close_note=invoice.close_note,
        chase_version=F("chase_version") + 1,
    )
    invoice.chase_version += 1


@transaction.atomic
def reopen_invoice(
    *, organization: Organization, actor: Actor, now: datetime, invoice_id: UUID
) -> Invoice:
    """Open a closed invoice again. Raises NotFound, NotClosed."""
    invoice = lock_invoice(invoice_id=invoice_id)
    if invoice.closed_at is None:
        raise NotClosed(number=invoice.number)
    history.audited(
        actor=actor,
        now=now,
        action="invoice.reopened",
        row=invoice,
        changes={"close_reason": [invoice.close_reason, ""]},
    )
    invoice.closed_at = invoice.closed_on = None
    invoice.close_reason = invoice.close_note = ""
    _store_end(invoice)
    history.state_moved(
        organization=organization, actor=actor, now=now, invoice=invoice, kind="reopened"
    )
    return invoice


@transaction.atomic
def delete_draft(
    *,
    organization: Organization,  # noqa: ARG001 - all writes take the same
    actor: Actor,
    now: datetime,
    invoice_id: UUID,
) -> None:
    """Delete a draft; its number is free again. Raises NotFound, AlreadyIssued."""
    invoice = lock_invoice(invoice_id=invoice_id)
    if invoice.issued_at is not None:
        raise AlreadyIssued(number=invoice.number)
    number, customer = invoice.number, Customer.objects.get(pk=invoice.customer_id)
    history.audited(
        actor=actor,
        now=now,
        action="invoice.deleted",
        row=invoice,
        changes={"number": [number, None], "total": [str(invoice.total), None]},
    )
    events.emit(
        kind="invoice.deleted",
        at=now,
        customer_id=customer.pk,
        invoice_id=invoice.pk,
        data={"number": number},
    )
    invoice.delete()
    history.activity(
        actor=actor,
        now=now,
        kind="draft_deleted",
        customer_id=customer.pk,
        data={"number": number},
    ).save(force_insert=True)
