"""One sender for a stretch of work: advancing a clock opens one connection, not hundreds."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from dunwell.chasing.sender.sender import Sender
from dunwell.tenancy import clock

_sender: ContextVar[Sender | None] = ContextVar("dunwell_sender", default=None)


@contextmanager
def one_sender() -> Iterator[Sender]:
    """Give the present stretch's sender, or open one and close it at the end."""
    existing = _sender.get()
    if existing is not None:
        yield existing
        return
    sender = Sender(wall=clock.wall)
    token = _sender.set(sender)
    try:
        yield sender
    finally:
        _sender.reset(token)
        sender.close()
