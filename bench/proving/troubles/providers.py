"""Providers that take what they are given, write it down at once, and fail in every way."""

import json
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from dunwell.ports.channels import ChannelProvider
from dunwell.ports.errors import (
    NotConfigured,
    Refused,
    TemporarilyRefused,
    Unreachable,
    Unsure,
    Withdrawn,
)
from dunwell.ports.messages import Channel, Outgoing, Receipt
from dunwell.ports.registry import register_channel
from dunwell.providers.sandbox_outbox import SandboxOutbox

SHARE_OF_TROUBLE: Final = 0.02
CHANNELS: Final[tuple[Channel, ...]] = ("email", "sms", "letter")
TROUBLES: Final = (
    "refused", "address refused", "not now", "unreachable", "not set up", "mistake before go",
    "refused after go", "not now after go", "unsure and taken", "unsure and lost",
    "mistake after taking",
)  # fmt: skip
TAKEN: Final = frozenset({"taken", "unsure and taken", "mistake after taking"})
"""What the other side has, whatever it said."""


class Journal:
    """What was handed over, a line each, on disk before the provider answers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def write(self, message: Outgoing, fate: str) -> None:
        """Add a line in one write, which a killed process has made whole or not at all."""
        envelope = message.envelope
        line = {
            "delivery": str(envelope.delivery_id),
            "channel": envelope.channel,
            "to": envelope.to.email,
            "at": envelope.date.isoformat(),
            "fate": fate,
        }
        os.write(self._file, json.dumps(line).encode() + b"\n")

    def lines(self) -> list[dict[str, Any]]:
        """Read what was written, by whichever process."""
        return [json.loads(line) for line in self.path.read_text().splitlines()]


class TroubledProvider:
    """Takes the messages of one channel, all but a few."""

    name = "sandbox_outbox"

    def __init__(self, *, channel: Channel, journal: Journal, dice: random.Random) -> None:
        self.channel: Channel = channel
        self._journal = journal
        self._dice = dice

    def hand_over(self, message: Outgoing, *, go: Callable[[], bool]) -> Receipt:
        """Take a message, or fail in one of TROUBLES."""
        fate = "taken"
        if self._dice.random() < SHARE_OF_TROUBLE:
            fate = self._dice.choice(TROUBLES)
        self._before(message, fate)
        content = message.content()
        if not go():
            raise Withdrawn
        self._journal.write(message, fate)
        self._after(fate)
        raw = "\0".join((content.subject, content.text, content.html or "")).encode()
        digest = sha256(raw).hexdigest()
        return Receipt(provider=self.name, reply="taken", sha256=digest, size=len(raw))

    def _before(self, message: Outgoing, fate: str) -> None:
        """Fail before anything could have been handed over."""
        errors: dict[str, Exception] = {
            "refused": Refused(code=550, text="not this message"),
            "address refused": Refused(code=550, text="no such person", recipient_bad=True),
            "not now": TemporarilyRefused(code=451, text="not now"),
            "unreachable": Unreachable(text="nobody there"),
            "not set up": NotConfigured(what="the password is wrong"),
            "mistake before go": RuntimeError("a mistake in the provider"),
        }
        if fate in errors:
            self._journal.write(message, fate)
            raise errors[fate]

    @staticmethod
    def _after(fate: str) -> None:
        """Fail after the point of no return."""
        if fate == "refused after go":
            raise Refused(code=554, text="not these words")
        if fate == "not now after go":
            raise TemporarilyRefused(code=452, text="no room")
        if fate.startswith("unsure"):
            raise Unsure(known="all was sent, no answer came")
        if fate == "mistake after taking":
            raise RuntimeError("a mistake in the provider")

    def close(self) -> None:
        """Do nothing: there is no connection."""


@contextmanager
def trouble_everywhere(*, journal: Journal, seed: int) -> Iterator[None]:
    """Put troubled providers in place of a sandbox's outbox, and the outbox back at the end."""
    dice = random.Random(f"{seed} providers")
    for channel in CHANNELS:
        _put(TroubledProvider(channel=channel, journal=journal, dice=dice))
    try:
        yield
    finally:
        for channel in CHANNELS:
            _put(SandboxOutbox(channel=channel))


def _put(provider: ChannelProvider) -> None:
    register_channel(channel=provider.channel, name="sandbox_outbox", factory=lambda _: provider)
