"""The importer's words for kinds, fields, states and reasons."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dunwell.ledger.models import Import

KINDS: Final = (
    ("invoices", _("Invoices")),
    ("customers", _("Customers")),
    ("contacts", _("Contacts")),
    ("payments", _("Payments")),
)

_FIELDS: Final[dict[str, Promise]] = {
    "number": _("Number"),
    "invoice_number": _("Invoice number"),
    "customer": _("Customer"),
    "customer_external_id": _("Customer number"),
    "external_id": _("External id"),
    "name": _("Name"),
    "currency": _("Currency"),
    "total": _("Total"),
    "amount": _("Amount"),
    "invoice_date": _("Invoice date"),
    "due_date": _("Due date"),
    "delivery_date": _("Delivery date"),
    "received_on": _("Received on"),
    "terms": _("Terms (net days)"),
    "terms_anchor": _("Terms count from"),
    "purchase_order": _("Purchase order"),
    "engagement": _("Engagement"),
    "note": _("Note"),
    "notes": _("Notes"),
    "owner": _("Owner"),
    "cadence": _("Cadence"),
    "sent": _("Already sent"),
    "open": _("Still open"),
    "method": _("Method"),
    "reference": _("Reference"),
    "language": _("Language"),
    "tax_id": _("Tax id"),
    "tags": _("Tags"),
    "contact": _("Contact"),
    "email": _("Email"),
    "phone": _("Phone"),
    "time_zone": _("Time zone"),
    "roles": _("Contact roles"),
    "receives_invoices": _("Gets invoices"),
    "billing": _("Billing contact"),
    "line1": _("Address"),
    "line2": _("Address, second line"),
    "postal_code": _("Postal code"),
    "city": _("City"),
    "region": _("Region"),
    "country": _("Country"),
}

_STATES: Final[dict[str, Promise]] = {
    "queued": _("waiting"),
    "running": _("at work"),
    "done": _("done"),
    "failed": _("not imported"),
}

REASONS: Final[dict[str, Promise]] = {
    "sent": _("it was sent"),
    "paid": _("payments are applied to it"),
    "edited": _("it was edited since"),
    "in_use": _("other entries belong to it"),
}


def state(import_: Import) -> str | Promise:
    """Say how far an import is."""
    if import_.undone_at is not None:
        return _("taken back")
    if import_.state == "done" and import_.dry_run:
        return _("previewed, not imported")
    return _STATES[import_.state]


def field(name: str) -> str | Promise:
    """Name a field as a person reads it; what is no field stays as it is."""
    return _FIELDS.get(name, name)
