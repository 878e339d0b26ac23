"""A sandbox's messages go to its outbox and to nobody."""

import pytest

from dunwell.ports.errors import Withdrawn
from dunwell.ports.messages import Channel, Content, Envelope, Outgoing
from dunwell.providers.sandbox_outbox import SandboxOutbox
from tests.contracts.email_channel import email, no, yes


@pytest.mark.parametrize("channel", ["email", "sms", "letter"])
def test_everything_is_accepted_and_nothing_will_be_reported(channel: Channel) -> None:
    message = email()
    receipt = SandboxOutbox(channel=channel).hand_over(message, go=yes)
    assert receipt.provider == "sandbox_outbox"
    assert receipt.reference == ""
    assert receipt.size > 0


def test_other_words_leave_another_digest() -> None:
    outbox = SandboxOutbox(channel="email")
    first = outbox.hand_over(email(content=Content(subject="a", text="b")), go=yes)
    again = outbox.hand_over(email(content=Content(subject="a", text="b")), go=yes)
    other = outbox.hand_over(email(content=Content(subject="a", text="c")), go=yes)
    assert first.sha256 == again.sha256 != other.sha256


def test_a_no_is_heeded() -> None:
    with pytest.raises(Withdrawn):
        SandboxOutbox(channel="email").hand_over(email(), go=no)


def test_words_that_cannot_be_made_are_an_error_here_too() -> None:
    def broken() -> Content:
        raise ValueError("no such variable")

    envelope: Envelope = email().envelope
    with pytest.raises(ValueError, match="no such variable"):
        SandboxOutbox(channel="email").hand_over(Outgoing(envelope, broken), go=yes)
