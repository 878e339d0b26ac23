"""What happens when a customer writes: it stands in its place, and nobody is reminded meanwhile."""

from dunwell.core.mail.reply_address import Thread, token
from dunwell.core.mime import Address
from dunwell.inbox.models import Conversation, Delivery, Message, ReceivedFile, Reply
from dunwell.ledger.models import Activity, Invoice
from dunwell.ports.incoming import IncomingFile
from dunwell.tenancy.models import Event
from dunwell.tenancy.secrets import reply_keys
from tests.chasing.desk import Desk, after_due, on_issue
from tests.inbox.letters import receive


def _sent(desk: Desk) -> tuple[Invoice, Delivery]:
    """Send an invoice due on Monday, 9 March; reminders would follow on the 11th and 18th."""
    desk.customer("jo@proseware.example")
    invoice = desk.invoice([on_issue(9), after_due(2), after_due(9)], due_date="2026-03-09")
    desk.advance("2026-03-02 10:00")
    return invoice, Delivery.objects.get(invoice=invoice)


def test_a_reply_that_names_our_message_stands_in_the_invoice_s_conversation(desk: Desk) -> None:
    invoice, delivery = _sent(desk)
    got = receive(desk, "Thanks!", in_reply_to=(f"<{delivery.pk}@acme.example>",))
    assert (got.invoice_id, got.matched_by, got.new) == (invoice.pk, "references", True)
    said = list(Message.objects.filter(conversation__invoice=invoice).order_by("seq"))
    assert [(m.direction, m.author, m.seq) for m in said] == [
        ("out", "system", 1),
        ("in", "visitor", 2),
    ]
    last = Activity.objects.filter(invoice=invoice, counts=True).order_by("-id")[0]
    assert (last.kind, last.by, last.channel, last.text) == ("reply", "Jo Park", "email", "Thanks!")
    event = Event.objects.get(kind="message.received")
    assert event.data["text"] == "Thanks!"
    assert event.data["number"] == invoice.number


def test_a_message_is_taken_in_once_however_often_it_comes(desk: Desk) -> None:
    _sent(desk)
    first = receive(desk, external_id="<once@x>")
    again = receive(desk, external_id="<once@x>")
    assert (first.new, again.new) == (True, False)
    assert first.message_id == again.message_id
    assert Reply.objects.count() == 1


def test_the_token_of_a_reply_address_leads_to_the_invoice_whoever_writes(desk: Desk) -> None:
    invoice, _ = _sent(desk)
    word = token(thread=Thread.INVOICE, id=invoice.pk, key=reply_keys()[0])
    got = receive(
        desk,
        sender=Address("", "someone@else.example"),
        to=(Address("", f"BILLING+{word.upper()}@acme.example"),),
    )
    assert (got.invoice_id, got.matched_by) == (invoice.pk, "token")


def test_a_guessed_token_leads_nowhere(desk: Desk) -> None:
    invoice, _ = _sent(desk)
    word = token(thread=Thread.INVOICE, id=invoice.pk, key=b"guess")
    to = (Address("", f"billing+{word}@acme.example"),)
    got = receive(desk, sender=Address("", "someone@else.example"), to=to)
    assert (got.invoice_id, got.customer_id, got.matched_by) == (None, None, "")


def test_a_known_sender_who_names_the_number_writes_about_that_invoice(desk: Desk) -> None:
    first, _ = _sent(desk)
    second = desk.invoice([after_due(2)], due_date="2026-03-09")
    got = receive(desk, "About the above", subject=f"Question on {second.number}?")
    assert (got.invoice_id, got.matched_by) == (second.pk, "number")
    got = receive(desk, f"We paid {first.number} and {second.number} today")
    assert got.invoice_id in {first.pk, second.pk}
    assert set(got.held) == {first.pk, second.pk}


def test_a_known_sender_who_names_nothing_writes_about_the_account(desk: Desk) -> None:
    first, _ = _sent(desk)
    second = desk.invoice([after_due(2)], due_date="2026-03-09")
    got = receive(desk, "Please call me", sender=Address("", "JO@proseware.example"))
    assert (got.invoice_id, got.customer_id) == (None, first.customer_id)
    assert set(got.held) == {first.pk, second.pk}
    more = receive(desk, "Did you get this?")
    assert more.conversation_id == got.conversation_id


def test_what_an_unknown_sender_writes_waits_for_a_member(desk: Desk) -> None:
    invoice, _ = _sent(desk)
    got = receive(desk, f"About {invoice.number}", sender=Address("Eve", "eve@spam.example"))
    assert (got.invoice_id, got.customer_id, got.held) == (None, None, ())
    assert Conversation.objects.get(pk=got.conversation_id).customer_id is None


def test_nobody_is_reminded_for_three_working_days_after_a_reply(desk: Desk) -> None:
    invoice, delivery = _sent(desk)
    desk.advance("2026-03-10 12:00")
    receive(desk, in_reply_to=(f"<{delivery.pk}@acme.example>",))
    desk.advance("2026-03-19 12:00")
    assert desk.sends(invoice) == [
        ("2026-03-02 09:00", "sent"),
        ("2026-03-11 09:00", "skipped: paused"),
        ("2026-03-18 09:00", "sent"),
    ]


def test_the_hold_leaves_out_weekends_and_is_the_organization_s_own(desk: Desk) -> None:
    desk.change_settings(reply_hold_days=1)
    invoice, delivery = _sent(desk)
    desk.set_steps(
        invoice,
        [
            {"trigger": {"type": "on_date", "date": day}, "hour": 9, "channels": ["email"]}
            for day in ("2026-03-09", "2026-03-10")
        ],
    )
    desk.advance("2026-03-06 12:00")
    receive(desk, in_reply_to=(f"<{delivery.pk}@acme.example>",))
    desk.advance("2026-03-11 12:00")
    assert desk.sends(invoice)[-2:] == [
        ("2026-03-09 09:00", "skipped: paused"),
        ("2026-03-10 09:00", "sent"),
    ]


def test_a_reply_raises_the_chase_version_so_that_a_reminder_under_way_stops(desk: Desk) -> None:
    invoice, delivery = _sent(desk)
    before = Invoice.objects.get(pk=invoice.pk).chase_version
    receive(desk, in_reply_to=(f"<{delivery.pk}@acme.example>",))
    assert Invoice.objects.get(pk=invoice.pk).chase_version > before


def test_an_out_of_office_holds_nothing_and_its_day_of_return_is_read(desk: Desk) -> None:
    invoice, delivery = _sent(desk)
    before = Invoice.objects.get(pk=invoice.pk).chase_version
    got = receive(
        desk,
        "I am away until 12 March. In urgent cases call my colleague.",
        subject="Automatic reply: Invoice",
        automatic=True,
        in_reply_to=(f"<{delivery.pk}@acme.example>",),
    )
    assert (got.automatic, got.held) == (True, ())
    assert str(Reply.objects.get().back_on) == "2026-03-12"
    assert Invoice.objects.get(pk=invoice.pk).chase_version == before
    assert not Activity.objects.filter(kind="reply").exists()
    desk.advance("2026-03-11 12:00")
    assert desk.sends(invoice)[1] == ("2026-03-11 09:00", "sent")


def test_files_are_kept_as_they_came_and_scripts_are_not(desk: Desk) -> None:
    _sent(desk)
    file = IncomingFile(filename="proof.pdf", content_type="application/pdf", data=b"%PDF-1.7 x")
    page = '<p onclick="x()">Paid<script>bad()</script><img src="https://t.example/a"></p>'
    got = receive(desk, "", html=page, files=(file,))
    message = Message.objects.get(pk=got.message_id)
    assert (message.text, message.html) == ("Paid", "<p>Paid</p>")
    assert message.attachments == [
        {"filename": "proof.pdf", "content_type": "application/pdf", "size": 10, "kept": True}
    ]
    assert bytes(ReceivedFile.objects.get(message=message).data) == file.data


def test_a_file_that_is_too_large_is_named_but_not_kept(desk: Desk, monkeypatch: object) -> None:
    _sent(desk)
    file = IncomingFile(filename="film.mov", content_type="video/x", data=bytes(25_000_001))
    got = receive(desk, "see film", files=(file,))
    assert Message.objects.get(pk=got.message_id).attachments[0]["kept"] is False
    assert not ReceivedFile.objects.exists()
