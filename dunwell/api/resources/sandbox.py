"""Sandboxes only: the test clock, and the outbox of what would have gone out."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router
from pydantic import BaseModel

from dunwell import flows
from dunwell.api import paging, shapes
from dunwell.api.door import Here, here
from dunwell.api.paging import Cursor, Limit, Page
from dunwell.inbox.models import Delivery
from dunwell.tenancy.errors import Conflict
from dunwell.tenancy.roles import Permission

clock = Router(tags=["sandbox"])
outbox = Router(tags=["sandbox"])


class ClockOut(BaseModel):
    """The instant at which the test clock stands."""

    now: shapes.Instant


class AdvancedOut(ClockOut):
    """Where the clock stands now, and how much each rule did on the way."""

    done: dict[str, int]


class AdvanceIn(shapes.Body):
    """The instant to advance to; everything due up to it happens, in order of time."""

    to: shapes.InstantIn


class AttachmentOut(BaseModel):
    """A file that went with a message."""

    filename: str
    content_type: str
    size: int


class CapturedOut(BaseModel):
    """A message that a sandbox kept instead of sending it."""

    id: UUID
    channel: shapes.Channel
    to: str
    subject: str
    text: str
    html: str
    attachments: list[AttachmentOut]
    at: shapes.Instant
    template: str | None
    customer_id: UUID
    invoice_ids: list[UUID]
    planned_send_id: UUID | None


@clock.get("", response=ClockOut)
def read(request: HttpRequest) -> Any:
    """Read the test clock."""
    place = _sandbox(here(request))
    return {"now": shapes.instant(place.now, place.organization.zone)}


@clock.post("/advance", response=AdvancedOut)
def advance(request: HttpRequest, data: AdvanceIn) -> Any:
    """Answer when all that was due up to the instant has been done."""
    place = _sandbox(here(request, Permission.CLOCK))
    result = flows.advance(organization=place.organization, to=data.to, actor=place.actor)
    return {
        "now": shapes.instant(result.now, place.organization.zone),
        "done": result.done,
    }


@outbox.get("", response=Page[CapturedOut])
def captured(request: HttpRequest, limit: Limit = 50, cursor: Cursor = "") -> Any:
    """List captured messages."""
    place = _sandbox(here(request))
    return paging.page(
        Delivery.objects.filter(state__in=("sent", "delivered")).select_related("message"),
        order=["at", "id"],
        limit=limit,
        cursor=cursor,
        present=lambda rows: _present(place, rows),
    )


def _sandbox(place: Here) -> Here:
    if not place.organization.sandbox:
        raise Conflict(_("This organization lives on the real clock; only a sandbox has this."))
    return place


def _present(place: Here, rows: Sequence[Delivery]) -> list[dict[str, Any]]:
    return [
        {
            "id": row.pk,
            "channel": row.channel,
            "to": row.to_address or row.to_name,
            "subject": row.message.subject if row.message else "",
            "text": row.message.text if row.message else "",
            "html": row.message.html if row.message else "",
            "attachments": row.message.attachments if row.message else [],
            "at": shapes.instant(row.at, place.organization.zone),
            "template": row.template or None,
            "customer_id": row.customer_id,
            "invoice_ids": [row.invoice_id] if row.invoice_id else [],
            "planned_send_id": row.planned_send_id,
        }
        for row in rows
    ]
