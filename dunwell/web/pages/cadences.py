"""Cadences: the list, the editor with its preview on a real invoice, default and deletion."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dunwell.chasing import queries
from dunwell.chasing.models import Cadence, Schedule
from dunwell.chasing.operations import cadences as operations
from dunwell.ledger.models import Invoice
from dunwell.ledger.queries import find_invoice
from dunwell.tenancy.errors import Conflict, InvalidInput
from dunwell.tenancy.roles import Permission
from dunwell.web.doors import member_page
from dunwell.web.pages import sentences
from dunwell.web.pages.acting import acting, attempt_or_tell, in_dialog, posted, refusals
from dunwell.web.pages.preview import preview_of
from dunwell.web.pages.rows import wants_rows
from dunwell.web.pages.steps import Steps, in_order
from dunwell.web.requests import Here, here


class CadenceForm(forms.Form):
    """The name of a cadence, whether new invoices get it, and on what to preview it."""

    use_required_attribute = False
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    default = forms.BooleanField(label=gettext_lazy("Use it for new invoices"), required=False)
    number = forms.CharField(
        label=gettext_lazy("Preview on invoice number"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"list": "invoice-numbers", "autocomplete": "off"}),
    )


@require_GET
@member_page
def listed(request: HttpRequest) -> HttpResponse:
    """List the cadences with what they do and how many invoices follow them."""
    at = here(request)
    used = dict(
        Schedule.objects.filter(cadence__isnull=False, enabled=True)
        .values_list("cadence")
        .annotate(invoices=Count("id"))
    )
    rows = [
        {"cadence": each, "steps": _told(each, at), "used": used.get(each.pk, 0)}
        for each in queries.cadences()
    ]
    context = {"rows": rows, "may": at.actor.may(Permission.CHASING_WRITE)}
    return render(request, "cadences/list.html", context)


def _told(cadence: Cadence, at: Here) -> list[dict[str, Any]]:
    return [
        {
            "words": sentences.trigger_words(step["trigger"], tag=at.organization.locale),
            "hour": f"{step['hour']:02}:00",
            "channels": step["channels"],
        }
        for step in in_order(cadence.steps)
    ]


@require_http_methods(["GET", "POST"])
@acting(Permission.CHASING_WRITE)
def new(request: HttpRequest) -> HttpResponse:
    """Show an empty cadence and create it."""
    return _edit(request, None)


@require_http_methods(["GET", "POST"])
@acting(Permission.CHASING_WRITE)
def edit(request: HttpRequest, cadence_id: UUID) -> HttpResponse:
    """Show a cadence and change it for later applications."""
    return _edit(request, queries.get_cadence(cadence_id=cadence_id))


def _edit(request: HttpRequest, cadence: Cadence | None) -> HttpResponse:
    at = here(request)
    start = {"name": cadence.name, "default": cadence.default} if cadence else _start()
    form = CadenceForm(posted(request), initial=start)
    steps = Steps(request, cadence.steps if cadence else _usual_steps())
    asked = request.POST.get("act")
    saving = request.method == "POST" and not wants_rows(request.POST) and asked != "preview"
    if saving and form.is_valid() and steps.is_valid() and _saved(form, steps, cadence, at):
        messages.success(request, _("“%(name)s” is saved.") % {"name": form.cleaned_data["name"]})
        return redirect("cadences")
    context = {"form": form, "steps": steps, "cadence": cadence, "tried": saving}
    context |= _preview(request, form, steps, at)
    if in_dialog(request) and asked == "preview":
        return render(request, "cadences/preview.html", context)
    return render(request, "cadences/edit.html", context, status=422 if saving else 200)


def _start() -> dict[str, Any]:
    return {"default": not Cadence.objects.exists()}


def _usual_steps() -> list[dict[str, Any]]:
    """Begin a new cadence with steps that suit most."""
    usual: list[dict[str, Any]] = [
        {"type": "on_issue"},
        {"type": "before_due", "days": 7},
        {"type": "after_due", "days": 3},
        {"type": "repeat", "days": 10, "times": 3},
    ]
    return [{"trigger": each, "hour": 9, "channels": ["email"]} for each in usual]


def _saved(form: CadenceForm, steps: Steps, cadence: Cadence | None, at: Here) -> bool:
    given = {
        "name": form.cleaned_data["name"],
        "steps": steps.json(),
        "default": form.cleaned_data["default"],
        "actor": at.actor,
        "now": at.now,
    }
    try:
        if cadence is None:
            operations.create_cadence(**given)
        else:
            operations.update_cadence(cadence_id=cadence.pk, **given)
    except (InvalidInput, Conflict) as error:
        steps.refuse(form, error)
        return False
    return True


def _preview(request: HttpRequest, form: CadenceForm, steps: Steps, at: Here) -> dict[str, Any]:
    """Lay the steps as they stand in the form on the chosen invoice."""
    numbers = Invoice.objects.filter(closed_at__isnull=True).order_by("-id")
    known = {"numbers": numbers.values_list("number", flat=True)[:50]}
    number = (form["number"].value() or "").strip()
    invoice = find_invoice(number=number) if number else None
    if number and invoice is None:
        return known | {"preview_problem": _("There is no invoice “%(n)s”.") % {"n": number}}
    if request.method == "POST" and not steps.formset.is_valid():
        return known | {"preview_problem": _("Complete the marked steps to see when they go out.")}
    planned = steps.for_preview() if request.method == "POST" else steps.stored_steps()
    return known | {"preview": preview_of(steps=planned, invoice=invoice, at=at)}


@require_POST
@acting(Permission.CHASING_WRITE)
def make_default(request: HttpRequest, cadence_id: UUID) -> HttpResponse:
    """Make a cadence the one new invoices get."""
    at = here(request)
    cadence = queries.get_cadence(cadence_id=cadence_id)
    attempt_or_tell(
        request,
        lambda: operations.update_cadence(
            cadence_id=cadence_id,
            name=cadence.name,
            steps=cadence.steps,
            default=True,
            actor=at.actor,
            now=at.now,
        ),
        done=_("New invoices get “%(name)s” from now.") % {"name": cadence.name},
    )
    return redirect("cadences")


@require_http_methods(["GET", "POST"])
@acting(Permission.CHASING_WRITE)
def delete(request: HttpRequest, cadence_id: UUID) -> HttpResponse:
    """Ask once, naming what goes and what stays, then delete."""
    at = here(request)
    cadence = queries.get_cadence(cadence_id=cadence_id)
    if request.method == "POST":
        try:
            operations.delete_cadence(cadence_id=cadence_id, actor=at.actor, now=at.now)
        except (InvalidInput, Conflict) as error:
            for _field, message in refusals(error):
                messages.error(request, message)
        else:
            messages.success(request, _("“%(name)s” is deleted.") % {"name": cadence.name})
        return redirect("cadences")
    used = Schedule.objects.filter(cadence=cadence, enabled=True).count()
    context = {"cadence": cadence, "used": used, "steps": len(cadence.steps)}
    return render(request, "cadences/delete.html", context)
