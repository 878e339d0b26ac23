"""Keys for programs."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from dunwell.tenancy import events, scope
from dunwell.tenancy.doors import hash_secret
from dunwell.tenancy.errors import InvalidInput, NotFound, OwnersOnly
from dunwell.tenancy.models import ApiToken, Member
from dunwell.tenancy.operations import checks
from dunwell.tenancy.roles import ALL_SCOPES, Actor, Permission, Role

_TOUCH_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made, with its secret: the one time anybody sees it."""

    token: ApiToken
    secret: str


def create_token(
    *,
    name: str,
    member_id: UUID,
    scopes: Iterable[str],
    actor: Actor,
    now: datetime,
    wall: datetime,
) -> NewToken:
    """Create a token that acts for a member within the scopes.

    The secret is `dw_` and 43 URL-safe characters (256 bits); only its hash is stored. A token
    never goes beyond what the actor may do. `wall` is the real instant, `now` the organization's.
    Raises InvalidInput, OwnersOnly, NotAllowed.
    """
    actor.require(Permission.TOKENS)
    chosen = _checked_scopes(scopes, actor=actor)
    if member_id != actor.member_id and actor.role is not Role.OWNER:
        raise OwnersOnly(_("Only an owner makes tokens that act for somebody else."))
    label = str(checks.text(100, required=True)("name", name))
    member = Member.objects.filter(pk=member_id, active=True).first()
    if member is None:
        raise InvalidInput.at("member", _("Not an active member of this organization."))
    secret = f"dw_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        token = ApiToken.objects.create(
            organization_id=scope.organization_id(),
            name=label,
            member=member,
            secret_hash=hash_secret(secret),
            hint=f"{secret[:7]}…",
            scopes=chosen,
            created_at=wall,
        )
        events.audit(
            actor=actor,
            at=now,
            action="token.created",
            object_type="token",
            object_id=token.pk,
            changes={
                "name": [None, label],
                "scopes": [None, chosen],
                "member": [None, member.name],
            },
        )
    return NewToken(token, secret)


def _checked_scopes(scopes: Iterable[str], *, actor: Actor) -> list[str]:
    """Return the scopes in order; a token never makes one that may do more than itself."""
    wanted, allowed = set(scopes), [each for each in ALL_SCOPES if each in actor.scopes]
    if not wanted or wanted - set(allowed):
        message = _("One or more of: %(scopes)s.")
        raise InvalidInput.at("scopes", message % {"scopes": ", ".join(allowed)})
    return [each for each in ALL_SCOPES if each in wanted]


def revoke_token(*, token_id: UUID, actor: Actor, now: datetime, wall: datetime) -> None:
    """Make a token useless from the next request on. Raises NotFound, NotAllowed."""
    actor.require(Permission.TOKENS)
    with transaction.atomic():
        token = ApiToken.objects.select_for_update().filter(pk=token_id).first()
        if token is None:
            raise NotFound(_("There is no such token."))
        if token.revoked_at is not None:
            return
        token.revoked_at = wall
        token.save(update_fields=["revoked_at"])
        events.audit(
            actor=actor,
            at=now,
            action="token.revoked",
            object_type="token",
            object_id=token.pk,
            changes={"name": [token.name, None]},
        )


def touch_token(*, token_id: UUID, wall: datetime) -> None:
    """Note that a token was used, at most once a minute so that reading stays cheap."""
    ApiToken.objects.filter(
        Q(last_used_at__isnull=True) | Q(last_used_at__lt=wall - _TOUCH_AFTER), pk=token_id
    ).update(last_used_at=wall)
