"""Disputes: what the customer contests (Rule: tracking, Vocabulary)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from dunwell.core.money import Money
from dunwell.ledger.checks import Checks, positive, same_currency
from dunwell.ledger.errors import AlreadyResolved
from dunwell.ledger.models import Dispute, Invoice
from dunwell.ledger.operations import history
from dunwell.ledger.operations.locks import lock_invoice, raise_chase_versions
from dunwell.ledger.operations.promises import require_open
from dunwell.tenancy.errors import InvalidInput, NotFound
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor


@transaction.atomic
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
    """Record that the customer contests an invoice, lines of it (numbered from 1) or an amount.

    Without an amount the lines' sum is contested, without lines the whole balance. Raises
    NotFound, IsDraft, ClosedInvoice, NothingOwed, InvalidInput.
    """
    checks = Checks()
    reason = checks.text("reason", reason, limit=5000)
    checks.done()
    invoice = require_open(invoice_id=invoice_id)
    contested = _contested(invoice, amount, lines)
    dispute = Dispute(
        organization=organization,
        invoice=invoice,
        amount_minor=None if contested is None else contested.minor,
        lines=sorted(set(lines)),
        reason=reason,
        opened_at=now,
        opened_by=actor.label[:200],
    )
    dispute.save(force_insert=True)
    raise_chase_versions(invoice_ids=[invoice.pk])
    history.happened(
        actor=actor,
        now=now,
        kind="dispute",
        event="dispute.opened",
        invoice=invoice,
        channel=channel,
        text=reason,
        data=_facts(dispute, invoice),
    )
    return dispute


def _contested(invoice: Invoice, amount: Money | None, lines: Sequence[int]) -> Money | None:
    """Return how much is contested, None for the whole balance whatever it is."""
    sums = dict(invoice.lines.values_list("position", "net_minor"))
    taxes = dict(invoice.lines.values_list("position", "tax_minor"))
    if unknown := sorted(set(lines) - sums.keys()):
        raise InvalidInput.at("lines", _("There is no line %(n)d.") % {"n": unknown[0]})
    if amount is None and lines:
        amount = Money(sum(sums[n] + taxes[n] for n in set(lines)), invoice.currency)
    if amount is None:
        return None
    positive(amount=same_currency(amount=amount, currency=invoice.currency))
    if amount > invoice.total:
        raise InvalidInput.at(
            "amount", _("The invoice is only about %(total)s.") % {"total": invoice.total}
        )
    return amount


def _facts(dispute: Dispute, invoice: Invoice) -> dict[str, object]:
    contested = dispute.amount_minor
    return {
        "dispute_id": str(dispute.pk),
        "amount": None
        if contested is None
        else history.money_json(Money(contested, invoice.currency)),
        "lines": dispute.lines,
    }


@transaction.atomic
def resolve_dispute(
    *,
    organization: Organization,  # noqa: ARG001 - all writes take the same
    actor: Actor,
    now: datetime,
    dispute_id: UUID,
    resolution: str = "",
) -> Dispute:
    """End a dispute; chasing goes on. Raises NotFound, AlreadyResolved, InvalidInput."""
    checks = Checks()
    resolution = checks.column(Dispute, "resolution", resolution)
    checks.done()
    invoice_id = Dispute.objects.filter(pk=dispute_id).values_list("invoice_id", flat=True).first()
    if invoice_id is None:
        raise NotFound
    invoice = lock_invoice(invoice_id=invoice_id)
    dispute = Dispute.objects.select_for_update(no_key=True).get(pk=dispute_id)
    if dispute.resolved_at is not None:
        raise AlreadyResolved
    dispute.resolved_at, dispute.resolution = now, resolution
    dispute.save(update_fields=["resolved_at", "resolution"])
    raise_chase_versions(invoice_ids=[invoice.pk])
    history.happened(
        actor=actor,
        now=now,
        kind="dispute_resolved",
        event="dispute.resolved",
        invoice=invoice,
        outcome=resolution,
        data=_facts(dispute, invoice),
    )
    return dispute
