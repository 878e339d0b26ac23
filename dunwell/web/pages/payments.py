"""Payments: the list, recording one, and taking one back."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dunwell import flows
from dunwell.core.money import Money
from dunwell.ledger.models import Customer, PaymentReversal
from dunwell.ledger.operations import PaymentResult
from dunwell.ledger.queries.found import get_customer, get_invoice, get_payment
from dunwell.overview import payments as overview_payments
from dunwell.tenancy import locale
from dunwell.tenancy.roles import Permission
from dunwell.web.doors import attempt, member_page, way_back
from dunwell.web.pages.forms import CustomerField, PaymentForm, ReversalForm
from dunwell.web.requests import Here, here


@member_page
def payments(request: HttpRequest) -> HttpResponse:
    """Show one page of payments; htmx asks for the rows that follow."""
    customer_id = forms.UUIDField(required=False).clean(request.GET.get("customer"))
    of = get_customer(customer_id=customer_id) if customer_id else None
    rows, following = overview_payments.payments(
        customer_id=customer_id, after=request.GET.get("cursor", "")
    )
    query = request.GET.copy()
    query["cursor"] = following or ""
    context = {"rows": rows, "next": query.urlencode() if following else "", "customer": of}
    partial = request.htmx  # type: ignore[attr-defined]  # django_htmx
    return render(request, "payments/rows.html" if partial else "payments/list.html", context)


@member_page
def new(request: HttpRequest) -> HttpResponse:
    """Show the form of a payment with the customer's open invoices, and record it."""
    at = here(request)
    at.actor.require(Permission.LEDGER_WRITE)
    form = PaymentForm(request.POST or None, here=at, initial=_initial(request.GET))
    if request.method == "POST" and form.is_valid():
        result = attempt(
            form,
            lambda: flows.record_payment(
                organization=at.organization,
                actor=at.actor,
                now=at.now,
                data=form.payment_input(),
            ),
        )
        if result is not None:
            messages.success(request, _told(result, at))
            return redirect(way_back(request, reverse("payment", args=[result.payment.pk])))
    customer = _named(form, request)
    context = {
        "form": form,
        "customer": customer,
        "owing": form.owing(customer),
        "next": request.POST.get("next", request.GET.get("next", "")),
    }
    if request.htmx:  # type: ignore[attr-defined]  # django_htmx
        return render(request, "payments/owing.html", context)
    return render(request, "payments/new.html", context, status=422 if form.errors else 200)


def _initial(given: QueryDict) -> dict[str, Any]:
    """Begin with the invoice or customer that the address names."""
    invoice_id = forms.UUIDField(required=False).clean(given.get("invoice"))
    if invoice_id is None:
        return {"customer": given.get("customer", "")}
    invoice = get_invoice(invoice_id=invoice_id)
    return {
        "customer": invoice.customer.name,
        "invoice": str(invoice_id),
        "amount": invoice.balance.text,
        "currency": invoice.currency,
        "apply": PaymentForm.CHOSEN,
    }


def _named(form: PaymentForm, request: HttpRequest) -> Customer | None:
    """Find the customer the form is about, even where other fields are still wrong."""
    text = (
        request.POST.get("customer") or request.GET.get("customer") or form.initial.get("customer")
    )
    try:
        return CustomerField(required=False).clean(text)
    except ValidationError:
        return None


def _told(result: PaymentResult, at: Here) -> str:
    tag = at.organization.locale
    told = _("%(amount)s recorded.") % {"amount": locale.money(result.payment.amount, tag)}
    paid = sum(1 for invoice in result.invoices if not invoice.balance)
    if paid:
        told += " " + ngettext("%(n)d invoice is paid.", "%(n)d invoices are paid.", paid) % {
            "n": paid
        }
    result.payment.refresh_from_db()
    if result.payment.unapplied:
        left = locale.money(result.payment.unapplied, tag)
        told += " " + _("%(left)s is credit on the customer's account.") % {"left": left}
    return told


@member_page
def payment(request: HttpRequest, payment_id: UUID) -> HttpResponse:
    """Show a payment: what it went to, and what was taken back."""
    shown = get_payment(payment_id=payment_id)
    context = {
        "payment": shown,
        "customer": shown.customer,
        "shares": overview_payments.applied_to([payment_id]).get(payment_id, ()),
        "reversals": _reversals(payment_id, shown.currency),
        "left": Money(shown.amount_minor - shown.reversed_minor, shown.currency),
        "may_write": here(request).actor.may(Permission.LEDGER_WRITE),
    }
    return render(request, "payments/payment.html", context)


def _reversals(payment_id: UUID, currency: str) -> list[tuple[PaymentReversal, Money]]:
    rows = PaymentReversal.objects.filter(payment=payment_id).order_by("reversed_on", "id")
    return [(row, Money(row.amount_minor, currency)) for row in rows]


@member_page
def reverse_payment(request: HttpRequest, payment_id: UUID) -> HttpResponse:
    """Ask once, naming what is taken back, and take it back."""
    at = here(request)
    at.actor.require(Permission.LEDGER_WRITE)
    shown = get_payment(payment_id=payment_id)
    left = Money(shown.amount_minor - shown.reversed_minor, shown.currency)
    form = ReversalForm(
        request.POST or None, initial={"amount": left.text, "reversed_on": at.today}
    )
    if request.method == "POST" and form.is_valid():
        done = attempt(
            form,
            lambda: flows.reverse_payment(
                organization=at.organization,
                actor=at.actor,
                now=at.now,
                payment_id=payment_id,
                amount=Money.parse(form.cleaned_data["amount"].strip(), shown.currency),
                reason=form.cleaned_data["reason"],
                reversed_on=form.cleaned_data["reversed_on"],
            ),
        )
        if done is not None:
            messages.success(request, _("The payment is taken back."))
            return redirect("payment", payment_id)
    context = {
        "form": form,
        "payment": shown,
        "customer": shown.customer,
        "left": left,
        "shares": overview_payments.applied_to([payment_id]).get(payment_id, ()),
    }
    return render(request, "payments/reverse.html", context, status=422 if form.errors else 200)


urlpatterns = [
    path("payments/", payments, name="payments"),
    path("payments/new", new, name="payment_new"),
    path("payments/<uuid:payment_id>/", payment, name="payment"),
    path("payments/<uuid:payment_id>/reverse", reverse_payment, name="payment_reverse"),
]
