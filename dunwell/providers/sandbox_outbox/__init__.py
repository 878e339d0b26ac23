"""The provider of sandboxes: takes every message and gives it to nobody.

The outbox itself is a query over deliveries; here only the last check is made and the content
rendered, so that a sandbox finds the same errors as the real thing.
Rule: chasing, Time control.
"""

from collections.abc import Callable
from hashlib import sha256

from dunwell.ports.errors import Withdrawn
from dunwell.ports.messages import Channel, Content, Outgoing, Receipt


class SandboxOutbox:
    """Accepts messages of one channel."""

    name = "sandbox_outbox"

    def __init__(self, *, channel: Channel) -> None:
        self.channel: Channel = channel

    def hand_over(self, message: Outgoing, *, go: Callable[[], bool]) -> Receipt:
        """Take one message. Raises Withdrawn if `go()` says no."""
        raw = _flat(message.content())
        if not go():
            raise Withdrawn
        return Receipt(
            provider=self.name,
            reply="",
            sha256=sha256(raw).hexdigest(),
            size=len(raw),
        )

    def close(self) -> None:
        """Do nothing: there is no connection."""


def _flat(content: Content) -> bytes:
    words = "\0".join((content.subject, content.text, content.html or ""))
    files = (each.data for each in content.attachments)
    return b"\0".join((words.encode("utf-8", "replace"), *files))
