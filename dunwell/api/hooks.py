"""The door for providers: what became of our messages, and what people answered.

The address is a secret of its own (`/hooks/<secret>`), and the provider signs what it sends.
"""

from datetime import datetime
from io import BytesIO
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.http.multipartparser import MultiPartParser
from django.views.decorators.csrf import csrf_exempt

from dunwell.flows.provider_calls import take_call
from dunwell.ports.webhooks import HookRefused, HookRequest, hook_reader
from dunwell.tenancy import clock, doors
from dunwell.tenancy.errors import DunwellError
from dunwell.tenancy.models import ChannelAccount, Organization
from dunwell.tenancy.operations.channels import channel_settings
from dunwell.tenancy.scope import organization_scope

log = structlog.get_logger("dunwell.hooks")

MOST_BYTES: Final = 40 * 1024 * 1024
_FORM: Final = "application/x-www-form-urlencoded"


@csrf_exempt
def receive(request: HttpRequest, secret: str) -> HttpResponse:
    """Take one call in: 200 once it is taken, 401 for a wrong signature, 404 for nowhere."""
    found = doors.by_channel_hook(secret=secret)
    if found is None:
        return _answer(404, "There is no such address.")
    if request.method in ("GET", "HEAD"):  # how some providers try an address out
        return _answer(200, "Ready.")
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        return _answer(413, "The body is too large.")
    try:
        return _take(_parts(request, body, clock.wall()), *found)
    except HookRefused as refused:
        log.warning("a provider's call was refused", why=refused.sentence)
        return _answer(refused.status, refused.sentence)
    except DunwellError as error:
        return _answer(error.status, str(error.title))


def _take(parts: HookRequest, organization_id: UUID, account_id: UUID) -> HttpResponse:
    with organization_scope(organization_id):
        organization = Organization.objects.get(pk=organization_id)
        account = ChannelAccount.objects.get(pk=account_id)
        chosen = channel_settings(channel=account.channel)
        if chosen is None:
            return _answer(404, "There is no such address.")
        now = clock.now(organization)
        taken = take_call(organization=organization, settings=chosen, request=parts, now=now)
    reader = hook_reader(channel=chosen.channel, name=chosen.provider)
    kind, text = getattr(reader, "answer", ("", ""))  # what some providers insist on
    return HttpResponse(text, content_type=kind) if kind else JsonResponse({"taken": taken})


def _parts(request: HttpRequest, body: bytes, wall: datetime) -> HookRequest:
    """Copy a request to the byte, beside what is in the form it may be."""
    path = request.get_full_path()
    form: QueryDict = QueryDict(mutable=True)
    files: Any = {}
    if request.content_type == _FORM:
        form = QueryDict(body, encoding="utf-8")
    elif request.content_type == "multipart/form-data":
        parser = MultiPartParser(request.META, BytesIO(body), request.upload_handlers)
        form, files = parser.parse()
    return HookRequest(
        method=request.method or "",
        url=f"{settings.URL}{path}" if settings.URL else request.build_absolute_uri(path),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        at=wall,
        query=dict(request.GET.lists()),
        form=dict(form.lists()),
        files={
            name: (file.name or "", file.content_type or "", file.read())
            for name, file in files.items()
        },
    )


def _answer(status: int, sentence: str) -> HttpResponse:
    return JsonResponse({"detail": sentence}, status=status)
