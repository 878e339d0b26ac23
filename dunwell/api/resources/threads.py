"""What was said: an invoice's conversation and a customer's timeline, oldest first."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel

from dunwell.api import paging, shapes
from dunwell.api.door import Here, here
from dunwell.api.paging import Cursor, Limit, Page
from dunwell.api.resources import customers, invoices, schedules, standing
from dunwell.inbox.models import Delivery, Message
from dunwell.ledger.models import Activity

of_invoice = Router(tags=["conversations"])
of_customer = Router(tags=["conversations"])


class MessageOut(BaseModel):
    """One message, in or out, with how its deliveries ended."""

    id: UUID
    seq: int
    author: str
    direction: str
    channel: str
    by: str
    subject: str
    text: str
    html: str
    internal: bool
    at: shapes.Instant
    deliveries: list[schedules.DeliveryOut]


@of_invoice.get("/{uuid:invoice_id}/conversation", response=Page[MessageOut])
def conversation(
    request: HttpRequest, invoice_id: UUID, limit: Limit = 50, cursor: Cursor = ""
) -> Any:
    """Read the conversation."""
    place = here(request)
    invoices.require(invoice_id)
    return paging.page(
        Message.objects.filter(conversation__invoice_id=invoice_id),
        order=["seq", "id"],
        limit=limit,
        cursor=cursor,
        present=lambda rows: messages(place, rows),
    )


@of_customer.get("/{uuid:customer_id}/timeline", response=Page[standing.ActivityOut])
def timeline(
    request: HttpRequest, customer_id: UUID, limit: Limit = 50, cursor: Cursor = ""
) -> Any:
    """Read the timeline."""
    place = here(request)
    customers.require(customer_id)
    return paging.page(
        Activity.objects.filter(customer_id=customer_id),
        order=["at", "id"],
        limit=limit,
        cursor=cursor,
        present=lambda rows: [standing.activity(place, row) for row in rows],
    )


def messages(place: Here, rows: Sequence[Message]) -> list[dict[str, Any]]:
    """Write messages with their deliveries."""
    deliveries: dict[UUID | None, list[Delivery]] = {}
    for delivery in Delivery.objects.filter(message__in=[row.pk for row in rows]).order_by("id"):
        deliveries.setdefault(delivery.message_id, []).append(delivery)
    return [
        {
            "id": row.pk,
            "seq": row.seq,
            "author": row.author,
            "direction": row.direction,
            "channel": row.channel,
            "by": row.by,
            "subject": row.subject,
            "text": row.text,
            "html": row.html,
            "internal": row.internal,
            "at": shapes.instant(row.at, place.organization.zone),
            "deliveries": [schedules.delivery(place, each) for each in deliveries.get(row.pk, [])],
        }
        for row in rows
    ]
