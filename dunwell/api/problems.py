"""Every answer that is no success: application/problem+json (RFC 9457), never a page or trace."""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from ninja.errors import HttpError, ValidationError

from dunwell.core.errors import CoreError
from dunwell.core.ids import uuid7
from dunwell.tenancy.errors import (
    Conflict,
    DunwellError,
    FieldProblem,
    InvalidInput,
    NotFound,
    NotSignedIn,
)

CONTENT_TYPE: Final = "application/problem+json"
_log = logging.getLogger(__name__)


class BodyTooLarge(DunwellError):
    """The body is larger than this address takes."""

    status = 413
    title = "Body too large"


class WrongMediaType(DunwellError):
    """The body is not in the form this address reads."""

    status = 415
    title = "Unsupported media type"


class MethodNotAllowed(DunwellError):
    """The address is known, but not with this method."""

    status = 405
    title = "Method not allowed"


class InProgress(Conflict):
    """The first request with this Idempotency-Key has not been answered yet."""

    title = "Request in progress"
    retry_after = 1


def answer(request: HttpRequest, error: Exception) -> HttpResponse:
    """Turn any error into its problem document; what is unforeseen is logged under an id."""
    known = _known(error)
    if known is None:
        return _unforeseen(request, error)
    response = problem(
        status=known.status,
        kind=_kind(known),
        title=known.title,
        detail=known.detail,
        errors=known.problems,
    )
    if known.status == NotSignedIn.status:
        response.headers["WWW-Authenticate"] = "Bearer"
    if (seconds := getattr(known, "retry_after", None)) is not None:
        response.headers["Retry-After"] = str(seconds)
    return response


def problem(
    *,
    status: int,
    kind: str,
    title: str,
    detail: str,
    errors: Sequence[FieldProblem] = (),
    more: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Build a problem document; `kind` becomes its type, `urn:dunwell:problem:<kind>`."""
    body = {
        "type": f"urn:dunwell:problem:{kind}",
        "title": title,
        "status": status,
        "detail": detail,
        "errors": [{"field": each.field, "message": each.message} for each in errors],
        **(more or {}),
    }
    return HttpResponse(json.dumps(body), status=status, content_type=CONTENT_TYPE)


def _known(error: Exception) -> DunwellError | None:
    """Translate what other libraries raise into our own tree; None if it is unforeseen."""
    match error:
        case DunwellError():
            return error
        case CoreError():
            return InvalidInput(_(error.sentence) % error.values)
        case ValidationError():
            return _invalid(error)
        case Http404():
            return NotFound()
        case RequestDataTooBig():
            return BodyTooLarge()
        case PermissionDenied() | SuspiciousOperation() | MultiPartParserError():
            return InvalidInput(_("The request cannot be read."))
        case HttpError():
            return _of_ninja(error)
    return None


def _of_ninja(error: HttpError) -> DunwellError | None:
    if isinstance(error.__cause__, DunwellError):
        return error.__cause__
    if error.status_code == 400:
        return InvalidInput(_("The body is not valid JSON."))
    if error.status_code == 401:
        return NotSignedIn()
    return None


def _invalid(error: ValidationError) -> InvalidInput:
    problems = [FieldProblem(_field(each["loc"]), _sentence(each)) for each in error.errors]
    return InvalidInput(_("Some fields are not valid."), problems=problems)


def _field(location: Sequence[str | int]) -> str:
    """Give the path as the caller wrote it: `contacts.0.email`, without where ninja found it."""
    source, *path = location
    if source == "body":
        path = path[1:]  # the name of the view's own argument
    names = [str(part) for part in path if not str(part).startswith(("function-", "tagged-union"))]
    return ".".join(names)


def _sentence(each: Mapping[str, Any]) -> str:
    if each["type"] == "missing":
        return _("This field is required.")
    if each["type"] == "extra_forbidden":
        return _("There is no such field.")
    return str(each["msg"]).removeprefix("Value error, ")


def _kind(error: DunwellError) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(error).__name__).lower()


def _unforeseen(request: HttpRequest, error: Exception) -> HttpResponse:
    incident = str(uuid7())
    _log.error(
        "unforeseen error %s on %s %s", incident, request.method, request.path, exc_info=error
    )
    return problem(
        status=500,
        kind="internal-error",
        title="Internal error",
        detail=_("Something went wrong here. The log knows it as %(id)s.") % {"id": incident},
        more={"id": incident},
    )
