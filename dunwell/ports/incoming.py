"""What comes back from outside: replies of people, and reports about messages of ours.

Doors and providers (IMAP, a mail listener, a provider's webhook) turn what they receive into these
shapes and give them to `flows.receive_message` and `flows.receive_report`, which do the rest for
every channel alike.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from dunwell.core.mime import Address
from dunwell.ports.messages import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingFile:
    """A file that came with a message; `content_type` is what the sender says it is."""

    filename: str
    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One message of a person to the organization.

    `source` and `external_id` name it for ever, so that it is taken in once however often it is
    delivered (for email the Message-ID, else the hash of its bytes; for SMS the provider's id).
    `to` are all addresses it was sent to, ours among them, in the order of the headers; `text` is
    the whole of it, quoted parts included. `message_id`, `in_reply_to` and `references` are ids in
    angle brackets (email only). `automatic`: its headers or shape say that no person wrote it
    (auto-reply, out of office). `received_at` is when it reached us (aware).
    """

    channel: Channel
    source: str
    external_id: str
    sender: Address
    to: tuple[Address, ...]
    received_at: datetime
    subject: str = ""
    text: str = ""
    html: str = ""
    files: tuple[IncomingFile, ...] = ()
    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    automatic: bool = False


class Report(StrEnum):
    """What a provider or a mail server says afterwards about a message it took."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"  # for good: the address takes no mail
    FAILED = "failed"  # this message did not arrive, the address may be good
    COMPLAINED = "complained"  # marked as spam by its reader
    OPTED_OUT = "opted_out"  # asked not to be written to on this channel
    OPTED_IN = "opted_in"  # asked to be written to again
    OPENED = "opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """One report about one message of ours, found by whichever of its names is given.

    `delivery_id`: ours; `message_id`: in angle brackets; `reference`: the provider's own name for
    it (`provider_reference` of the delivery). `address` is whom it is about where the report says
    so. `at` is when it happened (aware), `detail` the other side's words.
    """

    report: Report
    provider: str
    at: datetime
    delivery_id: UUID | None = None
    message_id: str = ""
    reference: str = ""
    address: str = ""
    detail: str = ""
