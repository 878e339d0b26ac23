"""Through whom messages of a channel travel, and addresses that are not written to any more."""

from typing import Annotated, Any, Literal
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Status
from pydantic import BaseModel, Field

from dunwell.api import paging, shapes
from dunwell.api.door import here
from dunwell.api.paging import Cursor, Limit, Page
from dunwell.flows import mail_settings
from dunwell.ledger.models import Suppression
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.operations.channels import (
    ChannelSettings,
    channel_settings,
    remove_channel,
)
from dunwell.tenancy.roles import Permission

router = Router(tags=["organization"])
suppressions = Router(tags=["customers"])

_Channel = Literal["email", "sms", "letter"]
_Text = Annotated[str, Field(max_length=5000)]


class ChannelIn(shapes.Body):
    """A provider with what may be read (`options`) and what may not (`secrets`)."""

    provider: Annotated[str, Field(max_length=40)]
    options: dict[Annotated[str, Field(max_length=60)], _Text | shapes.Whole] = {}
    secrets: dict[Annotated[str, Field(max_length=60)], _Text] = {}


class ChannelOut(BaseModel):
    """The provider of a channel; `secrets` are the names of those that are set."""

    channel: str
    provider: str
    options: dict[str, str | int]
    secrets: list[str]
    webhook: str


class SuppressionOut(BaseModel):
    """An address that is not used, with why, since when and by whom."""

    id: UUID
    channel: str
    address: str
    reason: str
    detail: str
    at: shapes.Instant
    by: str


@router.get("/{channel}", response=ChannelOut)
def read(request: HttpRequest, channel: _Channel) -> Any:
    """Read a channel's provider; 404 where the built-in way holds."""
    here(request, Permission.SETTINGS)
    found = channel_settings(channel=channel)
    if found is None:
        raise NotFound(_("Nothing is set up for this channel."))
    return _present(request, found)


@router.put("/{channel}", response=ChannelOut)
def choose(request: HttpRequest, channel: _Channel, data: ChannelIn) -> Any:
    """Choose a channel's provider; a secret that is not sent stays as it was."""
    place = here(request, Permission.SETTINGS)
    chosen = mail_settings.choose_provider(
        channel=channel,
        provider=data.provider,
        options=data.options,
        secret_values=data.secrets,
        actor=place.actor,
        now=place.now,
    )
    return _present(request, chosen)


@router.delete("/{channel}", response={204: None})
def forget(request: HttpRequest, channel: _Channel) -> Any:
    """Go back to the built-in way."""
    place = here(request, Permission.SETTINGS)
    remove_channel(channel=channel, actor=place.actor, now=place.now)
    return Status(204, None)


@suppressions.get("", response=Page[SuppressionOut])
def find(request: HttpRequest, limit: Limit = 100, cursor: Cursor = "") -> Any:
    """List the addresses that are not written to."""
    zone = here(request).organization.zone
    return paging.page(
        Suppression.objects.all(),
        order=["id"],
        limit=limit,
        cursor=cursor,
        present=lambda rows: [
            {
                "id": row.pk,
                "channel": row.channel,
                "address": row.address,
                "reason": row.reason,
                "detail": row.detail,
                "at": shapes.instant(row.at, zone),
                "by": row.by,
            }
            for row in rows
        ],
    )


@suppressions.delete("/{uuid:suppression_id}", response={204: None})
def lift(request: HttpRequest, suppression_id: UUID) -> Any:
    """Write to an address again."""
    place = here(request, Permission.LEDGER_WRITE)
    mail_settings.lift(suppression_id=suppression_id, actor=place.actor, now=place.now)
    return Status(204, None)


def _present(request: HttpRequest, found: ChannelSettings) -> dict[str, Any]:
    path = f"/hooks/{found.hook}"
    return {
        "channel": found.channel,
        "provider": found.provider,
        "options": dict(found.options),
        "secrets": sorted(found.secrets),
        "webhook": f"{settings.URL}{path}" if settings.URL else request.build_absolute_uri(path),
    }
