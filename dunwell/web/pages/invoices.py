"""The list of invoices: filters, orders, bulk acts, export, and the form for a new one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from dunwell import flows
from dunwell.chasing import queries as chasing
from dunwell.chasing.operations import schedules
from dunwell.core.errors import CoreError
from dunwell.overview import board as overview_board
from dunwell.overview import invoices as overview_invoices
from dunwell.overview import search as overview_search
from dunwell.overview.filters import STATUSES, Status
from dunwell.overview.sorting import SORTS
from dunwell.tenancy.errors import DunwellError, InvalidInput
from dunwell.tenancy.models import Member
from dunwell.tenancy.roles import Permission
from dunwell.web.cards import card
from dunwell.web.doors import attempt, member_page, way_back
from dunwell.web.pages import export, filtering
from dunwell.web.pages.forms import InvoiceForm, PauseForm
from dunwell.web.pages.views import saved_views
from dunwell.web.requests import Here, here

MOST_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Tab:
    """A status one can choose, with its number of invoices where that is known."""

    status: Status
    name: str
    count: int | None
    query: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A column of the table: how it is sorted now, and the address that sorts by it."""

    name: str
    css: str
    sorted: str
    query: str


@member_page
def invoices(request: HttpRequest) -> HttpResponse:
    """Show one page of the list; htmx asks for the rows that follow."""
    at = here(request)
    chosen = filtering.read(request.GET)
    status, sort = _order(request.GET)
    page = overview_invoices.invoices(
        organization=at.organization,
        now=at.now,
        status=status,
        chosen=chosen.filter,
        sort=sort,
        after=request.GET.get("cursor", ""),
    )
    context: dict[str, Any] = {
        "cards": [card(row, here=at) for row in page.rows],
        "next": _with(request.GET, cursor=page.next) if page.next else "",
        "status": status,
    }
    if request.htmx:  # type: ignore[attr-defined]  # django_htmx
        return render(request, "invoices/rows.html", context)
    context |= {
        "chosen": chosen,
        "sort": sort,
        "tabs": _tabs(request.GET, at),
        "headings": _headings(request.GET, sort),
        "views": saved_views("invoices", at.actor),
        "members": Member.objects.filter(active=True).order_by("name"),
        "cadences": chasing.cadences(),
        "more_match": _cut_off(chosen),
    }
    return render(request, "invoices/list.html", context)


def _order(given: QueryDict) -> tuple[Status, str]:
    wanted, sort = given.get("status", "open"), given.get("sort", "due_date")
    status: Status = next((known for known in STATUSES if known == wanted), "open")
    return status, sort if sort in SORTS else "due_date"


def _cut_off(chosen: filtering.Chosen) -> int:
    """Say at how many invoices the text search stopped, 0 if it found all."""
    text = chosen.filter.text
    most = overview_search.MOST
    return most if text and len(overview_search.invoice_ids(text=text)) >= most else 0


def _with(given: QueryDict, **changes: str) -> str:
    query = given.copy()
    query.pop("cursor", None)
    for key, value in changes.items():
        query[key] = value
    return query.urlencode()


def _tabs(given: QueryDict, at: Here) -> list[Tab]:
    counts = overview_board.open_counts(today=at.today)
    names: dict[Status, str] = {
        "open": _("Open"),
        "overdue": _("Overdue"),
        "due": _("Due today"),
        "sent": _("Sent"),
        "draft": _("Draft"),
        "paid": _("Paid"),
        "closed": _("Closed"),
        "all": _("All"),
    }
    return [
        Tab(status, name, counts.get(status), _with(given, status=status))
        for status, name in names.items()
    ]


def _headings(given: QueryDict, sort: str) -> list[Heading]:
    columns = (
        ("number", _("Invoice"), ""),
        ("customer", _("Customer"), ""),
        ("", _("State"), ""),
        ("", _("Look at"), ""),
        ("due_date", _("Due"), "num"),
        ("amount", _("Balance"), "num"),
        ("", _("Owner"), "wide"),
        ("last_action", _("Last action"), "wide"),
        ("", _("Next"), "widest"),
    )
    return [_heading(given, sort, *column) for column in columns]


def _heading(given: QueryDict, sort: str, key: str, name: str, css: str) -> Heading:
    if not key:
        return Heading(name, css, "", "")
    if sort.removeprefix("-") != key:
        first = f"-{key}" if key == "amount" else key
        return Heading(name, css, "none", _with(given, sort=first))
    descending = sort.startswith("-")
    turned = key if descending else f"-{key}"
    return Heading(
        name, css, "descending" if descending else "ascending", _with(given, sort=turned)
    )


@member_page
def exported(request: HttpRequest) -> HttpResponse:
    """Send the whole list, as filtered and sorted, as a file."""
    chosen = filtering.read(request.GET)
    status, sort = _order(request.GET)
    return export.response(
        form=request.GET.get("as", "csv"),
        here=here(request),
        status=status,
        chosen=chosen.filter,
        sort=sort,
    )


@require_POST
@member_page
def bulk(request: HttpRequest) -> HttpResponse:
    """Do one thing to every invoice that is selected, and report what could not be done."""
    at = here(request)
    ids = _selected(request.POST)
    act, permission = _act(request.POST, at)
    at.actor.require(permission)
    refused: list[str] = []
    for invoice_id in ids:
        try:
            act(invoice_id)
        except (DunwellError, CoreError) as error:
            refused.append(str(error))
    _report(request, done=len(ids) - len(refused), refused=refused)
    return redirect(way_back(request, reverse("invoices")))


def _selected(given: QueryDict) -> list[UUID]:
    try:
        ids = [UUID(text) for text in given.getlist("invoice")]
    except ValueError as error:
        raise InvalidInput.at("invoice", _("This selection cannot be read.")) from error
    if not ids:
        raise InvalidInput.at("invoice", _("Select at least one invoice."))
    if len(ids) > MOST_AT_ONCE:
        raise InvalidInput.at("invoice", _("Select at most %(n)d invoices.") % {"n": MOST_AT_ONCE})
    return list(dict.fromkeys(ids))


def _act(given: QueryDict, at: Here) -> tuple[Callable[[UUID], object], Permission]:
    """Find the act a bulk button means, with what it needs, checked once for all."""
    common: dict[str, Any] = {
        "organization": at.organization,
        "actor": at.actor,
        "now": at.now,
    }
    match given.get("action"):
        case "mark_sent":
            return lambda pk: flows.mark_sent(invoice_id=pk, **common), Permission.LEDGER_WRITE
        case "assign":
            owner = _uuid(given, "owner")
            return (
                lambda pk: flows.amend_invoice(
                    invoice_id=pk, changes={"owner_id": owner}, **common
                ),
                Permission.LEDGER_WRITE,
            )
        case "cadence":
            cadence = _uuid(given, "cadence")
            return (
                lambda pk: schedules.apply_cadence(invoice_id=pk, cadence_id=cadence, **common),
                Permission.CHASING_WRITE,
            )
        case "pause":
            form = PauseForm(given)
            if not form.is_valid():
                raise InvalidInput.at("until", _("Give the day on which chasing goes on."))
            pause = {"until": form.cleaned_data["until"], "reason": form.cleaned_data["reason"]}
            return (
                lambda pk: schedules.pause(invoice_id=pk, **pause, **common),
                Permission.CHASING_WRITE,
            )
    raise InvalidInput.at("action", _("Choose what to do."))


def _uuid(given: QueryDict, field: str) -> UUID:
    try:
        return UUID(given.get(field, ""))
    except ValueError as error:
        raise InvalidInput.at(field, _("Choose one from the list.")) from error


def _report(request: HttpRequest, *, done: int, refused: list[str]) -> None:
    if done:
        told = ngettext("Done for %(n)d invoice.", "Done for %(n)d invoices.", done)
        messages.success(request, told % {"n": done})
    if refused:
        told = ngettext(
            "%(n)d was left as it is: %(why)s", "%(n)d were left as they are: %(why)s", len(refused)
        )
        why = " ".join(list(dict.fromkeys(refused))[:5])
        messages.warning(request, told % {"n": len(refused), "why": why})


@member_page
def new(request: HttpRequest) -> HttpResponse:
    """Show the form of a new invoice, and create it as a draft or issued."""
    at = here(request)
    at.actor.require(Permission.LEDGER_WRITE)
    form = InvoiceForm(request.POST or None, here=at, initial=_initial(request.GET))
    if request.method == "POST" and form.is_valid():
        issue = request.POST.get("act") == "issue"
        invoice = attempt(
            form,
            lambda: flows.create_invoice(
                organization=at.organization,
                actor=at.actor,
                now=at.now,
                data=form.invoice_input(),
                issue=issue,
                cadence_id=form.cadence_choice(),
            ),
        )
        if invoice is not None:
            said = _("Invoice %(number)s is issued.") if issue else _("Draft %(number)s is saved.")
            messages.success(request, said % {"number": invoice.number})
            return redirect(_page_of(invoice.pk))
    status = 422 if form.errors else 200
    return render(request, "invoices/new.html", {"form": form}, status=status)


def _initial(given: QueryDict) -> dict[str, str]:
    return {"customer": given.get("customer", "")}


def _page_of(invoice_id: UUID) -> str:
    return reverse("invoice", args=[invoice_id])


urlpatterns = [
    path("invoices/", invoices, name="invoices"),
    path("invoices/new", new, name="invoice_new"),
    path("invoices/bulk", bulk, name="invoices_bulk"),
    path("invoices/export", exported, name="invoices_export"),
]
