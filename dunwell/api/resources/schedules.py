"""The schedule of one invoice, and its planned sends."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Body, Router, Status
from pydantic import BaseModel, Field

from dunwell.api import shapes
from dunwell.api.door import Here, here
from dunwell.api.resources import steps as forms
from dunwell.chasing import queries
from dunwell.chasing.models import PlannedSend
from dunwell.chasing.operations import by_hand
from dunwell.chasing.operations import schedules as operations
from dunwell.core import mime
from dunwell.core.cadence import Step
from dunwell.core.schedule import Instance, instances
from dunwell.inbox.models import Delivery
from dunwell.ledger.models import Invoice
from dunwell.tenancy.errors import InvalidInput, NotFound
from dunwell.tenancy.holidays import business_calendar
from dunwell.tenancy.roles import Permission

router = Router(tags=["chasing"])
sends = Router(tags=["chasing"])

SendState = Literal["planned", "sending", "sent", "failed", "skipped", "cancelled"]


class ScheduleIn(shapes.Body):
    """A cadence to copy or steps of its own; `contacts` empty gives the customer's back."""

    cadence_id: UUID | None = None
    steps: Annotated[list[forms.StepIn] | None, Field(max_length=100)] = None
    contacts: Annotated[list[shapes.Line] | None, Field(max_length=100)] = None
    enabled: Annotated[
        Literal[True] | None, Field(description="Switch on again what DELETE switched off")
    ] = None


class PauseIn(shapes.Body):
    """Hold chasing until the resume date."""

    until: shapes.Day
    reason: shapes.Line = ""


class RetryIn(shapes.Body):
    """When to try again; without it now."""

    at: shapes.InstantIn | None = None


class DeliveryOut(BaseModel):
    """One message to one contact; `message_id` is the Message-ID of an email."""

    id: UUID
    channel: shapes.Channel
    to: str
    state: Literal[
        "queued", "sending", "sent", "delivered", "bounced", "failed", "uncertain", "cancelled"
    ]
    reason: str | None
    message_id: str | None
    template: str | None
    at: shapes.Instant | None
    detail: str | None


class PlannedSendOut(BaseModel):
    """One dated instance of a step; `preview` where it is only reckoned (a draft's)."""

    id: UUID | None
    step: int | None
    occurrence: int
    trigger: dict[str, str | int]
    at: shapes.Instant
    state: SendState
    reason: str | None
    channels: list[shapes.Channel]
    contact_roles: list[str]
    template: str | None
    kind: str
    retry_of: UUID | None
    preview: bool
    deliveries: list[DeliveryOut]


class ScheduleOut(BaseModel):
    """How an invoice is chased; planned sends in order of time."""

    enabled: bool
    paused_until: shapes.Day | None
    pause_reason: str | None
    cadence_id: UUID | None
    contacts: list[str]
    steps: list[forms.StepOut]
    planned_sends: list[PlannedSendOut]


@router.get("/{uuid:invoice_id}/schedule", response=ScheduleOut)
def read(request: HttpRequest, invoice_id: UUID) -> Any:
    """Read the schedule."""
    return one(here(request), invoice_id)


@router.put("/{uuid:invoice_id}/schedule", response=ScheduleOut)
def replace(request: HttpRequest, invoice_id: UUID, data: ScheduleIn) -> Any:
    """Set the schedule."""
    place = here(request, Permission.CHASING_WRITE)
    if data.cadence_id is not None and data.steps is not None:
        raise InvalidInput.at("steps", _("Give either a cadence or steps, not both."))
    if (
        data.cadence_id is None
        and data.steps is None
        and data.contacts is None
        and not data.enabled
    ):
        raise InvalidInput.at("cadence_id", _("Give a cadence, steps or contacts."))
    with transaction.atomic():
        _set(place, invoice_id, data)
    return one(place, invoice_id)


@router.delete("/{uuid:invoice_id}/schedule", response={204: None})
def disable(request: HttpRequest, invoice_id: UUID) -> Any:
    """Switch chasing off: what is left is cancelled, the steps stay."""
    place = here(request, Permission.CHASING_WRITE)
    operations.set_enabled(
        organization=place.organization,
        invoice_id=invoice_id,
        enabled=False,
        actor=place.actor,
        now=place.now,
    )
    return Status(204, None)


@router.post("/{uuid:invoice_id}/pause", response=ScheduleOut, include_in_schema=False)
@router.post("/{uuid:invoice_id}/schedule/pause", response=ScheduleOut)
def pause(request: HttpRequest, invoice_id: UUID, data: PauseIn) -> Any:
    """Pause chasing."""
    place = here(request, Permission.CHASING_WRITE)
    operations.pause(
        organization=place.organization,
        invoice_id=invoice_id,
        until=data.until,
        reason=data.reason,
        actor=place.actor,
        now=place.now,
    )
    return one(place, invoice_id)


@router.post("/{uuid:invoice_id}/resume", response=ScheduleOut, include_in_schema=False)
@router.post("/{uuid:invoice_id}/schedule/resume", response=ScheduleOut)
def resume(request: HttpRequest, invoice_id: UUID) -> Any:
    """Resume chasing."""
    place = here(request, Permission.CHASING_WRITE)
    operations.resume(
        organization=place.organization, invoice_id=invoice_id, actor=place.actor, now=place.now
    )
    return one(place, invoice_id)


@sends.post("/{uuid:planned_send_id}/retry", response={201: PlannedSendOut})
def retry(
    request: HttpRequest, planned_send_id: UUID, data: Annotated[RetryIn | None, Body()] = None
) -> Any:
    """Try a send again."""
    place = here(request, Permission.CHASING_WRITE)
    made = by_hand.retry(
        organization=place.organization,
        planned_send_id=planned_send_id,
        at=data.at if data else None,
        actor=place.actor,
        now=place.now,
    )
    return Status(201, planned(place, [made])[0])


def _set(place: Here, invoice_id: UUID, data: ScheduleIn) -> None:
    if data.contacts is not None:
        operations.set_contacts(
            organization=place.organization,
            invoice_id=invoice_id,
            contacts=data.contacts,
            actor=place.actor,
            now=place.now,
        )
    if data.cadence_id is not None:
        operations.apply_cadence(
            organization=place.organization,
            invoice_id=invoice_id,
            cadence_id=data.cadence_id,
            actor=place.actor,
            now=place.now,
        )
    elif data.steps is not None:
        operations.set_steps(
            organization=place.organization,
            invoice_id=invoice_id,
            steps=forms.read(data.steps),
            actor=place.actor,
            now=place.now,
        )
    elif data.enabled:
        operations.set_enabled(
            organization=place.organization,
            invoice_id=invoice_id,
            enabled=True,
            actor=place.actor,
            now=place.now,
        )


def one(place: Here, invoice_id: UUID) -> dict[str, Any]:
    """Write an invoice's schedule, an empty one if it has none. Raises NotFound."""
    invoice = Invoice.objects.filter(pk=invoice_id).first()
    if invoice is None:
        raise NotFound(_("There is no such invoice."))
    schedule = queries.schedule_of(invoice_id=invoice_id)
    standing = queries.pause_of(invoice_id=invoice_id, now=place.now)
    if schedule is not None and invoice.issued_at is None:
        chosen = operations.steps_of(schedule) if schedule.enabled else ()
        found = preview(place, chosen, reckoned(place, invoice, chosen))
    else:
        found = planned(place, queries.planned_sends(invoice_id=invoice_id))
    return {
        "enabled": schedule is not None and schedule.enabled,
        "paused_until": standing and standing.until.isoformat(),
        "pause_reason": standing and (standing.reason or None),
        "cadence_id": schedule and schedule.cadence_id,
        "contacts": schedule.contacts if schedule else [],
        "steps": forms.present(schedule.steps if schedule else []),
        "planned_sends": found,
    }


def planned(place: Here, rows: Sequence[PlannedSend]) -> list[dict[str, Any]]:
    """Write planned sends with their deliveries."""
    deliveries = queries.deliveries_of(planned_send_ids=[row.pk for row in rows])
    names = forms.role_names(row.contact_roles for row in rows)
    zone = place.organization.zone
    return [
        {
            "id": row.pk,
            "step": row.step_key,
            "occurrence": row.occurrence,
            "trigger": row.trigger,
            "at": shapes.instant(row.at, zone),
            "state": row.state,
            "reason": row.reason or None,
            "channels": row.channels,
            "contact_roles": [names.get(each, each) for each in row.contact_roles],
            "template": row.template or None,
            "kind": row.kind,
            "retry_of": row.retry_of_id,
            "preview": False,
            "deliveries": [delivery(place, each) for each in deliveries.get(row.pk, [])],
        }
        for row in rows
    ]


def preview(place: Here, chosen: Sequence[Step], dated: Sequence[Instance]) -> list[dict[str, Any]]:
    """Write what steps would come to on an invoice, as reckoned."""
    by_key = {step.key: step for step in chosen}
    names = forms.role_names(step.contact_roles for step in chosen)
    return [
        {
            "id": None,
            "step": each.step_key,
            "occurrence": each.occurrence,
            "trigger": by_key[each.step_key].trigger.to_json(),
            "at": shapes.instant(each.at, place.organization.zone),
            "state": "planned",
            "reason": None,
            "channels": [channel.value for channel in by_key[each.step_key].channels],
            "contact_roles": [
                names.get(role, role) for role in by_key[each.step_key].contact_roles
            ],
            "template": by_key[each.step_key].template,
            "kind": "step",
            "retry_of": None,
            "preview": True,
            "deliveries": [],
        }
        for each in dated
    ]


def reckoned(place: Here, invoice: Invoice, chosen: Sequence[Step]) -> list[Instance]:
    """Reckon the instances of steps on an invoice, a draft's as if it were issued today.

    None while it has no due date.
    """
    if invoice.due_date is None:
        return []
    zone = place.organization.zone
    issued_on = invoice.issued_at.astimezone(zone).date() if invoice.issued_at else place.today
    return instances(
        steps=chosen,
        invoice_date=invoice.invoice_date,
        issue_day=issued_on,
        due_date=invoice.due_date,
        first_set_on=place.today,
        zone=zone,
        holidays=business_calendar(organization=place.organization, year=invoice.invoice_date.year),
    )


def delivery(place: Here, row: Delivery) -> dict[str, Any]:
    """Write one delivery."""
    return {
        "id": row.pk,
        "channel": row.channel,
        "to": row.to_address or row.to_name,
        "state": row.state,
        "reason": row.reason or None,
        "message_id": message_id(place, row) if row.channel == "email" else None,
        "template": row.template or None,
        "at": shapes.instant(row.settled_at, place.organization.zone),
        "detail": row.detail or row.provider_answer or None,
    }


def message_id(place: Here, row: Delivery) -> str:
    """Return the Message-ID a delivery has: it comes from the delivery's own id."""
    domain = place.organization.sender_email.rpartition("@")[2]
    return mime.message_id(delivery_id=row.pk, domain=domain or f"{place.organization.pk}.invalid")
