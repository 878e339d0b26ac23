"""Files of an invoice: the original PDF that goes out in the place of ours, and others."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from dunwell.ledger.checks import Checks
from dunwell.ledger.models import InvoiceDocument
from dunwell.ledger.operations import history
from dunwell.ledger.operations.locks import lock_invoice, raise_chase_versions
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor

LARGEST: Final = 10_000_000
_PDF: Final = b"%PDF-"


@transaction.atomic
def attach_document(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    invoice_id: UUID,
    name: str,
    content_type: str,
    data: bytes,
    original: bool = False,
) -> InvoiceDocument:
    """Keep a file with an invoice; an original takes the place of an earlier one.

    The original must be a PDF: it is attached to messages instead of ours (Rule: chasing, Which
    template). Raises NotFound, InvalidInput for an empty or too large file.
    """
    checks = Checks()
    name = checks.column(InvoiceDocument, "name", name, required=True)
    if not 0 < len(data) <= LARGEST:
        checks.add("file", _("The file may have up to 10 MB and must not be empty."))
    if original and not data.startswith(_PDF):
        checks.add("file", _("The original must be a PDF."))
    checks.done()
    invoice = lock_invoice(invoice_id=invoice_id)
    if original:
        InvoiceDocument.objects.filter(invoice=invoice, original=True).delete()
        raise_chase_versions(invoice_ids=[invoice.pk])
    document = InvoiceDocument(
        organization=organization,
        invoice=invoice,
        name=name,
        content_type="application/pdf" if data.startswith(_PDF) else content_type[:100],
        size=len(data),
        data=data,
        original=original,
        created_at=now,
        created_by=actor.label[:200],
    )
    document.save(force_insert=True)
    history.audited(
        actor=actor,
        now=now,
        action="document.attached",
        row=document,
        changes={"name": [None, name], "original": [None, original]},
    )
    return document


@transaction.atomic
def remove_document(*, actor: Actor, now: datetime, document_id: UUID) -> None:
    """Remove a file of an invoice; without an original ours goes out again. Raises NotFound."""
    document = InvoiceDocument.objects.defer("data").filter(pk=document_id).first()
    if document is None:
        raise NotFound(_("There is no such document."))
    invoice = lock_invoice(invoice_id=document.invoice_id)
    history.audited(
        actor=actor,
        now=now,
        action="document.removed",
        row=document,
        changes={"name": [document.name, None]},
    )
    document.delete()
    raise_chase_versions(invoice_ids=[invoice.pk])


def get_document(*, document_id: UUID) -> InvoiceDocument:
    """Return a file of an invoice. Raises NotFound."""
    found = InvoiceDocument.objects.filter(pk=document_id).first()
    if found is None:
        raise NotFound(_("There is no such document."))
    return found
