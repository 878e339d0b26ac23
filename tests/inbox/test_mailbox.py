"""Replies are fetched from a real IMAP server: each once, none lost, in the right conversation."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any

import pytest

from dunwell.flows import mailboxes
from dunwell.inbox.models import Delivery, MailboxState, Message, Reply
from dunwell.tenancy.errors import Conflict
from tests.chasing.desk import Desk, after_due, on_issue
from tests.dovecot import PASSWORD, Dovecot, running


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with running() as server:
        yield server


def _set_up(desk: Desk, dovecot: Dovecot, **options: Any) -> None:
    given = {**dovecot.settings, "address": "billing@acme.example", "plus": True, **options}
    given.pop("password")
    mailboxes.set_mailbox(
        organization=desk.organization,
        options=given,
        password=PASSWORD,
        actor=desk.actor,
        now=desk.now,
        wall=datetime.now(UTC),
    )


def _fetch(desk: Desk, *, after: int = 60) -> int:
    wall = datetime.now(UTC) + timedelta(seconds=after)
    return mailboxes.fetch(organization=desk.organization, now=desk.now, wall=wall)


def _reply(text: str, **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = headers.pop("From", "Jo Park <jo@proseware.example>")
    message["To"] = headers.pop("To", "billing@acme.example")
    message["Subject"] = headers.pop("Subject", "Re: Invoice")
    message["Message-ID"] = make_msgid(domain="proseware.example")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def test_a_reply_in_the_mailbox_stops_the_next_reminder(desk: Desk, dovecot: Dovecot) -> None:
    _set_up(desk, dovecot)
    desk.customer()
    invoice = desk.invoice([on_issue(9), after_due(0)], due_date="2026-03-04")
    desk.advance("2026-03-02 10:00")
    sent = Delivery.objects.get(invoice=invoice)
    text = "We pay on Friday.\n\nOn 2 Mar 2026, Acme wrote:\n> Dear Jo\n"
    dovecot.put(_reply(text, In_Reply_To=f"<{sent.pk}@acme.example>"))
    assert _fetch(desk) == 1
    reply = Reply.objects.get()
    assert reply.message.conversation.invoice_id == invoice.pk
    assert reply.new_text == "We pay on Friday."
    assert "Dear Jo" in reply.message.text
    desk.advance("2026-03-05 10:00")
    assert desk.sends(invoice)[1] == ("2026-03-04 09:00", "skipped: paused")
    assert dovecot.count(criterion="SEEN") >= 1


def test_what_was_fetched_is_not_fetched_again_and_what_comes_twice_is_known(
    desk: Desk, dovecot: Dovecot
) -> None:
    _set_up(desk, dovecot)
    before = _fetch(desk)
    dovecot.put(_reply("One"))
    dovecot.put(_reply("Two"))
    assert _fetch(desk, after=120) == 2
    assert _fetch(desk, after=180) == 0
    # As after a crash between storing and the bookmark, or a server that counts anew.
    MailboxState.objects.update(last_uid=0, uid_validity=1)
    assert _fetch(desk, after=240) >= 2
    assert Reply.objects.filter(new_text__in=["One", "Two"]).count() == 2
    assert before >= 0


def test_what_lay_there_before_it_was_set_up_stays_where_it_is(
    desk: Desk, dovecot: Dovecot
) -> None:
    _set_up(desk, dovecot)
    MailboxState.objects.update(since=datetime.now(UTC) + timedelta(minutes=5))
    dovecot.put(_reply("Old"))
    assert _fetch(desk) == 0
    assert not Message.objects.exists()


def test_mails_are_moved_to_a_folder_where_one_is_named(desk: Desk, dovecot: Dovecot) -> None:
    _set_up(desk, dovecot, done_folder="Dunwell")
    dovecot.put(_reply("Move me"))
    taken = _fetch(desk)
    assert taken >= 1
    assert dovecot.count("Dunwell") >= 1
    assert _fetch(desk, after=120) == 0


def test_a_bounce_in_the_mailbox_marks_the_message_and_blocks_the_address(
    desk: Desk, dovecot: Dovecot
) -> None:
    _set_up(desk, dovecot)
    customer = desk.customer()
    invoice = desk.invoice([on_issue(9)], due_date="2026-04-04", customer=customer)
    desk.advance("2026-03-02 10:00")
    sent = Delivery.objects.get(invoice=invoice)
    dovecot.put(
        (
            "From: MAILER-DAEMON@mx.example\r\nTo: billing@acme.example\r\n"
            "Subject: Undelivered Mail Returned to Sender\r\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
            "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
            "Final-Recipient: rfc822; jo@proseware.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
            "Diagnostic-Code: smtp; 550 5.1.1 User unknown\r\n\r\n--b\r\n"
            f"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{sent.pk}@acme.example>\r\n"
            "\r\n--b--\r\n"
        ).encode()
    )
    assert _fetch(desk) >= 1
    sent.refresh_from_db()
    assert sent.state == "bounced"
    assert customer.contacts.get().email_blocked
    assert not Reply.objects.filter(message__conversation__invoice=invoice).exists()


def test_a_wrong_password_is_told_in_the_server_s_words(desk: Desk, dovecot: Dovecot) -> None:
    _set_up(desk, dovecot)
    assert mailboxes.try_mailbox(actor=desk.actor) >= 0
    mailboxes.set_mailbox(
        organization=desk.organization,
        options={
            **{k: v for k, v in dovecot.settings.items() if k != "password"},
            "address": "billing@acme.example",
            "plus": False,
        },
        password="wrong",
        actor=desk.actor,
        now=desk.now,
        wall=datetime.now(UTC),
    )
    with pytest.raises(Conflict, match=r"(?i)auth"):
        mailboxes.try_mailbox(actor=desk.actor)
    assert _fetch(desk) == 0
    assert MailboxState.objects.get().error
