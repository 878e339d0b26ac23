"""The page of the email service and signature, an address that is not used, and unsubscribing."""

from django.test import Client

from dunwell.chasing.sender.facts.organization import load_organizations
from dunwell.ledger.models import Contact, Suppression
from dunwell.ledger.operations import block_contact
from dunwell.tenancy.models import Organization
from dunwell.tenancy.operations.channels import channel_settings
from dunwell.tenancy.unsubscribing import unsubscribe_token
from tests.chasing.desk import Desk

PAGE = "/settings/sending/email/"


def test_an_owner_chooses_a_service_and_sees_its_webhook(desk: Desk, owner: Client) -> None:
    assert "Postmark" in owner.get(PAGE).text
    form = owner.get(f"{PAGE}?service=postmark")
    assert "Server token" in form.text
    refused = owner.post(f"{PAGE}?service=postmark", {"server_token": ""})
    assert refused.status_code == 422
    saved = owner.post(f"{PAGE}?service=postmark", {"server_token": "tok"}, follow=True)
    assert "Mails leave through Postmark now." in saved.text
    found = channel_settings(channel="email")
    assert found is not None
    assert (found.options["service"], found.secrets["server_token"]) == ("postmark", "tok")
    assert f"/hooks/{found.hook}" in saved.text
    assert "tok" not in saved.text.replace("token", "")
    kept = owner.post(f"{PAGE}?service=postmark", {"message_stream": "invoices"}, follow=True)
    assert kept.status_code == 200
    again = channel_settings(channel="email")
    assert again is not None
    assert (again.secrets["server_token"], again.hook) == ("tok", found.hook)
    owner.post(f"{PAGE}remove/")
    assert channel_settings(channel="email") is None


def test_a_viewer_does_not_see_the_service(viewer: Client) -> None:
    assert viewer.get(PAGE).status_code == 403


def test_an_owner_makes_a_key_and_sees_what_to_publish(desk: Desk, owner: Client) -> None:
    made = owner.post(
        f"{PAGE}sign/", {"dkim_domain": "fjord.example", "dkim_selector": "mail"}, follow=True
    )
    assert "mail._domainkey.fjord.example" in made.text
    assert "v=DKIM1; k=rsa; p=" in made.text
    sealed = Organization.objects.get(pk=desk.organization.pk).dkim_secret
    assert sealed
    assert "PRIVATE" not in sealed
    assert "v=DKIM1" not in owner.post(f"{PAGE}unsign/", follow=True).text
    wrong = owner.post(f"{PAGE}sign/", {"dkim_domain": "fjord", "dkim_selector": "x"}, follow=True)
    assert "in full" in wrong.text


def test_a_contact_shows_why_its_address_is_not_used_and_a_member_lifts_it(
    desk: Desk, owner: Client
) -> None:
    customer = desk.customer("ada@acme.example")
    contact = Contact.objects.get()
    block_contact(
        actor=desk.actor,
        now=desk.now,
        contact_id=contact.pk,
        channel="email",
        reason="complained",
    )
    page = f"/customers/{customer.pk}/contacts/{contact.pk}"
    text = owner.get(page).text
    assert "ada@acme.example is not used" in text
    assert "called a mail spam" in text
    assert "by Ada" in text
    owner.post(f"{page}/lift/email")
    assert Contact.objects.get().email_blocked == ""
    assert not Suppression.objects.exists()


def test_one_click_stops_mail_to_the_address(desk: Desk) -> None:
    desk.customer("ada@acme.example")
    token = unsubscribe_token(organization_id=desk.organization.pk, address="Ada@acme.example")
    asked = Client().get(f"/unsubscribe/{token}")
    assert "ada@acme.example" in asked.text
    assert Contact.objects.get().email_blocked == ""
    strict = Client(enforce_csrf_checks=True)
    done = strict.post(f"/unsubscribe/{token}", {"List-Unsubscribe": "One-Click"})
    assert done.status_code == 200
    assert Contact.objects.get().email_blocked == "opted_out"
    assert Client().get("/unsubscribe/forged").status_code == 404


def test_copies_and_tracking_are_settings(desk: Desk, owner: Client) -> None:
    from django.db import connection

    form = owner.get("/settings/sending/").context["form"]
    data = {name: value for name, value in form.initial.items() if value not in (None, False)}
    data |= {"copy_to": "owner", "track_opened": "on", "list_unsubscribe": "on"}
    answer = owner.post("/settings/sending/", data)
    assert answer.status_code == 302, answer.context["form"].errors
    with connection.cursor() as cursor:
        (facts,) = load_organizations(cursor, [desk.organization.pk]).values()
    assert (facts.mail.copy_to, facts.mail.track_opened, facts.mail.list_unsubscribe) == (
        "owner",
        True,
        True,
    )
