"""The print tray: letters to download, print, post, and mark as posted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from dunwell.chasing.operations import tray
from dunwell.core.calendar import local_date
from dunwell.core.money import Money
from dunwell.ports.documents import DocumentError
from dunwell.tenancy.errors import Conflict
from dunwell.tenancy.roles import Permission
from dunwell.web.doors import member_page
from dunwell.web.requests import Here, here

_PARTS: Final = {
    "line1": gettext_lazy("street"),
    "city": gettext_lazy("town"),
    "postal_code": gettext_lazy("postal code"),
    "region": gettext_lazy("region"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One letter of the tray as the page shows it."""

    id: UUID
    invoice_id: UUID
    number: str
    lines: Sequence[str]
    balance: Money
    since: datetime
    missing: str
    changed: bool
    printed_at: datetime | None


@member_page
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """List the letters that wait, and those printed that must not be posted any more."""
    at = here(request)
    context = {
        "letters": [_row(each) for each in tray.tray(organization=at.organization, now=at.now)],
        "withdrawn": tray.withdrawn_after_printing(),
        "most": tray.MOST,
        "may": at.actor.may(Permission.CHASING_WRITE),
    }
    return render(request, "chasing/letters.html", context)


def _row(each: tray.Waiting) -> Row:
    subject = each.subject
    return Row(
        each.job.id,
        subject.id,
        subject.number,
        each.lines,
        Money(subject.balance_minor, subject.currency),
        each.since,
        ", ".join(str(_PARTS[name]) for name in each.missing),
        each.changed,
        each.drawn.printed_at if each.drawn is not None else None,
    )


@member_page
@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Download, mark as printed or mark as posted what was chosen."""
    at = here(request)
    ids = [UUID(each) for each in request.POST.getlist("letter")[: tray.MOST] if _is_id(each)]
    wanted = request.POST.get("act", "")
    if wanted == "noted":
        tray.take_note(actor=at.actor, now=at.now)
    elif not ids:
        messages.warning(request, _("Choose at least one letter first."))
    elif wanted == "download":
        return _download(request, ids, at)
    elif wanted == "printed":
        count = tray.mark_printed(organization=at.organization, ids=ids, now=at.now, actor=at.actor)
        words = ngettext("%(n)d letter is printed.", "%(n)d letters are printed.", count)
        messages.success(request, words % {"n": count})
    elif wanted == "posted":
        _posted(request, ids, at)
    return redirect("chasing_letters")


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _download(request: HttpRequest, ids: Sequence[UUID], at: Here) -> HttpResponse:
    try:
        made = tray.print_file(organization=at.organization, ids=ids, now=at.now, actor=at.actor)
    except Conflict as error:
        messages.error(request, error.detail)
        return redirect("chasing_letters")
    except DocumentError as error:
        messages.error(request, _("A letter cannot be drawn: %(why)s") % {"why": error})
        return redirect("chasing_letters")
    day = local_date(at.now, at.organization.zone)
    return HttpResponse(
        made,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="letters-{day}.pdf"'},
    )


def _posted(request: HttpRequest, ids: Sequence[UUID], at: Here) -> None:
    done = tray.mark_posted(organization=at.organization, ids=ids, now=at.now, actor=at.actor)
    if done.count:
        words = ngettext("%(n)d letter is posted.", "%(n)d letters are posted.", done.count)
        messages.success(request, words % {"n": done.count})
    for number, why in done.refused:
        messages.error(request, _("%(number)s: %(why)s") % {"number": number, "why": why})
