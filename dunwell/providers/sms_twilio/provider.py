"""Hands text messages to Twilio's Messages API.

Contract: api.twilio.com/2010-04-01, POST /Accounts/{sid}/Messages.json; errors as in
https://www.twilio.com/docs/api/errors.
"""

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final, Self
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from dunwell.ports.errors import NotConfigured, Refused, TemporarilyRefused, Unsure
from dunwell.ports.messages import Channel, Outgoing, Receipt
from dunwell.providers.calls import Answer, Caller
from dunwell.providers.sms_twilio.settings import TwilioSettings, is_number

OPTED_OUT: Final = 21610
# No such number, not a mobile one, or none that can be reached from here.
_BAD_NUMBERS: Final = frozenset({21211, 21214, 21217, 21219, 21612, 21614, OPTED_OUT})
# The sender is not ours, cannot send texts, or the service has none.
_BAD_SENDERS: Final = frozenset({21212, 21603, 21606, 21611, 21659, 21660, 21701, 21703, 21705})
_LONGEST: Final = 1600


class TwilioProvider:
    """Sends text messages; one instance is used by one thread at a time."""

    name = "sms_twilio"
    channel: Channel = "sms"

    def __init__(self, settings: TwilioSettings) -> None:
        self._settings = settings
        self._caller = Caller(
            base=settings.api,
            auth=(settings.account_sid, settings.auth_token),
            deadline=settings.deadline,
        )

    @classmethod
    def open(cls, settings: Mapping[str, object]) -> Self:
        """Open from stored settings. Raises NotConfigured."""
        return cls(TwilioSettings.from_mapping(settings))

    def hand_over(self, message: Outgoing, *, go: Callable[[], bool]) -> Receipt:
        """Hand one text message over. Raises the tree of `ports.errors`."""
        to = message.envelope.to.email
        if not is_number(to):
            text = _("“%(to)s” is not a phone number with its country code.") % {"to": to}
            raise Refused(code=0, text=text, recipient_bad=True)
        body = self._body(to, message.content().text.strip())
        answer = self._caller.post(
            f"/2010-04-01/Accounts/{self._settings.account_sid}/Messages.json",
            body=body,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            go=go,
        )
        digest = sha256(body).hexdigest()
        if answer.status == 201:
            return self._receipt(answer, digest, len(body))
        raise _error(answer, digest, len(body))

    def _body(self, to: str, text: str) -> bytes:
        if len(text) > _LONGEST:
            raise Refused(code=21617, text=_("The text is longer than 1,600 characters."))
        fields = {"To": to, "Body": text, **dict((self._settings.from_field,))}
        if self._settings.callback:
            fields["StatusCallback"] = self._settings.callback
        return urlencode(fields).encode("ascii")

    def _receipt(self, answer: Answer, digest: str, size: int) -> Receipt:
        told = _told(answer)
        return Receipt(
            provider=self.name,
            reply=f"201 {told.get('status', '')}, segments: {told.get('num_segments', '?')}",
            sha256=digest,
            size=size,
            reference=str(told.get("sid") or ""),
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._caller.close()


def _told(answer: Answer) -> dict[str, Any]:
    try:
        told = json.loads(answer.body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _error(answer: Answer, digest: str, size: int) -> Exception:
    """Say what an answer other than 201 means; after 5xx nobody knows, but for 503."""
    told = _told(answer)
    code = told.get("code")
    number = code if isinstance(code, int) else answer.status
    text = str(told.get("message") or f"HTTP {answer.status}")[:500]
    if answer.status in (429, 503):
        return TemporarilyRefused(code=number, text=text, retry_after=answer.retry_after)
    if answer.status >= 500 or answer.status < 300:
        return Unsure(known=f"{answer.status} {text}", sha256=digest, size=size)
    if answer.status in (401, 403, 404) or number in _BAD_SENDERS:
        return NotConfigured(what=f"Twilio: {number} {text}")
    return Refused(
        code=number,
        text=text,
        recipient_bad=number in _BAD_NUMBERS,
        opted_out=number == OPTED_OUT,
    )
