"""The next place in a conversation, which is made where there is none yet."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from dunwell.core.ids import uuid7
from dunwell.inbox.models import Conversation
from dunwell.inbox.queries.matching import Place
from dunwell.ledger.models import Customer
from dunwell.tenancy import scope

_OF_INVOICE: Final = """
INSERT INTO inbox_conversation AS c
  (id, organization_id, customer_id, invoice_id, channel, last_seq, created_at)
VALUES (%(id)s, %(organization)s, %(customer)s, %(invoice)s, %(channel)s, 1, %(now)s)
ON CONFLICT (organization_id, invoice_id) DO UPDATE SET last_seq = c.last_seq + 1
RETURNING id, last_seq
"""
_NEXT: Final = """
UPDATE inbox_conversation SET last_seq = last_seq + 1 WHERE id = %(id)s RETURNING id, last_seq
"""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a conversation that is taken by the caller's transaction."""

    conversation_id: UUID
    seq: int


def take_spot(*, place: Place, channel: str, now: datetime) -> Spot:
    """Take the next place of the conversation meant; make it where there is none.

    Call it in a transaction that locked the invoice, if there is one.
    """
    if place.conversation_id is not None:
        return _spot(_NEXT, {"id": place.conversation_id})
    if place.invoice_id is not None:
        return _spot(
            _OF_INVOICE,
            {
                "id": uuid7(),
                "organization": scope.organization_id(),
                "customer": place.customer_id,
                "invoice": place.invoice_id,
                "channel": channel,
                "now": now,
            },
        )
    found = None
    if place.customer_id is not None:
        # Two messages at a time must not begin two threads.
        Customer.objects.select_for_update(no_key=True).get(pk=place.customer_id)
        found = _account_thread(place.customer_id)
    if found is None:
        found = Conversation.objects.create(
            organization_id=scope.organization_id(),
            customer_id=place.customer_id,
            channel=channel,
            created_at=now,
        )
    return _spot(_NEXT, {"id": found.pk})


def _account_thread(customer_id: UUID) -> Conversation | None:
    threads = Conversation.objects.filter(customer_id=customer_id, invoice__isnull=True)
    return threads.order_by("id").first()


def _spot(sql: str, given: dict[str, UUID | str | datetime | None]) -> Spot:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return Spot(*cursor.fetchone())
