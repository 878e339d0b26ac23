"""Payment plans: installments of one invoice, and how they stand today."""

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import BaseModel, Field

from dunwell.api import paging, shapes
from dunwell.api.door import Here, here
from dunwell.api.paging import Cursor, Limit, Page
from dunwell.ledger.models import PaymentPlan
from dunwell.ledger.operations import InstallmentInput, cancel_plan, change_plan, create_plan
from dunwell.ledger.queries.payment_plans import PlanView, get_plan, plan_views
from dunwell.tenancy.roles import Permission

router = Router(tags=["payment plans"])


class InstallmentIn(shapes.Body):
    """A part of what is owed, and the day it is due."""

    due_date: shapes.Day
    amount: shapes.MoneyIn


class PlanIn(shapes.Body):
    """Installments that sum to the invoice's balance."""

    invoice_id: UUID
    installments: Annotated[list[InstallmentIn], Field(max_length=120)]
    note: shapes.Text | None = None


class PlanPatch(shapes.Body):
    """What changes; installments sum to the present balance, what came stays as kept ones."""

    installments: Annotated[list[InstallmentIn] | None, Field(max_length=120)] = None
    note: shapes.Text | None = None


class InstallmentOut(BaseModel):
    """An installment today: payments fill the oldest first."""

    id: UUID
    due_date: shapes.Day
    amount: shapes.MoneyOut
    received: shapes.MoneyOut
    left: shapes.MoneyOut
    state: Literal["kept", "missed", "open"]


class PlanOut(BaseModel):
    """A payment plan today."""

    id: UUID
    invoice_id: UUID
    state: Literal["active", "paid", "closed", "cancelled", "amended"]
    note: str
    started_on: shapes.Day
    ended_at: shapes.Instant | None
    installments: list[InstallmentOut]


@router.post("", response={201: PlanOut})
def create(request: HttpRequest, data: PlanIn) -> Any:
    """Agree on installments."""
    place = here(request, Permission.LEDGER_WRITE)
    made = create_plan(
        organization=place.organization,
        actor=place.actor,
        now=place.now,
        invoice_id=data.invoice_id,
        installments=_read(data.installments),
        note=data.note or "",
    )
    return Status(201, _one(place, made.pk))


@router.get("", response=Page[PlanOut])
def find(
    request: HttpRequest, limit: Limit = 50, cursor: Cursor = "", invoice_id: UUID | None = None
) -> Any:
    """List payment plans."""
    place = here(request)
    rows = PaymentPlan.objects.select_related("invoice")
    if invoice_id:
        rows = rows.filter(invoice_id=invoice_id)
    return paging.page(
        rows,
        order=["id"],
        limit=limit,
        cursor=cursor,
        present=lambda found: [
            _plan(place, each) for each in plan_views(plans=found, today=place.today)
        ],
    )


@router.get("/{uuid:plan_id}", response=PlanOut)
def read(request: HttpRequest, plan_id: UUID) -> Any:
    """Read a payment plan."""
    return _one(here(request), plan_id)


@router.patch("/{uuid:plan_id}", response=PlanOut)
def change(request: HttpRequest, plan_id: UUID, data: PlanPatch) -> Any:
    """Agree anew on what is still open."""
    place = here(request, Permission.LEDGER_WRITE)
    given = data.given()
    change_plan(
        organization=place.organization,
        actor=place.actor,
        now=place.now,
        plan_id=plan_id,
        installments=None if data.installments is None else _read(data.installments),
        note=(data.note or "") if "note" in given else None,
    )
    return _one(place, plan_id)


@router.post("/{uuid:plan_id}/cancel", response=PlanOut)
def cancel(request: HttpRequest, plan_id: UUID) -> Any:
    """End a payment plan; the whole balance is due by the invoice's own date."""
    place = here(request, Permission.LEDGER_WRITE)
    cancel_plan(organization=place.organization, actor=place.actor, now=place.now, plan_id=plan_id)
    return _one(place, plan_id)


def _read(given: list[InstallmentIn]) -> list[InstallmentInput]:
    return [
        InstallmentInput(
            due_date=each.due_date, amount=each.amount.read(f"installments.{n}.amount")
        )
        for n, each in enumerate(given)
    ]


def _one(place: Here, plan_id: UUID) -> dict[str, Any]:
    return _plan(place, get_plan(plan_id=plan_id, today=place.today))


def _plan(place: Here, view: PlanView) -> dict[str, Any]:
    return {
        "id": view.plan.pk,
        "invoice_id": view.invoice.pk,
        "state": view.state,
        "note": view.plan.note,
        "started_on": view.plan.started_on.isoformat(),
        "ended_at": shapes.instant(view.plan.ended_at, place.organization.zone),
        "installments": [
            {
                "id": each.id,
                "due_date": each.due_date.isoformat(),
                "amount": shapes.money(each.amount),
                "received": shapes.money(each.received),
                "left": shapes.money(each.left),
                "state": each.state.value,
            }
            for each in view.installments
        ],
    }
