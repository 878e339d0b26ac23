"""The page of one invoice, and the one view behind every act on it."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from dunwell.chasing.operations import schedules
from dunwell.chasing.queries import schedule_of
from dunwell.ledger import queries
from dunwell.tenancy.errors import Conflict, InvalidInput
from dunwell.tenancy.roles import Permission
from dunwell.web.doors import attempt, member_page
from dunwell.web.pages.acting import acting, in_dialog, leave, posted
from dunwell.web.pages.invoice import chasing_acts, life_acts, money_acts, talk
from dunwell.web.pages.invoice.act import ActForm, Case
from dunwell.web.pages.invoice.line import chasing_of
from dunwell.web.pages.invoice.panels import customer_panel, invoice_panel
from dunwell.web.pages.invoice.why import asked_day
from dunwell.web.pages.preview import preview_of
from dunwell.web.pages.rows import wants_rows
from dunwell.web.pages.steps import Steps
from dunwell.web.requests import here

ACTS: Final[Mapping[str, type[ActForm]]] = {
    "payment": money_acts.Payment,
    "reverse": money_acts.Reverse,
    "promise": money_acts.PromiseToPay,
    "dispute": money_acts.OpenDispute,
    "resolve": money_acts.ResolveDispute,
    "credit": money_acts.UseCredit,
    "issue": life_acts.Issue,
    "mark-sent": life_acts.MarkSent,
    "close": life_acts.Close,
    "reopen": life_acts.Reopen,
    "delete": life_acts.Delete,
    "log": life_acts.Log,
    "attach": life_acts.Attach,
    "detach": life_acts.Detach,
    "send": chasing_acts.SendNow,
    "retry": chasing_acts.TryAgain,
    "pause": chasing_acts.Pause,
    "resume": chasing_acts.Resume,
    "cadence": chasing_acts.ChooseCadence,
    "contacts": chasing_acts.OwnList,
    "off": chasing_acts.SwitchOff,
    "on": chasing_acts.SwitchOn,
}
_TABS: Final = {
    "conversation": gettext_lazy("Conversation"),
    "activity": gettext_lazy("Activity"),
    "payments": gettext_lazy("Payments"),
    "documents": gettext_lazy("Lines & documents"),
}
_LABELS: Final = {
    "payment": (gettext_lazy("Record payment"), "banknotes"),
    "promise": (gettext_lazy("Record promise"), "hand-raised"),
    "log": (gettext_lazy("Log what happened"), "pencil"),
    "send": (gettext_lazy("Send now"), "paper-airplane"),
    "amend": (gettext_lazy("Amend"), "pencil-square"),
    "mark-sent": (gettext_lazy("Mark as sent"), "check"),
    "dispute": (gettext_lazy("Open a dispute"), "scale"),
    "close": (gettext_lazy("Void or write off"), "archive-box"),
    "reopen": (gettext_lazy("Reopen"), "arrow-path"),
    "issue": (gettext_lazy("Issue"), "document-check"),
    "delete": (gettext_lazy("Delete the draft"), "trash"),
}
_IN_SIGHT: Final = {"payment", "promise", "log", "issue", "reopen"}


@member_page
def invoice(request: HttpRequest, invoice_id: UUID) -> HttpResponse:
    """Show all there is to know about one invoice."""
    at = here(request)
    found = queries.get_invoice(invoice_id=invoice_id)
    facts = invoice_panel(found, at=at)
    tab = request.GET.get("tab", "")
    tab = tab if tab in _TABS else "conversation"
    context: dict[str, Any] = {
        "invoice": found,
        "facts": facts,
        "customer": customer_panel(found, at=at),
        "chasing": chasing_of(found, state=facts.state, at=at),
        "asked": asked_day(request.GET, found, at=at),
        "may_write": at.actor.may(Permission.LEDGER_WRITE),
        "may_chase": at.actor.may(Permission.CHASING_WRITE),
        "tabs": [(name, words, name == tab) for name, words in _TABS.items()],
        "tab": tab,
        **_acts(Case(at, found)),
        **_inside(tab, Case(at, found)),
    }
    return render(request, "invoice/page.html", context)


def _acts(case: Case) -> dict[str, Any]:
    """Give the buttons in sight and those in the menu, as far as the member may press them."""
    named = [
        (name, *_LABELS[name])
        for name in life_acts.offered(case)
        if case.at.actor.may(ACTS[name].permission if name in ACTS else Permission.LEDGER_WRITE)
    ]
    main = named[0][0] if named and named[0][0] in ("payment", "issue", "reopen") else ""
    seen = [each for each in named if each[0] in _IN_SIGHT and each[0] != main]
    return {
        "main_act": named[0] if main else None,
        "seen_acts": seen,
        "menu_acts": [each for each in named if each[0] not in _IN_SIGHT],
    }


def _inside(tab: str, case: Case) -> dict[str, Any]:
    """Read only what the open tab shows."""
    if tab == "activity":
        return {"activity": talk.activity(case.invoice, at=case.at)}
    if tab == "payments":
        return {"money_in": talk.money_in(case.invoice)}
    if tab == "documents":
        lines, files = talk.documents(case.invoice)
        return {"lines": lines, "files": files}
    return {"said": talk.conversation(case.invoice)}


@require_http_methods(["GET", "POST"])
@member_page
def act(
    request: HttpRequest, invoice_id: UUID, name: str, object_id: UUID | None = None
) -> HttpResponse:
    """Show an act's form, alone or inside a dialog, and do it."""
    chosen = ACTS.get(name)
    if chosen is None:
        raise Http404
    at = here(request)
    at.actor.require(chosen.permission)
    case = Case(at, queries.get_invoice(invoice_id=invoice_id), object_id)
    form = chosen(case, posted(request), request.FILES or None)
    if request.method == "POST" and form.is_valid():
        told = attempt(form, form.run)
        if told is not None and not form.errors:
            messages.success(request, told)
            return leave(request, form.after())
    context = {
        "form": form,
        "invoice": case.invoice,
        "name": name,
        "action": request.path,
        "beside": _beside(case) if form.beside else None,
        **form.extra(),
    }
    template = "invoice/act_form.html" if in_dialog(request) else "invoice/act.html"
    return render(request, template, context, status=422 if form.errors else 200)


def _beside(case: Case) -> dict[str, Any]:
    """Give what one looks at before writing by hand. Rule: tracking, Never chase blind."""
    facts = invoice_panel(case.invoice, at=case.at)
    return {"facts": facts, "said": talk.conversation(case.invoice)[-2:]}


@require_http_methods(["GET", "POST"])
@acting(Permission.CHASING_WRITE)
def own_steps(request: HttpRequest, invoice_id: UUID) -> HttpResponse:
    """Edit the steps of this invoice alone."""
    at = here(request)
    found = queries.get_invoice(invoice_id=invoice_id)
    schedule = schedule_of(invoice_id=invoice_id)
    form = forms.Form(posted(request))
    steps = Steps(request, schedule.steps if schedule else [])
    asked = request.POST.get("act")
    saving = request.method == "POST" and not wants_rows(request.POST) and asked != "preview"
    if saving and steps.is_valid() and _set_steps(form, steps, Case(at, found)):
        messages.success(request, _("The steps of this invoice are saved."))
        return redirect("invoice", invoice_id)
    shown = None
    if request.method == "GET" and schedule and schedule.steps:
        shown = preview_of(steps=schedules.steps_of(schedule), invoice=found, at=at)
    elif request.method == "POST" and steps.formset.is_valid():
        shown = preview_of(steps=steps.for_preview(), invoice=found, at=at)
    context = {"invoice": found, "form": form, "steps": steps, "preview": shown, "tried": saving}
    if in_dialog(request) and asked == "preview":
        return render(request, "cadences/preview.html", context)
    return render(request, "invoice/steps.html", context, status=422 if saving else 200)


def _set_steps(form: forms.Form, steps: Steps, case: Case) -> bool:
    try:
        schedules.set_steps(**case.doing, invoice_id=case.invoice.pk, steps=steps.json())
    except (InvalidInput, Conflict) as error:
        form.is_valid()
        steps.refuse(form, error)
        return False
    return True
