"""The door of the API: who calls, for which organization, how often and with what body.

Everything behind it runs in the organization's scope and finds `here` on its request.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from dunwell.api import idempotency, limits, problems
from dunwell.tenancy import clock, doors
from dunwell.tenancy.errors import InvalidInput, NotFound, NotSignedIn
from dunwell.tenancy.models import Organization
from dunwell.tenancy.operations import touch_token
from dunwell.tenancy.roles import Actor, Permission
from dunwell.tenancy.scope import organization_scope, system_scope

View = Callable[..., HttpResponseBase]
_TOUCH_SECONDS: Final = 60.0
_ROOM_FOR_FIELDS: Final = 1024 * 1024
_touched: dict[UUID, float] = {}


@dataclass(frozen=True, slots=True)
class Here:
    """The organization a request works in, who acts, and the organization's instant and day."""

    organization: Organization
    actor: Actor
    now: datetime
    today: date
    token_id: UUID


def here(request: HttpRequest, permission: Permission = Permission.READ) -> Here:
    """Return where the request works. Raises NotAllowed without the permission."""
    found: Here = request.here  # type: ignore[attr-defined]  # set by `guarded`
    found.actor.require(permission)
    return found


def guarded(view: View) -> View:
    """Let only callers with a token in, and turn every error into a problem document."""

    @csrf_exempt
    def handle(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        try:
            return _enter(request, lambda: view(request, *args, **kwargs))
        except Exception as error:  # noqa: BLE001  # the last one who can answer in JSON
            return problems.answer(request, error)

    return handle


def unknown(request: HttpRequest, *_args: object, **_kwargs: object) -> HttpResponse:
    """Answer for an address that is not there."""
    return problems.answer(request, NotFound(_("There is no such address.")))


def _enter(request: HttpRequest, work: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    entrance = _entrance(request)
    limits.buckets.take(token_id=entrance.token_id)
    _check_body(request)
    reason = "a token outranks the browser session that may come with it"
    with system_scope(reason), organization_scope(entrance.organization_id):
        organization = Organization.objects.get(pk=entrance.organization_id)
        now = clock.now(organization)
        request.here = Here(  # type: ignore[attr-defined]  # Django requests carry such notes
            organization=organization,
            actor=entrance.actor,
            now=now,
            today=now.astimezone(organization.zone).date(),
            token_id=entrance.token_id,
        )
        _touch(entrance.token_id)
        return idempotency.once(
            request, token_id=entrance.token_id, work=lambda: _answered(request, work())
        )


@dataclass(frozen=True, slots=True)
class _Entrance:
    organization_id: UUID
    actor: Actor
    token_id: UUID


def _entrance(request: HttpRequest) -> _Entrance:
    scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise NotSignedIn(_("Send a token: “Authorization: Bearer <token>”."))
    found = doors.by_token(secret=secret.strip())
    if found is None or found.token_id is None:
        raise NotSignedIn(_("This token is unknown or revoked."))
    return _Entrance(found.organization_id, found.actor, found.token_id)


def _touch(token_id: UUID) -> None:
    """Note the token's use, asking the database once a minute only."""
    now = time.monotonic()
    if now - _touched.get(token_id, -_TOUCH_SECONDS) >= _TOUCH_SECONDS:
        _touched[token_id] = now
        touch_token(token_id=token_id, wall=clock.wall())


def _check_body(request: HttpRequest) -> None:
    if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
        raise InvalidInput(_("The address contains characters that cannot be stored."))
    kind = request.content_type or ""
    multipart = kind == "multipart/form-data"
    length = int(request.headers.get("Content-Length") or 0)
    most: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
    if multipart:
        most = settings.IMPORT_MAX_BYTES + _ROOM_FOR_FIELDS
    if length > most or (not multipart and len(request.body) > most):
        sentence = _("The body may have at most %(n)d MB.")
        raise problems.BodyTooLarge(sentence % {"n": most // (1024 * 1024)})
    if not multipart and kind not in ("", "application/json") and request.body:
        raise problems.WrongMediaType(_("Send the body as application/json."))


def _answered(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Give ninja's bare answer to a wrong method its problem document."""
    if response.status_code != problems.MethodNotAllowed.status:
        return response
    allowed = response.headers.get("Allow", "")
    sentence = _("This address takes %(methods)s.") % {"methods": allowed}
    answer = problems.answer(request, problems.MethodNotAllowed(sentence))
    answer.headers["Allow"] = allowed
    return answer
