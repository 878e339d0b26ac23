"""The facts of an invoice and of its customer, as the side of the page shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, DurationField, ExpressionWrapper, F
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dunwell.core.money import Money
from dunwell.core.states import State
from dunwell.ledger import queries
from dunwell.ledger.models import Contact, Dispute, Invoice, Promise
from dunwell.tenancy import locale
from dunwell.tenancy.models import Member
from dunwell.web import words
from dunwell.web.requests import Here


@dataclass(frozen=True, slots=True)
class InvoicePanel:
    """What the head and the first panel say of an invoice."""

    state: State
    sentence: str
    paid: Money
    due_explained: str
    owner: Member | None
    own_owner: bool
    promise: Promise | None
    promised: Money | None
    disputes: Sequence[tuple[Dispute, Money | None]]


@dataclass(frozen=True, slots=True)
class CustomerPanel:
    """What the second panel says of the customer."""

    outstanding: Sequence[Money]
    overdue: Sequence[Money]
    credit: Sequence[Money]
    lateness: str
    promises: str
    billing: Contact | None


def invoice_panel(invoice: Invoice, *, at: Here) -> InvoicePanel:
    """Gather the facts of an invoice on the organization's day."""
    state = invoice.state(today=at.today)
    promise = (
        Promise.objects.filter(invoice=invoice, state="open").select_related("contact").first()
    )
    open_disputes = Dispute.objects.filter(invoice=invoice, resolved_at__isnull=True).order_by("id")
    return InvoicePanel(
        state=state,
        sentence=_state_sentence(invoice, state, at),
        paid=Money(invoice.applied_minor, invoice.currency),
        due_explained=queries.due_explained(invoice=invoice, locale=at.organization.locale),
        owner=queries.responsible_owner(organization=at.organization, invoice=invoice),
        own_owner=invoice.owner_id is not None,
        promise=promise,
        promised=Money(promise.amount_minor, invoice.currency) if promise else None,
        disputes=[(each, _contested(each, invoice)) for each in open_disputes],
    )


def _contested(dispute: Dispute, invoice: Invoice) -> Money | None:
    if dispute.amount_minor is None:
        return None
    return Money(dispute.amount_minor, invoice.currency)


def _state_sentence(invoice: Invoice, state: State, at: Here) -> str:
    if state is State.CLOSED:
        return _("Voided") if invoice.close_reason == "void" else _("Written off")
    if state is State.PAID and invoice.paid_on:
        day = locale.day_short(invoice.paid_on, at.organization.locale)
        return _("Paid on %(day)s") % {"day": day}
    return words.state_sentence(state, due=invoice.due_date, today=at.today)


def customer_panel(invoice: Invoice, *, at: Here) -> CustomerPanel:
    """Gather what is to be known of the customer beside one invoice."""
    account = queries.account_of(customer_id=invoice.customer_id, today=at.today)
    return CustomerPanel(
        outstanding=_in_order(account.outstanding, invoice),
        overdue=_in_order(account.overdue, invoice),
        credit=_in_order(account.credit, invoice),
        lateness=_lateness(invoice),
        promises=_promises(account.promises_kept, account.promises_broken),
        billing=Contact.objects.filter(customer_id=invoice.customer_id, billing=True).first(),
    )


def _in_order(amounts: Any, invoice: Invoice) -> list[Money]:
    """List amounts that are not zero, the invoice's own currency first."""
    found = [amount for amount in amounts.values() if amount]
    return sorted(found, key=lambda amount: (amount.currency != invoice.currency, amount.currency))


def _lateness(invoice: Invoice) -> str:
    """Say how late the customer pays on average, by paid invoices."""
    days = ExpressionWrapper(F("paid_on") - F("due_date"), output_field=DurationField())
    paid = Invoice.objects.filter(
        customer_id=invoice.customer_id, paid_at__isnull=False, closed_at__isnull=True
    )
    average = paid.aggregate(average=Avg(days))["average"]
    if average is None:
        return _("nothing paid yet")
    late = round(average.total_seconds() / 86_400)
    if late == 0:
        return _("on time")
    sentence = (
        ngettext("%(n)d day late", "%(n)d days late", late)
        if late > 0
        else ngettext("%(n)d day early", "%(n)d days early", -late)
    )
    return sentence % {"n": abs(late)}


def _promises(kept: int, broken: int) -> str:
    if not kept and not broken:
        return _("none so far")
    return _("%(kept)d kept, %(broken)d broken") % {"kept": kept, "broken": broken}
