"""Quiet hours for text messages: those wait alone, and are checked again when they end."""

import pytest

from dunwell.inbox.models import Delivery
from dunwell.ledger.models import Invoice
from dunwell.ledger.operations import ContactInput
from tests.chasing.desk import Desk, on_issue


def issued(desk: Desk, *, zone: str = "", hour: int = 9) -> Invoice:
    desk.change_settings(sms_quiet_from=20, sms_quiet_until=8)
    contact = ContactInput(
        name="Jo Park",
        email="jo@proseware.example",
        phone="+4915112345678",
        time_zone=zone,
        receives_invoices=True,
    )
    steps = [on_issue(hour, channels=["email", "sms"])]
    return desk.invoice(steps, customer=desk.customer(contacts=[contact]))


def ends(invoice: Invoice) -> dict[str, str]:
    return {each.channel: each.state for each in Delivery.objects.filter(invoice=invoice)}


@pytest.mark.parametrize(
    ("zone", "hour", "waits_until"),
    [
        ("", 9, "2026-03-02 09:00"),
        ("", 21, "2026-03-03 08:00"),
        ("America/New_York", 9, "2026-03-02 14:00"),  # 03:00 there
        ("Asia/Tokyo", 13, "2026-03-03 00:00"),  # 21:00 there
    ],
)
def test_a_text_waits_for_the_contacts_own_morning(
    desk: Desk, zone: str, hour: int, waits_until: str
) -> None:
    invoice = issued(desk, zone=zone, hour=hour)
    desk.advance("2026-03-04 00:00")
    texts = Delivery.objects.get(invoice=invoice, channel="sms")
    assert texts.settled_at is not None
    assert desk.local(texts.settled_at) == waits_until
    assert ends(invoice) == {"email": "sent", "sms": "sent"}


def test_the_mail_of_the_same_step_does_not_wait(desk: Desk) -> None:
    invoice = issued(desk, hour=21)
    desk.advance("2026-03-02 22:00")
    assert ends(invoice) == {"email": "sent", "sms": "queued"}


def test_a_payment_in_the_night_stops_the_text(desk: Desk) -> None:
    invoice = issued(desk, hour=21)
    desk.advance("2026-03-02 22:00")
    desk.pay(invoice)
    desk.advance("2026-03-04 00:00")
    assert ends(invoice) == {"email": "sent", "sms": "cancelled"}
    assert desk.sends(invoice)[0][1] == "sent"


def test_a_pause_in_the_night_stops_the_text(desk: Desk) -> None:
    invoice = issued(desk, hour=21)
    desk.advance("2026-03-02 22:00")
    desk.pause(invoice, "2026-03-10")
    desk.advance("2026-03-04 00:00")
    assert ends(invoice) == {"email": "sent", "sms": "cancelled"}
