"""What is done to an invoice, and what that means for its schedule; each is one transaction."""

from datetime import datetime
from enum import Enum
from uuid import UUID

from django.db import transaction

from dunwell.chasing.operations.planning import replan
from dunwell.chasing.operations.schedules import (
    apply_cadence,
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


def create_invoice(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    data: InvoiceInput,
    issue: bool = False,
    cadence_id: UUID | CadenceChoice | None = CadenceChoice.DEFAULT,
) -> Invoice:
    """Create an invoice, copy a cadence onto it and plan its sends.

    `cadence_id` None means no cadence (Rule: chasing, Vocabulary). Raises what the ledger's
    create_invoice raises, and InvalidInput for an unknown cadence.
    """
    with transaction.atomic():
        invoice = ledger.create_invoice(
            organization=organization, actor=actor, now=now, data=data, issue=issue
        )
        chosen = default_cadence_id() if isinstance(cadence_id, CadenceChoice) else cadence_id
        if chosen is not None:
            apply_cadence(
                organization=organization,
                invoice_id=invoice.pk,
                cadence_id=chosen,
                actor=actor,
                now=now,
            )
    return invoice


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
