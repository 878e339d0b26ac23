"""What a service's answer means: taken, refused, not now, or nobody knows.

Postmark: https://postmarkapp.com/developer/api/overview#error-codes · Mailgun: HTTP status and a
sentence · the others as anymail reads them.
"""

import json
import re
from typing import Any, Final

import requests
from anymail.exceptions import AnymailError
from django.utils.translation import gettext as _

from dunwell.ports.errors import HandOverError, NotConfigured, Refused, TemporarilyRefused, Unsure
from dunwell.providers.calls import Answer

_BAD: Final = frozenset({"invalid", "rejected", "failed"})
# Postmark's codes that say that our account, sender or server is not set up for sending.
_SETUP_CODES: Final = frozenset({10, 400, 401, 405, 412, 413, 701})
_BAD_SENDER: Final = re.compile(
    r"'?\bfrom\b'?.{0,40}(not a valid|invalid|not verified|does not match)"
    r"|sender (signature|identity|domain)|domain not found|not allowed to send|not activated",
    re.IGNORECASE,
)
_BAD_RECIPIENT: Final = re.compile(
    r"'?\bto\b'? (parameter|address|field)?.{0,40}(not a valid|invalid)"
    r"|inactive recipient|invalid (`to`|'to'|recipient)|marked as\s+inactive",
    re.IGNORECASE,
)


def error_of(
    answer: Answer, backend: Any, payload: Any, digest: str, size: int
) -> HandOverError | None:
    """Return what an answer says went wrong; None where the mail was taken."""
    code, text = _words(answer)
    if answer.status in (429, 503):
        return TemporarilyRefused(code=code, text=text, retry_after=answer.retry_after)
    if answer.status >= 500:
        return Unsure(known=f"{answer.status} {text}", sha256=digest, size=size)
    if answer.status in (401, 403, 404) or (answer.status == 422 and code in _SETUP_CODES):
        return NotConfigured(what=f"{code} {text}")
    if answer.status >= 300:
        return _refusal(code, text)
    statuses = _statuses(answer, backend, payload)
    if statuses is None:
        return Unsure(known=_("an answer nobody can read: %(text)s") % {"text": text}, size=size)
    first = next(iter(statuses.values()), None)
    if first is not None and first.status in _BAD:
        return Refused(code=code, text=text, recipient_bad=first.status in ("invalid", "rejected"))
    return None


def _refusal(code: int, text: str) -> HandOverError:
    if _BAD_SENDER.search(text):
        return NotConfigured(what=f"{code} {text}")
    bad = code == 406 or _BAD_RECIPIENT.search(text) is not None
    return Refused(code=code, text=text, recipient_bad=bad)


def reference_of(answer: Answer, backend: Any, payload: Any) -> str:
    """Return the name under which the service will report about the mail."""
    statuses = _statuses(answer, backend, payload) or {}
    found = (str(status.message_id or "") for status in statuses.values())
    return next((each for each in found if each), "")[:120]


def _statuses(answer: Answer, backend: Any, payload: Any) -> dict[str, Any] | None:
    """Let anymail read the answer for each recipient; None where it cannot."""
    response = requests.Response()
    response.status_code = answer.status
    response._content = answer.body  # noqa: SLF001  # requests has no other way to make one
    response.headers.update(answer.headers)
    try:
        backend.raise_for_status(response, payload, None)
        return dict(backend.parse_recipient_status(response, payload, None))
    except (AnymailError, LookupError, TypeError, ValueError):
        return None


def _words(answer: Answer) -> tuple[int, str]:
    """Return a service's own number and sentence, or the status and what there is."""
    try:
        told = json.loads(answer.body)
    except ValueError:
        return answer.status, answer.body[:500].decode("utf-8", "replace") or "no words"
    code, text = answer.status, ""
    if isinstance(told, dict):
        number = told.get("ErrorCode", told.get("code"))
        code = number if isinstance(number, int) and number else answer.status
        errors = told.get("errors")
        first = errors[0] if isinstance(errors, list) and errors else None
        text = next(
            (
                str(each[name])
                for each in (told, first)
                if isinstance(each, dict)
                for name in ("Message", "message", "ErrorMessage", "error")
                if each.get(name)
            ),
            "",
        )
    return code, (text or answer.body.decode("utf-8", "replace"))[:500]
