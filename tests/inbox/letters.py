"""What customers write, as a door would bring it."""

from typing import Any

from dunwell import flows
from dunwell.core.mime import Address
from dunwell.flows import Received
from dunwell.ports.incoming import Incoming
from tests.chasing.desk import Desk


def mail(desk: Desk, text: str = "We will pay on Friday.", **given: Any) -> Incoming:
    """Write a mail from the usual contact; its Message-ID is made of its words."""
    given.setdefault("external_id", f"<{abs(hash((text, str(sorted(given)))))}@proseware.example>")
    given.setdefault("message_id", given["external_id"])
    return Incoming(
        channel="email",
        source="email",
        sender=given.pop("sender", Address("Jo Park", "jo@proseware.example")),
        to=given.pop("to", (Address("", "billing@acme.example"),)),
        received_at=desk.now,
        text=text,
        **given,
    )


def receive(desk: Desk, text: str = "We will pay on Friday.", **given: Any) -> Received:
    """Let a mail come in."""
    return flows.receive_message(
        organization=desk.organization, incoming=mail(desk, text, **given), now=desk.now
    )
