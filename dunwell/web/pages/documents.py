"""Documents of an invoice: our PDF, drawn when asked for, and files kept with it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from dunwell.chasing.sender.papers import invoice_pdf
from dunwell.ledger import queries
from dunwell.ledger.operations.documents import get_document
from dunwell.ports.documents import DocumentError
from dunwell.tenancy.errors import Conflict, NotFound
from dunwell.web.doors import member_page
from dunwell.web.pages.letters import subject_of
from dunwell.web.requests import here

_SHOWN = frozenset({"application/pdf", "image/png", "image/jpeg"})


@member_page
def invoice_document(request: HttpRequest, invoice_id: UUID) -> HttpResponse:
    """Draw the invoice as PDF, as it would be attached to a message now."""
    at = here(request)
    invoice = queries.get_invoice(invoice_id=invoice_id)
    if invoice.due_date is None:
        raise Conflict(_("A draft without a due date cannot be drawn yet."))
    subject = subject_of(invoice_id=invoice.pk, since=at.now, now=at.now)
    try:
        drawn = invoice_pdf(subject)
    except DocumentError as error:
        raise Conflict(str(error)) from error
    return _file(drawn.data, drawn.filename, drawn.content_type)


@member_page
def stored(request: HttpRequest, invoice_id: UUID, document_id: UUID) -> HttpResponse:
    """Give back a file kept with the invoice, exactly as it came."""
    del request
    found = get_document(document_id=document_id)
    if found.invoice_id != invoice_id:
        raise NotFound
    return _file(bytes(found.data), found.name, found.content_type)


def _file(data: bytes, name: str, content_type: str) -> HttpResponse:
    """Send a file; what a browser might run is only saved, never shown."""
    shown = content_type in _SHOWN
    response = HttpResponse(
        data, content_type=content_type if shown else "application/octet-stream"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    plain = "".join(c for c in name if c.isascii() and (c.isalnum() or c in "-_. ")) or "file"
    kind = "inline" if shown else "attachment"
    response.headers["Content-Disposition"] = f'{kind}; filename="{plain}"'
    return response
