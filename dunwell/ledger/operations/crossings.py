"""Tells what midnight changed: invoices that became due or overdue.

The state itself needs no job: it is derived whenever it is read. This makes the crossing an event,
once (Rule: tracking, The five states).
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db import connection, transaction
from django.db.models import Max

from dunwell.core.calendar import add_days, local_date, midnight
from dunwell.core.states import State, crossings
from dunwell.ledger.models import Activity, Invoice
from dunwell.ledger.operations import history
from dunwell.ledger.operations.numbers import lock_organization
from dunwell.ledger.queries.states import OPEN
from dunwell.tenancy import events
from dunwell.tenancy.models import Event, Organization
from dunwell.tenancy.roles import SYSTEM_ACTOR

_AT_ONCE: Final = 2000
# Asked every few seconds for every organization, and before each step of a test clock.
_NEXT_DUE: Final = """
SELECT due_date FROM ledger_invoice
WHERE organization_id = %s AND due_date >= %s
  AND issued_at IS NOT NULL AND closed_at IS NULL AND balance_minor > 0
ORDER BY due_date LIMIT 1
"""
_TOLD_BY: Final = ("invoice.due", "invoice.overdue", "invoice.reopened")


@dataclass(frozen=True, slots=True)
class _Crossing:
    """An invoice entering a state at the instant of a local midnight."""

    moment: datetime
    invoice: Invoice
    state: State


@transaction.atomic
def cross_midnights(*, organization: Organization, at: datetime) -> int:
    """Write the events of every local midnight up to `at` that are not written; return how many.

    One transaction under the lock of the organization's row, so two workers do it once. Events
    carry the instant of their midnight and come in order of time.
    """
    row = lock_organization(organization_id=organization.pk)
    after, through = _crossed_through(row), local_date(at, row.zone)
    if through <= after:
        return 0
    untold = _untold(row, after, through)
    events.emit_many([_event(crossing) for crossing in untold])
    Activity.objects.bulk_create([_activity(c) for c in untold], batch_size=_AT_ONCE)
    row.crossed_through = organization.crossed_through = through
    row.save(update_fields=["crossed_through"])
    return len(untold)


def next_crossing(
    *,
    organization: Organization,
    after: datetime,  # noqa: ARG001 - all timers take the same
) -> datetime | None:
    """Return the next midnight at which an open invoice becomes due or overdue, None if none does.

    It may lie before `after` where a midnight was not told yet.
    """
    crossed = _crossed_through(organization)
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_DUE, [organization.pk, crossed])
        row = cursor.fetchone()
    if row is None:
        return None
    due: date = row[0]
    return midnight(add_days(due, 1) if due == crossed else due, organization.zone)


def _crossed_through(organization: Organization) -> date:
    return organization.crossed_through or local_date(organization.created_at, organization.zone)


def _untold(organization: Organization, after: date, through: date) -> list[_Crossing]:
    """List the crossings of the days after `after` that nothing has told yet, in order of time.

    Issuing, amending and reopening tell the state they lead to at their own moment; a midnight
    before it is then no news.
    """
    zone = organization.zone
    waiting = list(Invoice.objects.filter(OPEN, due_date__gte=after, due_date__lte=through))
    told = dict(
        Event.objects.filter(
            invoice_id__in=[invoice.pk for invoice in waiting],
            kind__in=_TOLD_BY,
            at__gte=midnight(after, zone),
        )
        .values_list("invoice_id")
        .annotate(Max("at"))
    )
    found = []
    for invoice in waiting:
        if invoice.due_date is None or invoice.issued_at is None:
            continue
        known = max(invoice.issued_at, told.get(invoice.pk, invoice.issued_at))
        for day, state in crossings(due_date=invoice.due_date, after=after, through=through):
            moment = midnight(day, zone)
            if moment > known:
                found.append(_Crossing(moment, invoice, state))
    return sorted(found, key=lambda crossing: (crossing.moment, crossing.invoice.pk))


def _event(crossing: _Crossing) -> Event:
    invoice = crossing.invoice
    return events.event(
        kind=f"invoice.{crossing.state.value}",
        at=crossing.moment,
        customer_id=invoice.customer_id,
        invoice_id=invoice.pk,
        data={"number": invoice.number, "by": SYSTEM_ACTOR.label, **_facts(crossing)},
    )


def _activity(crossing: _Crossing) -> Activity:
    return history.activity(
        actor=SYSTEM_ACTOR,
        now=crossing.moment,
        kind=crossing.state.value,
        customer_id=crossing.invoice.customer_id,
        invoice_id=crossing.invoice.pk,
        data=_facts(crossing),
    )


def _facts(crossing: _Crossing) -> dict[str, object]:
    return history.state_facts(invoice=crossing.invoice, state=crossing.state)
