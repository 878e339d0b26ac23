"""Choosing providers, and who is written to no more, where that touches more than one area."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from dunwell.chasing.sender.transport import TRAY
from dunwell.flows.receive_report import listed_on
from dunwell.ledger.models import Suppression
from dunwell.ledger.operations import block_address, free_address
from dunwell.ports.errors import NotConfigured, UnknownProvider
from dunwell.ports.registry import open_channel
from dunwell.tenancy.errors import InvalidInput, NotFound
from dunwell.tenancy.operations.channels import ChannelSettings, channel_settings, set_channel
from dunwell.tenancy.roles import SYSTEM_ACTOR, Actor, Permission


def choose_provider(
    *,
    channel: Any,
    provider: str,
    options: Mapping[str, Any],
    secret_values: Mapping[str, str],
    actor: Actor,
    now: datetime,
) -> ChannelSettings:
    """Choose the provider of a channel if it can be opened with these settings.

    A secret that is not given stays as it was. Raises InvalidInput, NotAllowed.
    """
    actor.require(Permission.SETTINGS)
    if provider == "sandbox_outbox":  # would swallow a live organization's messages
        raise InvalidInput.at("provider", _("Only sandboxes have an outbox."))
    before = channel_settings(channel=channel)
    kept = before.secrets if before is not None and before.provider == provider else {}
    given = {name: value for name, value in secret_values.items() if value}
    try:
        if provider != TRAY:  # nobody is asked to carry what members post themselves
            open_channel(
                channel=channel, name=provider, settings={**options, **kept, **given}
            ).close()
    except NotConfigured as error:
        raise InvalidInput.at("secrets", error.what) from error
    except UnknownProvider as error:
        raise InvalidInput.at("provider", str(error)) from error
    return set_channel(
        channel=channel,
        provider=provider,
        options=options,
        secret_values=given,
        actor=actor,
        now=now,
    )


def lift(*, suppression_id: UUID, actor: Actor, now: datetime) -> None:
    """Write to a suppressed address again. Raises NotFound, NotAllowed."""
    actor.require(Permission.LEDGER_WRITE)
    found = Suppression.objects.filter(pk=suppression_id).first()
    if found is None:
        raise NotFound
    free_address(
        actor=actor,
        now=now,
        channel=found.channel,
        address=found.address,
        also=listed_on(found.channel, found.address),
    )


def unsubscribe(*, address: str, now: datetime) -> None:
    """Write to an email address no more, because its owner asked for that (RFC 8058)."""
    block_address(
        actor=SYSTEM_ACTOR,
        now=now,
        channel="email",
        address=address,
        reason="opted_out",
        detail="List-Unsubscribe",
        also=listed_on("email", address),
    )
