"""The filters of the board and the list, read from the address and shown as chips."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dunwell.ledger.models import Customer
from dunwell.overview import search
from dunwell.overview.board import currencies_in_use
from dunwell.overview.filters import InvoiceFilter
from dunwell.overview.flags import Flag
from dunwell.tenancy.models import Member
from dunwell.web import words
from dunwell.web.doors import member_page

type _Choices = list[tuple[str, str]]


# Given to the fields as functions: they are asked only when a menu is drawn or a value is checked.
def _owners() -> _Choices:
    rows = Member.objects.filter(active=True).order_by("name").values_list("id", "name")
    return [("", _("Everyone")), *((str(pk), name) for pk, name in rows)]


def _flags() -> _Choices:
    return [("", _("Everything")), *((flag.value, words.flag_name(flag)) for flag in Flag)]


def _currencies() -> _Choices:
    return [("", _("All")), *((code, code) for code in currencies_in_use())]


class FilterForm(forms.Form):
    """What may be chosen; all of it is optional."""

    q = forms.CharField(label=gettext_lazy("Text"), required=False, max_length=100)
    owner = forms.ChoiceField(label=gettext_lazy("Owner"), required=False, choices=_owners)
    flag = forms.ChoiceField(label=gettext_lazy("Look at"), required=False, choices=_flags)
    engagement = forms.CharField(
        label=gettext_lazy("Engagement"), required=False, max_length=100,
        widget=forms.TextInput(attrs={"list": "engagements"}),
    )  # fmt: skip
    tag = forms.CharField(
        label=gettext_lazy("Customer's tag"), required=False, max_length=50,
        widget=forms.TextInput(attrs={"list": "tags"}),
    )  # fmt: skip
    at_least = forms.DecimalField(
        label=gettext_lazy("From"), required=False, min_value=Decimal(0), max_digits=18
    )
    at_most = forms.DecimalField(
        label=gettext_lazy("To"), required=False, min_value=Decimal(0), max_digits=18
    )
    currency = forms.ChoiceField(
        label=gettext_lazy("Currency"), required=False, choices=_currencies
    )
    customer = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data, auto_id="filter_%s")


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter that is on; `without` is the query string that takes it off."""

    text: str
    without: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """The filters of a request: for the query, for the form and as chips."""

    filter: InvoiceFilter
    form: FilterForm
    chips: tuple[Chip, ...]
    query: str


def read(given: QueryDict) -> Chosen:
    """Read the filters from the address; what cannot be read is left out and told at its field."""
    form = FilterForm(given)
    form.is_valid()
    values: dict[str, Any] = form.cleaned_data
    chosen = InvoiceFilter(
        customer_id=values.get("customer"),
        owner_id=_uuid(values.get("owner")),
        engagement=values.get("engagement", ""),
        tag=values.get("tag", ""),
        currency=values.get("currency", ""),
        at_least=values.get("at_least"),
        at_most=values.get("at_most"),
        text=values.get("q", ""),
        flag=Flag(values["flag"]) if values.get("flag") else None,
    )
    return Chosen(chosen, form, tuple(_chips(given, values)), _without(given, "cursor"))


def _uuid(text: str | None) -> Any:
    return forms.UUIDField(required=False).clean(text)


def _chips(given: QueryDict, values: dict[str, Any]) -> list[Chip]:
    owner, customer = values.get("owner"), values.get("customer")
    sentences = {
        "q": _("“%s”") % values.get("q", ""),
        "owner": _("Owner: %s") % _name_of(Member, owner),
        "customer": _name_of(Customer, customer),
        "flag": words.flag_name(values.get("flag", "")),
        "engagement": _("Engagement: %s") % values.get("engagement", ""),
        "tag": _("Tag: %s") % values.get("tag", ""),
        "at_least": _("From %s") % values.get("at_least"),
        "at_most": _("To %s") % values.get("at_most"),
        "currency": values.get("currency", ""),
    }
    return [
        Chip(text, _without(given, key, "cursor"))
        for key, text in sentences.items()
        if values.get(key) not in (None, "")
    ]


def _name_of(model: type[Member | Customer], pk: UUID | str | None) -> str:
    return model.objects.filter(pk=pk).values_list("name", flat=True).first() or "" if pk else ""


def _without(given: QueryDict, *keys: str) -> str:
    left = given.copy()
    for key in keys:
        left.pop(key, None)
    return left.urlencode()


@member_page
def filters(request: HttpRequest) -> HttpResponse:
    """Show the filters of the board or the list, as they are set in the address."""
    page = "board" if request.GET.get("page") == "board" else "invoices"
    context = {
        "chosen": read(request.GET),
        "action": reverse(page),
        "engagements": search.engagements(),
        "tags": search.tags(),
    }
    return render(request, "partials/filter_form.html", context)


urlpatterns = [path("filters", filters, name="filters")]
