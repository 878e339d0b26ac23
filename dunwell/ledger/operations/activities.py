"""What people did by hand: calls, meetings, notes (Rule: tracking, Never chase blind)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from dunwell.ledger.checks import Checks
from dunwell.ledger.models import Activity, Customer, Invoice
from dunwell.ledger.operations import history
from dunwell.tenancy import events
from dunwell.tenancy.errors import InvalidInput, NotFound
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor

# The others are written by the operation that they tell of.
BY_HAND: Final = ("call", "meeting", "note", "message", "reply")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityInput:
    """Something a member did or heard; about an invoice, or the customer's account."""

    kind: str
    invoice_id: UUID | None = None
    customer_id: UUID | None = None
    outcome: str = ""
    text: str = ""
    channel: str = ""
    next_on: date | None = None


@transaction.atomic
def log_activity(
    *,
    organization: Organization,  # noqa: ARG001 - all writes take the same
    actor: Actor,
    now: datetime,
    data: ActivityInput,
) -> Activity:
    """Log a call, meeting, note, message or reply by hand.

    Raises NotFound, and InvalidInput for another kind or where neither invoice nor customer is
    named.
    """
    checks = Checks()
    if data.kind not in BY_HAND:
        checks.add("kind", _("The kind is one of %(kinds)s.") % {"kinds": ", ".join(BY_HAND)})
    if data.next_on is not None:
        checks.day("next_on", data.next_on)
    outcome = checks.column(Activity, "outcome", data.outcome)
    channel = checks.column(Activity, "channel", data.channel)
    text = checks.text("text", data.text, limit=20_000)
    checks.done()
    entry = history.activity(
        actor=actor,
        now=now,
        kind=data.kind,
        customer_id=_customer_of(data),
        invoice_id=data.invoice_id,
        channel=channel or ("phone" if data.kind == "call" else ""),
        outcome=outcome,
        text=text,
        next_on=data.next_on,
    )
    entry.save(force_insert=True)
    events.emit(
        kind="activity.logged",
        at=now,
        customer_id=entry.customer_id,
        invoice_id=entry.invoice_id,
        data={"activity_id": str(entry.pk), "kind": entry.kind, "by": entry.by},
    )
    return entry


def _customer_of(data: ActivityInput) -> UUID:
    """Return whose account it is; an invoice's customer need not be named."""
    if data.invoice_id is not None:
        of_invoice = Invoice.objects.filter(pk=data.invoice_id)
        found = of_invoice.values_list("customer_id", flat=True).first()
    elif data.customer_id is not None:
        found = Customer.objects.filter(pk=data.customer_id).values_list("id", flat=True).first()
    else:
        raise InvalidInput.at("invoice_id", _("Name an invoice or a customer."))
    if found is None:
        raise NotFound
    if data.customer_id not in (None, found):
        raise InvalidInput.at("customer_id", _("The invoice belongs to another customer."))
    return found
