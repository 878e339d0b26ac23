"""What every provider of the email channel promises, against servers that misbehave.

A provider's own test module inherits `EmailContract` and says in `provider` how to open it
towards a port of the loopback with short deadlines (0.5 s each).
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest

from dunwell.core import mime
from dunwell.ports.channels import ChannelProvider
from dunwell.ports.errors import Refused, TemporarilyRefused, Unreachable, Unsure, Withdrawn
from dunwell.ports.messages import Address, Attachment, Content, Envelope, Outgoing, ready
from tests.contracts.scripted_smtp import DROP, HANG, ScriptedSmtp

WHEN = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)


def email(
    *,
    to: Address | None = None,
    content: Content | None = None,
    delivery_id: UUID | None = None,
    **given: Any,
) -> Outgoing:
    """Make one email to a customer."""
    identity = delivery_id or uuid4()
    envelope: dict[str, Any] = {
        "delivery_id": identity,
        "message_id": mime.message_id(delivery_id=identity, domain="billing.test"),
        "channel": "email",
        "sender": Address("Fjord & Sons", "billing@fjord.test"),
        "to": to or Address("Ada Park", "ada@kunde.test"),
        "date": WHEN,
        "language": "en",
    }
    words = content or Content(subject="Invoice 7", text="Hello Ada,\n\n.\n..two\nBye\n")
    return ready(envelope=Envelope(**(envelope | given)), content=words)


def _before(mail: Outgoing, following: Outgoing | None) -> Outgoing:
    return replace(mail, following=None if following is None else following.envelope)


def _reached(server: ScriptedSmtp) -> list[str]:
    return [mail.to for mail in server.settled().mails]


def yes() -> bool:
    return True


def no() -> bool:
    return False


class EmailContract:
    """Inherit, and give `provider(port)`; `offers` is what the server says it can."""

    def provider(self, port: int) -> ChannelProvider:
        raise NotImplementedError

    offers: tuple[str, ...] = ("PIPELINING", "8BITMIME", "SMTPUTF8")

    def server(self, **answers: str | tuple[str, ...]) -> ScriptedSmtp:
        return ScriptedSmtp(answers=answers, offers=self.offers)

    def _attempt(self, server: ScriptedSmtp, go: Callable[[], bool] = yes) -> Any:
        provider = self.provider(server.port)
        try:
            return provider.hand_over(email(), go=go)
        finally:
            provider.close()

    def test_an_accepted_message_arrives_once_and_as_written(self) -> None:
        with self.server() as server:
            receipt = self._attempt(server)
        (mail,) = server.settled().mails
        assert (mail.sender, mail.to) == ("billing@fjord.test", "ada@kunde.test")
        assert receipt.sha256 == sha256(mail.data).hexdigest()
        assert receipt.size == len(mail.data)
        assert receipt.reply.startswith("250 ")
        parsed = message_from_bytes(mail.data, policy=policy.default)
        body = parsed.get_body(("plain",))
        assert body is not None
        assert body.get_content().replace("\r\n", "\n") == "Hello Ada,\n\n.\n..two\nBye\n"

    def test_go_is_asked_once_and_the_words_are_made_once(self) -> None:
        asked: list[str] = []
        words = Content(subject="Hello", text="Hello")

        def render() -> Content:
            asked.append("content")
            return words

        def go() -> bool:
            asked.append("go")
            return True

        with self.server() as server:
            provider = self.provider(server.port)
            provider.hand_over(Outgoing(email().envelope, render), go=go)
            provider.close()
        assert sorted(asked) == ["content", "go"]

    @pytest.mark.parametrize(
        ("verb", "answer", "bad"),
        [
            ("RCPT", "550 5.1.1 No such user", True),
            ("RCPT", "550 No such user", True),
            ("RCPT", "550 5.2.1 Mailbox disabled", True),
            ("RCPT", "550 5.7.1 Blocked by policy", False),
            ("RCPT", "552 5.2.2 Mailbox full", False),
            ("MAIL", "550 5.7.1 Sender not allowed", False),
            ("DATA", "554 5.5.1 No", False),
            ("DOT", "554 5.7.1 Looks like spam", False),
        ],
    )
    def test_a_refusal_for_good_says_whether_the_address_is_bad(
        self, verb: str, answer: str, bad: bool
    ) -> None:
        with self.server(**{verb: answer}) as server, pytest.raises(Refused) as caught:
            self._attempt(server)
        assert caught.value.code == int(answer[:3])
        assert caught.value.text == answer[4:]
        assert caught.value.recipient_bad is bad
        assert not server.settled().mails

    @pytest.mark.parametrize("verb", ["GREETING", "MAIL", "RCPT", "DATA", "DOT"])
    @pytest.mark.parametrize("answer", ["450 4.2.0 Greylisted", "421 4.3.2 Shutting down"])
    def test_a_refusal_for_now_may_be_tried_again(self, verb: str, answer: str) -> None:
        with self.server(**{verb: answer}) as server, pytest.raises(TemporarilyRefused) as caught:
            self._attempt(server)
        assert caught.value.code == int(answer[:3])
        assert not server.settled().mails

    def test_a_no_leaves_nothing_behind(self) -> None:
        with self.server() as server, pytest.raises(Withdrawn):
            self._attempt(server, go=no)
        assert server.settled().dots == 0

    def test_an_error_while_asking_leaves_nothing_behind(self) -> None:
        def broken() -> bool:
            raise ConnectionError("database gone")

        with self.server() as server, pytest.raises(ConnectionError, match="database gone"):
            self._attempt(server, go=broken)
        assert server.settled().dots == 0

    @pytest.mark.parametrize("answer", [HANG, DROP, "hello?", "250-half"])
    def test_no_answer_after_the_last_dot_is_unsure(self, answer: str) -> None:
        with self.server(DOT=answer) as server, pytest.raises(Unsure) as caught:
            self._attempt(server)
        assert server.dots == 1
        assert caught.value.known
        assert len(caught.value.sha256) == 64

    @pytest.mark.parametrize("answer", [HANG, DROP])
    @pytest.mark.parametrize("verb", ["GREETING", "MAIL", "RCPT", "DATA"])
    def test_silence_before_the_message_is_never_unsure(self, verb: str, answer: str) -> None:
        with self.server(**{verb: answer}) as server, pytest.raises(Unreachable):
            self._attempt(server)
        assert server.settled().dots == 0

    @pytest.mark.parametrize("answer", [HANG, DROP])
    def test_breaking_off_in_the_middle_of_the_message_is_never_unsure(self, answer: str) -> None:
        paper = Attachment("big.pdf", "application/pdf", b"7" * 12_000_000)
        big = Content(subject="Big", text="Big", attachments=(paper,))
        with self.server(BODY=answer) as server:
            provider = self.provider(server.port)
            with pytest.raises(Unreachable):
                provider.hand_over(email(content=big), go=yes)
            provider.close()
        assert server.settled().dots == 0

    def test_nobody_listening_counts_as_unreachable(self) -> None:
        with self.server() as server:
            port = server.port
        with pytest.raises(Unreachable):
            self.provider(port).hand_over(email(), go=yes)

    def test_two_messages_go_over_one_connection(self) -> None:
        with self.server() as server:
            provider = self.provider(server.port)
            first = provider.hand_over(email(), go=yes)
            second = provider.hand_over(email(), go=yes)
            provider.close()
        assert server.settled().connections == 1
        assert len(server.mails) == 2
        assert first.sha256 != second.sha256

    def test_after_a_refusal_the_next_message_goes(self) -> None:
        with self.server(RCPT=("550 5.1.1 Nobody", "250 Ok")) as server:
            provider = self.provider(server.port)
            with pytest.raises(Refused):
                provider.hand_over(email(), go=yes)
            provider.hand_over(email(), go=yes)
            provider.close()
        assert len(server.settled().mails) == 1

    def test_after_a_no_the_next_message_goes_and_only_that(self) -> None:
        with self.server() as server:
            provider = self.provider(server.port)
            with pytest.raises(Withdrawn):
                provider.hand_over(email(), go=no)
            provider.hand_over(email(to=Address("", "second@kunde.test")), go=yes)
            provider.close()
        assert _reached(server) == ["second@kunde.test"]

    def test_who_is_next_gets_their_message_and_nobody_twice(self) -> None:
        mails = [email(to=Address("", f"n{n}@kunde.test")) for n in range(4)]
        with self.server() as server:
            provider = self.provider(server.port)
            for mail, following in zip(mails, [*mails[1:], None], strict=True):
                provider.hand_over(_before(mail, following), go=yes)
            provider.close()
        assert _reached(server) == [f"n{n}@kunde.test" for n in range(4)]
        assert server.connections == 1

    def test_a_no_to_who_is_next_leaves_nothing_behind(self) -> None:
        first, second = email(), email(to=Address("", "second@kunde.test"))
        with self.server() as server:
            provider = self.provider(server.port)
            provider.hand_over(_before(first, second), go=yes)
            with pytest.raises(Withdrawn):
                provider.hand_over(second, go=no)
            provider.hand_over(email(to=Address("", "third@kunde.test")), go=yes)
            provider.close()
        assert _reached(server) == [
            "ada@kunde.test",
            "third@kunde.test",
        ]
        assert server.dots == 2

    def test_somebody_else_may_come_than_was_said(self) -> None:
        first, second = email(), email(to=Address("", "second@kunde.test"))
        with self.server() as server:
            provider = self.provider(server.port)
            provider.hand_over(_before(first, second), go=yes)
            provider.hand_over(email(to=Address("", "third@kunde.test")), go=yes)
            provider.hand_over(_before(email(), second), go=yes)
            provider.close()
        assert _reached(server) == [
            "ada@kunde.test",
            "third@kunde.test",
            "ada@kunde.test",
        ]

    def test_a_refusal_of_who_is_next_is_theirs_alone(self) -> None:
        first, second, third = email(), email(), email()
        with self.server(RCPT=("250 Ok", "550 5.1.1 Nobody", "250 Ok")) as server:
            provider = self.provider(server.port)
            provider.hand_over(_before(first, second), go=yes)
            with pytest.raises(Refused):
                provider.hand_over(_before(second, third), go=yes)
            provider.hand_over(third, go=yes)
            provider.close()
        assert len(server.settled().mails) == 2

    def test_a_refused_message_does_not_take_the_next_with_it(self) -> None:
        first, second = email(), email(to=Address("", "second@kunde.test"))
        with self.server(DOT=("554 5.7.1 Looks like spam", "250 Ok")) as server:
            provider = self.provider(server.port)
            with pytest.raises(Refused):
                provider.hand_over(_before(first, second), go=yes)
            provider.hand_over(second, go=yes)
            provider.close()
        assert _reached(server) == ["second@kunde.test"]

    @pytest.mark.parametrize("answer", [HANG, DROP])
    def test_no_answer_is_unsure_also_where_it_is_known_who_is_next(self, answer: str) -> None:
        first, second = email(), email()
        with self.server(DOT=(answer, "250 Ok")) as server:
            provider = self.provider(server.port)
            with pytest.raises(Unsure):
                provider.hand_over(_before(first, second), go=yes)
            provider.hand_over(_before(second, first), go=yes)
            provider.close()
        assert server.settled().dots == 2

    def test_a_server_that_closes_before_who_is_next_costs_one_try(self) -> None:
        mails = [email(to=Address("", f"n{n}@kunde.test")) for n in range(3)]
        with self.server(MAIL=("250 Ok", DROP, "250 Ok")) as server:
            provider = self.provider(server.port)
            provider.hand_over(_before(mails[0], mails[1]), go=yes)
            with pytest.raises(Unreachable) as caught:
                provider.hand_over(_before(mails[1], mails[2]), go=yes)
            assert caught.value.retry_after == 0
            provider.hand_over(_before(mails[1], mails[2]), go=yes)
            provider.hand_over(mails[2], go=yes)
            provider.close()
        assert _reached(server) == [f"n{n}@kunde.test" for n in range(3)]

    def test_a_server_that_closes_between_messages_is_asked_anew(self) -> None:
        with self.server(QUIT=DROP) as server:
            provider = self.provider(server.port)
            provider.hand_over(email(), go=yes)
            provider.close()
            provider.hand_over(email(), go=yes)
            provider.close()
        assert len(server.settled().mails) == 2

    def test_names_of_all_scripts_arrive(self) -> None:
        words = Content(subject="Überfällig: 請求書 7 🙂", text="Zoë grüßt\n")
        sender = Address("Fjørd & Søns «AS»", "billing@fjord.test")
        message = email(to=Address("山田 Zoë", "zoe@kunde.test"), sender=sender, content=words)
        with self.server() as server:
            provider = self.provider(server.port)
            provider.hand_over(message, go=yes)
            provider.close()
        (mail,) = server.settled().mails
        parsed: Any = message_from_bytes(mail.data, policy=policy.default)
        assert parsed["subject"] == words.subject
        assert parsed["from"].addresses[0].display_name == sender.name
        assert parsed["to"].addresses[0].display_name == "山田 Zoë"
        assert parsed.get_body(("plain",)).get_content().rstrip() == "Zoë grüßt"

    def test_an_address_outside_ascii_arrives(self) -> None:
        with self.server() as server:
            provider = self.provider(server.port)
            provider.hand_over(email(to=Address("", "zoë@straße.test")), go=yes)
            provider.close()
        (mail,) = server.settled().mails
        assert mail.to == "zoë@xn--strae-oqa.test"

    @pytest.mark.parametrize(
        "smuggled",
        ["a@b.test\r\nBcc: c@d.test", "a@b.test>\r\nRCPT TO:<c@d.test", "a b@c.test", ""],
    )
    def test_an_address_cannot_smuggle_a_command(self, smuggled: str) -> None:
        with self.server() as server:
            provider = self.provider(server.port)
            with pytest.raises(Refused) as caught:
                provider.hand_over(email(to=Address("x", smuggled)), go=yes)
            provider.close()
        assert caught.value.recipient_bad
        assert not any("c@d.test" in line for line in server.commands)

    def test_a_text_cannot_smuggle_a_header_or_a_second_message(self) -> None:
        trick = "Hi\r\nBcc: c@d.test\r\n\r\n.\r\nMAIL FROM:<x@y.test>\r\n"
        words = Content(subject=trick, text=f"{trick}\n.\n\r.\r{trick}", html=None)
        message = email(
            to=Address(trick, "ada@kunde.test"), content=words, headers=(("X-Note", trick),)
        )
        with self.server() as server:
            provider = self.provider(server.port)
            provider.hand_over(message, go=yes)
            provider.close()
        (mail,) = server.settled().mails
        parsed = message_from_bytes(mail.data, policy=policy.default)
        assert parsed["bcc"] is None
        assert mail.to == "ada@kunde.test"
        assert b"\n" not in mail.data.replace(b"\r\n", b"")
