"""What went out for an invoice on a day, and if nothing why."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel

from dunwell.api import shapes
from dunwell.api.door import here
from dunwell.ledger import queries
from dunwell.overview import why

router = Router(tags=["chasing"])


class AnswerOut(BaseModel):
    """One reason; `why` is its code, `evidence` what is on record, in words."""

    why: str
    sentence: str
    planned_send_id: UUID | None
    at: shapes.Instant | None
    evidence: list[str]


class WhyOut(BaseModel):
    """The answer for one day; `answers` has one for each message that was to go out."""

    date: shapes.Day
    sentence: str
    answers: list[AnswerOut]


@router.get("/{uuid:invoice_id}/why", response=WhyOut)
def read(
    request: HttpRequest,
    invoice_id: UUID,
    date: Annotated[
        shapes.Day | None, Query(description="A local day, past or future; without it today")
    ] = None,
) -> Any:
    """Say why nothing, or what, was sent on a day."""
    place = here(request)
    found = why.why_of(
        organization=place.organization,
        invoice=queries.get_invoice(invoice_id=invoice_id),
        day=date or place.today,
        now=place.now,
    )
    return {
        "date": found.day.isoformat(),
        "sentence": found.sentence,
        "answers": [
            {
                "why": each.why,
                "sentence": each.sentence,
                "planned_send_id": each.planned_send_id,
                "at": shapes.instant(each.at, place.organization.zone),
                "evidence": list(each.evidence),
            }
            for each in found.answers
        ],
    }
