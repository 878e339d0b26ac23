"""Reads of the chasing floor."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from dunwell.chasing.models import Cadence, Pause, PlannedSend, Schedule
from dunwell.inbox.models import Delivery
from dunwell.tenancy.errors import NotFound


def default_cadence_id() -> UUID | None:
    """Return the organization's default cadence, if it has one."""
    return Cadence.objects.filter(default=True).values_list("id", flat=True).first()


def cadences() -> Sequence[Cadence]:
    """List the cadences, the default first."""
    return list(Cadence.objects.order_by("-default", "key"))


def get_cadence(*, cadence_id: UUID) -> Cadence:
    """Return one cadence; raise NotFound."""
    found = Cadence.objects.filter(pk=cadence_id).first()
    if found is None:
        raise NotFound
    return found


def schedule_of(*, invoice_id: UUID) -> Schedule | None:
    """Return the invoice's schedule, None if it never had one."""
    return Schedule.objects.select_related("cadence").filter(invoice_id=invoice_id).first()


def pause_of(*, invoice_id: UUID, now: datetime) -> Pause | None:
    """Return the pause that stands at `now`, if any."""
    return (
        Pause.objects.filter(invoice_id=invoice_id, started_at__lte=now, ends_at__gt=now)
        .order_by("-started_at")
        .first()
    )


def planned_sends(*, invoice_id: UUID) -> Sequence[PlannedSend]:
    """List an invoice's planned sends in order of time."""
    return list(PlannedSend.objects.filter(invoice_id=invoice_id).order_by("at", "id"))


def deliveries_of(*, planned_send_ids: Iterable[UUID]) -> dict[UUID, list[Delivery]]:
    """Group the deliveries of planned sends."""
    found: dict[UUID, list[Delivery]] = defaultdict(list)
    for delivery in Delivery.objects.filter(planned_send_id__in=list(planned_send_ids)).order_by(
        "id"
    ):
        if delivery.planned_send_id is not None:
            found[delivery.planned_send_id].append(delivery)
    return found


def chased_invoice_ids() -> list[UUID]:
    """List the open issued invoices that have a schedule."""
    return list(
        Schedule.objects.filter(
            invoice__issued_at__isnull=False,
            invoice__closed_at__isnull=True,
            invoice__balance_minor__gt=0,
        ).values_list("invoice_id", flat=True)
    )
