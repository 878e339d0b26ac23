"""What was said and done about an invoice: its conversation, activity, payments and documents."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dunwell.core.money import Money
from dunwell.inbox.models import Delivery, Message
from dunwell.ledger.models import (
    Activity,
    Application,
    CreditNote,
    Invoice,
    InvoiceDocument,
    InvoiceLine,
    Payment,
)
from dunwell.tenancy import locale
from dunwell.web.pages import sentences
from dunwell.web.requests import Here

LATEST: Final = 200


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the conversation, exactly as it went out or came in."""

    id: UUID
    css: str
    channel: str
    who: str
    outcomes: Sequence[str]
    subject: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Done:
    """One entry of the log in a sentence."""

    icon: str
    words: str
    detail: str
    by: str
    at: datetime
    channel: str


@dataclass(frozen=True, slots=True)
class MoneyIn:
    """What one payment or credit note did for an invoice."""

    payment: Payment | None
    note: CreditNote | None
    day: date
    applied: Money
    whole: Money
    left: Money
    reversed: Money | None


def conversation(invoice: Invoice) -> list[Said]:
    """List every message about the invoice in and out, the newest last."""
    latest = Message.objects.filter(conversation__invoice=invoice).order_by("-seq")[:LATEST]
    found = list(reversed(latest))
    sent: dict[UUID, list[Delivery]] = defaultdict(list)
    for delivery in Delivery.objects.filter(message__in=[m.pk for m in found]).order_by("id"):
        if delivery.message_id is not None:
            sent[delivery.message_id].append(delivery)
    return [_said(message, sent.get(message.pk, ())) for message in found]


def _said(message: Message, deliveries: Sequence[Delivery]) -> Said:
    css = "internal" if message.internal else message.direction
    who = message.by
    if message.direction == "out" and deliveries:
        to = ", ".join(_addressee(d) for d in deliveries)
        who = _("to %(names)s") % {"names": to}
    return Said(
        message.pk,
        css,
        message.channel,
        who,
        [sentences.delivery_words(d.state, d.reason) for d in deliveries],
        message.subject,
        message.text or strip_tags(message.html),
        message.at,
    )


def _addressee(delivery: Delivery) -> str:
    if delivery.to_name and delivery.to_address:
        return f"{delivery.to_name} <{delivery.to_address}>"
    return delivery.to_address or delivery.to_name


_KINDS: Final[Mapping[str, tuple[str, Any]]] = {
    "message": ("paper-airplane", gettext_lazy("Message sent")),
    "call": ("phone", gettext_lazy("Call")),
    "meeting": ("users", gettext_lazy("Meeting")),
    "note": ("pencil", gettext_lazy("Note")),
    "reply": ("arrow-uturn-left", gettext_lazy("They replied")),
    "promise": ("hand-raised", gettext_lazy("Promise to pay")),
    "promise_kept": ("check-circle", gettext_lazy("Promise kept")),
    "promise_broken": ("x-circle", gettext_lazy("Promise broken")),
    "promise_replaced": ("arrow-path", gettext_lazy("Promise replaced by a new one")),
    "promise_reopened": ("arrow-path", gettext_lazy("Promise open again")),
    "dispute": ("scale", gettext_lazy("Dispute opened")),
    "dispute_resolved": ("scale", gettext_lazy("Dispute resolved")),
    "payment": ("banknotes", gettext_lazy("Payment")),
    "payment_reversed": ("arrow-uturn-left", gettext_lazy("Payment reversed")),
    "credit_note": ("receipt-percent", gettext_lazy("Credit note")),
    "credit_applied": ("receipt-percent", gettext_lazy("Credit applied")),
    "invoice_created": ("document-plus", gettext_lazy("Invoice created")),
    "issued": ("document-check", gettext_lazy("Issued")),
    "marked_sent": ("check", gettext_lazy("Marked as sent")),
    "amended": ("pencil-square", gettext_lazy("Amended")),
    "due": ("calendar", gettext_lazy("Due today")),
    "overdue": ("exclamation-triangle", gettext_lazy("Overdue from today")),
    "paid": ("check-circle", gettext_lazy("Paid in full")),
    "reopened": ("arrow-path", gettext_lazy("Open again")),
    "closed": ("archive-box", gettext_lazy("Closed")),
}
_FIELDS: Final[Mapping[str, Any]] = {
    "due_date": gettext_lazy("due date"),
    "explicit_due_date": gettext_lazy("due date by hand"),
    "invoice_date": gettext_lazy("invoice date"),
    "delivery_date": gettext_lazy("delivery date"),
    "terms_days": gettext_lazy("net days"),
    "terms_anchor": gettext_lazy("counted from"),
    "total_minor": gettext_lazy("total"),
    "purchase_order": gettext_lazy("order number"),
    "engagement": gettext_lazy("engagement"),
    "note": gettext_lazy("note"),
    "number": gettext_lazy("number"),
}


def activity(invoice: Invoice, *, at: Here) -> list[Done]:
    """List what happened to the invoice, the newest first."""
    rows = Activity.objects.filter(invoice=invoice).order_by("-at", "-id")[:LATEST]
    return [_done(row, at.organization.locale) for row in rows]


def _done(row: Activity, tag: str) -> Done:
    icon, name = _KINDS.get(row.kind, ("information-circle", row.kind))
    return Done(icon, _words(row, str(name), tag), _detail(row, tag), row.by, row.at, row.channel)


def _words(row: Activity, name: str, tag: str) -> str:
    data = row.data or {}
    if row.kind == "message":
        outcome = sentences.delivery_words(row.outcome, "")
        named = sentences.template_name(str(data.get("template", "")))
        return _("%(template)s to %(to)s: %(outcome)s") % {
            "template": named,
            "to": data.get("to", ""),
            "outcome": outcome,
        }
    amount = _money(data.get("amount") or data.get("applied"), tag)
    if row.kind.startswith("promise") and data.get("promised_on"):
        day = locale.day_short(date.fromisoformat(str(data["promised_on"])), tag)
        return _("%(what)s: %(amount)s by %(day)s") % {"what": name, "amount": amount, "day": day}
    if row.kind == "closed":
        return _("Voided") if row.outcome == "void" else _("Written off")
    return f"{name}: {amount}" if amount else name


def _money(stored: Any, tag: str) -> str:
    if not isinstance(stored, dict) or "currency" not in stored:
        return ""
    return locale.money(Money.parse(str(stored["amount"]), str(stored["currency"])), tag)


def _detail(row: Activity, tag: str) -> str:
    if row.kind == "amended":
        return _changes((row.data or {}).get("changes", {}), tag)
    pieces = [row.text]
    if row.kind not in ("message", "closed"):
        pieces.insert(0, row.outcome)
    if row.next_on:
        day = locale.day_short(row.next_on, tag)
        pieces.append(_("Next on %(day)s") % {"day": day})
    return " · ".join(piece for piece in pieces if piece)


def _changes(changes: Mapping[str, Sequence[Any]], tag: str) -> str:
    """Say what an amendment changed: “due date: Apr 1, 2026 → Apr 20, 2026”."""
    told = [
        f"{_FIELDS[name]}: {_value(name, old, tag)} → {_value(name, new, tag)}"
        for name, (old, new) in changes.items()
        if name in _FIELDS and name != "total_minor"
    ]
    if "total_minor" in changes:
        told.append(str(_("the total")))
    return ", ".join(told) or _("lines")


def _value(name: str, value: Any, tag: str) -> str:
    if value in (None, ""):
        return "–"
    if name.endswith("date"):
        return locale.day_short(date.fromisoformat(str(value)), tag)
    return str(value)


def money_in(invoice: Invoice) -> list[MoneyIn]:
    """List the payments and credit notes applied to the invoice, the newest first."""
    rows = Application.objects.filter(invoice=invoice).select_related("payment", "credit_note")
    sums: dict[UUID, int] = defaultdict(int)
    origins: dict[UUID, tuple[Payment | None, CreditNote | None, date]] = {}
    for row in rows.order_by("id"):
        origin = row.payment_id or row.credit_note_id
        if origin is None:
            continue  # the database allows none such
        sums[origin] += row.amount_minor
        origins.setdefault(origin, (row.payment, row.credit_note, row.applied_on))
    return [
        _money_in(*origins[origin], Money(minor, invoice.currency))
        for origin, minor in reversed(sums.items())
    ]


def _money_in(
    payment: Payment | None, note: CreditNote | None, day: date, applied: Money
) -> MoneyIn:
    origin: Any = payment or note
    back = payment.reversed_minor if payment else 0
    return MoneyIn(
        payment,
        note,
        day,
        applied,
        origin.amount,
        origin.unapplied,
        Money(back, applied.currency) if back else None,
    )


def documents(invoice: Invoice) -> tuple[list[InvoiceLine], list[InvoiceDocument]]:
    """List the invoice's lines and its stored files without their content."""
    files = (
        InvoiceDocument.objects.filter(invoice=invoice).defer("data").order_by("-original", "id")
    )
    return list(invoice.lines.all()), list(files)
