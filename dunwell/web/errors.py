"""Errors as pages: what a person may read, with the status it has, and never a stack trace."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from dunwell.core.errors import CoreError
from dunwell.tenancy.errors import DunwellError, NotAllowed, NotFound

_NOTICE: Final = "#notices"


class ErrorPages:
    """Middleware that turns errors a person may read into pages, or notices for htmx."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on; errors come by `process_exception`."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer errors of ours; leave all others to Django's own handling."""
        if isinstance(error, DunwellError):
            return error_page(request, status=error.status, detail=error.detail)
        if isinstance(error, CoreError):
            detail = _(error.sentence) % error.values
            return error_page(request, status=error.status, detail=detail)
        return None


def error_page(request: HttpRequest, *, status: int, detail: str = "") -> HttpResponse:
    """Draw the page of an error; an htmx request gets a notice in its place."""
    title, advice = _words(status)
    context = {"status": status, "title": title, "advice": advice, "detail": detail}
    if getattr(request, "htmx", False):
        response = render(request, "partials/error_notice.html", context, status=status)
        response["HX-Retarget"] = _NOTICE
        response["HX-Reswap"] = "innerHTML show:window:top"
        return response
    return render(request, "error.html", context, status=status)


def _words(status: int) -> tuple[str, str]:
    known = {
        403: (_("This is not yours to do"), _("Ask an owner or admin of your organization.")),
        404: (
            _("Nothing here"),
            _("It may have been deleted, or it belongs to another organization."),
        ),
        409: (_("This does not fit any more"), _("Load the page again to see how it stands now.")),
        422: (_("This could not be read"), _("Go back, and change what the sentence above names.")),
        429: (_("A little slower, please"), _("Try again in a moment.")),
    }
    broken = (
        _("Something broke on our side"),
        _("Nothing was half-saved. Try again; if it stays, the server's log says more."),
    )
    return known.get(status, broken)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Answer what Django itself refuses, such as an oversized form."""
    return error_page(request, status=422)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Answer a refused request."""
    return error_page(request, status=NotAllowed.status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Answer an unknown address."""
    return error_page(request, status=NotFound.status)


def broken(request: HttpRequest) -> HttpResponse:
    """Answer a failure without asking the database for anything."""
    return render(
        request, "broken.html", {"title": _words(500)[0], "advice": _words(500)[1]}, status=500
    )


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """Answer a form whose secret is missing or old."""
    detail = _("This form was open for too long. Load the page again and repeat what you did.")
    return error_page(request, status=NotAllowed.status, detail=detail)
