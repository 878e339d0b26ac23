"""A real SMTP server for tests that keeps the raw messages it receives."""

import email
import email.policy
import socket
import threading
import time
from dataclasses import dataclass
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One message as it came over the wire."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """Give the parsed message."""
        return email.message_from_bytes(self.raw, policy=email.policy.default)


class SmtpSink:
    """Accepts everything; `answer` may be set to another reply to the end of DATA."""

    host = "127.0.0.1"

    def __init__(self) -> None:
        self.port = _free_port()
        self.answer = "250 OK"
        self._mails: list[Mail] = []
        self._changed = threading.Condition()
        self._controller = Controller(self, hostname=self.host, port=self.port)

    @property
    def mails(self) -> tuple[Mail, ...]:
        """Give what was accepted so far, in order."""
        with self._changed:
            return tuple(self._mails)

    def clear(self) -> None:
        """Forget what was accepted so far."""
        with self._changed:
            self._mails.clear()

    def wait_for(self, count: int, *, seconds: float = 10.0) -> tuple[Mail, ...]:
        """Wait until at least `count` messages were accepted; raises TimeoutError."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while len(self._mails) < count:
                if not self._changed.wait(deadline - time.monotonic()):
                    raise TimeoutError(f"{len(self._mails)} of {count} messages came")
            return tuple(self._mails)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep the message, unless the answer refuses it."""
        mail = Mail(
            sender=envelope.mail_from,
            recipients=tuple(envelope.rcpt_tos),
            raw=bytes(envelope.original_content),
        )
        with self._changed:
            if self.answer.startswith("2"):
                self._mails.append(mail)
                self._changed.notify_all()
            return self.answer

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._controller.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
