"""The way in, the search that every page has, and the clock of a sandbox."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from dunwell import flows
from dunwell.overview import search as overview_search
from dunwell.overview import sent
from dunwell.tenancy.errors import InvalidInput
from dunwell.web import words
from dunwell.web.doors import member_page, way_back
from dunwell.web.requests import here

_STEPS: Final = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}


@member_page
def home(_request: HttpRequest) -> HttpResponse:
    """Go to the board."""
    return redirect("board")


@dataclass(frozen=True, slots=True)
class Place:
    """A page or action that the palette offers."""

    name: str
    address: str
    icon: str


@member_page
def search(request: HttpRequest) -> HttpResponse:
    """Find invoices, customers, pages and actions; as a page, or the inside of the palette."""
    text = request.GET.get("q", "").strip()[:100]
    found = {
        "text": text,
        "places": _places(text),
        "customers": overview_search.customers(text=text) if text else [],
        "invoices": overview_search.invoices(text=text, today=here(request).today) if text else [],
    }
    template = "partials/results.html" if request.htmx else "search.html"  # type: ignore[attr-defined]  # django_htmx
    return render(request, template, found)


def _places(text: str) -> list[Place]:
    known = (
        ("invoice_new", _("New invoice"), "plus"),
        ("payment_new", _("Record a payment"), "banknotes"),
        ("customer_new", _("New customer"), "user-plus"),
        ("board", _("Board"), "view-columns"),
        ("invoices", _("Invoices"), "document-text"),
        ("customers", _("Customers"), "building-office-2"),
        ("chasing", _("Chasing"), "paper-airplane"),
        ("payments", _("Payments"), "banknotes"),
        ("imports", _("Imports"), "arrow-up-tray"),
        ("settings", _("Settings"), "cog-6-tooth"),
    )
    places = []
    for name, label, icon in known:
        if text.lower() in label.lower():
            try:
                places.append(Place(label, reverse(name), icon))
            except NoReverseMatch:
                continue  # a page that is not installed here
    return places


@require_POST
@member_page
def advance(request: HttpRequest) -> HttpResponse:
    """Advance the sandbox's clock, and say what went out."""
    at = here(request)
    step = _STEPS.get(request.POST.get("by", ""))
    if step is None:
        raise InvalidInput.at("by", _("The clock moves by an hour, a day or a week."))
    advanced = flows.advance(organization=at.organization, to=at.now + step, actor=at.actor)
    summary = sent.between(after=at.now, through=advanced.now)
    instant = words.exact_instant(advanced.now, here=at)
    messages.success(
        request, _("It is now %(instant)s. %(sent)s") % {"instant": instant, "sent": _told(summary)}
    )
    return redirect(way_back(request, reverse("board")))


def _told(summary: sent.Summary) -> str:
    if not summary.messages:
        return _("Nothing went out.")
    told = ngettext("%(n)d message went out", "%(n)d messages went out", summary.messages) % {
        "n": summary.messages
    }
    people = ", ".join(summary.customers)
    more = summary.customers_in_all - len(summary.customers)
    if more > 0:
        people = ngettext("%(people)s and %(n)d other", "%(people)s and %(n)d others", more) % {
            "people": people,
            "n": more,
        }
    told = _("%(told)s, to %(people)s.") % {"told": told, "people": people}
    if summary.failed:
        failed = ngettext("%(n)d failed.", "%(n)d failed.", summary.failed) % {"n": summary.failed}
        told = f"{told} {failed}"
    return told


urlpatterns = [
    path("", home, name="home"),
    path("search", search, name="search"),
    path("clock/advance", advance, name="clock_advance"),
]
