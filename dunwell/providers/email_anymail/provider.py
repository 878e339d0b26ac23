"""Hands mails to a service's HTTP API: anymail writes the request, we send it at most once."""

from collections.abc import Callable, Mapping
from email.utils import formataddr
from hashlib import sha256
from typing import Any, Final, Self
from urllib.parse import urlsplit

import requests
from anymail.exceptions import AnymailError
from django.core.mail import EmailMultiAlternatives
from django.utils.translation import gettext as _

from dunwell.core.mime import Address, MimeError, clean, is_address
from dunwell.ports.errors import NotConfigured, Refused
from dunwell.ports.messages import Channel, Content, Envelope, Outgoing, Receipt
from dunwell.providers.calls import Caller
from dunwell.providers.email_anymail.answers import error_of, reference_of
from dunwell.providers.email_anymail.carriers import open_backend, service_of

_DEADLINE: Final = 30.0
_KEEP_ID: Final = {"postmark": ("X-PM-KeepID", "true")}


class AnymailProvider:
    """Sends mails by a service's API; one instance is used by one thread at a time."""

    name = "email_anymail"
    channel: Channel = "email"

    def __init__(self, settings: Mapping[str, object]) -> None:
        self._service, self._about = service_of(settings)
        self._backend = open_backend(settings)
        self._track = bool(settings.get("track_opens"))
        self._deadline = float(str(settings.get("deadline") or _DEADLINE))
        parts = urlsplit(self._backend.api_url)
        self._base = f"{parts.scheme}://{parts.netloc}"
        self._caller = Caller(base=self._base, auth=None, deadline=self._deadline)

    @classmethod
    def open(cls, settings: Mapping[str, object]) -> Self:
        """Open from stored settings. Raises NotConfigured."""
        return cls(settings)

    def hand_over(self, message: Outgoing, *, go: Callable[[], bool]) -> Receipt:
        """Hand one mail over. Raises the tree of `ports.errors`."""
        envelope = message.envelope
        if not is_address(envelope.to.email):
            text = _("“%(to)s” is not an email address.") % {"to": envelope.to.email}
            raise Refused(code=0, text=text, recipient_bad=True)
        payload, prepared = self._prepared(envelope, message.content())
        body = _bytes(prepared)
        headers = {str(name): str(value) for name, value in prepared.headers.items()}
        answer = self._caller.post(prepared.path_url, body=body, headers=headers, go=go)
        digest = sha256(body).hexdigest()
        error = error_of(answer, self._backend, payload, digest, len(body))
        if error is not None:
            raise error
        return Receipt(
            provider=self.name,
            reply=f"{self._about.title}: {answer.status} {answer.words[:300]}",
            sha256=digest,
            size=len(body),
            reference=reference_of(answer, self._backend, payload),
        )

    def _prepared(
        self, envelope: Envelope, content: Content
    ) -> tuple[Any, requests.PreparedRequest]:
        """Let anymail write the request. Raises NotConfigured, MimeError."""
        mail = self._mail(envelope, content)
        try:
            payload = self._backend.build_message_payload(mail, self._backend.send_defaults)
            params = payload.get_request_params(self._backend.api_url)
        except AnymailError as error:
            raise NotConfigured(what=str(error)) from error
        except ValueError as error:
            raise MimeError(str(error)) from error
        wanted = ("method", "url", "headers", "files", "data", "params", "auth", "json")
        request = requests.Request(**{key: params[key] for key in wanted if params.get(key)})
        return payload, request.prepare()

    def _mail(self, envelope: Envelope, content: Content) -> Any:
        headers = {
            "Message-ID": envelope.message_id,
            "Content-Language": envelope.language,
            **dict(envelope.headers),
            **dict((_KEEP_ID[self._service],) if self._service in _KEEP_ID else ()),
        }
        mail: Any = EmailMultiAlternatives(
            subject=content.subject,
            body=content.text,
            from_email=_formatted(envelope.sender),
            to=[_formatted(envelope.to)],
            bcc=[_formatted(each) for each in envelope.copies],
            reply_to=[_formatted(envelope.reply_to)] if envelope.reply_to else None,
            headers=headers,
        )
        if content.html:
            mail.attach_alternative(content.html, "text/html")
        for file in content.attachments:
            mail.attach(file.filename, file.data, file.content_type)
        # Comes back with every report, whatever the service does with our Message-ID.
        mail.metadata = {"delivery_id": str(envelope.delivery_id)}
        mail.track_opens = self._track
        mail.track_clicks = False
        return mail

    def close(self) -> None:
        """Let go of the connection."""
        self._caller.close()


def _formatted(address: Address) -> str:
    return formataddr((clean(address.name), address.email))


def _bytes(prepared: requests.PreparedRequest) -> bytes:
    body = prepared.body
    if isinstance(body, str):
        return body.encode()
    return body if isinstance(body, bytes) else b""
