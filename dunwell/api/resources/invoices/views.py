"""Invoices: made, listed, issued, amended, closed and reopened."""

from typing import Annotated, Any, Literal
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from ninja import Body, Query, Router, Status

from dunwell import flows
from dunwell.api import shapes
from dunwell.api.door import Here, here
from dunwell.api.paging import Cursor, Limit, Page
from dunwell.api.resources import schedules
from dunwell.api.resources.invoices import answers, bodies
from dunwell.chasing.operations import by_hand
from dunwell.chasing.operations import schedules as chasing
from dunwell.ledger.operations import InvoiceChanges, InvoiceInput
from dunwell.overview import invoices as lists
from dunwell.overview.filters import InvoiceFilter
from dunwell.overview.filters import Status as StatusName
from dunwell.overview.flags import Flag
from dunwell.tenancy.roles import Permission

router = Router(tags=["invoices"])

SortName = Literal[
    "due_date", "-due_date", "amount", "-amount", "total", "-total", "number", "-number",
    "customer", "-customer", "client", "-client", "invoice_date", "-invoice_date",
    "last_action", "-last_action", "paid", "-paid",
]  # fmt: skip


@router.post("", response={201: answers.InvoiceOut})
def create(request: HttpRequest, data: bodies.InvoiceIn) -> Any:
    """Create an invoice."""
    place = here(request, Permission.LEDGER_WRITE)
    fields = bodies.fields(data)
    chosen = {"cadence_id": fields.pop("cadence_id")} if "cadence_id" in fields else {}
    issue = fields.pop("issue", False)
    made = flows.create_invoice(
        organization=place.organization,
        actor=place.actor,
        now=place.now,
        data=InvoiceInput(**fields),
        issue=issue,
        **chosen,
    )
    return Status(201, answers.one(place, made.pk))


@router.get("", response=Page[answers.InvoiceOut])
def find(
    request: HttpRequest,
    *,
    limit: Limit = 50,
    cursor: Cursor = "",
    status: StatusName = "all",
    customer_id: UUID | None = None,
    owner: Annotated[str, Query(max_length=254, description="A member's id or email")] = "",
    flag: answers.FlagName | None = None,
    q: Annotated[str, Query(max_length=200)] = "",
    currency: Annotated[str, Query(max_length=3)] = "",
    engagement: Annotated[str, Query(max_length=100)] = "",
    tag: Annotated[str, Query(max_length=50)] = "",
    sort: SortName = "due_date",
) -> Any:
    """List invoices."""
    place = here(request)
    if flag == "reply_unanswered":
        return {"items": [], "next": None}
    found = lists.invoices(
        organization=place.organization,
        now=place.now,
        status=status,
        chosen=InvoiceFilter(
            customer_id=customer_id,
            owner_id=shapes.member_id("owner", owner),
            flag=Flag(flag) if flag else None,
            text=q.strip(),
            currency=currency.upper(),
            engagement=engagement,
            tag=tag,
        ),
        sort=sort.replace("client", "customer"),
        after=cursor,
        limit=limit,
    )
    return {"items": answers.present(place, found.rows), "next": found.next}


@router.get("/{uuid:invoice_id}", response=answers.InvoiceOut)
def read(request: HttpRequest, invoice_id: UUID) -> Any:
    """Read an invoice."""
    return answers.one(here(request), invoice_id)


@router.patch("/{uuid:invoice_id}", response=answers.InvoiceOut)
def change(request: HttpRequest, invoice_id: UUID, data: bodies.InvoicePatch) -> Any:
    """Amend an invoice."""
    place = here(request, Permission.LEDGER_WRITE)
    fields = bodies.fields(data)
    wants_issue = fields.pop("issue", False)
    with transaction.atomic():
        if "cadence_id" in fields:
            _choose_cadence(place, invoice_id, fields.pop("cadence_id"))
        flows.amend_invoice(
            organization=place.organization,
            actor=place.actor,
            now=place.now,
            invoice_id=invoice_id,
            changes=InvoiceChanges(**fields),  # type: ignore[typeddict-item]  # checked by the body
        )
        if wants_issue:
            flows.issue_invoice(
                organization=place.organization,
                actor=place.actor,
                now=place.now,
                invoice_id=invoice_id,
            )
    return answers.one(place, invoice_id)


@router.delete("/{uuid:invoice_id}", response={204: None})
def delete(request: HttpRequest, invoice_id: UUID) -> Any:
    """Delete a draft."""
    place = here(request, Permission.LEDGER_WRITE)
    flows.delete_draft(
        organization=place.organization, actor=place.actor, now=place.now, invoice_id=invoice_id
    )
    return Status(204, None)


@router.post("/{uuid:invoice_id}/issue", response=answers.InvoiceOut)
def issue(request: HttpRequest, invoice_id: UUID) -> Any:
    """Issue a draft."""
    place = here(request, Permission.LEDGER_WRITE)
    flows.issue_invoice(
        organization=place.organization, actor=place.actor, now=place.now, invoice_id=invoice_id
    )
    return answers.one(place, invoice_id)


@router.post("/{uuid:invoice_id}/mark-sent", response=answers.InvoiceOut)
def mark_sent(request: HttpRequest, invoice_id: UUID) -> Any:
    """Issue a draft; on an issued invoice only record that it went out by other means."""
    place = here(request, Permission.LEDGER_WRITE)
    flows.mark_sent(
        organization=place.organization, actor=place.actor, now=place.now, invoice_id=invoice_id
    )
    return answers.one(place, invoice_id)


@router.post("/{uuid:invoice_id}/close", response=answers.InvoiceOut)
def close(request: HttpRequest, invoice_id: UUID, data: bodies.CloseIn) -> Any:
    """Void or write off."""
    place = here(request, Permission.LEDGER_WRITE)
    flows.close_invoice(
        organization=place.organization,
        actor=place.actor,
        now=place.now,
        invoice_id=invoice_id,
        reason=data.reason,
        note=data.note,
    )
    return answers.one(place, invoice_id)


@router.post("/{uuid:invoice_id}/reopen", response=answers.InvoiceOut)
def reopen(request: HttpRequest, invoice_id: UUID) -> Any:
    """Reopen."""
    place = here(request, Permission.LEDGER_WRITE)
    flows.reopen_invoice(
        organization=place.organization, actor=place.actor, now=place.now, invoice_id=invoice_id
    )
    return answers.one(place, invoice_id)


@router.post("/{uuid:invoice_id}/send", response={201: schedules.PlannedSendOut})
def send(
    request: HttpRequest, invoice_id: UUID, data: Annotated[bodies.SendIn | None, Body()] = None
) -> Any:
    """Plan a member's own message for now; the sender hands it over."""
    place = here(request, Permission.CHASING_WRITE)
    wish = data or bodies.SendIn()
    made = by_hand.send_now(
        organization=place.organization,
        actor=place.actor,
        now=place.now,
        invoice_id=invoice_id,
        channels=wish.channels,
        confirmed=wish.confirm,
    )
    return Status(201, schedules.planned(place, [made])[0])


def _choose_cadence(place: Here, invoice_id: UUID, cadence_id: UUID | None) -> None:
    """Copy a cadence onto the invoice, or with null stop chasing it."""
    if cadence_id is not None:
        chasing.apply_cadence(
            organization=place.organization,
            invoice_id=invoice_id,
            cadence_id=cadence_id,
            actor=place.actor,
            now=place.now,
        )
        return
    chasing.set_enabled(
        organization=place.organization,
        invoice_id=invoice_id,
        enabled=False,
        actor=place.actor,
        now=place.now,
    )
