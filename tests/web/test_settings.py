"""The settings pages, as members see them."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from dunwell.ports import registry
from dunwell.providers.email_smtp import SmtpProvider
from dunwell.tenancy import doors, queries
from dunwell.tenancy.models import Member, Organization, User
from dunwell.tenancy.operations import create_sandbox, update_organization
from dunwell.tenancy.roles import Role
from dunwell.tenancy.scope import organization_scope
from dunwell.tenancy.secrets import decrypt
from tests.smtp import SmtpSink
from tests.tenancy.companies import NOW, actor_of, company

pytestmark = pytest.mark.django_db

PAGES = ("", "sending/", "members/", "tokens/", "contact-roles/", "account/")


@pytest.fixture
def acme() -> Organization:
    return company("Acme")


@pytest.fixture
def owner(client: Client, acme: Organization) -> Client:
    assert acme.default_owner is not None
    client.force_login(acme.default_owner.user)
    return client


def _member(organization: Organization, name: str, role: Role) -> Member:
    user = User.objects.create_user(f"{name.lower()}@example.com", name=name)
    with organization_scope(organization):
        return Member.objects.create(
            organization=organization,
            user=user,
            name=name,
            email=user.email,
            role=role,
            joined_at=NOW,
        )


def _filled(client: Client, path: str) -> dict[str, Any]:
    """Return what the form on the page would send if nobody touched it."""
    form = client.get(path).context["form"]
    values = {bound.name: bound.value() for bound in form}
    return {name: value for name, value in values.items() if value not in (None, False)}


def _fresh(organization: Organization) -> Organization:
    with organization_scope(organization):
        return queries.organization()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_for_the_owner(owner: Client, page: str) -> None:
    answer = owner.get(f"/settings/{page}")
    assert answer.status_code == 200
    assert 'aria-current="page"' in answer.content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_strangers_are_asked_to_sign_in(client: Client, page: str) -> None:
    assert client.get(f"/settings/{page}").headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("page", PAGES)
def test_somebody_without_an_organization_is_led_to_found_one(client: Client, page: str) -> None:
    client.force_login(User.objects.create_user("nobody@example.com"))
    assert client.get(f"/settings/{page}").headers["Location"] == "/accounts/organizations/"


def test_the_company_is_changed(owner: Client, acme: Organization) -> None:
    form = _filled(owner, "/settings/") | {"legal_name": "Acme AG", "terms_days": "14"}
    assert owner.post("/settings/", form).status_code == 302
    changed = _fresh(acme)
    assert (changed.legal_name, changed.terms_days) == ("Acme AG", 14)


def test_a_new_time_zone_says_that_schedules_were_planned_again(
    owner: Client, acme: Organization
) -> None:
    form = _filled(owner, "/settings/") | {"time_zone": "Pacific/Auckland"}
    answer = owner.post("/settings/", form, follow=True)
    assert "planned again" in answer.content.decode()
    assert _fresh(acme).time_zone == "Pacific/Auckland"


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("country", "D1"), ("email", "nobody"), ("terms_days", "-1"), ("currency", "X")],
)
def test_a_wrong_value_is_told_at_its_field_and_all_input_is_kept(
    owner: Client, acme: Organization, field: str, value: str
) -> None:
    form = _filled(owner, "/settings/") | {"phone": "+49 30 1", field: value}
    answer = owner.post("/settings/", form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert "error-summary" in page
    assert "+49 30 1" in page
    assert _fresh(acme).phone == ""


@pytest.mark.parametrize("page", ["", "sending/"])
def test_a_viewer_reads_settings_but_cannot_change_them(
    client: Client, acme: Organization, page: str
) -> None:
    client.force_login(_member(acme, "Vera", Role.VIEWER).user)
    form = client.get(f"/settings/{page}").context["form"]
    assert all(field.disabled for field in form.fields.values())
    client.post(f"/settings/{page}", {"name": "Mine", "sender_name": "Mine"})
    changed = _fresh(acme)
    assert (changed.name, changed.sender_name) == ("Acme", "")


@pytest.mark.parametrize("path", ["bank-accounts/new/", "sending/test/", "tokens/", "members/"])
def test_a_viewer_who_acts_all_the_same_gets_a_403_page(
    client: Client, acme: Organization, path: str
) -> None:
    client.force_login(_member(acme, "Vera", Role.VIEWER).user)
    form = {"to": "a@example.com", "name": "x", "scopes": "read", "role": "viewer"}
    answer = client.post(f"/settings/{path}", form | {"email": "b@example.com"})
    assert answer.status_code == 403
    assert "Ask an owner or admin" in answer.content.decode()


def test_bank_accounts_are_added_shown_in_groups_and_removed(
    owner: Client, acme: Organization
) -> None:
    wrong = owner.post("/settings/bank-accounts/new/", {"iban": "DE00 1"})
    assert "iban" in wrong.context["form"].errors
    owner.post("/settings/bank-accounts/new/", {"iban": "DE89370400440532013000"})
    assert "DE89 3704 0044 0532 0130 00" in owner.get("/settings/").content.decode()
    with organization_scope(acme):
        account = queries.bank_accounts()[0]
    owner.post(f"/settings/bank-accounts/{account.pk}/remove/")
    assert "DE89" not in owner.get("/settings/").content.decode()


def test_an_account_of_another_organization_is_not_found(owner: Client) -> None:
    birch, _secret = create_sandbox(
        slug="birch", time_zone="UTC", currency="EUR", start=NOW, wall=NOW
    )
    with organization_scope(birch):
        theirs = queries.bank_accounts()[0]
    assert owner.get(f"/settings/bank-accounts/{theirs.pk}/").status_code == 404
    assert owner.post(f"/settings/bank-accounts/{theirs.pk}/remove/").status_code == 404


def test_sending_is_changed_and_an_empty_password_keeps_the_present_one(
    owner: Client, acme: Organization
) -> None:
    form = _filled(owner, "/settings/sending/") | {
        "smtp_host": "smtp.example.com",
        "smtp_password": "hunter2",
        "minimum_balances": "EUR 5.00\nJPY 100",
        "holiday_calendar": "DE-BY",
    }
    assert owner.post("/settings/sending/", form).status_code == 302
    page = owner.get("/settings/sending/").content.decode()
    assert "hunter2" not in page
    again = _filled(owner, "/settings/sending/")
    assert again["minimum_balances"] == "EUR 5.00\nJPY 100"
    owner.post("/settings/sending/", again)
    changed = _fresh(acme)
    assert decrypt(sealed=changed.smtp_secret) == "hunter2"
    assert changed.minimum_balances == {"EUR": 500, "JPY": 100}


@pytest.mark.parametrize("text", ["EUR", "EURO 5", "EUR 5.001", "EUR -5", "5 EUR"])
def test_a_wrong_minimum_balance_is_told(owner: Client, text: str) -> None:
    form = _filled(owner, "/settings/sending/") | {"minimum_balances": text}
    assert "minimum_balances" in owner.post("/settings/sending/", form).context["form"].errors


def test_a_test_mail_reports_the_servers_own_answer(
    owner: Client, acme: Organization, smtp_sink: SmtpSink
) -> None:
    registry.register_channel(channel="email", name="email_smtp", factory=SmtpProvider.open)
    with organization_scope(acme):
        update_organization(
            changes={
                "sender_email": "billing@acme.example",
                "smtp_host": smtp_sink.host,
                "smtp_port": smtp_sink.port,
                "smtp_security": "none",
            },
            actor=actor_of(acme),
            now=NOW,
        )
    took = owner.post("/settings/sending/test/", {"to": "me@example.com"}, follow=True)
    assert "The server took it: 250 OK" in took.content.decode()
    assert smtp_sink.wait_for(1)[0].recipients == ("me@example.com",)
    smtp_sink.answer = "554 5.7.1 we know you"
    refused = owner.post("/settings/sending/test/", {"to": "me@example.com"}, follow=True)
    assert "5.7.1 we know you" in refused.content.decode()


@pytest.mark.parametrize(
    ("sender", "to", "sentence"),
    [
        ("", "me@example.com", "Enter the sender"),
        ("billing@acme.example", "me@example.com", "Enter an SMTP server first"),
        ("billing@acme.example", "nobody", "not an email address"),
    ],
)
def test_a_test_mail_that_cannot_go_says_why(
    owner: Client, acme: Organization, sender: str, to: str, sentence: str
) -> None:
    with organization_scope(acme):
        update_organization(changes={"sender_email": sender}, actor=actor_of(acme), now=NOW)
    answer = owner.post("/settings/sending/test/", {"to": to}, follow=True)
    assert sentence in answer.content.decode()


def test_a_member_is_invited_by_mail_and_the_invitation_withdrawn(
    owner: Client, acme: Organization
) -> None:
    answer = owner.post("/settings/members/", {"email": "mia@example.com", "role": "member"})
    assert answer.status_code == 302
    found = re.search(r"/accounts/invitation/([\w-]+)/", str(mail.outbox[0].body))
    assert found is not None
    assert doors.by_invitation(secret=found[1], now=NOW) == acme.pk
    with organization_scope(acme):
        invitation = queries.open_invitations()[0]
    owner.post(f"/settings/members/invitations/{invitation.pk}/withdraw/")
    assert doors.by_invitation(secret=found[1], now=NOW) is None


def test_roles_change_and_who_leaves_hands_over(owner: Client, acme: Organization) -> None:
    mia = _member(acme, "Mia", Role.MEMBER)
    owner.post(f"/settings/members/{mia.pk}/", {"role": "admin"})
    with organization_scope(acme):
        assert queries.member(member_id=mia.pk).role == Role.ADMIN
    nobody = owner.post(f"/settings/members/{mia.pk}/deactivate/", {})
    assert nobody.status_code == 422
    assert acme.default_owner is not None
    owner.post(f"/settings/members/{mia.pk}/deactivate/", {"successor": str(acme.default_owner.pk)})
    with organization_scope(acme):
        assert not queries.member(member_id=mia.pk).active


def test_the_last_owner_is_told_that_somebody_must_follow(
    owner: Client, acme: Organization
) -> None:
    assert acme.default_owner is not None
    answer = owner.post(f"/settings/members/{acme.default_owner.pk}/", {"role": "viewer"})
    assert "needs an owner" in answer.content.decode()


def test_a_token_is_shown_once_and_works_until_revoked(owner: Client, acme: Organization) -> None:
    page = owner.post("/settings/tokens/", {"name": "CI", "scopes": ["read"]}).content.decode()
    found = re.search(r"dw_[\w-]{43}", page)
    assert found is not None
    assert found[0] not in owner.get("/settings/tokens/").content.decode()
    assert doors.by_token(secret=found[0]) is not None
    with organization_scope(acme):
        token = queries.tokens()[0]
    owner.post(f"/settings/tokens/{token.pk}/revoke/")
    assert doors.by_token(secret=found[0]) is None


def test_contact_roles_are_added_renamed_and_removed(owner: Client, acme: Organization) -> None:
    owner.post("/settings/contact-roles/", {"name": "Accounts  payable"})
    twice = owner.post("/settings/contact-roles/", {"name": "accounts payable"})
    assert "name" in twice.context["form"].errors
    role = owner.get("/settings/contact-roles/").context["roles"]
    with organization_scope(acme):
        pk = role[0].pk
    owner.post(f"/settings/contact-roles/{pk}/", {"name": "Bookkeeping"})
    assert "Bookkeeping" in owner.get("/settings/contact-roles/").content.decode()
    owner.post(f"/settings/contact-roles/{pk}/", {"name": "Bookkeeping", "remove": "1"})
    assert "No roles yet" in owner.get("/settings/contact-roles/").content.decode()
