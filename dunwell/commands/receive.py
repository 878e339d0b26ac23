"""`dunwell receive`: takes mail in by SMTP or LMTP and puts replies into their conversations.

For a mail server that passes on what comes for the reply domain. Mail is taken for addresses that
bear a token of ours, and for `SLUG@` the domain; everything else is refused.
"""

import argparse
import signal
import threading
from collections import defaultdict
from typing import Any
from uuid import UUID

import structlog
from aiosmtpd.controller import Controller
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP
from django.conf import settings
from django.db import close_old_connections

from dunwell.commands import CommandFailed
from dunwell.flows.receive_mail import receive_mail
from dunwell.inbox.doors import by_reply_address
from dunwell.tenancy import clock, doors
from dunwell.tenancy.models import Organization
from dunwell.tenancy.scope import organization_scope
from dunwell.tenancy.secrets import reply_keys

NAME = "receive"
HELP = "take replies in by SMTP or LMTP from your mail server"
NEEDS_DATABASE = True

_LARGEST = 60_000_000
_log = structlog.get_logger("dunwell.receive")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where to listen; at least one of the two."""
    parser.add_argument("--smtp-listen", metavar="HOST:PORT", help="take mail in by SMTP")
    parser.add_argument("--lmtp-listen", metavar="HOST:PORT", help="take mail in by LMTP")


def run(options: argparse.Namespace) -> int:
    """Listen until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    listening = [
        listen(address=address, lmtp=lmtp)
        for address, lmtp in ((options.smtp_listen, False), (options.lmtp_listen, True))
        if address
    ]
    if not listening:
        raise CommandFailed("Say where to listen: --smtp-listen or --lmtp-listen HOST:PORT.")
    stop.wait()
    for each in listening:
        each.stop()
    return 0


def listen(*, address: str, lmtp: bool) -> Controller:
    """Begin to listen at HOST:PORT in a thread of its own; call `stop` on what comes back."""
    host, _colon, port = address.rpartition(":")
    kind: type[SMTP] = LMTP if lmtp else SMTP
    controller = _Controller(kind, hostname=host.strip("[]") or "127.0.0.1", port=int(port))
    controller.start()
    return controller


class _Controller(Controller):
    def __init__(self, kind: type[SMTP], **given: Any) -> None:
        self._kind = kind
        super().__init__(_Handler(), **given)

    def factory(self) -> SMTP:
        return self._kind(self.handler, data_size_limit=_LARGEST, ident="Dunwell")


class _Handler:
    """Says whose a recipient is, and takes the mail in before it says yes."""

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self,
        server: SMTP,
        session: Any,  # noqa: ARG002  # given by position
        envelope: Any,
        address: str,
        options: list[str],
    ) -> str:
        """Refuse whoever is none of ours."""
        owner = await server.loop.run_in_executor(None, _owner, address)
        if owner is None:
            return "550 5.1.1 No such recipient here"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self,
        server: SMTP,
        session: Any,  # noqa: ARG002
        envelope: Any,
    ) -> str:
        """Store the mail for every organization it is for; only then is it ours to keep."""
        try:
            await server.loop.run_in_executor(None, _take, envelope.rcpt_tos, envelope.content)
        except Exception:  # noqa: BLE001  # whatever it was, the other side keeps the mail
            _log.exception("a mail could not be taken in; its sender tries again")
            return "451 4.3.0 Try again later"
        return "250 2.0.0 OK"


def _owner(address: str) -> UUID | None:
    """Resolve a recipient to its organization: by token, else SLUG@ the reply domain."""
    try:
        found = by_reply_address(address=address, keys=reply_keys())
        local, _at, domain = address.lower().rpartition("@")
        if found is None and settings.REPLY_DOMAIN and domain == settings.REPLY_DOMAIN:
            found = doors.by_slug(slug=local.partition("+")[0])
        return found
    finally:
        close_old_connections()


def _take(recipients: list[str], raw: bytes) -> None:
    try:
        of: dict[UUID, list[str]] = defaultdict(list)
        for address in recipients:
            owner = _owner(address)
            if owner is not None:
                of[owner].append(address)
        for owner, addresses in of.items():
            with organization_scope(owner):
                organization = Organization.objects.get(pk=owner)
                receive_mail(
                    organization=organization,
                    raw=raw,
                    received_at=clock.wall(),
                    now=clock.now(organization),
                    recipients=addresses,
                )
    finally:
        close_old_connections()
