"""Who belongs to an organization, and in which role. It always keeps one active owner."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from dunwell.tenancy import events, scope
from dunwell.tenancy.doors import hash_secret
from dunwell.tenancy.errors import Conflict, InvalidInput, LastOwner, NotFound, OwnersOnly
from dunwell.tenancy.models import ApiToken, Invitation, Member, Organization, User
from dunwell.tenancy.operations import checks
from dunwell.tenancy.roles import Actor, Permission, Role

INVITATION_LASTS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """An invitation just made, with the secret of its link: the one time anybody sees it."""

    invitation: Invitation
    secret: str


def invite_member(
    *, email: str, role: Role, actor: Actor, now: datetime, wall: datetime
) -> NewInvitation:
    """Invite a person by email for a week; an open invitation to the same address is replaced.

    Sending the link is the door's work. Raises InvalidInput, Conflict, NotAllowed.
    """
    actor.require(Permission.MEMBERS)
    _require_owner_for(role, actor=actor)
    address = str(checks.required_email("email", email)).lower()
    if Member.objects.filter(email=address, active=True).exists():
        raise InvalidInput.at("email", _("This person is a member already."))
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        Invitation.objects.filter(email=address, accepted_at__isnull=True).delete()
        invitation = Invitation.objects.create(
            organization_id=scope.organization_id(),
            email=address,
            role=role,
            secret_hash=hash_secret(secret),
            invited_by=_inviter(actor),
            created_at=wall,
            expires_at=wall + INVITATION_LASTS,
        )
        changes = {"email": [None, address], "role": [None, role.value]}
        _audit("member.invited", invitation.pk, changes, actor=actor, now=now)
    return NewInvitation(invitation, secret)


def _inviter(actor: Actor) -> Member:
    if actor.member_id is None:
        raise Conflict(_("Only a member can invite others."))
    return Member.objects.get(pk=actor.member_id)


def revoke_invitation(*, invitation_id: UUID, actor: Actor, now: datetime) -> None:
    """Withdraw an invitation that was not accepted yet. Raises NotFound, NotAllowed."""
    actor.require(Permission.MEMBERS)
    with transaction.atomic():
        invitation = Invitation.objects.filter(pk=invitation_id, accepted_at__isnull=True).first()
        if invitation is None:
            raise NotFound(_("There is no such invitation."))
        changes = {"email": [invitation.email, None]}
        _audit("member.invitation_withdrawn", invitation.pk, changes, actor=actor, now=now)
        invitation.delete()


def accept_invitation(
    *, secret: str, user: User, name: str, now: datetime, wall: datetime
) -> Member:
    """Make the user a member as invited, once. Raises NotFound for a used or expired link.

    Runs in the scope of the organization that `doors.by_invitation` named. Whoever has the link
    may come in: it was sent to the invited address.
    """
    with transaction.atomic():
        invitation = (
            Invitation.objects.select_for_update()
            .filter(secret_hash=hash_secret(secret), accepted_at__isnull=True, expires_at__gt=wall)
            .first()
        )
        if invitation is None:
            raise NotFound(_("This invitation was used already or has expired."))
        member = _join(invitation, user=user, name=name, now=now)
        invitation.accepted_at = wall
        invitation.save(update_fields=["accepted_at"])
        actor = Actor(label=member.name, member_id=member.pk, role=Role(member.role))
        changes = {"role": [None, member.role]}
        _audit("member.joined", member.pk, changes, actor=actor, now=now)
    return member


def _join(invitation: Invitation, *, user: User, name: str, now: datetime) -> Member:
    """Add the user, or bring a former member back in the role of the invitation."""
    member = Member.objects.select_for_update().filter(user=user).first()
    if member is not None and member.active:
        raise Conflict(_("You are a member of this organization already."))
    if member is None:
        member = Member(organization_id=scope.organization_id(), user=user, joined_at=now)
    member.name = name.strip() or user.name or user.email
    member.email = user.email
    member.role = invitation.role
    member.active = True
    member.save()
    return member


def change_role(*, member_id: UUID, role: Role, actor: Actor, now: datetime) -> Member:
    """Give a member another role. Raises LastOwner, OwnersOnly, NotFound, NotAllowed."""
    actor.require(Permission.MEMBERS)
    with transaction.atomic():
        member = _locked(member_id)
        if member.role == role:
            return member
        _require_owner_for(role, Role(member.role), actor=actor)
        old, member.role = member.role, role.value
        member.save(update_fields=["role"])
        _require_an_owner()
        changes = {"role": [old, role.value]}
        _audit("member.role_changed", member.pk, changes, actor=actor, now=now)
    return member


def deactivate_member(
    *, member_id: UUID, successor_id: UUID, actor: Actor, now: datetime, wall: datetime
) -> Member:
    """Shut a member out and revoke their tokens.

    `successor_id` is the active member to whom what the member owned is handed over: the
    organization's default ownership here, customers and invoices by the flow that calls this.
    Raises LastOwner, OwnersOnly, InvalidInput, NotFound, NotAllowed.
    """
    actor.require(Permission.MEMBERS)
    with transaction.atomic():
        member = _locked(member_id)
        _require_owner_for(Role(member.role), actor=actor)
        successor = Member.objects.filter(pk=successor_id, active=True).first()
        if successor is None or successor.pk == member.pk:
            raise InvalidInput.at("successor", _("Choose another active member to take over."))
        if not member.active:
            return member
        member.active = False
        member.save(update_fields=["active"])
        _require_an_owner()
        ApiToken.objects.filter(member=member, revoked_at__isnull=True).update(revoked_at=wall)
        Organization.objects.filter(default_owner=member).update(default_owner=successor)
        changes = {"active": [True, False], "successor": [None, successor.name]}
        _audit("member.deactivated", member.pk, changes, actor=actor, now=now)
    return member


def _locked(member_id: UUID) -> Member:
    """Lock the organization first, so that two owners cannot step down at the same moment."""
    Organization.objects.select_for_update().get(pk=scope.organization_id())
    member = Member.objects.filter(pk=member_id).first()
    if member is None:
        raise NotFound(_("There is no such member."))
    return member


def _require_owner_for(*roles: Role, actor: Actor) -> None:
    if Role.OWNER in roles and actor.role is not Role.OWNER:
        raise OwnersOnly(_("Only an owner can make or remove owners."))


def _require_an_owner() -> None:
    if not Member.objects.filter(role=Role.OWNER, active=True).exists():
        raise LastOwner(_("An organization needs an owner; make somebody else owner first."))


def _audit(
    action: str, object_id: UUID, changes: Mapping[str, Any], *, actor: Actor, now: datetime
) -> None:
    events.audit(
        actor=actor,
        at=now,
        action=action,
        object_type="member",
        object_id=object_id,
        changes=changes,
    )
