"""Pages that do something: who may, how a refusal is told, and how one goes on from a dialog."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect

from dunwell.core.errors import CoreError
from dunwell.ledger.checks import sentence
from dunwell.tenancy.errors import Conflict, DunwellError, InvalidInput
from dunwell.tenancy.roles import Permission
from dunwell.web.doors import member_page
from dunwell.web.requests import here

type View[**P] = Callable[Concatenate[HttpRequest, P], HttpResponse]


def acting[**P](permission: Permission) -> Callable[[View[P]], View[P]]:
    """Let in only members who may do what the page is for."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def allowed(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            here(request).actor.require(permission)
            return view(request, *args, **kwargs)

        return member_page(cast("View[P]", allowed))

    return decorate


def refusals(error: DunwellError | CoreError) -> list[tuple[str, str]]:
    """List what a refusal says, with the field each sentence is about (empty for none)."""
    if isinstance(error, CoreError):
        return [("", sentence(error))]
    return [(each.field, each.message) for each in error.problems] or [("", error.detail)]


def attempt_or_tell(request: HttpRequest, act: Callable[[], Any], *, done: str) -> bool:
    """Do what a bare button asks for and say how it ended in a notice."""
    try:
        act()
    except (InvalidInput, Conflict, CoreError) as error:
        for _field, message in refusals(error):
            messages.error(request, message)
        return False
    messages.success(request, done)
    return True


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what was posted, also an empty form; None where the page is only asked for."""
    return request.POST if request.method == "POST" else None


def in_dialog(request: HttpRequest) -> bool:
    """Say whether htmx asks, to show the answer inside a dialog or a part of the page."""
    return bool(getattr(request, "htmx", False))


def leave(request: HttpRequest, address: str) -> HttpResponse:
    """Go on to another page, also from within a dialog that htmx filled."""
    if not in_dialog(request):
        return redirect(address)
    response = HttpResponse()
    response.headers["HX-Redirect"] = address
    return response
