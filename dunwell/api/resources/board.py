"""The board: all live invoices in five columns by state."""

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel

from dunwell.api import shapes
from dunwell.api.door import here
from dunwell.api.resources import invoices
from dunwell.overview import board
from dunwell.overview.filters import InvoiceFilter
from dunwell.tenancy.roles import Permission

router = Router(tags=["invoices"])


class ColumnOut(BaseModel):
    """One state: how many, how much per currency (balances; totals in paid), and the first."""

    status: Literal["draft", "sent", "due", "overdue", "paid"]
    count: int
    totals: list[shapes.MoneyOut]
    items: list[invoices.InvoiceOut]


class BoardOut(BaseModel):
    """The five columns in the order of an invoice's life; paid shows the last 30 days."""

    items: list[ColumnOut]


@router.get("", response=BoardOut)
def read(
    request: HttpRequest,
    *,
    limit: Annotated[int, Query(ge=1, le=200, description="Cards of each column")] = 20,
    customer_id: UUID | None = None,
    owner: Annotated[str, Query(max_length=254, description="A member's id or email")] = "",
    engagement: Annotated[str, Query(max_length=100)] = "",
    tag: Annotated[str, Query(max_length=50)] = "",
    currency: Annotated[str, Query(max_length=3)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    sort: Literal["amount", "due_date", "client", "customer", "last_action"] = "amount",
) -> Any:
    """Read the board."""
    place = here(request, Permission.READ)
    columns = board.board(
        organization=place.organization,
        now=place.now,
        chosen=InvoiceFilter(
            customer_id=customer_id,
            owner_id=shapes.member_id("owner", owner),
            engagement=engagement,
            tag=tag,
            currency=currency.upper(),
            text=q.strip(),
        ),
        sort="customer" if sort == "client" else sort,
        limit=limit,
    )
    shown = invoices.present(place, [row for column in columns for row in column.rows])
    return {
        "items": [
            {
                "status": column.state.value,
                "count": column.count,
                "totals": [shapes.money(total) for total in column.totals],
                "items": [each for each in shown if each["status"] == column.state.value],
            }
            for column in columns
        ]
    }
