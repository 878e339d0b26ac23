"""Mailboxes that replies are fetched from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


class MailboxFailed(Exception):
    """The mailbox could not be read; the sentence is the server's or the network's own."""


@dataclass(frozen=True, slots=True)
class Bookmark:
    """How far a mailbox was read: everything since an instant, up to `last_uid`.

    `last_uid` counts within `uid_validity`; where the server has begun to count anew, all since
    `since` comes again (and is known by name).
    """

    since: datetime
    uid_validity: int = 0
    last_uid: int = 0


@dataclass(frozen=True, slots=True)
class Fetched:
    """One mail as it lies in the mailbox; `bookmark` is where to go on after it."""

    raw: bytes = field(repr=False)
    received_at: datetime
    bookmark: Bookmark


class Mailbox(Protocol):
    """A mailbox that can be read."""

    def fetch(self, *, settings: Mapping[str, object], bookmark: Bookmark) -> Iterator[Fetched]:
        """Give what has come since the bookmark, oldest first.

        A mail counts as taken in when the next is asked for, and only then is marked or moved.
        Raises MailboxFailed.
        """

    def check(self, *, settings: Mapping[str, object]) -> int:
        """Sign in, open the folder and return how many mails lie there. Raises MailboxFailed."""
