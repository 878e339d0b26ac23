"""One HTTP call that hands a message over: at most once, and known to have been or not.

The body goes out but for its last byte, then `go()` is asked, then the last byte follows. A server
that has not got what Content-Length promised has got no request, so that a no leaves nothing
behind, and what breaks before is never unsure.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

import httpx

from dunwell.ports.errors import Unreachable, Unsure, Withdrawn

_MOST_OF_AN_ANSWER = 1_000_000
# A server closes a connection it holds idle after a minute or so; ours is gone long before.
_IDLE_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said: HTTP status, headers (names in lower case), body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def words(self) -> str:
        """Return the body as text, as far as it is one."""
        return self.body.decode("utf-8", "replace")

    @property
    def retry_after(self) -> float | None:
        """Return for how many seconds it wants to be left alone, if it says so in seconds."""
        value = self.headers.get("retry-after", "")
        return float(value) if value.isdecimal() else None


@dataclass(slots=True)
class _Progress:
    asked: bool = False
    begun: bool = False


class Caller:
    """Makes calls to one host over kept connections. `deadline` is in seconds for a whole call."""

    def __init__(self, *, base: str, auth: tuple[str, str] | None, deadline: float) -> None:
        self._base, self._auth, self._deadline = base.rstrip("/"), auth, deadline
        self._client: httpx.Client | None = None

    def post(
        self, path: str, *, body: bytes, headers: Mapping[str, str], go: Callable[[], bool]
    ) -> Answer:
        """Post a body, asking `go()` before its last byte.

        Raises Withdrawn, Unreachable (nothing was handed over) and Unsure (all was, no answer).
        """
        progress = _Progress()
        try:
            return self._post(path, body, headers, _pieces(body, go, progress))
        except httpx.HTTPError as error:
            if not progress.begun:
                raise Unreachable(text=_words(error)) from error
            known = f"the request was sent, no answer came: {_words(error)}"
            raise Unsure(known=known, sha256=sha256(body).hexdigest(), size=len(body)) from error

    def _post(
        self, path: str, body: bytes, headers: Mapping[str, str], pieces: Iterator[bytes]
    ) -> Answer:
        ends = time.monotonic() + self._deadline
        sized = {**headers, "Content-Length": str(len(body))}
        with self._opened().stream(
            "POST", self._base + path, content=pieces, headers=sized
        ) as response:
            read = bytearray()
            for some in response.iter_bytes():
                read += some
                if time.monotonic() > ends:
                    raise httpx.ReadTimeout("the answer took too long")
                if len(read) > _MOST_OF_AN_ANSWER:
                    break
            names = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, names, bytes(read))

    def _opened(self) -> httpx.Client:
        if self._client is None:
            self._client = httpx.Client(
                auth=self._auth,
                timeout=self._deadline,
                follow_redirects=False,
                limits=httpx.Limits(max_connections=1, keepalive_expiry=_IDLE_SECONDS),
                headers={"User-Agent": "Dunwell", "Accept": "application/json"},
            )
        return self._client

    def close(self) -> None:
        """Let go of the connection; the next call opens another."""
        if self._client is not None:
            self._client.close()
            self._client = None


def _pieces(body: bytes, go: Callable[[], bool], progress: _Progress) -> Iterator[bytes]:
    yield body[:-1]
    progress.asked = True
    if not go():
        raise Withdrawn
    progress.begun = True
    yield body[-1:]


def _words(error: httpx.HTTPError) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
