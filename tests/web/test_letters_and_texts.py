"""The pages of the print tray and of text messages."""

from io import BytesIO

from pypdf import PdfReader

from dunwell.inbox.models import Delivery
from dunwell.tenancy.operations.channels import channel_settings
from dunwell.tenancy.roles import Role
from tests.chasing.desk import Desk
from tests.chasing.test_letters import with_tray
from tests.web.conftest import signed_in

ACCOUNT = "AC" + "0123456789abcdef" * 2


def test_letters_are_downloaded_printed_and_posted_on_their_page(desk: Desk) -> None:
    invoice = with_tray(desk)
    client = signed_in(desk)
    page = client.get("/chasing/letters/").content.decode()
    assert invoice.number in page
    assert "Lange Straße 12" in page
    chosen = {"letter": str(Delivery.objects.get().pk)}
    made = client.post("/chasing/letters/act/", {**chosen, "act": "download"})
    assert made["Content-Type"] == "application/pdf"
    words = "".join(each.extract_text() for each in PdfReader(BytesIO(made.content)).pages)
    assert "Kunde GmbH" in words
    client.post("/chasing/letters/act/", {**chosen, "act": "printed"})
    done = client.post("/chasing/letters/act/", {**chosen, "act": "posted"}, follow=True)
    assert "1 letter is posted." in done.content.decode()
    assert Delivery.objects.get().state == "sent"


def test_a_printed_letter_that_was_paid_meanwhile_is_pointed_out(desk: Desk) -> None:
    invoice = with_tray(desk)
    client = signed_in(desk)
    chosen = {"letter": str(Delivery.objects.get().pk)}
    for act in ("download", "printed"):
        client.post("/chasing/letters/act/", {**chosen, "act": act})
    desk.pay(invoice)
    page = client.get("/chasing/letters/").content.decode()
    assert "Printed, but do not post these" in page
    client.post("/chasing/letters/act/", {"act": "noted"})
    assert "do not post these" not in client.get("/chasing/letters/").content.decode()


def test_a_viewer_sees_letters_and_may_do_nothing(desk: Desk) -> None:
    with_tray(desk)
    client = signed_in(desk, Role.VIEWER)
    assert "Mark as posted" not in client.get("/chasing/letters/").content.decode()
    chosen = {"letter": str(Delivery.objects.get().pk), "act": "posted"}
    assert client.post("/chasing/letters/act/", chosen).status_code == 403


def test_an_account_at_twilio_is_set_up_and_its_token_never_shown(desk: Desk) -> None:
    client = signed_in(desk)
    given = {"account_sid": ACCOUNT, "auth_token": "tell nobody", "sender": "Fjord"}
    page = client.post("/settings/sending/sms/", given, follow=True).content.decode()
    assert "/hooks/" in page
    assert "tell nobody" not in page
    chosen = channel_settings(channel="sms")
    assert chosen is not None
    assert chosen.secrets == {"auth_token": "tell nobody"}


def test_a_wrong_account_is_said_at_once(desk: Desk) -> None:
    client = signed_in(desk)
    given = {"account_sid": "AC1", "auth_token": "x", "sender": "Fjord"}
    assert client.post("/settings/sending/sms/", given).status_code == 422


def test_quiet_hours_want_both_ends(desk: Desk) -> None:
    client = signed_in(desk)
    both = {"sms_quiet_from": "20", "sms_quiet_until": "8"}
    assert client.post("/settings/sending/sms/quiet/", {"sms_quiet_from": "20"}).status_code == 422
    assert client.post("/settings/sending/sms/quiet/", both).status_code == 302
    desk.organization.refresh_from_db()
    assert desk.organization.sms_quiet_from == 20
