"""Failed sends: chosen, looked at once more with whom they go to, and tried again together."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from dunwell.chasing.models import PlannedSend
from dunwell.chasing.operations.by_hand import retry_many
from dunwell.overview.monitoring import sends
from dunwell.overview.monitoring.sends import SendFilter
from dunwell.tenancy.roles import Permission
from dunwell.web.doors import member_page
from dunwell.web.pages.acting import acting
from dunwell.web.pages.monitoring import filters, lines
from dunwell.web.requests import Here, here

PAGE: Final = 50
MOST: Final = 500


@member_page
def listed(request: HttpRequest) -> HttpResponse:
    """List what failed, or may have arrived, and was not tried again."""
    at = here(request)
    chosen = filters.read(request.GET)
    found = sends.failed(chosen=chosen.filter, organization=at.organization)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    rows = list(page.object_list)
    context = {
        "chosen": chosen,
        "page": page,
        "troubles": lines.lines(rows, at=at),
        "troubled": lines.addressees([send.pk for send in rows]),
        "may": at.actor.may(Permission.CHASING_WRITE),
    }
    return render(request, "chasing/failed.html", context)


@require_POST
@acting(Permission.CHASING_WRITE)
def retry(request: HttpRequest) -> HttpResponse:
    """Show whom a retry of the chosen sends goes to, and after the confirmation plan it.

    Uncertain ones are asked about one by one: whoever is written to again may get it twice.
    """
    at = here(request)
    found = _chosen(request.POST.getlist("send"), at)
    if not found:
        messages.warning(request, _("Choose at least one failed message that can be tried again."))
        return redirect("chasing_failed")
    if request.POST.get("act") == "confirm":
        sure = set(request.POST.getlist("sure"))
        going = [s.pk for s in found if s.reason != "uncertain" or str(s.pk) in sure]
        return _confirmed(request, going, at)
    context = {
        "troubles": lines.lines([s for s in found if s.reason != "uncertain"], at=at),
        "unsure": lines.lines([s for s in found if s.reason == "uncertain"], at=at),
        "troubled": lines.addressees([send.pk for send in found]),
    }
    return render(request, "chasing/retry.html", context)


def _chosen(given: Sequence[str], at: Here) -> list[PlannedSend]:
    ids = [each for each in map(_uuid, given[:MOST]) if each is not None]
    found = sends.failed(chosen=SendFilter(), organization=at.organization)
    return list(found.filter(pk__in=ids, invoice__isnull=False))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _confirmed(request: HttpRequest, ids: Sequence[UUID], at: Here) -> HttpResponse:
    """Plan the attempts; what was refused is told with its reason."""
    done = retry_many(
        organization=at.organization, planned_send_ids=ids, actor=at.actor, now=at.now
    )
    if done.planned:
        told = ngettext(
            "%(n)d message is tried again.", "%(n)d messages are tried again.", done.planned
        ) % {"n": done.planned}
        if at.organization.sandbox:
            told = f"{told} {_('In a sandbox they go out when the clock is advanced.')}"
        messages.success(request, told)
    for _send, sentence in done.refused:
        messages.error(request, sentence)
    if not ids:
        messages.warning(request, _("Nothing was confirmed, so nothing is tried again."))
    return redirect("chasing_failed")
