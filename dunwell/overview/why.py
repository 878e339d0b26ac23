"""Why nothing was sent for an invoice on a day: the facts of the records, and the answer in words.

The reasoning is core.why; here the facts are read, and the answers put into sentences.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from dunwell.chasing import queries
from dunwell.chasing.holds import all_holds
from dunwell.chasing.models import PlannedSend, Schedule
from dunwell.chasing.operations.schedules import steps_of
from dunwell.core import why
from dunwell.core.calendar import local_date, midnight
from dunwell.core.outcomes import SendState
from dunwell.core.schedule import instances
from dunwell.core.why import Answer, Facts, Moved, Planned, Span
from dunwell.inbox.models import Delivery
from dunwell.ledger.models import Invoice
from dunwell.overview.why_words import Telling
from dunwell.tenancy import heartbeat
from dunwell.tenancy.holidays import business_calendar
from dunwell.tenancy.models import AuditEntry, Event, Organization

_OUT = ("sent", "delivered", "uncertain", "bounced")


@dataclass(frozen=True, slots=True)
class Told:
    """One answer: its code, one sentence, and what shows it, line by line."""

    why: str
    sentence: str
    evidence: Sequence[str]
    planned_send_id: UUID | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Explained:
    """All answers for one invoice and day; `sentence` is the first."""

    day: date
    answers: Sequence[Told]

    @property
    def sentence(self) -> str:
        """Return the answer in short."""
        return " ".join(answer.sentence for answer in self.answers)


@dataclass(frozen=True, slots=True)
class _Records:
    schedule: Schedule | None
    rows: Sequence[PlannedSend]
    deliveries: dict[UUID, list[Delivery]]


def why_of(*, organization: Organization, invoice: Invoice, day: date, now: datetime) -> Explained:
    """Answer what went out for an invoice on a local day, past or future, and if nothing why.

    Rule: chasing, Monitoring. From the planned sends with their reasons, the holds with their
    times, payments and closing, who switched chasing off, and the times no worker ran.
    """
    rows = list(queries.planned_sends(invoice_id=invoice.pk))
    rows += _account_messages(invoice, day)
    deliveries = queries.deliveries_of(planned_send_ids=[row.pk for row in rows])
    schedule = queries.schedule_of(invoice_id=invoice.pk)
    facts = _facts(organization, invoice, day, now, _Records(schedule, rows, deliveries))
    telling = Telling(
        organization=organization,
        invoice=invoice,
        now=now,
        rows={row.pk: row for row in rows},
        deliveries=deliveries,
    )
    return Explained(day, [_told(answer, telling) for answer in why.explain(facts)])


def _told(answer: Answer, telling: Telling) -> Told:
    return Told(
        why=str(answer.why),
        sentence=telling.sentence(answer),
        evidence=telling.evidence(answer),
        planned_send_id=answer.send.id if answer.send else None,
        at=answer.send.at if answer.send else None,
    )


def _account_messages(invoice: Invoice, day: date) -> list[PlannedSend]:
    """Find the messages about the whole account that took this invoice's place on that day."""
    folded = PlannedSend.objects.filter(invoice=invoice, day=day, points_at__isnull=False)
    ids = [row.points_at_id for row in folded if row.points_at_id is not None]
    return list(PlannedSend.objects.filter(pk__in=ids, kind="account"))


def _facts(
    organization: Organization,
    invoice: Invoice,
    day: date,
    now: datetime,
    records: _Records,
) -> Facts:
    zone = organization.zone
    start = midnight(day, zone)
    schedule, rows = records.schedule, records.rows
    with connection.cursor() as cursor:
        earliest = min([start, *(row.at for row in rows)])
        holds = all_holds(cursor=cursor, invoice_ids=[invoice.pk], ended_after=earliest)
    ended = _ended(invoice)
    return Facts(
        day=day,
        now=now,
        zone=zone,
        grace_days=organization.promise_grace_days,
        balance_minor=invoice.balance.minor,
        issued_on=local_date(invoice.issued_at, zone) if invoice.issued_at else None,
        scheduled=bool(rows) or (schedule is not None and bool(schedule.steps)),
        sends=[_planned(row, records.deliveries.get(row.pk, ())) for row in rows],
        moved=_moved(organization, invoice, schedule),
        holds=holds.get(invoice.pk, ()),
        paid=ended["paid"],
        closed=ended["closed"],
        off=_off(invoice, schedule),
        barred=_barred(invoice),
        outages=() if organization.sandbox else _outages(earliest, now),
    )


def _planned(row: PlannedSend, deliveries: Iterable[Delivery]) -> Planned:
    return Planned(
        id=row.pk,
        at=row.at,
        state=SendState(row.state),
        reason=row.reason,
        detail=row.detail,
        changed_at=row.changed_at,
        by=row.by,
        points_at=row.points_at_id,
        went_out=frozenset(d.local_day for d in deliveries if d.state in _OUT),
    )


def _moved(organization: Organization, invoice: Invoice, schedule: Schedule | None) -> list[Moved]:
    """List the steps that business days moved away from the day their trigger names."""
    holidays = business_calendar(organization=organization, year=invoice.invoice_date.year)
    if schedule is None or holidays is None or not invoice.issued_at or not invoice.due_date:
        return []
    given: dict[str, Any] = {
        "steps": steps_of(schedule),
        "invoice_date": invoice.invoice_date,
        "issue_day": local_date(invoice.issued_at, organization.zone),
        "due_date": invoice.due_date,
        "first_set_on": schedule.first_set_on,
        "zone": organization.zone,
    }
    to = {(i.step_key, i.occurrence): i.day for i in instances(**given, holidays=holidays)}
    return [
        Moved(plain.step_key, plain.occurrence, plain.day, to[plain.step_key, plain.occurrence])
        for plain in instances(**given, holidays=None)
        if to[plain.step_key, plain.occurrence] != plain.day
    ]


def _ended(invoice: Invoice) -> dict[str, list[Span]]:
    """Read from the events when the invoice was paid or closed, and until when."""
    kinds = ("invoice.paid", "invoice.closed", "invoice.reopened")
    events = Event.objects.filter(invoice_id=invoice.pk, kind__in=kinds).order_by("id")
    found: dict[str, list[Span]] = {"paid": [], "closed": []}
    for event in events:
        by = str(event.data.get("by", ""))
        if event.kind == "invoice.reopened":
            for spans in found.values():
                _end(spans, event.at)
        else:
            found[event.kind.removeprefix("invoice.")].append(Span(event.at, by=by))
    for name, since in (("paid", invoice.paid_at), ("closed", invoice.closed_at)):
        if since is not None and not any(span.until is None for span in found[name]):
            found[name].append(Span(since))  # imported so, without an event
    return found


def _end(spans: list[Span], at: datetime) -> None:
    if spans and spans[-1].until is None:
        spans[-1] = Span(spans[-1].since, at, spans[-1].by, spans[-1].why)


def _off(invoice: Invoice, schedule: Schedule | None) -> list[Span]:
    """Read who switched chasing of the invoice off, and when it was on again."""
    entries = AuditEntry.objects.filter(
        object_id=invoice.pk, action__in=("schedule.enabled", "schedule.set")
    ).order_by("id")
    found: list[Span] = []
    for entry in entries:
        on = entry.action == "schedule.set" or entry.changes.get("enabled", [None, True])[1]
        if on:
            _end(found, entry.at)
        else:
            found.append(Span(entry.at, by=entry.actor))
    lasting = bool(found) and found[-1].until is None
    if schedule is not None and not schedule.enabled and not lasting and invoice.issued_at:
        found.append(Span(invoice.issued_at))  # never switched on
    return found


def _barred(invoice: Invoice) -> list[Span]:
    """Read when the customer was not to be chased, who said so, and why."""
    customer = invoice.customer
    entries = AuditEntry.objects.filter(
        object_id=customer.pk, changes__has_key="do_not_chase"
    ).order_by("id")
    found: list[Span] = []
    for entry in entries:
        if not entry.changes["do_not_chase"][1]:
            _end(found, entry.at)
            continue
        because = entry.changes.get("do_not_chase_reason", ["", ""])[1] or ""
        found.append(Span(entry.at, by=entry.actor, why=str(because)))
    lasting = bool(found) and found[-1].until is None
    if customer.do_not_chase and not lasting:
        found.append(Span(customer.created_at, why=customer.do_not_chase_reason))
    return found


def _outages(after: datetime, before: datetime) -> list[Span]:
    found = heartbeat.outages(after=after, before=before)
    return [Span(outage.began_at, outage.ended_at) for outage in found]
