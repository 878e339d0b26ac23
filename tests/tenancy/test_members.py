"""Members, invitations, roles and tokens."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dunwell.tenancy import doors, queries
from dunwell.tenancy.errors import (
    Conflict,
    InvalidInput,
    LastOwner,
    NotAllowed,
    NotFound,
    OwnersOnly,
)
from dunwell.tenancy.models import ApiToken, Invitation, Member, Organization, User
from dunwell.tenancy.operations import (
    accept_invitation,
    change_role,
    create_token,
    deactivate_member,
    invite_member,
    revoke_invitation,
    revoke_token,
    touch_token,
)
from dunwell.tenancy.roles import ALL_SCOPES, MAY, Actor, Permission, Role
from dunwell.tenancy.scope import organization_scope
from tests.tenancy.companies import NOW, actor_of, company

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Organization:
    return company("Acme")


def _invite(acme: Organization, email: str, role: Role = Role.MEMBER, **changed: Any) -> Any:
    who = {"actor": actor_of(acme), "now": NOW, "wall": NOW, **changed}
    with organization_scope(acme):
        return invite_member(email=email, role=role, **who)


def _join(acme: Organization, name: str, role: Role = Role.MEMBER) -> Member:
    email = f"{name.lower()}@example.com"
    secret = _invite(acme, email, role).secret
    user = User.objects.create_user(email, name=name)
    with organization_scope(acme):
        return accept_invitation(secret=secret, user=user, name=name, now=NOW, wall=NOW)


def _token(acme: Organization, **changed: Any) -> Any:
    assert acme.default_owner is not None
    values = {"name": "CI", "member_id": acme.default_owner.pk, "scopes": ["read"], **changed}
    with organization_scope(acme):
        return create_token(**{"actor": actor_of(acme), "now": NOW, "wall": NOW, **values})


def test_an_invitation_is_accepted_once_within_a_week(acme: Organization) -> None:
    made = _invite(acme, "Mia@Example.com")
    assert doors.by_invitation(secret=made.secret, now=NOW) == acme.pk
    assert doors.by_invitation(secret=made.secret, now=NOW + timedelta(days=8)) is None
    user = User.objects.create_user("mia@example.com", name="Mia")
    with organization_scope(acme):
        member = accept_invitation(secret=made.secret, user=user, name="", now=NOW, wall=NOW)
        assert (member.name, member.role) == ("Mia", Role.MEMBER)
        with pytest.raises(NotFound):
            accept_invitation(secret=made.secret, user=user, name="", now=NOW, wall=NOW)
    assert doors.by_invitation(secret=made.secret, now=NOW) is None


def test_a_new_invitation_replaces_the_old_link(acme: Organization) -> None:
    first, second = _invite(acme, "mia@example.com"), _invite(acme, "mia@example.com")
    assert doors.by_invitation(secret=first.secret, now=NOW) is None
    assert doors.by_invitation(secret=second.secret, now=NOW) == acme.pk


def test_a_withdrawn_invitation_is_closed(acme: Organization) -> None:
    made = _invite(acme, "mia@example.com")
    with organization_scope(acme):
        revoke_invitation(invitation_id=made.invitation.pk, actor=actor_of(acme), now=NOW)
    assert doors.by_invitation(secret=made.secret, now=NOW) is None


@pytest.mark.parametrize("email", ["", "nobody", "owner@acme.test"])
def test_a_wrong_or_known_address_is_not_invited(acme: Organization, email: str) -> None:
    with pytest.raises(InvalidInput):
        _invite(acme, email)


def test_only_owners_make_owners(acme: Organization) -> None:
    admin = actor_of(acme, Role.ADMIN)
    with pytest.raises(OwnersOnly):
        _invite(acme, "mia@example.com", Role.OWNER, actor=admin)
    mia = _join(acme, "Mia")
    with organization_scope(acme), pytest.raises(OwnersOnly):
        change_role(member_id=mia.pk, role=Role.OWNER, actor=admin, now=NOW)


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
def test_members_and_viewers_invite_nobody(acme: Organization, role: Role) -> None:
    with pytest.raises(NotAllowed):
        _invite(acme, "mia@example.com", actor=actor_of(acme, role))


def test_the_last_owner_can_neither_step_down_nor_leave(acme: Organization) -> None:
    mia = _join(acme, "Mia")
    who: dict[str, Any] = {"actor": actor_of(acme), "now": NOW}
    assert acme.default_owner is not None
    owner = acme.default_owner.pk
    with organization_scope(acme):
        with pytest.raises(LastOwner):
            change_role(member_id=owner, role=Role.ADMIN, **who)
        with pytest.raises(LastOwner):
            deactivate_member(member_id=owner, successor_id=mia.pk, wall=NOW, **who)
        assert Member.objects.get(pk=owner).role == Role.OWNER


def test_who_leaves_hands_over_and_their_tokens_stop(acme: Organization) -> None:
    mia = _join(acme, "Mia", Role.OWNER)
    secret = _token(acme).secret
    assert acme.default_owner is not None
    with organization_scope(acme):
        deactivate_member(
            member_id=acme.default_owner.pk,
            successor_id=mia.pk,
            actor=actor_of(acme),
            now=NOW,
            wall=NOW,
        )
        assert queries.organization().default_owner_id == mia.pk
    assert doors.by_token(secret=secret) is None
    assert doors.of_user(user_id=acme.default_owner.user_id) == []


def test_who_left_can_be_invited_again(acme: Organization) -> None:
    mia = _join(acme, "Mia")
    assert acme.default_owner is not None
    with organization_scope(acme):
        deactivate_member(
            member_id=mia.pk,
            successor_id=acme.default_owner.pk,
            actor=actor_of(acme),
            now=NOW,
            wall=NOW,
        )
    secret = _invite(acme, mia.email, Role.VIEWER).secret
    with organization_scope(acme):
        back = accept_invitation(secret=secret, user=mia.user, name="Mia", now=NOW, wall=NOW)
    assert (back.pk, back.role, back.active) == (mia.pk, Role.VIEWER, True)


@pytest.mark.parametrize("who", ["self", "stranger"])
def test_the_one_who_takes_over_must_be_another_active_member(acme: Organization, who: str) -> None:
    mia, stranger = _join(acme, "Mia"), company("Birch").default_owner
    assert stranger is not None
    successor = mia.pk if who == "self" else stranger.pk
    with organization_scope(acme), pytest.raises(InvalidInput):
        deactivate_member(
            member_id=mia.pk, successor_id=successor, actor=actor_of(acme), now=NOW, wall=NOW
        )


def test_somebody_who_is_in_already_cannot_accept(acme: Organization) -> None:
    mia = _join(acme, "Mia")
    with organization_scope(acme):
        Member.objects.filter(pk=mia.pk).update(email="changed@example.com")
    secret = _invite(acme, "mia@example.com").secret
    with organization_scope(acme), pytest.raises(Conflict):
        accept_invitation(secret=secret, user=mia.user, name="", now=NOW, wall=NOW)


def test_a_token_is_shown_once_and_only_its_hash_is_stored(acme: Organization) -> None:
    made = _token(acme)
    assert re.fullmatch(r"dw_[A-Za-z0-9_-]{43}", made.secret)
    invited = _invite(acme, "mia@example.com")
    with organization_scope(acme):
        stored = ApiToken.objects.values().get()
        kept = Invitation.objects.values().get()
        written = [entry.changes for entry in queries.audit_entries(limit=10)]
    assert made.secret not in str(stored)
    assert made.secret not in str(written)
    assert invited.secret not in str(kept)
    assert stored["hint"] == made.secret[:7] + "…"


def test_a_token_opens_its_organization_until_it_is_revoked(acme: Organization) -> None:
    made = _token(acme)
    entrance = doors.by_token(secret=made.secret)
    assert entrance is not None
    assert (entrance.organization_id, set(entrance.actor.scopes)) == (acme.pk, {"read"})
    assert doors.by_token(secret=made.secret[:-1] + "x") is None
    with organization_scope(acme):
        revoke_token(token_id=made.token.pk, actor=actor_of(acme), now=NOW, wall=NOW)
    assert doors.by_token(secret=made.secret) is None


@pytest.mark.parametrize("scopes", [[], ["everything"], ["read", "root"]])
def test_a_token_needs_known_scopes(acme: Organization, scopes: list[str]) -> None:
    with pytest.raises(InvalidInput) as told:
        _token(acme, scopes=scopes)
    assert told.value.problems[0].field == "scopes"


def test_a_token_never_goes_beyond_who_makes_it(acme: Organization) -> None:
    narrow = replace(actor_of(acme), scopes=frozenset({"read", "tokens"}))
    with pytest.raises(InvalidInput):
        _token(acme, actor=narrow, scopes=["settings"])
    admin = _join(acme, "Ada", Role.ADMIN)
    with pytest.raises(OwnersOnly):
        _token(acme, actor=Actor("Ada", member_id=admin.pk, role=Role.ADMIN))


def test_the_last_use_is_noted_at_most_once_a_minute(acme: Organization) -> None:
    token = _token(acme).token
    with organization_scope(acme):
        noted = []
        for seconds in (0, 30, 61):
            touch_token(token_id=token.pk, wall=NOW + timedelta(seconds=seconds))
            token.refresh_from_db()
            noted.append((token.last_used_at - NOW).total_seconds())
    assert noted == [0, 0, 61]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", Permission)
def test_role_and_scope_must_both_allow(
    acme: Organization, role: Role, permission: Permission
) -> None:
    actor = actor_of(acme, role)
    assert actor.may(permission) is (permission in MAY[role])
    assert permission in ALL_SCOPES
