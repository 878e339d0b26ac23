"""What a service tells: what became of a mail, and mails it took for us.

Reports come to the address of the channel, mails that came in to the same with `?inbound=1`.
Signed where the service signs (Mailgun, Resend); for the others the address is the
secret, and `webhook_secret` (user:password of basic authentication) may be added.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import getaddresses
from functools import cached_property
from importlib import import_module
from io import BytesIO
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIRequest

from dunwell.core.mail.automatic import is_automatic
from dunwell.core.mime import Address
from dunwell.ports.incoming import DeliveryReport, Incoming, IncomingFile, Report
from dunwell.ports.registry import Settings
from dunwell.ports.webhooks import HookRefused, HookRequest, Told
from dunwell.providers.email_anymail.carriers import service_of

_NAME: Final = "email_anymail"
_DEAD: Final = frozenset({"bounced", "invalid"})
_REPORTS: Final = {
    "delivered": Report.DELIVERED,
    "complained": Report.COMPLAINED,
    "unsubscribed": Report.OPTED_OUT,
    "opened": Report.OPENED,
    "failed": Report.FAILED,
}


class AnymailHooks:
    """Reads tracking and inbound webhooks of every service."""

    def read(self, request: HookRequest, *, settings: Settings) -> Sequence[Told]:
        """Check a call's signature and read it. Raises HookRefused."""
        name, service = service_of(settings)
        inbound = "inbound" in request.query
        view = _view(
            name,
            "Inbound" if inbound else "Tracking",
            {key: settings.get(key) for key in service.hook},
            settings,
        )
        made = _Request(request)
        try:
            view.run_validators(made)
            events = view.parse_events(made)
        except AnymailWebhookValidationFailure as error:
            raise HookRefused(str(error)) from error
        except (AnymailError, ImproperlyConfigured, LookupError, TypeError, ValueError) as error:
            raise HookRefused(f"not a call of {service.title}: {error}", status=400) from error
        if inbound:
            return [_incoming(event, name, request.at) for event in events]
        return [report for event in events for report in _reports(event, request.at)]


class _Request(WSGIRequest):
    """The call as Django has it, of which anymail's views read body, form and headers."""

    def __init__(self, request: HookRequest) -> None:
        parts = urlsplit(request.url)
        headers = request.headers
        environ = {
            "REQUEST_METHOD": request.method,
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "SERVER_NAME": parts.hostname or "localhost",
            "SERVER_PORT": str(parts.port or 443),
            "wsgi.url_scheme": parts.scheme,
            "CONTENT_TYPE": headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(request.body)),
            "wsgi.input": BytesIO(request.body),
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
        }
        super().__init__(environ)
        self._whole = request.body

    @cached_property
    def body(self) -> bytes:  # without Django's limit: the door has one
        return self._whole


def _view(name: str, kind: str, hook: Mapping[str, object], settings: Mapping[str, object]) -> Any:
    """Make anymail's view of a service, for its reading alone."""
    module = import_module(f"anymail.webhooks.{name}")
    found = next(
        value
        for key, value in vars(module).items()
        if key.lower() == f"{name}{kind}webhookview".lower()
    )
    given = {key: value for key, value in hook.items() if value}
    if settings.get("webhook_secret"):
        given["webhook_secret"] = settings["webhook_secret"]
    quiet = type(found.__name__, (found,), {"warn_if_no_basic_auth": False})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return quiet(**given)
        except ImproperlyConfigured as error:
            raise HookRefused(f"the webhooks' key is not set: {error}") from error


def _reports(event: Any, at: datetime) -> Iterator[DeliveryReport]:
    report = _kind(event)
    if report is None:
        return
    told = str((event.metadata or {}).get("delivery_id", ""))
    reference = str(event.message_id or "")[:120]
    yield DeliveryReport(
        report=report,
        provider=_NAME,
        at=event.timestamp or at,
        delivery_id=_uuid(told),
        reference=reference,
        address=event.recipient or "",
        detail=str(event.mta_response or event.description or "")[:2000],
    )


def _kind(event: Any) -> Report | None:
    """Read what happened; None for what changes nothing (queued, deferred, clicked)."""
    if event.event_type in ("bounced", "rejected"):
        soft = (event.esp_event or {}).get("Type") == "SoftBounce"
        if event.reject_reason == "unsubscribed":
            return Report.OPTED_OUT
        dead = event.reject_reason in _DEAD and not soft
        return Report.BOUNCED if dead else Report.FAILED
    return _REPORTS.get(event.event_type)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _incoming(event: Any, service: str, at: datetime) -> Incoming:
    """Turn a mail that the service took for us into what `receive_message` takes."""
    mail: EmailMessage = event.message
    sender = next(iter(_addresses(mail, "from")), Address("", event.message.envelope_sender or ""))
    identity = str(mail.get("Message-ID", "")).strip()
    return Incoming(
        channel="email",
        source="email",
        external_id=identity or f"{service}:{event.event_id or event.message_id or ''}",
        sender=sender,
        to=tuple(_addresses(mail, "to", "cc")),
        received_at=event.timestamp or at,
        subject=str(mail.get("Subject", "")),
        text=event.message.text or "",
        html=event.message.html or "",
        files=tuple(_files(event.message)),
        message_id=identity,
        in_reply_to=tuple(str(mail.get("In-Reply-To", "")).split()),
        references=tuple(str(mail.get("References", "")).split()),
        automatic=is_automatic(
            headers=[(name, str(value)) for name, value in mail.items()],
            subject=str(mail.get("Subject", "")),
        ),
    )


def _addresses(mail: EmailMessage, *names: str) -> list[Address]:
    values = [str(value) for name in names for value in mail.get_all(name, [])]
    return [Address(name, address) for name, address in getaddresses(values) if address]


def _files(mail: Any) -> Iterator[IncomingFile]:
    for part in mail.attachments:
        data = part.get_payload(decode=True) or b""
        yield IncomingFile(
            filename=part.get_filename() or "", content_type=part.get_content_type(), data=data
        )
