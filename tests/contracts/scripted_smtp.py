"""An SMTP server on the loopback that follows a script, so that it can misbehave on cue."""

import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

HANG = "(say nothing more)"
DROP = "(hang up)"
OPENING = {
    "GREETING": "220 mx.test ESMTP",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 go ahead",
    "BODY": "",
    "DOT": "250 2.0.0 Ok: queued as 4FZ7abc",
    "RSET": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
}


@dataclass(frozen=True)
class Mail:
    """One message that the server answered for with 2xx."""

    sender: str
    to: str
    data: bytes


class _End(Exception):
    """The script says to hang up."""


@dataclass
class ScriptedSmtp:
    """Answers each verb with its line of the script, in turn when there are several.

    BODY is what happens when the first bytes of a message arrive. HANG and DROP work anywhere.
    `mails` holds what was accepted, `dots` counts whole messages received whatever the answer.
    """

    answers: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    offers: tuple[str, ...] = ("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 1000000")

    def __post_init__(self) -> None:
        self.mails: list[Mail] = []
        self.dots = 0
        self.connections = 0
        self.commands: list[str] = []
        self._turns: dict[str, int] = {}
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

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

    def _start(self, work: object, *given: object) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)  # type: ignore[arg-type] # any callable
        self._threads.append(thread)
        thread.start()

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
                self._say(connected, "GREETING")
                self._converse(connected, lines)
            except (_End, OSError):
                return

    def _converse(self, connected: socket.socket, lines: object) -> None:
        sender = to = ""
        for raw in lines:  # type: ignore[attr-defined] # a socket's file
            line = raw.decode().rstrip("\r\n")
            self.commands.append(line)
            verb = line.split(" ")[0].split(":")[0].upper()
            if verb in {"EHLO", "HELO"}:
                self._hello(connected)
                continue
            if verb == "MAIL":
                sender = line[11:].partition(">")[0]
            if verb == "RCPT":
                to = line[9:].partition(">")[0]
            answer = self._say(connected, verb)
            if verb == "DATA" and answer.startswith("354"):
                self._receive(connected, lines, sender, to)
            if verb == "QUIT":
                return

    def _receive(self, connected: socket.socket, lines: object, sender: str, to: str) -> None:
        data: list[bytes] = []
        for line in lines:  # type: ignore[attr-defined] # a socket's file
            if not data:
                self._say(connected, "BODY")
            if line == b".\r\n":
                break
            data.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        else:
            raise _End
        self.dots += 1
        if self._say(connected, "DOT").startswith("2"):
            self.mails.append(Mail(sender, to, b"".join(data)))

    def _hello(self, connected: socket.socket) -> None:
        lines = ("mx.test", *self.offers)
        text = "".join(f"250-{line}\r\n" for line in lines[:-1]) + f"250 {lines[-1]}\r\n"
        connected.sendall(text.encode())

    def _say(self, connected: socket.socket, verb: str) -> str:
        script = self.answers.get(verb, OPENING.get(verb, "502 5.5.1 What?"))
        turn = self._turns.get(verb, 0)
        self._turns[verb] = turn + 1
        answer = script if isinstance(script, str) else script[min(turn, len(script) - 1)]
        if answer == HANG:
            self._stop.wait(30)
            raise _End
        if answer == DROP:
            raise _End
        if answer:
            connected.sendall(answer.encode() + b"\r\n")
        return answer
