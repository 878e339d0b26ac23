"""What happened, in sentences with an icon: the timeline of a customer or invoice."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from dunwell.core.money import Money
from dunwell.overview.customers import Happening
from dunwell.tenancy import locale
from dunwell.web import words
from dunwell.web.requests import Here

_ICONS: Final = {
    "message": "envelope",
    "call": "phone",
    "meeting": "users",
    "note": "pencil",
    "reply": "arrow-uturn-left",
    "promise": "hand-raised",
    "dispute": "scale",
    "dispute_resolved": "scale",
    "payment": "banknotes",
    "payment_reversed": "arrow-uturn-down",
    "credit_note": "receipt-refund",
    "credit_applied": "receipt-refund",
    "issued": "paper-airplane",
    "marked_sent": "paper-airplane",
    "paid": "check-circle",
    "closed": "x-circle",
    "reopened": "arrow-path",
    "invoice_created": "document-plus",
    "amended": "pencil-square",
    "customer_created": "user-plus",
    "customer_updated": "pencil-square",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One entry in words; `counts` marks what reached or came from the customer."""

    icon: str
    what: str
    by: str
    text: str
    at: datetime
    invoice_id: UUID | None
    number: str
    counts: bool


def told(happened: Iterable[Happening], *, here: Here) -> list[Told]:
    """Put happenings into words, in the order given."""
    return [
        Told(
            icon=_ICONS.get(each.kind, "clock"),
            what=_what(each, here),
            by=each.by,
            text=each.text,
            at=each.at,
            invoice_id=each.invoice_id,
            number=each.number,
            counts=each.counts,
        )
        for each in happened
    ]


def _what(happening: Happening, here: Here) -> str:
    said = _names().get(happening.kind)
    if said is None:
        said = words.action_name(happening.kind, happening.channel).replace("_", " ").capitalize()
    amount = _amount(happening, here)
    parts = [f"{said}: {amount}" if amount else said, happening.outcome]
    return " · ".join(part for part in parts if part)


def _amount(happening: Happening, here: Here) -> str:
    given = happening.data.get("amount")
    if not isinstance(given, dict) or not {"amount", "currency"} <= given.keys():
        return ""
    return locale.money(Money.parse(given["amount"], given["currency"]), here.organization.locale)


def _names() -> dict[str, str]:
    return {
        "payment": _("Payment received"),
        "payment_reversed": _("Payment taken back"),
        "promise": _("Promised to pay"),
        "dispute": _("Dispute opened"),
        "dispute_resolved": _("Dispute resolved"),
        "credit_note": _("Credit note"),
        "credit_applied": _("Credit applied"),
        "issued": _("Invoice issued"),
        "marked_sent": _("Marked as sent"),
        "paid": _("Paid in full"),
        "closed": _("Invoice closed"),
        "reopened": _("Invoice reopened"),
        "invoice_created": _("Invoice written"),
        "draft_deleted": _("Draft deleted"),
        "amended": _("Invoice changed"),
        "customer_created": _("Customer added"),
        "customer_updated": _("Customer changed"),
    }
