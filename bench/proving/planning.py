"""Schedules planned per second: the dates alone, and with their rows written."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from bench.house import make_invoices
from bench.proving.sending import invariants
from bench.sizes import Planning
from dunwell.chasing.operations.cadences import create_cadence, read_steps
from dunwell.chasing.operations.schedules import apply_cadences
from dunwell.commands.replaying.play import STEPS
from dunwell.core.schedule import PlanMode, instances, plan
from dunwell.ledger.models import Invoice
from dunwell.tenancy.models import User
from dunwell.tenancy.operations import create_organization
from dunwell.tenancy.roles import SYSTEM_ACTOR
from dunwell.tenancy.scope import organization_scope, system_scope

_ZONE = ZoneInfo("Europe/Berlin")


def run(*, size: Planning) -> dict[str, Any]:
    """Plan five steps (seven sends) for many invoices; the repeat has three occurrences."""
    pure = _pure(size.schedules)
    written, rows = _written(size.invoices)
    return {
        "schedules": size.schedules,
        "schedules_per_second": round(pure),
        "written_schedules": size.invoices,
        "written_schedules_per_second": round(written),
        "written_planned_sends": rows,
        "violations": {"planned sends missing": 7 * size.invoices - rows, **invariants()},
    }


def _days(count: int) -> Iterator[date]:
    first = date(2026, 1, 1)
    return (first + timedelta(days=n % 700) for n in range(count))


def _pure(count: int) -> float:
    """Reckon dates and states as planning does, without a database."""
    owner = User.objects.create_user("pure@bench.example", "not a secret, only here")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    organization = create_organization(
        name="Pure", time_zone=_ZONE.key, currency="EUR", locale="en", owner=owner, now=now
    )
    with organization_scope(organization):
        steps = read_steps(data=STEPS)
    begun = time.perf_counter()
    for day in _days(count):
        dated = instances(
            steps=steps,
            invoice_date=day,
            issue_day=day,
            due_date=day + timedelta(days=30),
            first_set_on=day,
            zone=_ZONE,
            holidays=None,
        )
        plan(instances=dated, existing=(), now=now, ever_sent=False, zone=_ZONE, mode=PlanMode.SET)
    return count / (time.perf_counter() - begun)


def _written(count: int) -> tuple[float, int]:
    """Apply a cadence to open invoices, with all rows written and committed."""
    now = datetime.now(UTC)
    owner = User.objects.create_user("written@bench.example", "not a secret, only here")
    organization = create_organization(
        name="Written", time_zone=_ZONE.key, currency="EUR", locale="en", owner=owner, now=now
    )
    with organization_scope(organization):
        cadence = create_cadence(
            name="Bench", steps=STEPS, default=True, actor=SYSTEM_ACTOR, now=now
        )
        with connection.cursor() as cursor:
            make_invoices(
                cursor, organization_id=organization.pk, count=count, customers=max(1, count // 5)
            )
        with system_scope("bench: plan as a settled database would"), connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        ids = list(Invoice.objects.order_by("id").values_list("id", flat=True))
        begun = time.perf_counter()
        apply_cadences(
            organization=organization,
            chosen=dict.fromkeys(ids, cadence.pk),
            actor=SYSTEM_ACTOR,
            now=now,
        )
        seconds = time.perf_counter() - begun
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM chasing_plannedsend")
            rows: int = cursor.fetchone()[0]
    return count / seconds, rows
