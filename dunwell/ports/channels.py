"""The plug point for everything that carries a message to a person."""

from collections.abc import Callable
from typing import Protocol

from dunwell.ports.messages import Channel, Outgoing, Receipt


class ChannelProvider(Protocol):
    """Carries messages of one channel. One instance is used by one thread at a time."""

    @property
    def name(self) -> str:
        """Name this provider in records and settings, for example "email_smtp"."""

    @property
    def channel(self) -> Channel:
        """Name the channel this provider carries."""

    def hand_over(self, message: Outgoing, *, go: Callable[[], bool]) -> Receipt:
        """Hand one message over, once, and bring back the other side's word for it.

        `go()` is called at most once, as late as can be and always before the first byte that
        cannot be taken back (the final dot, the HTTP body). Its yes holds until `hand_over`
        returns; its no ends the hand-over cleanly. What it raises passes through, with nothing
        delivered. The other side may still refuse after a yes; nothing was handed over then.

        Raises the tree of `ports.errors`: Refused, TemporarilyRefused (Unreachable), Unsure,
        Withdrawn, NotConfigured. Every call ends within the provider's deadlines.
        """

    def close(self) -> None:
        """Let go of connections; the provider may be used again afterwards."""
