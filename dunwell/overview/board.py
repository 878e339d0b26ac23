"""The board: all live invoices in five columns by state (Rule: tracking, Board and views)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum, Value
from django.db.models.fields import CharField

from dunwell.core.calendar import add_days, local_date, midnight
from dunwell.core.money import Money
from dunwell.core.states import State, invoice_state
from dunwell.ledger.models import Invoice
from dunwell.ledger.queries.states import OPEN, in_state
from dunwell.overview import rows, sorting
from dunwell.overview.filters import InvoiceFilter, narrow
from dunwell.overview.models import OpenSum
from dunwell.overview.rows import Row
from dunwell.tenancy.models import Organization

COLUMNS: Final = (State.DRAFT, State.SENT, State.DUE, State.OVERDUE, State.PAID)
PAID_DAYS: Final = 30
CARDS: Final = 15
Tallies = dict[State, dict[str, tuple[int, int]]]
BoardSort = Literal["amount", "due_date", "customer", "last_action"]
BOARD_SORTS: Final[tuple[BoardSort, ...]] = ("amount", "due_date", "customer", "last_action")


@dataclass(frozen=True, slots=True)
class Column:
    """One state: how many invoices, what they add up to per currency, and the first of them.

    `totals` are balances, in the paid column totals.
    """

    state: State
    count: int
    totals: tuple[Money, ...]
    rows: tuple[Row, ...]


def board(
    *,
    organization: Organization,
    now: datetime,
    chosen: InvoiceFilter,
    sort: BoardSort = "amount",
    limit: int = CARDS,
) -> list[Column]:
    """Read the five columns with at most `limit` cards each; Paid shows the last 30 days."""
    today = local_date(now, organization.zone)
    invoices = narrow(Invoice.objects.all(), chosen=chosen, organization=organization, now=now)
    lately = Q(paid_at__gte=midnight(add_days(today, -PAID_DAYS), organization.zone))
    tallies = _tallies(invoices, narrowed=chosen.narrows, lately=lately, today=today)
    cards = _cards(
        invoices, lately=lately, organization=organization, now=now, sort=sort, limit=limit
    )
    return [
        Column(
            state=state,
            count=sum(count for count, _ in tallies[state].values()),
            totals=tuple(
                Money(minor, currency) for currency, (_, minor) in sorted(tallies[state].items())
            ),
            rows=tuple(row for row in cards if row.state is state),
        )
        for state in COLUMNS
    ]


def open_tallies(*, today: date) -> Tallies:
    """Count and add up all sent, due and overdue invoices from the roll-up of open sums."""
    return _by_day(
        OpenSum.objects.order_by()
        .values("due_date", "currency")
        .annotate(n=Sum("count"), total=Sum("minor"))
        .values_list("due_date", "currency", "n", "total"),
        today=today,
    )


def currencies_in_use() -> list[str]:
    """List the currencies of open invoices."""
    used = OpenSum.objects.order_by("currency").values_list("currency", flat=True)
    return list(used.distinct())


def open_counts(*, today: date) -> dict[str, int]:
    """Count sent, due and overdue invoices, and all three as "open"."""
    counts = {
        state.value: sum(count for count, _ in per_currency.values())
        for state, per_currency in open_tallies(today=today).items()
    }
    return {**counts, "open": sum(counts.values())}


def _narrowed_tallies(invoices: QuerySet[Invoice], *, today: date) -> Tallies:
    return _by_day(
        invoices.filter(OPEN)
        .order_by()
        .values("due_date", "currency")
        .annotate(n=Count("pk"), owed=Sum("balance_minor"))
        .values_list("due_date", "currency", "n", "owed"),
        today=today,
    )


def _by_day(days: Iterable[tuple[date | None, str, int, int]], *, today: date) -> Tallies:
    """Fold sums per due date into those of the three open states."""
    found: Tallies = {State.SENT: {}, State.DUE: {}, State.OVERDUE: {}}
    for due, currency, count, minor in days:
        if count and due:
            state = invoice_state(
                issued=True, closed=False, balance_minor=1, due_date=due, today=today
            )
            before, owed = found[state].get(currency, (0, 0))
            found[state][currency] = (before + int(count), owed + int(minor))
    return found


def _tallies(invoices: QuerySet[Invoice], *, narrowed: bool, lately: Q, today: date) -> Tallies:
    found = _narrowed_tallies(invoices, today=today) if narrowed else open_tallies(today=today)
    drafts = _tally(invoices.filter(in_state(State.DRAFT, today=today)), State.DRAFT)
    paid = _tally(invoices.filter(in_state(State.PAID, today=today), lately), State.PAID)
    for state, currency, count, minor in drafts.union(paid, all=True):
        found.setdefault(State(state), {})[currency] = (count, int(minor))
    return {state: found.get(state, {}) for state in COLUMNS}


def _tally(
    invoices: QuerySet[Invoice], state: State
) -> QuerySet[Invoice, tuple[str, str, int, int]]:
    return (
        invoices.order_by()
        .annotate(state_=Value(state.value, CharField()))
        .values("state_", "currency")
        .annotate(n=Count("pk"), minor=Sum("total_minor"))
        .values_list("state_", "currency", "n", "minor")
    )


def _cards(
    invoices: QuerySet[Invoice],
    *,
    lately: Q,
    organization: Organization,
    now: datetime,
    sort: BoardSort,
    limit: int,
) -> list[Row]:
    """Read the first invoices of every column together, in the order of each column."""
    today = local_date(now, organization.zone)
    columns = [_first(invoices, state, lately, today, sort)[:limit] for state in COLUMNS]
    # One statement for all columns; each is ordered by itself and the whole is not mixed.
    ids = list(columns[0].union(*columns[1:], all=True))
    return rows.read(ids=ids, organization=organization, now=now)


def _first(
    invoices: QuerySet[Invoice], state: State, lately: Q, today: date, sort: BoardSort
) -> QuerySet[Invoice, UUID]:
    column = invoices.filter(in_state(state, today=today))
    if state is State.PAID:
        column = column.filter(lately)
    ordered = sorting.ordered(column, sort=_sort_of(sort, state), status=state.value)
    return ordered.values_list("pk", flat=True)


def _sort_of(sort: BoardSort, state: State) -> sorting.Sort:
    if state is State.PAID:
        return "-paid" if sort in ("amount", "due_date") else sort
    return "-amount" if sort == "amount" else sort
