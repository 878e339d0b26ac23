"""The print tray: letters wait for a member, and what is paid or held meanwhile is withdrawn."""

from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from dunwell.chasing.models import TrayLetter
from dunwell.chasing.operations import tray
from dunwell.inbox.models import Delivery
from dunwell.ledger.models import Invoice
from dunwell.ledger.operations import ContactInput
from dunwell.tenancy.errors import Conflict, NotAllowed
from dunwell.tenancy.operations.channels import set_channel
from dunwell.tenancy.roles import Actor, Role
from tests.chasing.desk import Desk, after_due, on_issue

BERLIN = {"line1": "Lange Straße 12", "postal_code": "10115", "city": "Berlin", "country": "DE"}


def with_tray(desk: Desk, **address: str) -> Invoice:
    """Issue an invoice whose first step is a letter, and let it come into the tray."""
    set_channel(
        channel="letter",
        provider="letter_pdf",
        options={},
        secret_values={},
        actor=desk.actor,
        now=desk.now,
    )
    ada = ContactInput(name="Ada Park", email="ada@kunde.example", billing=True)
    customer = desk.customer(contacts=[ada], name="Kunde GmbH", address=address or BERLIN)
    invoice = desk.invoice([on_issue(9, channels=["letter"])], customer=customer)
    desk.advance("2026-03-02 10:00")
    return invoice


def waiting(desk: Desk) -> list[tray.Waiting]:
    return tray.tray(organization=desk.organization, now=desk.now)


def ids(desk: Desk) -> list[Any]:
    return [each.job.id for each in waiting(desk)]


def printed(desk: Desk) -> bytes:
    chosen = ids(desk)
    made = tray.print_file(**desk.here, ids=chosen)
    tray.mark_printed(**desk.here, ids=chosen)
    return made


def test_a_letter_waits_until_a_member_marks_it_posted(desk: Desk) -> None:
    invoice = with_tray(desk)
    (letter,) = waiting(desk)
    assert letter.lines == ("Kunde GmbH", "Ada Park", "Lange Straße 12", "10115 Berlin")
    assert desk.sends(invoice) == [("2026-03-02 09:00", "sending")]
    assert desk.times(invoice) == []
    printed(desk)
    desk.advance("2026-03-03 11:00")
    assert tray.mark_posted(**desk.here, ids=ids(desk)) == tray.Posted(1, ())
    assert desk.sends(invoice) == [("2026-03-02 09:00", "sent")]
    assert desk.times(invoice) == ["2026-03-03 11:00"]
    assert waiting(desk) == []


def test_what_was_posted_is_the_file_that_was_printed(desk: Desk) -> None:
    with_tray(desk)
    made = printed(desk)
    kept = TrayLetter.objects.get()
    assert len(PdfReader(BytesIO(made)).pages) == kept.pages + 1  # the cover list comes first
    tray.mark_posted(**desk.here, ids=ids(desk))
    assert Delivery.objects.get().sha256 == kept.sha256


def test_a_payment_withdraws_the_letter_and_warns_if_it_was_printed(desk: Desk) -> None:
    invoice = with_tray(desk)
    chosen = ids(desk)
    printed(desk)
    desk.pay(invoice)
    result = tray.mark_posted(**desk.here, ids=chosen)
    assert result.count == 0
    assert result.refused[0][0] == invoice.number
    assert desk.sends(invoice) == [("2026-03-02 09:00", "cancelled: paid")]
    assert [each.delivery.invoice_id for each in tray.withdrawn_after_printing()] == [invoice.pk]
    tray.take_note(actor=desk.actor, now=desk.now)
    assert tray.withdrawn_after_printing() == []


def test_the_clock_writes_down_what_a_payment_withdrew(desk: Desk) -> None:
    invoice = with_tray(desk)
    desk.pay(invoice)
    desk.advance("2026-03-02 11:00")
    assert desk.sends(invoice) == [("2026-03-02 09:00", "cancelled: paid")]


def test_a_pause_withdraws_the_letter_and_issues_it_again_when_it_ends(desk: Desk) -> None:
    invoice = with_tray(desk)
    desk.pause(invoice, "2026-03-05")
    assert waiting(desk) == []
    assert desk.sends(invoice) == [("2026-03-02 09:00", "skipped: paused")]
    desk.advance("2026-03-05 12:00")
    assert len(waiting(desk)) == 1


def test_a_letter_must_be_printed_before_it_is_posted(desk: Desk) -> None:
    with_tray(desk)
    assert tray.mark_posted(**desk.here, ids=ids(desk)).count == 0
    assert len(waiting(desk)) == 1


def test_a_part_payment_asks_to_print_again(desk: Desk) -> None:
    invoice = with_tray(desk)
    printed(desk)
    desk.pay(invoice, "40.00")
    (letter,) = waiting(desk)
    assert letter.changed
    assert tray.mark_posted(**desk.here, ids=ids(desk)).count == 0
    printed(desk)
    assert tray.mark_posted(**desk.here, ids=ids(desk)).count == 1


def test_an_address_without_postal_code_is_pointed_out(desk: Desk) -> None:
    with_tray(desk, line1="Lange Straße 12", city="Berlin", country="DE")
    (letter,) = waiting(desk)
    assert letter.missing == ("postal_code",)


def test_a_customer_without_any_address_gets_no_letter(desk: Desk) -> None:
    set_channel(
        channel="letter",
        provider="letter_pdf",
        options={},
        secret_values={},
        actor=desk.actor,
        now=desk.now,
    )
    invoice = desk.invoice([on_issue(9, channels=["letter"])], customer=desk.customer())
    desk.advance("2026-03-02 10:00")
    assert desk.sends(invoice) == [("2026-03-02 09:00", "failed: no_postal_address")]


def test_two_letters_about_one_invoice_are_not_posted_on_one_day(desk: Desk) -> None:
    invoice = with_tray(desk)
    desk.set_steps(invoice, [on_issue(9, channels=["letter"]), after_due(1, channels=["letter"])])
    desk.advance("2026-04-10 10:00")
    printed(desk)
    result = tray.mark_posted(**desk.here, ids=ids(desk))
    assert result.count == 1
    assert [state for _at, state in desk.sends(invoice)] == ["sent", "cancelled: daily_limit"]


def test_a_viewer_prints_and_posts_nothing(desk: Desk) -> None:
    with_tray(desk)
    viewer = {**desk.here, "actor": Actor(label="V", role=Role.VIEWER)}
    for act in (tray.print_file, tray.mark_printed, tray.mark_posted):
        with pytest.raises(NotAllowed):
            act(**viewer, ids=ids(desk))


def test_nothing_to_print_is_said(desk: Desk) -> None:
    with pytest.raises(Conflict):
        tray.print_file(**desk.here, ids=[])


def test_a_sandbox_without_a_tray_takes_letters_at_once_with_their_file(desk: Desk) -> None:
    customer = desk.customer(name="Kunde GmbH", address=BERLIN)
    invoice = desk.invoice([on_issue(9, channels=["letter"])], customer=customer)
    desk.advance("2026-03-02 10:00")
    delivery = Delivery.objects.get(invoice=invoice)
    assert delivery.message is not None
    (file,) = delivery.message.attachments
    assert file["content_type"] == "application/pdf"
