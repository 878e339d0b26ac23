"""A real SMTP server on the loopback that takes every message and keeps what identifies it."""

import asyncio
import threading
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Final, Self

_HEADERS: Final = BytesHeaderParser()
_END: Final = b"\r\n.\r\n"
_ANSWERS: Final = {
    b"HELO": b"250 sink\r\n",
    b"EHLO": b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
    b"MAIL": b"250 Ok\r\n",
    b"RCPT": b"250 Ok\r\n",
    b"DATA": b"354 Go ahead\r\n",
    b"RSET": b"250 Ok\r\n",
    b"NOOP": b"250 Ok\r\n",
    b"QUIT": b"221 Bye\r\n",
}


@dataclass(frozen=True, slots=True)
class Received:
    """One message: its id as on the wire, its Date, whom RCPT named, and when its dot came.

    `arrived` is time.monotonic(), taken before the server says that it has the message.
    """

    message_id: str
    date: datetime
    to: str
    arrived: float


class Sink:
    """Listens while entered; `received` is in order of arrival.

    With `answer_after` (seconds) the server takes its time to say that it has a message.
    """

    host: Final = "127.0.0.1"

    def __init__(self, *, answer_after: float = 0.0) -> None:
        self.received: list[Received] = []
        self._answer_after = answer_after
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sink", daemon=True)
        self._server: asyncio.Server | None = None
        self._open_talks: set[asyncio.Transport] = set()

    @property
    def address(self) -> str:
        """Give HOST:PORT, as a sandbox wants its sink."""
        return f"{self.host}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._open())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    async def _open(self) -> None:
        self._server = await self._loop.create_server(
            lambda: _Talk(self.received, self._open_talks, self._answer_after), self.host, 0
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        for transport in tuple(self._open_talks):
            transport.abort()


class _Talk(asyncio.Protocol):
    """One conversation: commands line by line, and messages up to their dot."""

    def __init__(
        self, received: list[Received], open_talks: set[asyncio.Transport], answer_after: float
    ) -> None:
        self._received = received
        self._answer_after = answer_after
        self._open_talks = open_talks
        self._pending = bytearray()
        self._in_data = False
        self._answering = False  # commands that came with the message wait for its answer
        self._to = ""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # of a TCP server
        self._transport = transport
        self._open_talks.add(transport)
        transport.write(b"220 sink ESMTP\r\n")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Forget the connection; what was not whole was not received."""
        if self._transport is not None:
            self._open_talks.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        """Take what came as far as it is whole."""
        self._pending += data
        self._go_on()

    def _go_on(self) -> None:
        while not self._answering and self._take_one():
            pass

    def _take_one(self) -> bool:
        return self._take_message() if self._in_data else self._take_command()

    def _take_command(self) -> bool:
        line, found, rest = self._pending.partition(b"\r\n")
        if not found:
            return False
        self._pending = rest
        verb = bytes(line[:4]).upper()
        if verb == b"RCPT":
            self._to = line.partition(b"<")[2].partition(b">")[0].decode("utf-8", "replace")
        self._in_data = verb == b"DATA"
        self._answer(_ANSWERS.get(verb, b"502 What?\r\n"))
        return True

    def _take_message(self) -> bool:
        raw, found, rest = self._pending.partition(_END)
        if not found:
            return False
        arrived = time.monotonic()
        headers = _HEADERS.parsebytes(bytes(raw))
        date = parsedate_to_datetime(str(headers["Date"]))
        self._received.append(Received(str(headers["Message-ID"]), date, self._to, arrived))
        self._pending, self._in_data = rest, False
        if not self._answer_after:
            self._answer(b"250 Ok\r\n")
        else:
            self._answering = True
            asyncio.get_running_loop().call_later(self._answer_after, self._answer_late)
        return True

    def _answer_late(self) -> None:
        self._answer(b"250 Ok\r\n")
        self._answering = False
        self._go_on()

    def _answer(self, text: bytes) -> None:
        if self._transport is not None:
            self._transport.write(text)
