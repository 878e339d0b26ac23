"""Who may do what: this one table is the whole answer (docs/reference/roles.md is made from it)."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from dunwell.tenancy.errors import NotAllowed


class Role(StrEnum):
    """A member's role, from most to least powerful."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


class Permission(StrEnum):
    """A thing one may do; also the scope of an API token."""

    READ = "read"
    LEDGER_WRITE = "ledger:write"
    CHASING_WRITE = "chasing:write"
    IMPORT = "import"
    SETTINGS = "settings"
    MEMBERS = "members"
    TOKENS = "tokens"
    CLOCK = "test_clock"


ALL_SCOPES: tuple[str, ...] = tuple(p.value for p in Permission)

_MEMBER = {Permission.READ, Permission.LEDGER_WRITE, Permission.CHASING_WRITE, Permission.IMPORT}
_ADMIN = _MEMBER | {Permission.SETTINGS, Permission.MEMBERS, Permission.TOKENS, Permission.CLOCK}

MAY: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(_ADMIN),
    Role.ADMIN: frozenset(_ADMIN),
    Role.MEMBER: frozenset(_MEMBER),
    Role.VIEWER: frozenset({Permission.READ}),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a member (by page or token), or the system itself.

    `label` is what logs show; `member_id` is None for the system.
    """

    label: str
    member_id: UUID | None = None
    role: Role = Role.VIEWER
    scopes: frozenset[str] = frozenset(ALL_SCOPES)

    def may(self, permission: Permission) -> bool:
        """Say whether both the role and the token's scopes allow it."""
        return permission in MAY[self.role] and permission.value in self.scopes

    def require(self, permission: Permission) -> None:
        """Raise NotAllowed unless the actor may do it."""
        if not self.may(permission):
            raise NotAllowed(permission=permission.value)


SYSTEM_ACTOR = Actor(label="Dunwell", role=Role.OWNER)
