"""Schedules: the steps of one invoice, and what a member does with them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.utils.translation import gettext as _

from dunwell.chasing.errors import NotChaseable
from dunwell.chasing.models import Cadence, FirstSend, Pause, Schedule
from dunwell.chasing.operations.cadences import read_steps
from dunwell.chasing.operations.planning import replan
from dunwell.core.cadence import Step, keep_keys
from dunwell.core.calendar import local_date, midnight
from dunwell.core.ids import uuid7
from dunwell.core.schedule import PlanMode
from dunwell.inbox.operations.holding import lift
from dunwell.ledger.models import Invoice
from dunwell.tenancy.database.rows import uuids
from dunwell.tenancy.errors import InvalidInput, NotFound
from dunwell.tenancy.events import audit
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor

_APPLY_MANY = """
INSERT INTO chasing_schedule
  (id, organization_id, invoice_id, cadence_id, steps, next_key, enabled, contacts, first_set_on)
SELECT s.id, %(organization)s, s.invoice_id, c.id, c.steps,
       coalesce((SELECT max((step->>'key')::int) FROM jsonb_array_elements(c.steps) step), 0) + 1,
       true, '{}', %(today)s
FROM unnest(%(ids)s::uuid[], %(invoices)s::uuid[], %(cadences)s::uuid[])
  AS s (id, invoice_id, cadence_id)
JOIN chasing_cadence c ON c.organization_id = %(organization)s AND c.id = s.cadence_id
ON CONFLICT (organization_id, invoice_id) DO NOTHING
RETURNING invoice_id
"""


def apply_cadence(
    *, organization: Organization, invoice_id: UUID, cadence_id: UUID, actor: Actor, now: datetime
) -> Schedule:
    """Copy a cadence's steps onto an invoice and plan its sends (Rule: chasing, Vocabulary)."""
    cadence = Cadence.objects.filter(pk=cadence_id).first()
    if cadence is None:
        raise InvalidInput.at("cadence_id", _("There is no such cadence."))
    steps = [Step.from_json(item) for item in cadence.steps]
    return _set(organization, invoice_id, steps, cadence, actor, now)


def set_steps(
    *,
    organization: Organization,
    invoice_id: UUID,
    steps: Sequence[Mapping[str, Any]],
    actor: Actor,
    now: datetime,
) -> Schedule:
    """Write steps for this invoice alone and plan its sends. Raises WrongSteps."""
    return _set(organization, invoice_id, read_steps(data=steps), None, actor, now)


def _set(  # noqa: PLR0917  # what the two public ways share
    organization: Organization,
    invoice_id: UUID,
    steps: Sequence[Step],
    cadence: Cadence | None,
    actor: Actor,
    now: datetime,
) -> Schedule:
    with transaction.atomic():
        lock_invoice(invoice_id)
        schedule = _schedule(organization, invoice_id, now)
        before = schedule.steps
        previous = [Step.from_json(item) for item in before]
        kept = keep_keys(steps=steps, previous=previous, first_free_key=schedule.next_key)
        schedule.steps = [step.to_json() for step in kept]
        schedule.next_key = max([schedule.next_key, *(step.key + 1 for step in kept)])
        schedule.cadence = cadence
        schedule.enabled = True
        schedule.save()
        replan(organization=organization, invoice_ids=[invoice_id], now=now, mode=PlanMode.SET)
        audit(
            actor=actor,
            at=now,
            action="schedule.set",
            object_type="invoice",
            object_id=invoice_id,
            changes={"steps": [before, schedule.steps]},
        )
    return schedule


def apply_cadences(
    *, organization: Organization, chosen: Mapping[UUID, UUID], actor: Actor, now: datetime
) -> None:
    """Copy cadences onto invoices and plan their sends; `chosen` maps invoices to cadences.

    One set of statements for those without a schedule. Raises InvalidInput for an unknown cadence.
    """
    wanted = set(chosen.values())
    if Cadence.objects.filter(pk__in=wanted).count() < len(wanted):
        raise InvalidInput.at("cadence_id", _("There is no such cadence."))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _APPLY_MANY,
            {
                "organization": organization.pk,
                "today": local_date(now, organization.zone),
                "ids": uuids(uuid7() for _id in chosen),
                "invoices": uuids(chosen),
                "cadences": uuids(chosen.values()),
            },
        )
        fresh = {row[0] for row in cursor.fetchall()}
        replan(organization=organization, invoice_ids=fresh, now=now, mode=PlanMode.SET)
        for invoice_id in sorted(chosen.keys() - fresh):
            apply_cadence(
                organization=organization,
                invoice_id=invoice_id,
                cadence_id=chosen[invoice_id],
                actor=actor,
                now=now,
            )


def ensure_schedule(*, organization: Organization, invoice_id: UUID, now: datetime) -> Schedule:
    """Return the invoice's schedule, making an empty one that is switched off where none is."""
    schedule, _created = Schedule.objects.select_for_update(no_key=True).get_or_create(
        organization=organization,
        invoice_id=invoice_id,
        defaults={"first_set_on": local_date(now, organization.zone), "enabled": False},
    )
    return schedule


def set_contacts(
    *,
    organization: Organization,
    invoice_id: UUID,
    contacts: Sequence[str],
    actor: Actor,
    now: datetime,
) -> None:
    """Set the invoice's own list of email addresses; empty gives the customer's contacts back."""
    cleaned = list(dict.fromkeys(c.strip() for c in contacts if c.strip()))
    for address in cleaned:
        try:
            validate_email(address)
        except ValidationError as error:
            message = _("“%(address)s” is not an email address.") % {"address": address}
            raise InvalidInput.at("contacts", message) from error
    with transaction.atomic():
        lock_invoice(invoice_id)
        schedule = ensure_schedule(organization=organization, invoice_id=invoice_id, now=now)
        before, schedule.contacts = schedule.contacts, cleaned
        schedule.save(update_fields=["contacts"])
        replan(organization=organization, invoice_ids=[invoice_id], now=now)
        audit(
            actor=actor,
            at=now,
            action="schedule.contacts",
            object_type="invoice",
            object_id=invoice_id,
            changes={"contacts": [before, cleaned]},
        )


def set_enabled(
    *, organization: Organization, invoice_id: UUID, enabled: bool, actor: Actor, now: datetime
) -> None:
    """Switch chasing of one invoice off (what is left is cancelled) or on again."""
    with transaction.atomic():
        lock_invoice(invoice_id)
        schedule = ensure_schedule(organization=organization, invoice_id=invoice_id, now=now)
        if schedule.enabled != enabled:
            schedule.enabled = enabled
            schedule.save(update_fields=["enabled"])
            audit(
                actor=actor,
                at=now,
                action="schedule.enabled",
                object_type="invoice",
                object_id=invoice_id,
                changes={"enabled": [not enabled, enabled]},
            )
        replan(organization=organization, invoice_ids=[invoice_id], now=now)


def pause(
    *,
    organization: Organization,
    invoice_id: UUID,
    until: date,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Pause:
    """Hold an invoice until the resume date; sends whose instant falls before are skipped."""
    if until <= local_date(now, organization.zone):
        raise InvalidInput.at("until", _("The resume date must be after today."))
    with transaction.atomic():
        invoice = lock_invoice(invoice_id)
        if invoice.closed_at is not None:
            raise NotChaseable(_("A closed invoice is not chased."))
        ensure_schedule(organization=organization, invoice_id=invoice_id, now=now)
        Pause.objects.filter(invoice_id=invoice_id, ends_at__gt=now).update(ends_at=now)
        made = Pause.objects.create(
            organization=organization,
            invoice_id=invoice_id,
            started_at=now,
            until=until,
            ends_at=midnight(until, organization.zone),
            reason=reason[:200],
            by=actor.label,
        )
        replan(organization=organization, invoice_ids=[invoice_id], now=now)
        audit(
            actor=actor,
            at=now,
            action="chasing.paused",
            object_type="invoice",
            object_id=invoice_id,
            changes={"until": [None, until.isoformat()]},
        )
    return made


def resume(*, organization: Organization, invoice_id: UUID, actor: Actor, now: datetime) -> None:
    """Lift a pause or a reply's hold now; an invoice never sent goes out after all."""
    with transaction.atomic():
        lock_invoice(invoice_id)
        lifted = Pause.objects.filter(invoice_id=invoice_id, ends_at__gt=now).update(ends_at=now)
        lifted += lift(invoice_id=invoice_id, now=now)
        if lifted:
            audit(
                actor=actor,
                at=now,
                action="chasing.resumed",
                object_type="invoice",
                object_id=invoice_id,
                changes={},
            )
        replan(organization=organization, invoice_ids=[invoice_id], now=now)


def note_marked_sent(*, organization: Organization, invoice_id: UUID, now: datetime) -> None:
    """Remember that a member sent the invoice by other means; its on-issue step is then skipped."""
    FirstSend.objects.get_or_create(
        organization=organization, invoice_id=invoice_id, defaults={"at": now, "how": "marked"}
    )


def restart_preview(*, organization: Organization, invoice_id: UUID, now: datetime) -> None:
    """Set a draft's schedule as of today: called when it is issued."""
    Schedule.objects.filter(invoice_id=invoice_id).update(
        first_set_on=local_date(now, organization.zone)
    )


def lock_invoice(invoice_id: UUID) -> Invoice:
    """Lock an invoice for a change of its schedule; raise NotFound."""
    invoice = Invoice.objects.select_for_update(no_key=True).filter(pk=invoice_id).first()
    if invoice is None:
        raise NotFound(_("There is no such invoice."))
    return invoice


def _schedule(organization: Organization, invoice_id: UUID, now: datetime) -> Schedule:
    found = Schedule.objects.select_for_update(no_key=True).filter(invoice_id=invoice_id).first()
    return found or Schedule(
        organization=organization,
        invoice_id=invoice_id,
        first_set_on=local_date(now, organization.zone),
    )


def steps_of(schedule: Schedule) -> tuple[Step, ...]:
    """Return a schedule's steps."""
    return tuple(Step.from_json(item) for item in schedule.steps)
