"""The board, the lists and the search, as programs and pages read them."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, Sum

from dunwell import flows
from dunwell.core.money import Money
from dunwell.core.states import State
from dunwell.ledger.models import Invoice
from dunwell.ledger.queries.states import OPEN
from dunwell.overview import operations, search, sorting
from dunwell.overview.board import Column, board
from dunwell.overview.customers import customers, timeline
from dunwell.overview.filters import InvoiceFilter
from dunwell.overview.invoices import invoices
from dunwell.overview.models import OpenSum, SavedView
from dunwell.overview.payments import payments
from dunwell.tenancy.errors import InvalidInput, NotFound
from dunwell.tenancy.models import Member
from dunwell.tenancy.roles import Actor
from dunwell.tenancy.scope import system_scope
from tests.chasing.desk import Desk, new_desk

TODAY = date(2026, 3, 2)


def columns(desk: Desk, **chosen: Any) -> dict[str, Column]:
    shown = board(organization=desk.organization, now=desk.now, chosen=InvoiceFilter(**chosen))
    return {column.state.value: column for column in shown}


def mixed(desk: Desk) -> list[Invoice]:
    """Make 24 invoices of four customers in two currencies around today."""
    made = []
    for n in range(24):
        customer = desk.customer(
            f"ap{n}@example.com", name=f"Customer {n % 4}", tags=["key"] if n % 4 == 0 else []
        )
        made.append(
            desk.invoice(
                customer=customer,
                issue=n % 6 != 0,
                total=f"{100 + 37 * (n % 5)}.50",
                currency="USD" if n % 3 == 0 else "EUR",
                invoice_date="2026-01-10",
                due_date=(TODAY + timedelta(days=n - 12)).isoformat(),
                engagement="Retainer" if n % 2 else "",
                purchase_order=f"PO-{n}",
            )
        )
    return made


def open_sums() -> dict[tuple[date, str], tuple[int, int]]:
    lines = OpenSum.objects.values("due_date", "currency").annotate(n=Sum("count"), m=Sum("minor"))
    return {(x["due_date"], x["currency"]): (int(x["n"]), int(x["m"])) for x in lines if x["n"]}


def counted() -> dict[tuple[date | None, str], tuple[int, int]]:
    lines = (
        Invoice.objects.filter(OPEN)
        .order_by()
        .values("due_date", "currency")
        .annotate(n=Count("pk"), m=Sum("balance_minor"))
    )
    return {(x["due_date"], x["currency"]): (x["n"], int(x["m"])) for x in lines}


def test_an_invoice_moves_through_the_columns_by_the_calendar(desk: Desk) -> None:
    invoice = desk.invoice(due_date="2026-03-04", invoice_date="2026-03-01", issue=False)
    seen = []
    for moment in ("03-02 09:00", "03-03 23:59", "03-04 00:00", "03-05 00:00"):
        desk.advance(f"2026-{moment}")
        if moment == "03-03 23:59":
            desk.issue(invoice)
        seen.append([name for name, column in columns(desk).items() if column.count])
    desk.pay(invoice)
    seen.append([name for name, column in columns(desk).items() if column.count])
    desk.advance("2026-04-10 09:00")
    seen.append([name for name, column in columns(desk).items() if column.count])
    assert seen == [["draft"], ["sent"], ["due"], ["overdue"], ["paid"], []]


def test_columns_add_up_each_currency_by_itself(desk: Desk) -> None:
    mixed(desk)
    for state, column in columns(desk).items():
        if state in ("sent", "due", "overdue"):
            rows = column.rows
            assert column.count == len(rows)
            for total in column.totals:
                same = [r.balance.minor for r in rows if r.balance.currency == total.currency]
                assert total.minor == sum(same)


def test_narrowed_columns_count_only_what_they_show(desk: Desk) -> None:
    mixed(desk)
    for chosen in ({"tag": "key"}, {"currency": "USD"}, {"engagement": "Retainer"}):
        for column in columns(desk, **chosen).values():
            assert column.count == len(column.rows)


def test_the_sums_follow_every_change_and_folding_keeps_them(desk: Desk) -> None:
    made = mixed(desk)
    assert open_sums() == counted()
    desk.pay(made[1], "50.00")
    desk.pay(made[2], made[2].total.text)
    desk.amend(made[5], due_date="2026-05-01")
    flows.close_invoice(**desk.here, invoice_id=made[7].pk, reason="void")
    flows.delete_draft(**desk.here, invoice_id=made[0].pk)
    assert open_sums() == counted()
    operations.fold_open_sums()
    assert open_sums() == counted()
    assert OpenSum.objects.count() == len(counted())


@pytest.mark.parametrize("sort", sorted(sorting.SORTS))
def test_paging_shows_every_invoice_once(desk: Desk, sort: str) -> None:
    made = mixed(desk)
    desk.pay(made[4], made[4].total.text)
    seen, after = [], ""
    while True:
        page = invoices(
            organization=desk.organization,
            now=desk.now,
            status="all",
            sort=sort,
            after=after,
            limit=5,
        )
        seen += [row.number for row in page.rows]
        if page.next is None:
            break
        after = page.next
    assert len(seen) == len(set(seen)) == len(made)


@pytest.mark.parametrize("cursor", ["x", "", "W10", "bnVsbA", "eyJhIjoxfQ"])
def test_a_broken_place_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput):
        sorting.read_cursor(cursor, sort="amount")


FILTERS: list[tuple[dict[str, Any], Any]] = [
    ({"currency": "USD"}, lambda n: n % 3 == 0),
    ({"engagement": "Retainer"}, lambda n: n % 2 == 1),
    ({"tag": "key"}, lambda n: n % 4 == 0),
    ({"at_least": Decimal(175)}, lambda n: 100 + 37 * (n % 5) >= 175),
    ({"at_most": Decimal("137.50")}, lambda n: 100 + 37 * (n % 5) <= 137),
    ({"text": "customer 2"}, lambda n: n % 4 == 2),
    ({"text": "po-7"}, lambda n: n == 7),
    ({"text": "100%"}, lambda n: False),
    ({"text": "_"}, lambda n: False),
]


@pytest.mark.parametrize(("chosen", "expected"), FILTERS, ids=[str(f[0]) for f in FILTERS])
def test_filters_narrow_the_list(desk: Desk, chosen: dict[str, Any], expected: Any) -> None:
    made = mixed(desk)
    page = invoices(
        organization=desk.organization,
        now=desk.now,
        status="all",
        chosen=InvoiceFilter(**chosen),
        limit=200,
    )
    wanted = {invoice.pk for n, invoice in enumerate(made) if expected(n)}
    assert {row.id for row in page.rows} == wanted


def test_yen_are_compared_in_whole_yen(desk: Desk) -> None:
    invoice = desk.invoice(total="20000", currency="JPY")
    for at_least, found in ((Decimal(20000), True), (Decimal(20001), False)):
        page = invoices(
            organization=desk.organization,
            now=desk.now,
            chosen=InvoiceFilter(at_least=at_least),
        )
        assert [row.id for row in page.rows] == ([invoice.pk] if found else [])


def test_the_owner_of_an_invoice_is_never_empty(desk: Desk) -> None:
    desk.invoice()
    owner = Member.objects.get()
    page = invoices(
        organization=desk.organization, now=desk.now, chosen=InvoiceFilter(owner_id=owner.pk)
    )
    assert [row.owner for row in page.rows] == [owner.name]


def test_search_finds_nothing_of_another_organization(desk: Desk) -> None:
    invoice = desk.invoice()
    with system_scope("make a second company"), new_desk() as other:
        assert search.invoice_ids(text=invoice.number) == []
        assert search.customers(text="Proseware") == []
        assert other.organization != desk.organization


def test_without_a_scope_search_finds_nothing(desk: Desk) -> None:
    invoice = desk.invoice()
    with system_scope("look from outside"), connection.cursor() as cursor:
        cursor.execute("SELECT search_invoices(%s, 10)", [invoice.number])
        assert cursor.fetchall() == []


def test_the_palette_offers_open_invoices_first(desk: Desk) -> None:
    paid = desk.invoice()
    desk.pay(paid)
    still_open = desk.invoice()
    hits = search.invoices(text="INV", today=TODAY)
    assert [hit.number for hit in hits] == [still_open.number, paid.number]
    assert hits[1].state is State.PAID


def test_customers_show_what_they_owe(desk: Desk) -> None:
    mixed(desk)
    desk.customer("x@example.com", name="Aardvark")
    page = customers(organization=desk.organization, today=TODAY, limit=200)
    assert page.rows[0].name == "Aardvark"
    assert page.rows[0].outstanding == ()
    owing = {row.id: row for row in page.rows}
    for invoice in Invoice.objects.filter(OPEN):
        row = owing[invoice.customer_id]
        assert row.outstanding == (invoice.balance,)
        assert row.overdue == ((invoice.balance,) if invoice.due_date < TODAY else ())  # type: ignore[operator]  # issued
    by_owed = customers(organization=desk.organization, today=TODAY, sort="-owed", limit=5)
    euros = [sum(m.minor for m in row.outstanding if m.currency == "EUR") for row in by_owed.rows]
    assert euros == sorted(euros, reverse=True)


def test_a_timeline_continues_where_it_stopped(desk: Desk) -> None:
    invoice = desk.invoice()
    desk.pay(invoice, "40.00")
    whole, _ = timeline(customer_id=invoice.customer_id, limit=100)
    first, place = timeline(customer_id=invoice.customer_id, limit=2)
    rest, end = timeline(customer_id=invoice.customer_id, after=place or "", limit=100)
    assert [*first, *rest] == whole
    assert end is None


def test_payments_name_the_invoices_they_went_to(desk: Desk) -> None:
    invoice = desk.invoice()
    result = desk.pay(invoice, "100.00")
    rows, following = payments()
    assert following is None
    assert [(s.number, s.amount) for s in rows[0].applied_to] == [
        (invoice.number, Money(10000, "EUR"))
    ]
    flows.reverse_payment(**desk.here, payment_id=result.payment.pk)
    rows, _ = payments()
    assert rows[0].applied_to == ()
    assert rows[0].reversed == Money(10000, "EUR")


def test_only_its_owner_deletes_a_view(desk: Desk) -> None:
    member = Member.objects.get()
    mine = Actor(label="Ada", member_id=member.pk, role=desk.actor.role)
    view = operations.save_view(
        page="board", name="Mine", query="sort=due_date", shared=True, actor=mine, now=desk.now
    )
    again = operations.save_view(
        page="board", name="Mine", query="sort=amount", shared=True, actor=mine, now=desk.now
    )
    assert again.pk == view.pk
    with pytest.raises(NotFound):
        operations.delete_view(view_id=view.pk, actor=desk.actor)
    operations.delete_view(view_id=view.pk, actor=mine)
    assert not SavedView.objects.exists()
