"""An HTTP server on the loopback that follows a script, so that it can misbehave on cue."""

import json
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import BinaryIO, Self

HANG = "(say nothing more)"
DROP = "(hang up)"
GO_ON = "(nothing special)"


@dataclass(frozen=True)
class Answer:
    """A status with headers and a JSON body."""

    status: int
    body: object
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> bytes:
        data = json.dumps(self.body).encode()
        named = {"Content-Type": "application/json", "Content-Length": len(data), **self.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        return f"HTTP/1.1 {self.status} Word\r\n{head}\r\n".encode() + data


@dataclass(frozen=True)
class Call:
    """One whole request as it came in; names of headers in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class _End(Exception):
    """The script says to hang up."""


type Turn = Answer | str | Callable[[Call], Answer]


@dataclass
class ScriptedHttp:
    """Answers whole requests in turn; the last answer stays.

    `before` is what happens when a request's first bytes arrive. `calls` are the requests received
    whole, `connections` how often somebody connected.
    """

    answers: tuple[Turn, ...]
    before: str = GO_ON

    def __post_init__(self) -> None:
        self.calls: list[Call] = []
        self.connections = 0
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def settled(self) -> Self:
        """Wait until every conversation has ended, so that counts are final."""
        for thread in self._threads[1:]:
            thread.join(timeout=5)
        return self

    def _start(self, work: Callable[..., None], *given: object) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._talk, connected)

    def _talk(self, connected: socket.socket) -> None:
        with connected, connected.makefile("rb") as lines:
            try:
                while self._serve(connected, lines):
                    continue
            except (_End, OSError):
                return

    def _serve(self, connected: socket.socket, lines: BinaryIO) -> bool:
        first = lines.readline().decode().split()
        if len(first) < 2:
            return False
        headers: dict[str, str] = {}
        while (line := lines.readline().decode().rstrip("\r\n")) != "":
            name, _colon, value = line.partition(":")
            headers[name.lower()] = value.strip()
        self._misbehave(self.before)
        wanted = int(headers.get("content-length", 0))
        body = lines.read(wanted)
        if len(body) < wanted:
            return False
        call = Call(first[0], first[1], headers, body)
        self.calls.append(call)
        turn = self.answers[min(len(self.calls), len(self.answers)) - 1]
        if isinstance(turn, str):
            self._misbehave(turn)
            connected.sendall(turn.encode())
            raise _End
        answer = turn if isinstance(turn, Answer) else turn(call)
        connected.sendall(answer.raw)
        return True

    def _misbehave(self, how: str) -> None:
        if how == HANG:
            self._stop.wait(3)
        if how in (HANG, DROP):
            raise _End
