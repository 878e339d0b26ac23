"""The first answer to a POST is given again for the same Idempotency-Key (Rule: api).

The key's row is inserted before the work begins, so of two requests at once only one works. The
wall clock rules how long an answer is kept. If a process dies in the middle, nobody can know
whether the work was done: the key then stays taken, and is never done twice by itself.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from dunwell.api.problems import InProgress
from dunwell.core.ids import uuid7, uuid7_at
from dunwell.tenancy import clock, scope
from dunwell.tenancy.errors import Conflict, InvalidInput
from dunwell.tenancy.models import IdempotencyKey
from dunwell.tenancy.scope import system_scope

HEADER: Final = "Idempotency-Key"
KEPT: Final = timedelta(hours=24)
_LONGEST_KEY: Final = 255
_NOT_KEPT: Final = frozenset({401, 429})
_FORGOTTEN_AT_ONCE: Final = 20


class KeyReused(Conflict):
    """The key was already used with another request."""


def once(
    request: HttpRequest, *, token_id: UUID, work: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """Do the work of a POST, or give the answer it got before under the same key.

    Raises KeyReused for another request under the key, InProgress while the first one works, and
    InvalidInput for a key that is empty or too long.
    """
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST":
        return work()
    if not 1 <= len(key) <= _LONGEST_KEY or not key.isprintable():
        raise InvalidInput.at(HEADER, _("1 to %(n)d printable characters.") % {"n": _LONGEST_KEY})
    digest = _digest(request)
    _forget_old()
    row = _claim(token_id=token_id, key=key, digest=digest)
    if row is None:
        return _known(token_id=token_id, key=key, digest=digest)
    return _remembered(row, work)


def _claim(*, token_id: UUID, key: str, digest: str) -> UUID | None:
    """Take the key; None if somebody has it."""
    row = IdempotencyKey(
        id=uuid7(),
        organization_id=scope.organization_id(),
        token_id=token_id,
        key=key,
        request_hash=digest,
        created_at=clock.wall(),
    )
    IdempotencyKey.objects.filter(
        token_id=token_id, key=key, created_at__lte=clock.wall() - KEPT
    ).delete()
    IdempotencyKey.objects.bulk_create([row], ignore_conflicts=True)
    return row.pk if IdempotencyKey.objects.filter(pk=row.pk).exists() else None


def _known(*, token_id: UUID, key: str, digest: str) -> HttpResponse:
    row = IdempotencyKey.objects.filter(token_id=token_id, key=key).first()
    if row is not None and row.request_hash != digest:
        raise KeyReused(_("This Idempotency-Key was used with another request."))
    if row is None or row.status is None:
        raise InProgress(_("The first request with this Idempotency-Key has not ended."))
    response = HttpResponse(bytes(row.body), status=row.status, content_type=row.content_type)
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _remembered(row_id: UUID, work: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Work and keep the answer; what failed unforeseen may be tried again under the same key."""
    row = IdempotencyKey.objects.filter(pk=row_id)
    try:
        response = work()
    except BaseException:
        row.delete()
        raise
    if not isinstance(response, HttpResponse) or not _is_kept(response.status_code):
        row.delete()
        return response
    row.update(
        status=response.status_code,
        body=response.content,
        content_type=response.headers.get("Content-Type", ""),
    )
    return response


def _is_kept(status: int) -> bool:
    return 200 <= status < 500 and status not in _NOT_KEPT


def _digest(request: HttpRequest) -> str:
    """Return what tells whether two requests are the same: address and content."""
    digest = hashlib.sha256(request.get_full_path().encode())
    if request.content_type != "multipart/form-data":
        digest.update(b"\x00" + request.body)
        return digest.hexdigest()
    # Not the raw body: its boundary differs each time, and it may be too large for memory.
    for name, values in sorted(request.POST.lists()):
        digest.update(f"\x00{name}\x00{values}".encode())
    for name in sorted(request.FILES):
        file: UploadedFile[bytes] = request.FILES[name]  # type: ignore[assignment]  # one of its values
        digest.update(f"\x00{name}\x00{file.name}\x00".encode())
        for chunk in file.chunks():
            digest.update(chunk)
        file.seek(0)
    return digest.hexdigest()


def _forget_old() -> None:
    """Delete a few answers that were kept long enough: ids sort by the time they were made."""
    with system_scope("forget answers of all organizations after a day"):
        old = (
            IdempotencyKey.objects.filter(id__lt=uuid7_at(clock.wall() - KEPT))
            .order_by("id")
            .values_list("id", flat=True)[:_FORGOTTEN_AT_ONCE]
        )
        if ids := list(old):
            IdempotencyKey.objects.filter(id__in=ids).delete()
