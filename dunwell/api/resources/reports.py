"""Reports: aging and statements of account."""

from typing import Annotated, Any, Literal
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import BaseModel, Field

from dunwell.api import shapes
from dunwell.api.door import here
from dunwell.chasing.statements import Period, statement_pdf, this_month
from dunwell.core.aging import aging
from dunwell.ledger import queries
from dunwell.ledger.queries import Statement
from dunwell.tenancy.locale import parse_locale

router = Router(tags=["reports"])
statements = Router(tags=["reports"])


class Buckets(BaseModel):
    """Open balances by days overdue."""

    current: shapes.MoneyOut
    up_to_30: Annotated[shapes.MoneyOut, Field(alias="1-30")]
    up_to_60: Annotated[shapes.MoneyOut, Field(alias="31-60")]
    up_to_90: Annotated[shapes.MoneyOut, Field(alias="61-90")]
    over_90: Annotated[shapes.MoneyOut, Field(alias="90+")]


class AgingOut(BaseModel):
    """The open balances of one currency, never added to another's."""

    currency: str
    buckets: Buckets
    total: shapes.MoneyOut


class AgingReport(BaseModel):
    """Aging per currency."""

    items: list[AgingOut]


class EntryOut(BaseModel):
    """One line of a statement; of open items `balance` is what is left, else the running one."""

    day: shapes.Day
    kind: Literal["invoice", "payment", "credit_note", "reversal", "closed"]
    label: str
    amount: shapes.MoneyOut
    balance: shapes.MoneyOut
    due_date: shapes.Day | None
    invoice_id: UUID | None


class StatementPart(BaseModel):
    """The lines of one currency."""

    currency: str
    opening: shapes.MoneyOut
    entries: list[EntryOut]
    closing: shapes.MoneyOut


class StatementOut(BaseModel):
    """A customer's statement of account, a part for each currency."""

    customer_id: UUID
    kind: Literal["open_items", "balance_forward"]
    since: shapes.Day | None
    until: shapes.Day
    items: list[StatementPart]


@router.get("/aging", response=AgingReport, by_alias=True)
def read_aging(request: HttpRequest, customer_id: UUID | None = None) -> Any:
    """Aging of what is owed."""
    place = here(request)
    condition = Q(customer_id=customer_id) if customer_id else Q()
    found = aging(queries.balances_due(condition=condition, today=place.today))
    return {
        "items": [
            {
                "currency": currency,
                "buckets": {name.value: shapes.money(each) for name, each in part.buckets.items()},
                "total": shapes.money(part.total),
            }
            for currency, part in found.items()
        ]
    }


@statements.get(
    "/{uuid:customer_id}/statement",
    response=StatementOut,
    openapi_extra={
        "responses": {
            200: {
                "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}
            }
        }
    },
)
def statement(
    request: HttpRequest,
    *,
    customer_id: UUID,
    kind: Literal["open_items", "balance_forward"] = "open_items",
    format: Literal["json", "pdf"] = "json",  # noqa: A002  # the contract's name
    language: Annotated[str, Query(max_length=16, description="Of the PDF")] = "",
    since: Annotated[shapes.Day | None, Query(description="Balance forward: from this day")] = None,
    until: Annotated[shapes.Day | None, Query(description="Balance forward: to this day")] = None,
) -> Any:
    """List what is open, or what moved (by default this month), per currency; JSON or PDF."""
    place = here(request)
    queries.get_customer(customer_id=customer_id)
    month = this_month(place.today)
    period = Period(since or month.since, until or month.until)
    if format == "pdf":
        file = statement_pdf(
            organization=place.organization,
            customer_id=customer_id,
            kind=kind,
            today=place.today,
            now=place.now,
            language=parse_locale(language, field="language") if language else "",
            period=period,
        )
        response = HttpResponse(file.data, content_type=file.content_type)
        response.headers["Content-Disposition"] = f'attachment; filename="{file.filename}"'
        return response
    if kind == "open_items":
        parts = queries.open_items(customer_id=customer_id)
    else:
        parts = queries.balance_forward(
            customer_id=customer_id, since=period.since, until=period.until
        )
    last = place.today if kind == "open_items" else period.until
    return {
        "customer_id": customer_id,
        "kind": kind,
        "since": None if kind == "open_items" else period.since.isoformat(),
        "until": last.isoformat(),
        "items": [_part(part) for part in parts],
    }


def _part(part: Statement) -> dict[str, Any]:
    return {
        "currency": part.currency,
        "opening": shapes.money(part.opening),
        "entries": [
            {
                "day": each.day.isoformat(),
                "kind": each.kind,
                "label": each.label,
                "amount": shapes.money(each.amount),
                "balance": shapes.money(each.balance),
                "due_date": each.due_date and each.due_date.isoformat(),
                "invoice_id": each.invoice_id,
            }
            for each in part.entries
        ],
        "closing": shapes.money(part.closing),
    }
