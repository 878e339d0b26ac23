"""The way of an invitation through sign-up and sign-in, kept in the session meanwhile."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.http import HttpRequest

from dunwell.tenancy import clock, doors
from dunwell.tenancy.doors import hash_secret
from dunwell.tenancy.models import Invitation, Member, Organization, User
from dunwell.tenancy.operations import accept_invitation
from dunwell.tenancy.scope import organization_scope, system_scope

_KEY: Final = "invitation"
_WHY: Final = "whoever has an invitation's link may be inside another organization"


@dataclass(frozen=True, slots=True)
class Invited:
    """An open invitation as its page shows it."""

    secret: str
    organization_id: UUID
    organization: str
    email: str
    role: str
    invited_by: str


def find(secret: str) -> Invited | None:
    """Find an open invitation by the secret of its link."""
    organization_id = doors.by_invitation(secret=secret, now=clock.wall())
    if organization_id is None:
        return None
    with system_scope(_WHY), organization_scope(organization_id):
        invitation = Invitation.objects.select_related("organization", "invited_by").get(
            secret_hash=hash_secret(secret)
        )
    return Invited(
        secret=secret,
        organization_id=organization_id,
        organization=invitation.organization.name,
        email=invitation.email,
        role=invitation.role,
        invited_by=invitation.invited_by.name,
    )


def keep(request: HttpRequest, *, invitation: Invited) -> None:
    """Remember the invitation while its reader signs up or in."""
    request.session[_KEY] = invitation.secret


def waiting(request: HttpRequest) -> Invited | None:
    """Return the invitation this visitor came with, if it is still open."""
    secret = request.session.get(_KEY)
    return find(secret) if secret else None


def join(request: HttpRequest, *, invitation: Invited, user: User) -> Member:
    """Make the user a member and go on in that organization. Raises NotFound, Conflict."""
    with system_scope(_WHY), organization_scope(invitation.organization_id):
        organization = Organization.objects.get(pk=invitation.organization_id)
        member = accept_invitation(
            secret=invitation.secret,
            user=user,
            name=user.name,
            now=clock.now(organization),
            wall=clock.wall(),
        )
    request.session.pop(_KEY, None)
    request.session["organization"] = str(invitation.organization_id)
    return member
