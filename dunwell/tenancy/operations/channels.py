"""Which provider carries an organization's messages of a channel."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from dunwell.tenancy import events, scope
from dunwell.tenancy.doors import hash_secret
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.models import ChannelAccount
from dunwell.tenancy.roles import Actor, Permission
from dunwell.tenancy.secrets import decrypt, encrypt


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    """A channel's provider as it is to be used: readable options, and secrets in clear."""

    id: UUID
    channel: str
    provider: str
    options: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)
    hook: str = field(repr=False)  # the secret part of its webhooks' address


def set_channel(
    *,
    channel: str,
    provider: str,
    options: Mapping[str, Any],
    secret_values: Mapping[str, str],
    actor: Actor,
    now: datetime,
) -> ChannelSettings:
    """Choose the provider of a channel; a secret that is not given stays as it was.

    Values are checked by whoever knows the provider. The webhooks' address stays the same for as
    long as the provider does. Raises NotAllowed.
    """
    actor.require(Permission.SETTINGS)
    with transaction.atomic():
        before = ChannelAccount.objects.select_for_update().filter(channel=channel).first()
        same = before is not None and before.provider == provider
        kept = json.loads(decrypt(sealed=before.sealed) or "{}") if before and same else {}
        given = {name: value for name, value in secret_values.items() if value}
        account = before or ChannelAccount(organization_id=scope.organization_id(), channel=channel)
        if not same:
            hook = secrets.token_urlsafe(24)
            account.hook_hash, account.sealed_hook = hash_secret(hook), encrypt(text=hook)
        changes = {"provider": [before and before.provider, provider]} if not same else {}
        changes |= {name: [account.options.get(name), new] for name, new in options.items()}
        account.provider = provider
        account.options = dict(options)
        account.sealed = encrypt(text=json.dumps(kept | given))
        account.changed_at = now
        account.save()
        _audit(account, "set", changes | {name: [None, "…"] for name in given}, actor, now)
    return _opened(account)


def remove_channel(*, channel: str, actor: Actor, now: datetime) -> None:
    """Go back to the built-in way of a channel. Raises NotFound, NotAllowed."""
    actor.require(Permission.SETTINGS)
    with transaction.atomic():
        account = ChannelAccount.objects.select_for_update().filter(channel=channel).first()
        if account is None:
            raise NotFound(_("Nothing is set up for this channel."))
        _audit(account, "removed", {"provider": [account.provider, None]}, actor, now)
        account.delete()


def channel_settings(*, channel: str) -> ChannelSettings | None:
    """Read the provider of a channel with its secrets; None where the built-in way holds."""
    account = ChannelAccount.objects.filter(channel=channel).first()
    return None if account is None else _opened(account)


def _opened(account: ChannelAccount) -> ChannelSettings:
    return ChannelSettings(
        id=account.pk,
        channel=account.channel,
        provider=account.provider,
        options=account.options,
        secrets=json.loads(decrypt(sealed=account.sealed) or "{}"),
        hook=decrypt(sealed=account.sealed_hook),
    )


def _audit(
    account: ChannelAccount, what: str, changes: Mapping[str, Any], actor: Actor, now: datetime
) -> None:
    events.audit(
        actor=actor,
        at=now,
        action=f"channel.{what}",
        object_type="channel_account",
        object_id=account.pk,
        changes=changes,
    )
