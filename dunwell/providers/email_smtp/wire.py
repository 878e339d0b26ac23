"""Bytes to and from an SMTP server, each exchange under a deadline of its own.

A time-out of the socket alone counts from byte to byte: a server that drips could hold us for
ever. Here the deadline is a point in time (`time.monotonic`), and writing says whether the last
byte left, which is what makes a broken hand-over safe or unsure.
"""

import socket
import ssl
from time import monotonic
from typing import NamedTuple

MAX_REPLY = 65_536
_AFTER_CODE = (b" ", b"-", b"")
_CODE = 3
_CHUNK = 65_536


class WireBroken(Exception):
    """The connection ended, timed out, or spoke something that is not SMTP."""


class Reply(NamedTuple):
    """One answer of the server: its code and its lines without codes."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """Show the answer in one line, shortened to what a record can keep."""
        words = " ".join(self.lines)
        return " ".join(words.split())[:500]


class Wire:
    """A connected socket (plain or TLS) that speaks lines."""

    __slots__ = ("_buffer", "_socket")

    def __init__(self, connected: socket.socket) -> None:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connected
        self._buffer = b""

    @property
    def encrypted(self) -> bool:
        """Tell whether nobody on the way can read along."""
        return isinstance(self._socket, ssl.SSLSocket)

    @property
    def own_address(self) -> str:
        """Name our end as an SMTP address literal."""
        host = str(self._socket.getsockname()[0])
        return f"[IPv6:{host}]" if ":" in host else f"[{host}]"

    def encrypt(self, context: ssl.SSLContext, *, host: str, timeout: float) -> None:
        """Begin TLS. What was received before it is refused: it came from nobody we know."""
        if self._buffer:
            raise WireBroken("the server sent more before TLS began")
        self._socket.settimeout(timeout)
        self._socket = context.wrap_socket(self._socket, server_hostname=host)

    def send(self, data: bytes, *, timeout: float, counted: int | None = None) -> None:
        """Write all bytes. If it raises WireBroken, the last byte has not left.

        With `counted`, the last of so many: when it left, a break in what follows is not told
        here; whoever reads the answer to it will notice.
        """
        deadline = monotonic() + timeout
        at, end = 0, len(data)
        with memoryview(data) as view:
            while at < end:
                try:
                    self._wait_until(deadline)
                    at += self._socket.send(view[at : at + _CHUNK] if end > _CHUNK else view[at:])
                except (OSError, WireBroken) as problem:
                    if counted is not None and at >= counted:
                        return
                    raise WireBroken(_why(problem)) from problem

    def reply(self, *, timeout: float) -> Reply:
        """Read one answer, however many lines it has."""
        end = self._buffer.find(b"\n")
        if end > _CODE and self._buffer[3:4] == b" " and self._buffer[:3].isdigit():
            # One line that is here already: answers to commands written together come together.
            code, line = int(self._buffer[:3]), self._buffer[4:end]
            self._buffer = self._buffer[end + 1 :]
            return Reply(code, (line.removesuffix(b"\r").decode("utf-8", "replace"),))
        return self._long_reply(monotonic() + timeout)

    def _long_reply(self, deadline: float) -> Reply:
        lines: tuple[str, ...] = ()
        size = 0
        while True:
            line = self._line(deadline)
            size += len(line)
            code, more = line[:3], line[3:4]
            if not code.isdigit() or more not in _AFTER_CODE or size > MAX_REPLY:
                raise WireBroken(f"not an SMTP answer: {line[:80]!r}")
            lines += (line[4:].decode("utf-8", "replace"),)
            if more != b"-":
                return Reply(int(code), lines)

    def fresh(self) -> bool:
        """Tell whether the server has neither spoken nor hung up since its last answer."""
        if self._buffer:
            return False
        self._socket.settimeout(0)
        try:
            self._buffer = self._socket.recv(_CHUNK)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        """Hang up at once, without a word."""
        self._socket.close()

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > MAX_REPLY:
                raise WireBroken("an answer without end")
            self._wait_until(deadline)
            try:
                received = self._socket.recv(_CHUNK)
            except OSError as problem:
                raise WireBroken(_why(problem)) from problem
            if not received:
                raise WireBroken("the server hung up")
            self._buffer += received
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.removesuffix(b"\r")

    def _wait_until(self, deadline: float) -> None:
        left = deadline - monotonic()
        if left <= 0:
            raise WireBroken("no answer in time")
        self._socket.settimeout(left)


def _why(problem: Exception) -> str:
    return "no answer in time" if isinstance(problem, TimeoutError) else str(problem)
