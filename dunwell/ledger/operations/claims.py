"""“Already paid”: a customer says so, and somebody looks (Rule: chasing, Held means)."""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from dunwell.core.calendar import local_date
from dunwell.core.holds import claim_until
from dunwell.ledger.checks import Checks
from dunwell.ledger.errors import ClaimAnswered
from dunwell.ledger.models import Application, Contact, Invoice, PaidClaim
from dunwell.ledger.operations import history
from dunwell.ledger.operations.locks import lock_invoice, raise_chase_versions
from dunwell.ledger.operations.promises import require_open
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.holidays import days_off
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor


@transaction.atomic
def claim_paid(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    invoice_id: UUID,
    contact_id: UUID | None = None,
    note: str = "",
    source: str = "member",
    channel: str = "",
) -> PaidClaim:
    """Note that the customer says it is paid: it holds chasing for three working days.

    A payment or a member's answer ends it; a new claim replaces the open one. Raises NotFound,
    IsDraft, ClosedInvoice, NothingOwed, InvalidInput.
    """
    invoice = require_open(invoice_id=invoice_id)
    checks = Checks()
    note = checks.text("note", note, limit=5000)
    if contact_id is not None:
        of_customer = Contact.objects.filter(pk=contact_id, customer_id=invoice.customer_id)
        if not of_customer.exists():
            checks.add("contact_id", _("The customer has no contact of that id."))
    checks.done()
    PaidClaim.objects.filter(invoice=invoice, ended_at__isnull=True).update(
        ended_at=now, answer="replaced"
    )
    claim = PaidClaim(
        organization=organization,
        invoice=invoice,
        contact_id=contact_id,
        note=note,
        source=source,
        claimed_at=now,
        until=_until(organization, now),
        recorded_by=actor.label[:200],
    )
    claim.save(force_insert=True)
    raise_chase_versions(invoice_ids=[invoice.pk])
    _tell(
        actor,
        now,
        claim,
        invoice,
        kind="claimed_paid",
        event="invoice.claimed_paid",
        channel=channel,
    )
    return claim


def _until(organization: Organization, now: datetime) -> date:
    today = local_date(now, organization.zone)
    holidays = days_off(organization=organization, year=today.year)
    return claim_until(claimed_on=today, holidays=holidays)


@transaction.atomic
def answer_claim(
    *,
    organization: Organization,  # noqa: ARG001 - all writes take the same
    actor: Actor,
    now: datetime,
    claim_id: UUID,
    note: str = "",
) -> PaidClaim:
    """End a claim: a member looked into it. NotFound, ClaimAnswered, InvalidInput."""
    checks = Checks()
    note = checks.column(PaidClaim, "answer_note", note, field="note")
    checks.done()
    invoice_id = PaidClaim.objects.filter(pk=claim_id).values_list("invoice_id", flat=True).first()
    if invoice_id is None:
        raise NotFound
    invoice = lock_invoice(invoice_id=invoice_id)
    claim = PaidClaim.objects.get(pk=claim_id)
    if claim.ended_at is not None:
        raise ClaimAnswered
    claim.ended_at, claim.answer, claim.answer_note = now, "resolved", note
    claim.save(update_fields=["ended_at", "answer", "answer_note"])
    raise_chase_versions(invoice_ids=[invoice.pk])
    _tell(actor, now, claim, invoice, kind="claim_answered", event="invoice.claim_answered")
    return claim


def answer_by_payment(*, now: datetime, invoice_ids: Iterable[UUID]) -> None:
    """End the open claims of locked invoices to which money was applied after they were made.

    After by order of ids, which grow with real time: a sandbox's clock stands still. Raising the
    chase versions is the caller's.
    """
    came = Application.objects.filter(
        invoice=OuterRef("invoice"), id__gt=OuterRef("id"), amount_minor__gt=0
    )
    PaidClaim.objects.filter(
        Exists(came), invoice__in=set(invoice_ids), ended_at__isnull=True
    ).update(ended_at=now, answer="payment")


def _tell(
    actor: Actor,
    now: datetime,
    claim: PaidClaim,
    invoice: Invoice,
    *,
    kind: str,
    event: str,
    channel: str = "",
) -> None:
    history.happened(
        actor=actor,
        now=now,
        kind=kind,
        event=event,
        invoice=invoice,
        channel=channel,
        text=claim.answer_note or claim.note,
        data={
            "claim_id": str(claim.pk),
            "until": claim.until.isoformat(),
            "contact_id": str(claim.contact_id) if claim.contact_id else None,
        },
    )
