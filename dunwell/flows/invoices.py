"""What is done to an invoice, and what that means for its schedule; each is one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from django.db import transaction

from dunwell.chasing.operations.planning import replan
from dunwell.chasing.operations.schedules import (
    apply_cadences,
    note_marked_sent,
    restart_preview,
)
from dunwell.chasing.queries import default_cadence_id
from dunwell.core.schedule import PlanMode
from dunwell.ledger import operations as ledger
from dunwell.ledger.models import Invoice
from dunwell.ledger.operations import InvoiceChanges, InvoiceInput
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor


class CadenceChoice(Enum):
    """What to chase a new invoice by, when no cadence is named."""

    DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInvoice:
    """An invoice to make: as a draft or issued, and what to chase it by.

    `cadence_id` None means no cadence (Rule: chasing, Vocabulary).
    """

    data: InvoiceInput
    issue: bool = False
    cadence_id: UUID | CadenceChoice | None = CadenceChoice.DEFAULT


def create_invoice(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    data: InvoiceInput,
    issue: bool = False,
    cadence_id: UUID | CadenceChoice | None = CadenceChoice.DEFAULT,
) -> Invoice:
    """Create one invoice; see create_invoices."""
    new = NewInvoice(data=data, issue=issue, cadence_id=cadence_id)
    (invoice,) = create_invoices(organization=organization, actor=actor, now=now, new=[new])
    return invoice


def create_invoices(
    *, organization: Organization, actor: Actor, now: datetime, new: Sequence[NewInvoice]
) -> list[Invoice]:
    """Create invoices, copy their cadences onto them and plan their sends; all or none.

    Gives them in the same order. Raises what the ledger's create_invoices raises, and InvalidInput
    for an unknown cadence.
    """
    with transaction.atomic():
        invoices = ledger.create_invoices(
            organization=organization,
            actor=actor,
            now=now,
            new=[ledger.NewInvoice(data=each.data, issue=each.issue) for each in new],
        )
        chosen = _chosen([each.cadence_id for each in new])
        wanted = {
            invoice.pk: cadence_id
            for invoice, cadence_id in zip(invoices, chosen, strict=True)
            if cadence_id is not None
        }
        if wanted:
            apply_cadences(organization=organization, chosen=wanted, actor=actor, now=now)
    return invoices


def _chosen(choices: Sequence[UUID | CadenceChoice | None]) -> list[UUID | None]:
    """Put the organization's default cadence where none was named."""
    default = default_cadence_id() if CadenceChoice.DEFAULT in choices else None
    return [default if isinstance(choice, CadenceChoice) else choice for choice in choices]


def issue_invoice(
    *, organization: Organization, actor: Actor, now: datetime, invoice_id: UUID
) -> Invoice:
    """Issue a draft; its schedule is set as of now."""
    with transaction.atomic():
        invoice = ledger.issue_invoice(
            organization=organization, actor=actor, now=now, invoice_id=invoice_id
        )
        restart_preview(organization=organization, invoice_id=invoice_id, now=now)
        replan(organization=organization, invoice_ids=[invoice_id], now=now, mode=PlanMode.SET)
    return invoice


def mark_sent(
    *, organization: Organization, actor: Actor, now: datetime, invoice_id: UUID
) -> Invoice:
    """Record that an invoice went out by other means; a draft is issued by it."""
    with transaction.atomic():
        was_draft = Invoice.objects.filter(pk=invoice_id, issued_at__isnull=True).exists()
        invoice = ledger.mark_sent(
            organization=organization, actor=actor, now=now, invoice_id=invoice_id
        )
        note_marked_sent(organization=organization, invoice_id=invoice_id, now=now)
        if was_draft:
            restart_preview(organization=organization, invoice_id=invoice_id, now=now)
        replan(
            organization=organization,
            invoice_ids=[invoice_id],
            now=now,
            mode=PlanMode.SET if was_draft else PlanMode.AGAIN,
        )
    return invoice


def amend_invoice(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    invoice_id: UUID,
    changes: InvoiceChanges,
) -> Invoice:
    """Change an invoice and plan its sends again by its new dates and balance."""
    with transaction.atomic():
        invoice = ledger.amend_invoice(
            organization=organization, actor=actor, now=now, invoice_id=invoice_id, changes=changes
        )
        replan(organization=organization, invoice_ids=[invoice_id], now=now)
    return invoice


def close_invoice(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    invoice_id: UUID,
    reason: str,
    note: str = "",
) -> Invoice:
    """Void or write off an invoice; what was planned is cancelled."""
    with transaction.atomic():
        invoice = ledger.close_invoice(
            organization=organization,
            actor=actor,
            now=now,
            invoice_id=invoice_id,
            reason=reason,
            note=note,
        )
        replan(organization=organization, invoice_ids=[invoice_id], now=now)
    return invoice


def reopen_invoice(
    *, organization: Organization, actor: Actor, now: datetime, invoice_id: UUID
) -> Invoice:
    """Take a closing back; future steps are planned again."""
    with transaction.atomic():
        invoice = ledger.reopen_invoice(
            organization=organization, actor=actor, now=now, invoice_id=invoice_id
        )
        replan(organization=organization, invoice_ids=[invoice_id], now=now)
    return invoice


def delete_draft(
    *, organization: Organization, actor: Actor, now: datetime, invoice_id: UUID
) -> None:
    """Delete a draft with its schedule; an issued invoice can only be closed."""
    ledger.delete_draft(organization=organization, actor=actor, now=now, invoice_id=invoice_id)
