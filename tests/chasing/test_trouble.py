"""A mail server in a bad mood and senders that die: right states, and nothing twice."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.db import connection

from dunwell.chasing.sender.sender import Sender
from dunwell.inbox.models import Delivery
from dunwell.ledger.models import Invoice
from dunwell.ports.messages import Outgoing, Receipt
from dunwell.providers.email_smtp.settings import SmtpSettings
from dunwell.providers.sandbox_outbox import SandboxOutbox
from dunwell.tenancy import clock
from dunwell.tenancy.scope import organization_scope
from tests.chasing.desk import Desk, after_due, new_desk, on_issue, wrong
from tests.contracts.scripted_smtp import DROP, HANG, ScriptedSmtp

JO, BO = "jo@proseware.example", "bo@proseware.example"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a third of a second where the real settings wait a minute."""
    real = SmtpSettings.from_mapping
    short = dict.fromkeys(("command_timeout", "data_timeout", "final_timeout"), 0.3)
    monkeypatch.setattr(
        SmtpSettings, "from_mapping", classmethod(lambda cls, given: real({**given, **short}))
    )


def talk(answers: Mapping[str, str | tuple[str, ...]], *emails: str) -> tuple[str, list[str], int]:
    """Send one invoice through a server with this script; also what comes later.

    Gives the send's end, the deliveries' ends, and how many mails the server took.
    """
    with (
        ScriptedSmtp(answers) as server,
        new_desk(smtp_sink=f"127.0.0.1:{server.port}") as desk,
    ):
        invoice = desk.invoice([on_issue(9)], customer=desk.customer(*(emails or (JO,))))
        desk.advance("2026-03-05 00:00")
        deliveries = Delivery.objects.filter(invoice=invoice).order_by("id")
        ends = [f"{d.state} {d.reason}".strip() for d in deliveries]
        assert wrong() == {}
        ended = desk.sends(invoice)[0][1]
    return ended, ends, len(server.mails)


LATER, NO_SUCH = "451 4.3.0 later", "550 5.1.1 no such user"


@pytest.mark.parametrize(
    ("answers", "send", "delivery", "taken"),
    [
        ({}, "sent", "sent", 1),
        ({"GREETING": "421 4.3.2 too busy"}, "failed", "failed", 0),
        ({"GREETING": DROP}, "failed: unreachable", "failed unreachable", 0),
        ({"MAIL": HANG}, "failed: unreachable", "failed unreachable", 0),
        ({"RCPT": DROP}, "failed: unreachable", "failed unreachable", 0),
        ({"RCPT": LATER}, "failed: refused_for_now", "failed refused_for_now", 0),
        ({"RCPT": (LATER, "250 Ok")}, "sent", "sent", 1),
        ({"RCPT": NO_SUCH}, "failed: address_refused", "failed address_refused", 0),
        ({"RCPT": "550 5.7.1 not from you"}, "failed: refused", "failed refused", 0),
        ({"DATA": ("452 4.3.1 disk full", "354 go ahead")}, "sent", "sent", 1),
        # broken off inside DATA, when all of the small message was already on its way
        ({"BODY": DROP}, "failed: uncertain", "uncertain uncertain", 0),
        ({"DOT": DROP}, "failed: uncertain", "uncertain uncertain", 0),
        ({"DOT": HANG}, "failed: uncertain", "uncertain uncertain", 0),
        ({"DOT": (LATER, "250 Ok")}, "sent", "sent", 1),
        ({"DOT": (LATER, LATER, "250 Ok")}, "sent", "sent", 1),
        ({"DOT": "554 5.6.0 not this"}, "failed: refused", "failed refused", 0),
    ],
)
def test_a_server_in_a_bad_mood_ends_in_the_right_state_and_nothing_goes_twice(
    house: None,
    answers: Mapping[str, str | tuple[str, ...]],
    send: str,
    delivery: str,
    taken: int,
) -> None:
    ended, ends, mails = talk(answers)
    assert ended.startswith(send)
    assert [end[: len(delivery)] for end in ends] == [delivery]
    assert mails == taken


def test_one_refused_recipient_does_not_cost_the_other_theirs(house: None) -> None:
    assert talk({"RCPT": (NO_SUCH, "250 Ok")}, JO, BO) == (
        "sent",
        ["failed address_refused", "sent"],
        1,
    )


def test_no_server_at_all_fails_and_says_so(house: None) -> None:
    with ScriptedSmtp() as server:
        gone = server.port
    with new_desk(smtp_sink=f"127.0.0.1:{gone}") as desk:
        invoice = desk.invoice([on_issue(9)])
        desk.advance("2026-03-05 00:00")
        assert [state for _at, state in desk.sends(invoice)] == ["failed: unreachable"]


def test_a_server_that_comes_back_gets_the_rest(house: None) -> None:
    with ScriptedSmtp({"MAIL": (DROP, "250 Ok")}) as server:
        with new_desk(smtp_sink=f"127.0.0.1:{server.port}") as desk:
            for _n in range(5):
                desk.invoice([on_issue(9)])
            desk.advance("2026-03-05 00:00")
            assert len(desk.times()) == 5
        assert len({mail.data for mail in server.settled().mails}) == len(server.mails) == 5


def test_an_uncertain_first_send_counts_as_sent_for_what_follows(house: None) -> None:
    with (
        ScriptedSmtp({"DOT": (DROP, "250 Ok")}) as server,
        new_desk(smtp_sink=f"127.0.0.1:{server.port}") as desk,
    ):
        invoice = desk.invoice([on_issue(9), after_due(3)])
        desk.advance("2026-05-01 00:00")
        assert [template for _at, template, _to in desk.went_out(invoice)] == [
            "new_invoice",
            "past_due_invoice",
        ]
        assert [state for _at, state in desk.sends(invoice)] == ["failed: uncertain", "sent"]


# --- between one try and the next


def _pay(desk: Desk, invoice: Invoice) -> None:
    desk.pay(invoice)


def _pause(desk: Desk, invoice: Invoice) -> None:
    desk.pause(invoice, "2026-04-01")


def _switch_off(desk: Desk, invoice: Invoice) -> None:
    desk.switch(invoice, on=False)


@pytest.mark.parametrize(
    ("act", "end"),
    [
        (_pay, "cancelled: paid"),
        (_pause, "skipped: paused"),
        (_switch_off, "cancelled: disabled"),
    ],
)
def test_what_happens_between_two_tries_stops_the_second(
    house: None, act: Callable[[Desk, Invoice], None], end: str
) -> None:
    with (
        ScriptedSmtp({"DOT": (LATER, "250 Ok")}) as server,
        new_desk("2026-03-02 09:00", smtp_sink=f"127.0.0.1:{server.port}") as desk,
    ):
        invoice = desk.invoice([on_issue(9)])
        with _sender() as sender:
            step(sender, desk)
            sender.step(now=desk.now, organization_id=desk.organization.pk, limit=0)
            assert [d.state for d in Delivery.objects.filter(invoice=invoice)] == ["queued"]
            act(desk, invoice)
        desk.advance("2026-03-03 00:00")
        assert [state for _at, state in desk.sends(invoice)] == [end]
        assert (server.dots, server.settled().mails) == (1, [])
        assert wrong() == {}


# --- senders that die


class Killed(BaseException):
    """Stands for the end of the process: nothing after it runs in that sender."""


def step(sender: Sender, desk: Desk) -> int:
    return sender.step(now=desk.now, organization_id=desk.organization.pk)


class _sender:  # noqa: N801 - used as a context
    def __enter__(self) -> Sender:
        self.made = Sender(wall=clock.wall)
        return self.made

    def __exit__(self, *_: object) -> None:
        self.made.close()


@pytest.fixture
def die(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give a way to kill the sender at its n-th message, before or after it may be sent."""
    real = SandboxOutbox.hand_over
    plan: dict[str, Any] = {"at": 0, "when": ""}

    def hand_over(self: SandboxOutbox, message: Outgoing, *, go: Callable[[], bool]) -> Receipt:
        plan["at"] -= 1
        if plan["at"] == 0 and plan["when"] == "before":
            raise Killed
        receipt = real(self, message, go=go)
        if plan["at"] == 0 and plan["when"] == "after":
            raise Killed
        return receipt

    monkeypatch.setattr(SandboxOutbox, "hand_over", hand_over)
    return lambda at, when: plan.update(at=at, when=when)


@pytest.mark.parametrize(
    ("at", "when", "states"),
    [
        (1, "before", ["sent"] * 4),
        (3, "before", ["sent", "failed: uncertain", "sent", "sent"]),
        (1, "after", ["failed: uncertain", "sent", "sent", "sent"]),
        (3, "after", ["sent", "sent", "failed: uncertain", "sent"]),
        (4, "after", ["sent", "sent", "sent", "failed: uncertain"]),
    ],
)
def test_a_sender_that_dies_leaves_at_most_one_uncertain_and_the_rest_goes_out(
    desk: Desk, die: Callable[..., None], at: int, when: str, states: list[str]
) -> None:
    invoices = [desk.invoice([on_issue(9)]) for _n in range(4)]
    die(at, when)
    with pytest.raises(Killed):
        desk.advance("2026-03-03 00:00")
    desk.advance("2026-03-03 00:00")
    assert [desk.sends(invoice)[0][1] for invoice in invoices] == states
    assert Delivery.objects.count() == 4


def test_a_sender_that_dies_before_settling_is_believed_up_to_its_last_message(
    desk: Desk,
) -> None:
    invoices = [desk.invoice([on_issue(8)]) for _n in range(3)]
    with _sender() as sender:
        assert step(sender, desk) == 3
    desk.advance("2026-03-03 00:00")
    assert [desk.sends(invoice)[0][1] for invoice in invoices] == [
        "sent",
        "sent",
        "failed: uncertain",
    ]


def test_nobody_sweeps_a_sender_that_lives(desk: Desk) -> None:
    desk.invoice([on_issue(8)])
    with _sender() as first, _sender() as second:
        step(first, desk)
        second.sweep()
        assert second.sweep() == 0
        while step(first, desk):
            pass
    assert [d.state for d in Delivery.objects.all()] == ["sent"]


def test_a_payment_between_claim_and_hand_over_withdraws_the_mail(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = SandboxOutbox.hand_over
    invoice = desk.invoice([on_issue(9)])

    def pay_first(self: SandboxOutbox, message: Outgoing, *, go: Callable[[], bool]) -> Receipt:
        def pay() -> None:
            with organization_scope(desk.organization):
                desk.pay(invoice)
            connection.close()

        payer = threading.Thread(target=pay)
        payer.start()
        payer.join()
        return real(self, message, go=go)

    monkeypatch.setattr(SandboxOutbox, "hand_over", pay_first)
    desk.advance("2026-03-03 00:00")
    assert [state for _at, state in desk.sends(invoice)] == ["cancelled: paid"]
    assert Delivery.objects.filter(state="sent").count() == 0
