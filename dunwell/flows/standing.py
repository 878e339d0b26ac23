"""What customers say: promises and disputes hold chasing; their end lets it go on."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from dunwell.chasing.operations.planning import replan
from dunwell.core.money import Money
from dunwell.ledger import operations as ledger
from dunwell.ledger.models import Dispute, Promise
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor


def record_promise(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    invoice_id: UUID,
    promised_on: date,
    amount: Money | None = None,
    contact_id: UUID | None = None,
    note: str = "",
    source: str = "member",
    channel: str = "",
) -> Promise:
    """Record a promise to pay; the invoice is held until its date plus the grace days."""
    return ledger.record_promise(
        organization=organization,
        actor=actor,
        now=now,
        invoice_id=invoice_id,
        promised_on=promised_on,
        amount=amount,
        contact_id=contact_id,
        note=note,
        source=source,
        channel=channel,
    )


def open_dispute(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    invoice_id: UUID,
    amount: Money | None = None,
    lines: Sequence[int] = (),
    reason: str = "",
    channel: str = "",
) -> Dispute:
    """Open a dispute; one that covers the balance holds the invoice."""
    return ledger.open_dispute(
        organization=organization,
        actor=actor,
        now=now,
        invoice_id=invoice_id,
        amount=amount,
        lines=lines,
        reason=reason,
        channel=channel,
    )


def resolve_dispute(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    dispute_id: UUID,
    resolution: str = "",
) -> Dispute:
    """Resolve a dispute; an invoice that was never sent goes out after all."""
    with transaction.atomic():
        dispute = ledger.resolve_dispute(
            organization=organization,
            actor=actor,
            now=now,
            dispute_id=dispute_id,
            resolution=resolution,
        )
        replan(organization=organization, invoice_ids=[dispute.invoice_id], now=now)
    return dispute
