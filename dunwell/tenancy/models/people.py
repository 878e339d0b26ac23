"""Who may sign in, and what programs may call the API."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from dunwell.core.ids import uuid7
from dunwell.tenancy.database.keys import TenantKey
from dunwell.tenancy.models.base import TenantModel
from dunwell.tenancy.roles import Role


class UserManager(BaseUserManager["User"]):
    """Creates users by email address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a user; without a password the user must reset it before signing in."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a user by email address, whatever its case."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):
    """A person who can sign in; belongs to no organization by itself (see Member)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200, blank=True, default="")
    is_active = models.BooleanField(default=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    def __str__(self) -> str:
        return self.name or self.email


class Member(TenantModel):
    """A person of one organization, with a role (docs/reference/roles.md)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    name = models.CharField(max_length=200)
    email = models.EmailField()
    role = models.CharField(max_length=8, choices=[(r.value, r.value) for r in Role])
    active = models.BooleanField(default=True)
    joined_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="member_once"),
        ]

    def __str__(self) -> str:
        return self.name or self.email


class Invitation(TenantModel):
    """An invitation by email; the link holds a secret of which only the hash is kept."""

    email = models.EmailField()
    role = models.CharField(max_length=8, choices=[(r.value, r.value) for r in Role])
    secret_hash = models.CharField(max_length=64, unique=True)
    invited_by = TenantKey(Member, models.CASCADE, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.email


class ApiToken(TenantModel):
    """A key for programs; acts for a member within its scopes. Only its hash is stored."""

    name = models.CharField(max_length=100)
    member = TenantKey(Member, models.CASCADE, related_name="tokens")
    secret_hash = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class IdempotencyKey(TenantModel):
    """The first answer given to a POST, kept 24 hours (Rule: api, Idempotency-Key)."""

    token = TenantKey(ApiToken, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True, help_text=_("empty while in progress"))
    body = models.BinaryField(default=b"")
    content_type = models.CharField(max_length=100, blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "token", "key"], name="idempotency_key_once"
            )
        ]

    def __str__(self) -> str:
        return self.key
