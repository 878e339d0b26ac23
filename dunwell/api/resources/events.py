"""What happened, once each, in order."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router
from pydantic import BaseModel

from dunwell.api import shapes
from dunwell.api.door import here
from dunwell.api.paging import Limit, Page
from dunwell.tenancy import queries
from dunwell.tenancy.errors import InvalidInput
from dunwell.tenancy.models import Event
from dunwell.tenancy.publisher import publish_all

router = Router(tags=["events"])
_HIGHEST = 2**63 - 1


class EventOut(BaseModel):
    """Something that happened; events are read on from a `position` or an `id`."""

    id: UUID
    position: int
    kind: str
    at: shapes.Instant
    customer_id: UUID | None
    invoice_id: UUID | None
    data: dict[str, Any]


@router.get("", response=Page[EventOut])
def find(
    request: HttpRequest,
    limit: Limit = 100,
    after: Annotated[
        str, Query(max_length=40, description="`next`, or the position or id of an event")
    ] = "",
    cursor: Annotated[str, Query(max_length=40, description="The same as `after`")] = "",
) -> Any:
    """Read events on from behind one; `next` is null where there are no more yet."""
    place = here(request)
    publish_all()
    found = queries.events_after(position=_position(cursor or after), limit=limit + 1)
    shown = found[:limit]
    return {
        "items": [
            {
                "id": row.pk,
                "position": row.position,
                "kind": row.kind,
                "at": shapes.instant(row.at, place.organization.zone),
                "customer_id": row.customer_id,
                "invoice_id": row.invoice_id,
                "data": row.data,
            }
            for row in shown
        ],
        "next": str(shown[-1].position) if len(found) > limit else None,
    }


def _position(after: str) -> int:
    """Read the place an event has. Raises InvalidInput."""
    if not after:
        return 0
    if after.isascii() and after.isdecimal() and int(after) <= _HIGHEST:
        return int(after)
    try:
        known = Event.objects.filter(pk=UUID(after)).values_list("position", flat=True).first()
    except ValueError:
        known = None
    if known is None:
        raise InvalidInput.at("after", _("There is no event of this position or id."))
    return known
