"""The plug point for what providers tell by calling an address of ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from dunwell.ports.incoming import DeliveryReport, Incoming
from dunwell.ports.registry import Settings

type Told = DeliveryReport | Incoming


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRequest:
    """One request as it came in, to the byte: signatures are made over these.

    `url` is the whole address that was called, as the provider knows it; the names in `headers`
    are in lower case; `query` and `form` map a name to all its values (`form` where the body is
    one, urlencoded or multipart; files are (name, content type, bytes)). `at` is the wall clock.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    at: datetime
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    form: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Mapping[str, tuple[str, str, bytes]] = field(default_factory=dict, repr=False)


class HookRefused(Exception):
    """A request that is not the provider's: a wrong signature, or none of its shapes.

    `status` is what the door answers: 401 for a signature, 400 for a shape.
    """

    def __init__(self, sentence: str, *, status: int = 401) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status


class HookReader(Protocol):
    """Reads the requests of one provider; registered under its channel and name."""

    def read(self, request: HookRequest, *, settings: Settings) -> Sequence[Told]:
        """Check the signature and turn the request into reports and messages; none is fine.

        `settings` are the channel's options and secrets in one, as `open_channel` gets them.
        Raises HookRefused. Asks nobody: it must be quick.
        """


_readers: dict[tuple[str, str], HookReader] = {}


def register_hook_reader(*, channel: str, name: str, reader: HookReader) -> None:
    """Make a provider's reader known under its channel and name; the last registration holds."""
    _readers[channel, name] = reader


def hook_reader(*, channel: str, name: str) -> HookReader | None:
    """Find the reader of a provider; None where it calls nobody."""
    return _readers.get((channel, name))
