"""Signing up, in and out; invitations; forgotten passwords; two factors."""

import re
import time
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.core.cache import cache
from django.test import Client

from dunwell.tenancy import clock
from dunwell.tenancy.models import Invitation, Member, Organization, User
from dunwell.tenancy.operations import create_organization, invite_member
from dunwell.tenancy.roles import Actor, Role
from dunwell.tenancy.scope import organization_scope, system_scope

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _no_memory_of_attempts() -> None:
    cache.clear()


@pytest.fixture
def owner() -> User:
    user = User.objects.create_user("olga@example.com", PASSWORD, name="Olga Owner")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def acme(owner: User) -> Organization:
    return create_organization(
        name="Acme GmbH",
        time_zone="Europe/Berlin",
        currency="EUR",
        locale="de",
        owner=owner,
        now=clock.wall(),
    )


def _actor(organization: Organization) -> Actor:
    owner = organization.default_owner
    assert owner is not None
    return Actor(label=owner.name, member_id=owner.pk, role=Role(owner.role))


def _invitation_path(organization: Organization, email: str, role: Role = Role.MEMBER) -> str:
    with organization_scope(organization):
        made = invite_member(
            email=email,
            role=role,
            actor=_actor(organization),
            now=clock.wall(),
            wall=clock.wall(),
        )
    return f"/accounts/invitation/{made.secret}/"


def _sign_up(client: Client, **changed: str) -> Any:
    form = {
        "name": "Nina New",
        "email": "nina@example.com",
        "password1": PASSWORD,
        "company": "Nina & Söhne",
        "time_zone": "Europe/Vienna",
        "currency": "EUR",
    }
    return client.post("/accounts/signup/", form | changed)


def _link_in(text: str) -> str:
    found = re.search(r"http://testserver(/\S+)", text)
    assert found is not None
    return found[1]


def test_the_form_suggests_what_the_browser_language_tells(client: Client) -> None:
    page = client.get("/accounts/signup/", headers={"accept-language": "de-CH,de;q=0.9,en;q=0.5"})
    fields = page.context["form"].fields
    assert fields["time_zone"].initial == "Europe/Zurich"
    assert fields["currency"].initial == "CHF"


def test_signing_up_makes_a_user_an_organization_and_its_owner(client: Client) -> None:
    answer = _sign_up(client)
    assert answer.status_code == 302
    with system_scope("test"):
        organization = Organization.objects.select_related("default_owner").get()
    assert (organization.name, organization.slug) == ("Nina & Söhne", "nina-sohne")
    assert organization.default_owner is not None
    assert organization.default_owner.name == "Nina New"
    assert organization.default_owner.role == Role.OWNER
    assert not organization.sandbox
    assert client.session["organization"] == str(organization.pk)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "no-address"),
        ("password1", "short"),
        ("company", ""),
        ("time_zone", "Mars/Olympus"),
        ("currency", "XXX"),
        ("name", "n" * 1000),
    ],
)
def test_a_wrong_field_is_told_and_nothing_is_made(client: Client, field: str, value: str) -> None:
    answer = _sign_up(client, **{field: value})
    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert "error-summary" in answer.content.decode()
    assert not User.objects.exists()


def test_an_address_in_use_cannot_sign_up_again(client: Client, owner: User) -> None:
    answer = _sign_up(client, email="OLGA@example.com")
    assert "email" in answer.context["form"].errors


def test_signing_in_and_out(client: Client, acme: Organization) -> None:
    form = {"login": "Olga@Example.com", "password": PASSWORD}
    assert client.post("/accounts/login/", form).status_code == 302
    assert client.get("/accounts/organizations/").status_code == 200
    client.post("/accounts/logout/")
    assert client.get("/accounts/organizations/").status_code == 302


def test_a_wrong_password_says_so_and_guessing_is_stopped(
    client: Client, acme: Organization
) -> None:
    form = {"login": "olga@example.com", "password": "wrong wrong wrong"}
    answers = [client.post("/accounts/login/", form) for _ in range(6)]
    assert "error-summary" in answers[0].content.decode()
    right = client.post("/accounts/login/", form | {"password": PASSWORD})
    assert right.status_code == 200, "after five failures even the right password must wait"


def test_a_forgotten_password_is_chosen_anew_by_mail(client: Client, acme: Organization) -> None:
    answer = client.post("/accounts/password/reset/", {"email": "olga@example.com"}, follow=True)
    assert "Look into your mail" in answer.content.decode()
    path = _link_in(str(mail.outbox[0].body))
    page = client.get(path, follow=True)
    target = page.redirect_chain[-1][0]
    client.post(target, {"password1": "another good phrase", "password2": "another good phrase"})
    assert client.login(email="olga@example.com", password="another good phrase")
    assert "Bad" in client.get(path, follow=True).content.decode(), "the link works once"


def test_resetting_an_unknown_address_looks_the_same(client: Client) -> None:
    answer = client.post("/accounts/password/reset/", {"email": "who@example.com"}, follow=True)
    assert "Look into your mail" in answer.content.decode()


def test_a_newcomer_joins_by_invitation(client: Client, acme: Organization) -> None:
    path = _invitation_path(acme, "mia@example.com")
    page = client.get(path).content.decode()
    assert "Acme GmbH" in page
    assert "Olga Owner" in page
    form = client.get("/accounts/signup/").context["form"]
    assert "company" not in form.fields
    client.post(
        "/accounts/signup/",
        {"name": "Mia Member", "email": "mia@example.com", "password1": PASSWORD},
    )
    with organization_scope(acme):
        member = Member.objects.get(email="mia@example.com")
    assert (member.role, member.name) == (Role.MEMBER, "Mia Member")
    assert client.session["organization"] == str(acme.pk)
    with system_scope("test"):
        assert Organization.objects.count() == 1
    assert client.get(path).status_code == 404, "an invitation works once"


def test_somebody_with_an_account_accepts_while_inside_another_organization(
    client: Client, acme: Organization
) -> None:
    _sign_up(client)
    path = _invitation_path(acme, "nina@example.com", Role.VIEWER)
    assert "signed in as nina@example.com" in client.get(path).content.decode()
    client.post(path)
    assert client.session["organization"] == str(acme.pk)
    names = client.get("/accounts/organizations/").content.decode()
    assert "Acme GmbH" in names
    assert "Nina &amp; Söhne" in names


def test_an_old_invitation_is_closed(client: Client, acme: Organization) -> None:
    path = _invitation_path(acme, "mia@example.com")
    with organization_scope(acme):
        Invitation.objects.update(expires_at=clock.wall() - timedelta(seconds=1))
    assert client.get(path).status_code == 404


def test_one_moves_only_to_organizations_one_belongs_to(client: Client, acme: Organization) -> None:
    _sign_up(client)
    own = client.session["organization"]
    client.post("/accounts/organizations/", {"organization": str(acme.pk)})
    assert client.session["organization"] == own


def test_a_second_factor_is_asked_for_and_recovery_codes_help(
    client: Client, acme: Organization
) -> None:
    client.post("/accounts/login/", {"login": "olga@example.com", "password": PASSWORD})
    secret = _new_secret(client)
    codes = client.post("/accounts/2fa/totp/activate/", {"code": _totp(secret)}, follow=True)
    assert codes.status_code == 200
    listed = client.get("/accounts/2fa/recovery-codes/").context["unused_codes"]
    client.post("/accounts/logout/")
    first = client.post(
        "/accounts/login/", {"login": "olga@example.com", "password": PASSWORD}, follow=True
    )
    assert first.redirect_chain[-1][0].startswith("/accounts/2fa/authenticate/")
    assert client.get("/accounts/organizations/").status_code == 302, "not in yet"
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    client.post("/accounts/2fa/authenticate/", {"code": listed[0]})
    assert client.get("/accounts/organizations/").status_code == 200


def test_the_secret_of_an_authenticator_is_stored_encrypted(
    client: Client, acme: Organization
) -> None:
    client.post("/accounts/login/", {"login": "olga@example.com", "password": PASSWORD})
    secret = _new_secret(client)
    client.post("/accounts/2fa/totp/activate/", {"code": _totp(secret)})
    stored = Authenticator.objects.get(type="totp").data["secret"]
    assert secret not in stored


def _new_secret(client: Client) -> str:
    """Begin to set up an authenticator app; the password is asked for again before."""
    path = "/accounts/2fa/totp/activate/"
    asked = client.get(path)
    assert asked.headers["Location"].startswith("/accounts/reauthenticate/")
    page = client.post(asked.headers["Location"], {"password": PASSWORD}, follow=True)
    secret: str = page.context["form"].secret
    return secret


def _totp(secret: str) -> str:
    value: str = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    return value


def test_a_mail_server_that_is_down_is_told_on_the_page(
    client: Client, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError("nobody is there")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    answer = client.post("/accounts/password/reset/", {"email": "olga@example.com"}, follow=True)
    assert "could not be sent" in answer.content.decode()
