"""The shapes that travel from chasing to a channel provider and back.

A message comes in two halves, so that a provider can begin to talk to the other side while the
database still answers: `Envelope` is all a provider needs to open the hand-over (who, to whom,
under which id); `Content` is what it carries, and is only made when `Outgoing.content` is called.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from dunwell.core.mime import Address, Attachment

__all__ = [
    "Address",
    "Attachment",
    "Channel",
    "Content",
    "Envelope",
    "Outgoing",
    "Postal",
    "Receipt",
    "ready",
]

type Channel = Literal["email", "sms", "letter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Postal:
    """Where a letter goes or comes from, in parts as written; `country` is two letters or empty.

    `name` is the person, `company` whom they work for; at least one of both is there.
    """

    name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What is known of a message before its words are made.

    `message_id` comes from `core.mime.message_id` and is the same for every try of one delivery;
    `date` is the organization's instant (aware, UTC) and becomes the Date header;
    `language` is a BCP 47 tag such as "de" or "pt-BR". For a text message the address in `to` is
    a number in E.164 form where it could be made one; letters go from `postal_from` to `postal_to`.
    """

    delivery_id: UUID
    message_id: str
    channel: Channel
    sender: Address
    to: Address
    date: datetime
    language: str
    reply_to: Address | None = None
    headers: tuple[tuple[str, str], ...] = ()
    copies: tuple[Address, ...] = ()  # of an email, unseen by the customer
    postal_to: Postal | None = None
    postal_from: Postal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a message carries. SMS uses `text` alone; letters `text` and `attachments`.

    `body` is what `core.mime.body` makes of an email's parts, where there was time to make it.
    """

    subject: str
    text: str
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to one person.

    `content` is called at most once: after the envelope was written, so that it is made while the
    other side works, and before `go()`, so that a lock taken there is held the shorter.
    `following` is whose turn is probably next, for providers that can open the next envelope
    along with this message; nothing of it may count before its own `hand_over`.
    """

    envelope: Envelope
    content: Callable[[], Content]
    following: Envelope | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The other side's word that it took the message.

    `reply` is its answer as received, `sha256` the digest of exactly what was handed over, `size`
    its length in bytes. `reference` is the name under which it reports later what became of it
    (`ports.incoming.DeliveryReport`); empty where it never does, as with SMTP.
    """

    provider: str
    reply: str
    sha256: str
    size: int
    reference: str = ""


def ready(*, envelope: Envelope, content: Content) -> Outgoing:
    """Make an outgoing message of words that are already there."""
    return Outgoing(envelope, lambda: content)
