"""Customers: the list, one customer's page, and the forms of customers and contacts."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dunwell import flows
from dunwell.core.aging import Aging, Bucket
from dunwell.ledger import operations as ledger
from dunwell.ledger.models import Contact, ContactRole, Customer
from dunwell.ledger.queries.accounts import account_of
from dunwell.ledger.queries.found import get_contact, get_customer
from dunwell.overview import customers as overview_customers
from dunwell.overview import invoices as overview_invoices
from dunwell.overview import search as overview_search
from dunwell.overview.customers import CustomerSort
from dunwell.overview.filters import InvoiceFilter, Status
from dunwell.tenancy import locale
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.roles import Permission
from dunwell.web import timeline
from dunwell.web.cards import card
from dunwell.web.doors import attempt, member_page
from dunwell.web.pages.blocks import blocks_of
from dunwell.web.pages.forms import ContactForm, CustomerForm, NewCustomerForm, as_input
from dunwell.web.requests import Here, here


@member_page
def customers(request: HttpRequest) -> HttpResponse:
    """Show one page of customers; htmx asks for the rows that follow."""
    at = here(request)
    sort: CustomerSort = "-owed" if request.GET.get("sort") == "-owed" else "name"
    page = overview_customers.customers(
        organization=at.organization,
        today=at.today,
        text=request.GET.get("q", "").strip()[:100],
        tag=request.GET.get("tag", "")[:50],
        sort=sort,
        after=request.GET.get("cursor", ""),
    )
    following = request.GET.copy()
    following["cursor"] = page.next or ""
    context = {
        "rows": page.rows,
        "next": following.urlencode() if page.next else "",
        "sort": sort,
        "narrowed": bool(request.GET.get("q") or request.GET.get("tag")),
    }
    partial = request.htmx  # type: ignore[attr-defined]  # django_htmx
    return render(request, "customers/rows.html" if partial else "customers/list.html", context)


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the aging bar, in hundredths of a percent of its width."""

    css: str
    name: str
    amount: str
    start: int
    width: int


@member_page
def customer(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """Show what a customer owes, who they are, and what happened."""
    at = here(request)
    shown = get_customer(customer_id=customer_id)
    happened, older = overview_customers.timeline(
        customer_id=customer_id, after=request.GET.get("cursor", "")
    )
    context: dict[str, Any] = {
        "customer": shown,
        "history": timeline.told(happened, here=at),
        "older": older,
    }
    if request.htmx:  # type: ignore[attr-defined]  # django_htmx
        return render(request, "customers/history.html", context)
    account = account_of(customer_id=customer_id, today=at.today)
    status: Status = "all" if request.GET.get("invoices") == "all" else "open"
    listed = overview_invoices.invoices(
        organization=at.organization,
        now=at.now,
        status=status,
        chosen=InvoiceFilter(customer_id=customer_id),
        sort="due_date" if status == "open" else "-invoice_date",
    )
    context |= {
        "account": account,
        "aging": [(code, _segments(aging, at)) for code, aging in account.aging.items()],
        "average": round(account.average_days_to_pay) if account.average_days_to_pay else None,
        "contacts": _contacts(shown),
        "cards": [card(row, here=at) for row in listed.rows],
        "more": listed.next,
        "status": status,
        "may_write": at.actor.may(Permission.LEDGER_WRITE),
    }
    return render(request, "customers/customer.html", context)


def _segments(aging: Aging, at: Here) -> list[Segment]:
    names = {
        Bucket.CURRENT: _("Current"),
        Bucket.UP_TO_30: _("1–30 days"),
        Bucket.UP_TO_60: _("31–60 days"),
        Bucket.UP_TO_90: _("61–90 days"),
        Bucket.OVER_90: _("90+ days"),
    }
    segments, start = [], 0
    for number, (bucket, amount) in enumerate(aging.buckets.items()):
        width = amount.minor * 10_000 // aging.total.minor if aging.total.minor else 0
        told = locale.money(amount, at.organization.locale)
        segments.append(Segment(f"b{number}", names[bucket], told, start, width))
        start += width
    return segments


def _contacts(of: Customer) -> list[tuple[Contact, list[str]]]:
    """List the contacts with their roles, the billing contact first."""
    rows = Contact.objects.filter(customer=of).prefetch_related("role_assignments__role")
    return [
        (contact, sorted(each.role.name for each in contact.role_assignments.all()))
        for contact in rows.order_by("-billing", "name", "id")
    ]


@member_page
def known(request: HttpRequest) -> HttpResponse:
    """List customers whose name contains what is being typed, as suggestions of a field."""
    text = request.GET.get("customer", "").strip()[:100]
    found = overview_search.customers(text=text) if text else []
    return render(request, "partials/known_customers.html", {"found": found})


@member_page
def new(request: HttpRequest) -> HttpResponse:
    """Show the form of a new customer, and create it."""
    at = here(request)
    at.actor.require(Permission.LEDGER_WRITE)
    form = NewCustomerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = attempt(
            form,
            lambda: ledger.create_customer(
                organization=at.organization,
                actor=at.actor,
                now=at.now,
                data=form.customer_input(),
            ),
        )
        if made is not None:
            messages.success(request, _("%(name)s is a customer now.") % {"name": made.name})
            return redirect("customer", made.pk)
    return _form(request, "customers/new.html", {"form": form})


@member_page
def edit(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """Show the form of a customer, and change it."""
    at = here(request)
    at.actor.require(Permission.LEDGER_WRITE)
    shown = get_customer(customer_id=customer_id)
    form = CustomerForm(request.POST or None, customer=shown)
    if request.method == "POST" and form.is_valid():
        saved = attempt(
            form,
            lambda: flows.update_customer(
                organization=at.organization,
                actor=at.actor,
                now=at.now,
                customer_id=customer_id,
                changes=form.values(),  # type: ignore[arg-type]  # the names of CustomerChanges
            ),
        )
        if saved is not None:
            messages.success(request, _("Saved."))
            return redirect("customer", customer_id)
    return _form(request, "customers/edit.html", {"form": form, "customer": shown})


@member_page
def contact(
    request: HttpRequest, customer_id: UUID, contact_id: UUID | None = None
) -> HttpResponse:
    """Show the form of a contact, and add or change it."""
    at = here(request)
    at.actor.require(Permission.LEDGER_WRITE)
    shown = get_customer(customer_id=customer_id)
    changed = _contact_of(customer_id, contact_id) if contact_id else None
    form = ContactForm(request.POST or None, contact=changed)
    if request.method == "POST" and form.is_valid():
        saved = attempt(
            form,
            lambda: ledger.save_contacts(
                organization=at.organization,
                actor=at.actor,
                now=at.now,
                customer_id=customer_id,
                contacts=[form.contact_input(contact_id=contact_id)],
            ),
        )
        if saved is not None:
            messages.success(request, _("Saved."))
            return redirect("customer", customer_id)
    roles = ContactRole.objects.order_by("name")[:100]
    context = {
        "form": form,
        "customer": shown,
        "contact": changed,
        "roles": roles,
        "blocks": blocks_of(changed, at=at) if changed else (),
    }
    return _form(request, "customers/contact.html", context)


def _contact_of(customer_id: UUID, contact_id: UUID) -> Contact:
    found = get_contact(contact_id=contact_id)
    if found.customer_id != customer_id:
        raise NotFound
    return found


@require_POST
@member_page
def remove_contact(request: HttpRequest, customer_id: UUID, contact_id: UUID) -> HttpResponse:
    """Remove a contact; the page asked before, naming it."""
    at = here(request)
    at.actor.require(Permission.LEDGER_WRITE)
    gone = _contact_of(customer_id, contact_id)
    kept = Contact.objects.filter(customer=customer_id).exclude(pk=contact_id)
    ledger.save_contacts(
        organization=at.organization,
        actor=at.actor,
        now=at.now,
        customer_id=customer_id,
        contacts=[as_input(each) for each in kept],
        replace=True,
    )
    messages.success(request, _("%(name)s is no longer a contact.") % {"name": gone})
    return redirect("customer", customer_id)


def _form(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, template, context, status=422 if context["form"].errors else 200)


@require_POST
@member_page
def lift(request: HttpRequest, customer_id: UUID, contact_id: UUID, channel: str) -> HttpResponse:
    """Use a contact's address again that was blocked."""
    at = here(request)
    at.actor.require(Permission.LEDGER_WRITE)
    found = _contact_of(customer_id, contact_id)
    ledger.block_contact(
        actor=at.actor, now=at.now, contact_id=found.pk, channel=channel, reason=""
    )
    messages.success(request, _("The address is used again."))
    return redirect("contact", customer_id, contact_id)


urlpatterns = [
    path(
        "customers/<uuid:customer_id>/contacts/<uuid:contact_id>/lift/<str:channel>",
        lift,
        name="contact_lift",
    ),
    path("customers/", customers, name="customers"),
    path("customers/new", new, name="customer_new"),
    path("customers/known", known, name="customers_known"),
    path("customers/<uuid:customer_id>/", customer, name="customer"),
    path("customers/<uuid:customer_id>/edit", edit, name="customer_edit"),
    path("customers/<uuid:customer_id>/contacts/new", contact, name="contact_new"),
    path("customers/<uuid:customer_id>/contacts/<uuid:contact_id>", contact, name="contact"),
    path(
        "customers/<uuid:customer_id>/contacts/<uuid:contact_id>/remove",
        remove_contact,
        name="contact_remove",
    ),
]
