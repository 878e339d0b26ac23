"""The five states read the same from Python and from SQL, on every day and in every zone."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from dunwell.core.calendar import local_date, midnight
from dunwell.core.states import State
from dunwell.ledger.models import Application, Customer, Invoice, Payment
from dunwell.ledger.queries import in_state, with_state
from tests.ledger.conftest import NOON, Desk

# Days on which clocks change, a day that does not exist (Apia), and year's ends.
CORNERS = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("Pacific/Auckland", date(2026, 4, 5)),
    ("Pacific/Auckland", date(2026, 9, 27)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/Sao_Paulo", date(2018, 11, 4)),  # midnight itself is skipped
    ("Asia/Kathmandu", date(2026, 1, 1)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("UTC", date(2028, 2, 29)),
]


def _instants(zone: ZoneInfo, day: date) -> list[datetime]:
    first = midnight(day, zone)
    around = [timedelta(seconds=-1), timedelta(0), timedelta(seconds=1)]
    hours = [timedelta(hours=n) for n in range(-26, 52, 3)]
    return [first + step for step in (*around, *hours)]


def _make_every_kind(desk: Desk, due_dates: list[date]) -> None:
    """Insert invoices of every combination of facts that the state depends on."""
    customer = desk.customer()
    invoices, paid = [], []
    for n, (due, issued, closed, settled) in enumerate(
        product(due_dates, [True, False], [True, False], [True, False])
    ):
        if not issued and (closed or settled):
            continue
        invoice = Invoice(
            organization=desk.organization,
            customer=customer,
            number=str(n),
            currency="EUR",
            total_minor=100,
            invoice_date=due_dates[0],
            due_date=due,
            created_at=NOON,
            issued_at=NOON if issued else None,
            closed_at=NOON if closed else None,
        )
        invoices.append(invoice)
        if settled:
            paid.append(invoice)
    Invoice.objects.bulk_create(invoices)
    _settle(desk, customer, paid)


def _settle(desk: Desk, customer: Customer, paid: list[Invoice]) -> None:
    payment = Payment.objects.create(
        organization=desk.organization,
        customer=customer,
        currency="EUR",
        amount_minor=100 * len(paid),
        received_on=NOON.date(),
        recorded_at=NOON,
    )
    Application.objects.bulk_create(
        Application(
            organization=desk.organization,
            invoice=invoice,
            payment=payment,
            amount_minor=100,
            applied_on=NOON.date(),
            recorded_at=NOON,
        )
        for invoice in paid
    )


@pytest.mark.parametrize(("zone_name", "day"), CORNERS)
def test_python_and_sql_agree_on_every_state_around_midnight(
    desk: Desk, zone_name: str, day: date
) -> None:
    zone = ZoneInfo(zone_name)
    _make_every_kind(desk, [day + timedelta(days=n) for n in range(-2, 3)])
    for today in sorted({local_date(instant, zone) for instant in _instants(zone, day)}):
        rows = list(with_state(Invoice.objects.all(), today=today))
        derived = {row.pk: row.state(today=today) for row in rows}
        assert {row.pk: State(row.status) for row in rows} == derived  # type: ignore[attr-defined] # annotated
        for state in State:
            chosen = Invoice.objects.filter(in_state(state, today=today))
            found = set(chosen.values_list("pk", flat=True))
            assert found == {pk for pk, derived_state in derived.items() if derived_state is state}


@pytest.mark.parametrize(("zone_name", "day"), [c for c in CORNERS if c[0] != "Pacific/Apia"])
def test_overdue_is_true_in_the_first_instant_of_the_day_after(
    desk: Desk, zone_name: str, day: date
) -> None:
    zone = ZoneInfo(zone_name)
    _make_every_kind(desk, [day])
    after = midnight(day + timedelta(days=1), zone)

    def overdue(at: datetime) -> int:
        today = local_date(at, zone)
        return Invoice.objects.filter(in_state(State.OVERDUE, today=today)).count()

    assert overdue(after - timedelta(microseconds=1)) == 0
    assert overdue(after) == 1
    assert overdue(datetime(2030, 1, 1, tzinfo=UTC)) == 1
