"""What Twilio tells: what became of a message, and what somebody answered.

Signatures: https://www.twilio.com/docs/usage/webhooks/webhooks-security. Fields of status
callbacks and incoming messages: https://www.twilio.com/docs/messaging/guides/webhook-request.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from dunwell.core.mime import Address
from dunwell.core.sms import is_opt_in, is_opt_out
from dunwell.ports.incoming import DeliveryReport, Incoming, Report
from dunwell.ports.registry import Settings
from dunwell.ports.webhooks import HookRefused, HookRequest, Told

_NAME: Final = "sms_twilio"
_OPTED_OUT: Final = "21610"
# There is no such number, or it takes no texts (landline): never again.
_DEAD_NUMBERS: Final = frozenset({"21211", "21614", "30005", "30006"})
_PORTS: Final = {"http": 80, "https": 443}


class TwilioHooks:
    """Reads status callbacks and incoming messages."""

    # An empty TwiML document: answer nothing to whoever wrote.
    answer = ("text/xml", "<?xml version='1.0' encoding='UTF-8'?><Response/>")

    def read(self, request: HookRequest, *, settings: Settings) -> Sequence[Told]:
        """Check the signature and read one call. Raises HookRefused."""
        form = {name: values[-1] for name, values in request.form.items() if values}
        _check(request, str(settings.get("auth_token") or ""), str(settings.get("callback") or ""))
        status = form.get("MessageStatus") or form.get("SmsStatus", "")
        if status == "received" or ("Body" in form and "MessageStatus" not in form):
            return list(_incoming(request, form))
        report = _report(status, form.get("ErrorCode", ""))
        if report is None:
            return ()
        return (
            DeliveryReport(
                report=report,
                provider=_NAME,
                at=request.at,
                reference=form.get("MessageSid") or form.get("SmsSid", ""),
                address=form.get("To", ""),
                detail=_detail(form),
            ),
        )


def _report(status: str, code: str) -> Report | None:
    if status == "delivered":
        return Report.DELIVERED
    if status not in ("undelivered", "failed"):
        return None  # queued, sending, sent: not yet
    if code == _OPTED_OUT:
        return Report.OPTED_OUT
    return Report.BOUNCED if code in _DEAD_NUMBERS else Report.FAILED


def _detail(form: Mapping[str, str]) -> str:
    parts = (form.get("MessageStatus", ""), form.get("ErrorCode", ""), form.get("ErrorMessage", ""))
    return " ".join(part for part in parts if part)


def _incoming(request: HookRequest, form: Mapping[str, str]) -> Iterator[Told]:
    """Give the message, and before it what it means for texts to this number."""
    sid, number, text = form.get("MessageSid", ""), form.get("From", ""), form.get("Body", "")
    if not sid or not number:
        raise HookRefused("neither a status nor a message", status=400)
    kind = form.get("OptOutType", "").upper()
    out = kind == "STOP" or is_opt_out(text)
    back = kind == "START" or (not out and is_opt_in(text))
    if out or back:
        yield DeliveryReport(
            report=Report.OPTED_OUT if out else Report.OPTED_IN,
            provider=_NAME,
            at=request.at,
            reference=sid,
            address=number,
            detail=text[:200],
        )
    yield Incoming(
        channel="sms",
        source=_NAME,
        external_id=sid,
        sender=Address("", number),
        to=(Address("", form.get("To", "")),),
        received_at=request.at,
        text=_with_pictures(text, form),
        # It was said to the channel, not about the invoice: chasing elsewhere goes on.
        automatic=out or back,
    )


def _with_pictures(text: str, form: Mapping[str, str]) -> str:
    """Add the addresses of pictures that came along; they stay with Twilio."""
    count = form.get("NumMedia", "0")
    found = (
        [form.get(f"MediaUrl{at}", "") for at in range(min(int(count), 10))]
        if (count.isdecimal())
        else []
    )
    return "\n".join((text, *(url for url in found if url))).strip()


def _check(request: HookRequest, token: str, callback: str) -> None:
    """Compare the signature with that of each address under which Twilio may know us."""
    given = request.headers.get("x-twilio-signature", "")
    pieces = "".join(
        f"{name}{value}"
        for name in sorted(request.form)
        for value in sorted(set(request.form[name]))
    )
    for url in _addresses(request.url, callback):
        made = hmac.new(token.encode(), (url + pieces).encode(), hashlib.sha1)
        if token and hmac.compare_digest(base64.b64encode(made.digest()).decode(), given):
            return
    raise HookRefused("the signature is not Twilio's")


def _addresses(url: str, callback: str) -> Iterator[str]:
    """Give the address called as we see it and as Twilio may: our public name, the usual port."""
    parts = urlsplit(url)
    public = urlsplit(callback)
    for scheme, host in ((parts.scheme, parts.netloc), (public.scheme, public.netloc)):
        if not host:
            continue
        yield urlunsplit((scheme, host, parts.path, parts.query, ""))
        name, _colon, port = host.rpartition(":")
        bare = name if port.isdecimal() and name else host
        yield urlunsplit((scheme, bare, parts.path, parts.query, ""))
        yield urlunsplit((scheme, f"{bare}:{_PORTS.get(scheme, 443)}", parts.path, parts.query, ""))
