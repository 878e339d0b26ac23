"""Pages of the importer."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dunwell.chasing.queries import cadences
from dunwell.flows import imports as flows
from dunwell.ledger.models import Import
from dunwell.tenancy.errors import Conflict, InvalidInput
from dunwell.tenancy.roles import Permission
from dunwell.web.doors import attempt
from dunwell.web.pages.acting import acting, refusals
from dunwell.web.pages.imports import words
from dunwell.web.pages.imports.forms import ColumnsForm, UploadForm
from dunwell.web.requests import here

_LISTED = 50
_SHOWN = 100


@acting(Permission.IMPORT)
@require_http_methods(["GET", "POST"])
def imports(request: HttpRequest) -> HttpResponse:
    """Take a file in, and list what was imported before."""
    at = here(request)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        received = attempt(
            form,
            lambda: flows.receive(
                organization=at.organization,
                actor=at.actor,
                now=at.now,
                filename=file.name,
                file=file,
                kind=form.cleaned_data["kind"],
                options={"currency": at.organization.currency},
            ),
        )
        if received is not None:
            return redirect("import_columns", received.pk)
    context = {"form": form, "imports": [_listed(each) for each in flows.latest()[:_LISTED]]}
    return render(request, "imports/list.html", context, status=422 if form.errors else 200)


def _listed(import_: Import) -> dict[str, Any]:
    names = ("pk", "filename", "rows", "created", "updated", "created_at", "created_by")
    return {
        **{name: getattr(import_, name) for name in names},
        "kind_label": dict(words.KINDS)[import_.kind],
        "state_label": words.state(import_),
    }


@acting(Permission.IMPORT)
@require_http_methods(["GET", "POST"])
def columns(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """Show the guessed columns to be confirmed or changed, then preview."""
    at = here(request)
    import_ = flows.find(import_id=import_id)
    form = ColumnsForm(
        import_,
        request.POST or None,
        cadences={str(cadence.pk): cadence.name for cadence in cadences()},
    )
    if request.method == "POST" and form.is_valid():
        try:
            flows.remap(import_id=import_id, mapping=form.mapping(), options=form.options())
            flows.run(
                organization=at.organization,
                actor=at.actor,
                now=at.now,
                import_id=import_id,
                dry_run=True,
            )
        except (InvalidInput, Conflict) as error:
            for field, message in refusals(error):
                column = f"column_{field.rpartition('.')[2]}"
                form.add_error(column if column in form.fields else None, message)
        else:
            return redirect("import", import_id)
    context = {"form": form, "import": import_, "told": flows.describe(import_=import_)}
    return render(request, "imports/columns.html", context, status=422 if form.errors else 200)


@acting(Permission.IMPORT)
@require_GET
def detail(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """Show a preview, the progress or the result; htmx asks again while it is at work."""
    import_ = flows.find(import_id=import_id)
    if import_.state == "queued" and not import_.counts:
        return redirect("import_columns", import_id)  # nobody has looked at its columns yet
    template = "imports/status.html" if getattr(request, "htmx", False) else "imports/detail.html"
    return render(request, template, _context(import_))


def _context(import_: Import) -> dict[str, Any]:
    told = flows.describe(import_=import_)
    refused = (told["undone"] or {}).get("refused", [])
    return {
        "import": import_,
        "told": told,
        "at_work": import_.state in ("queued", "running"),
        "preview": import_.state == "done" and import_.dry_run,
        "facts": _facts(told),
        "problems": [
            {**problem, "field": words.field(problem["field"])}
            for problem in told["invalid"][:_SHOWN]
        ],
        "refused": [{**row, "reason": words.REASONS[row["reason"]]} for row in refused[:_SHOWN]],
    }


def _facts(told: dict[str, Any]) -> list[tuple[str, int]]:
    """Give the counts worth telling, in the order a person asks for them."""
    counts = told["counts"]
    always = [
        (_("Rows in the file"), told["rows"]),
        (_("Valid rows"), told["valid"]),
        (_("Rows with errors"), told["invalid_rows"]),
        (_("New"), told["created"]),
        (_("Changed"), told["updated"]),
        (_("As they were"), told["unchanged"]),
    ]
    sometimes = [
        (_("New customers"), counts.get("customers_created", 0)),
        (_("Marked as already sent"), counts.get("marked_sent", 0)),
        (_("Left out, for they are not open"), counts.get("skipped", 0)),
    ]
    return [*always, *(fact for fact in sometimes if fact[1])]


@acting(Permission.IMPORT)
@require_POST
def run(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """Import what was previewed."""
    at = here(request)
    try:
        flows.choose(import_id=import_id, valid_only=bool(request.POST.get("valid_only")))
        flows.run(organization=at.organization, actor=at.actor, now=at.now, import_id=import_id)
    except (InvalidInput, Conflict) as error:
        for _field, message in refusals(error):
            messages.error(request, message)
    return redirect("import", import_id)


@acting(Permission.IMPORT)
@require_POST
def undo(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """Take an import back; what stays is named on its page."""
    at = here(request)
    try:
        report = flows.undo(
            organization=at.organization, actor=at.actor, now=at.now, import_id=import_id
        )
    except Conflict as error:
        messages.error(request, error.detail)
    else:
        undone = report["undone"]
        told = ngettext("%(n)d entry was taken back.", "%(n)d entries were taken back.", undone)
        messages.success(request, told % {"n": undone})
    return redirect("import", import_id)


@acting(Permission.IMPORT)
@require_GET
def errors(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """Give the list of all errors as a file."""
    del request
    path = flows.error_list(import_id=import_id)
    if path is None:
        raise Http404
    answer = FileResponse(path.open("rb"), as_attachment=True, filename="errors.csv")
    return cast("HttpResponse", answer)  # a stream, which every door passes on as it is
