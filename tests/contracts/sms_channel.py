"""What every provider of the SMS channel promises, against servers that misbehave.

A provider's own test module inherits `SmsContract` and says how to open it towards a server on the
loopback with a short deadline (1.5 s), what that server answers, and what it refuses.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest

from dunwell.core import mime
from dunwell.ports.channels import ChannelProvider
from dunwell.ports.errors import (
    NotConfigured,
    Refused,
    TemporarilyRefused,
    Unreachable,
    Unsure,
    Withdrawn,
)
from dunwell.ports.messages import Address, Content, Envelope, Outgoing, ready
from tests.contracts.scripted_http import DROP, HANG, Answer, ScriptedHttp

WHEN = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
TEXT = "Fjord & Sons: 119,00 € for invoice 7 was due on 1 Nov."


def text_message(*, to: str = "+4915112345678", text: str = TEXT, **given: Any) -> Outgoing:
    """Make one text message to a customer."""
    identity = uuid4()
    envelope: dict[str, Any] = {
        "delivery_id": identity,
        "message_id": mime.message_id(delivery_id=identity, domain="billing.test"),
        "channel": "sms",
        "sender": Address("Fjord & Sons", "billing@fjord.test"),
        "to": Address("Ada Park", to),
        "date": WHEN,
        "language": "en",
    }
    return ready(envelope=Envelope(**(envelope | given)), content=Content(subject="", text=text))


def yes() -> bool:
    return True


def no() -> bool:
    return False


class SmsContract:
    """Inherit, and give what is below."""

    accepted: Answer
    refusals: tuple[tuple[Answer, bool, bool], ...]  # answer, number is bad, opted out
    misconfigured: tuple[Answer, ...]
    busy: Answer  # with Retry-After: 7
    silent: Answer  # 500: nobody knows
    reference: str

    def provider(self, url: str) -> ChannelProvider:
        raise NotImplementedError

    def attempt(
        self,
        server: ScriptedHttp,
        go: Callable[[], bool] = yes,
        message: Outgoing | None = None,
    ) -> Any:
        provider = self.provider(server.url)
        try:
            return provider.hand_over(message or text_message(), go=go)
        finally:
            provider.close()

    def test_an_accepted_message_bears_the_providers_name_for_it(self) -> None:
        with ScriptedHttp((self.accepted,)) as server:
            receipt = self.attempt(server)
        (call,) = server.settled().calls
        assert receipt.reference == self.reference
        assert receipt.sha256 == sha256(call.body).hexdigest()
        assert receipt.size == len(call.body)

    def test_go_is_asked_once_after_the_words_are_made(self) -> None:
        asked: list[str] = []

        def words() -> Content:
            asked.append("content")
            return Content(subject="", text="Hello")

        def go() -> bool:
            asked.append("go")
            return True

        message = Outgoing(text_message().envelope, words)
        with ScriptedHttp((self.accepted,)) as server:
            self.attempt(server, go, message)
        assert asked == ["content", "go"]

    def test_a_no_leaves_nothing_behind(self) -> None:
        with ScriptedHttp((self.accepted,)) as server, pytest.raises(Withdrawn):
            self.attempt(server, no)
        assert not server.settled().calls

    def test_an_error_while_asking_leaves_nothing_behind(self) -> None:
        def broken() -> bool:
            raise ConnectionError("database gone")

        with ScriptedHttp((self.accepted,)) as server, pytest.raises(ConnectionError, match="gone"):
            self.attempt(server, broken)
        assert not server.settled().calls

    def test_a_refusal_says_whether_the_number_is_bad_or_its_owner_said_stop(self) -> None:
        for answer, bad, opted_out in self.refusals:
            with ScriptedHttp((answer,)) as server, pytest.raises(Refused) as caught:
                self.attempt(server)
            assert (caught.value.recipient_bad, caught.value.opted_out) == (bad, opted_out)
            assert caught.value.text

    def test_a_wrong_account_is_our_own_fault(self) -> None:
        for answer in self.misconfigured:
            with ScriptedHttp((answer,)) as server, pytest.raises(NotConfigured):
                self.attempt(server)

    def test_a_rate_limit_says_when_to_come_again(self) -> None:
        with ScriptedHttp((self.busy,)) as server, pytest.raises(TemporarilyRefused) as caught:
            self.attempt(server)
        assert not isinstance(caught.value, Unreachable)
        assert caught.value.retry_after == 7

    def test_a_server_in_trouble_leaves_it_open(self) -> None:
        with ScriptedHttp((self.silent,)) as server, pytest.raises(Unsure) as caught:
            self.attempt(server)
        assert len(caught.value.sha256) == 64

    @pytest.mark.parametrize("answer", [HANG, DROP, "hello?"])
    def test_no_answer_after_the_message_is_unsure_and_never_sent_twice(self, answer: str) -> None:
        with ScriptedHttp((answer,)) as server, pytest.raises(Unsure) as caught:
            self.attempt(server)
        assert len(server.settled().calls) == 1
        assert caught.value.known

    def test_hanging_up_before_the_message_is_never_unsure(self) -> None:
        def late() -> bool:
            server.settled()  # the other side is gone before the last byte
            return True

        with ScriptedHttp((self.accepted,), before=DROP) as server:
            with pytest.raises((Unreachable, Unsure)):
                self.attempt(server, late)
            assert not server.calls

    def test_nobody_listening_counts_as_unreachable(self) -> None:
        with ScriptedHttp((self.accepted,)) as server:
            url = server.url
        with pytest.raises(Unreachable):
            self.provider(url).hand_over(text_message(), go=yes)

    def test_two_messages_go_over_one_connection(self) -> None:
        with ScriptedHttp((self.accepted,)) as server:
            provider = self.provider(server.url)
            provider.hand_over(text_message(), go=yes)
            provider.hand_over(text_message(), go=yes)
            provider.close()
        assert server.settled().connections == 1
        assert len(server.calls) == 2

    def test_after_a_no_the_next_message_goes_and_only_that(self) -> None:
        with ScriptedHttp((self.accepted,)) as server:
            provider = self.provider(server.url)
            with pytest.raises(Withdrawn):
                provider.hand_over(text_message(), go=no)
            provider.hand_over(text_message(), go=yes)
            provider.close()
        assert len(server.settled().calls) == 1

    @pytest.mark.parametrize("number", ["", "0151 12345678", "+49 151 1234", "ada@kunde.test"])
    def test_what_is_no_number_is_refused_before_anybody_is_asked(self, number: str) -> None:
        with ScriptedHttp((self.accepted,)) as server, pytest.raises(Refused) as caught:
            self.attempt(server, yes, text_message(to=number))
        assert caught.value.recipient_bad
        assert server.settled().connections == 0
