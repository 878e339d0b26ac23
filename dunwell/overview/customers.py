"""Customers with what they owe, and what happened with one of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

from django.db.models import BigIntegerField, Count, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from dunwell.core.money import Money
from dunwell.ledger.models import Activity, Customer, Invoice
from dunwell.ledger.queries.states import OPEN
from dunwell.overview import search, sorting
from dunwell.tenancy.models import Member, Organization

PAGE: Final = 50
CustomerSort = Literal["name", "-owed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRow:
    """A customer in the list; sums are per currency, in alphabetical order."""

    id: UUID
    name: str
    external_id: str
    owner: str
    tags: tuple[str, ...]
    do_not_chase: bool
    open_invoices: int
    outstanding: tuple[Money, ...]
    overdue: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """Some customers, and the cursor of those that follow (None: these were the last)."""

    rows: tuple[CustomerRow, ...]
    next: str | None


def customers(
    *,
    organization: Organization,
    today: date,
    text: str = "",
    tag: str = "",
    sort: CustomerSort = "name",
    after: str = "",
    limit: int = PAGE,
) -> CustomerPage:
    """Read one page of customers by name, or by what they owe in the organization's currency.

    Raises InvalidInput for a broken cursor.
    """
    found = Customer.objects.all()
    if text:
        found = found.filter(pk__in=search.customer_ids(text=text))
    if tag:
        found = found.filter(tags__contains=[tag])
    ordered = _ordered(found, sort=sort, currency=organization.currency, after=after)
    places = list(ordered.values("id", "name", "sort_key", *_COLUMNS)[: limit + 1])
    rows = _rows(places[:limit], organization, today)
    following = None
    if len(places) > limit:
        last = places[limit - 1]
        following = sorting.cursor(sort=sort, value=last["sort_key"], pk=last["id"])
    return CustomerPage(tuple(rows), following)


_COLUMNS: Final = ("external_id", "owner_id", "tags", "do_not_chase")


def _ordered(
    found: QuerySet[Customer], *, sort: CustomerSort, currency: str, after: str
) -> QuerySet[Customer]:
    if sort == "name":
        found = found.annotate(sort_key=Coalesce("name", Value("")))
        if after:
            name, pk = sorting.read_cursor(after, sort=sort)
            found = found.filter(Q(name__gte=name) & (Q(name__gt=name) | Q(pk__gt=pk)))
        return found.order_by("name", "pk")
    owed = (
        Invoice.objects.filter(OPEN, customer=OuterRef("pk"), currency=currency)
        .order_by()
        .values("customer")
        .annotate(owed=Sum("balance_minor"))
        .values("owed")
    )
    total = Coalesce(Subquery(owed, output_field=BigIntegerField()), Value(0))
    found = found.annotate(sort_key=total)
    if after:
        minor, pk = sorting.read_cursor(after, sort=sort)
        found = found.filter(Q(sort_key__lt=minor) | Q(sort_key=minor, pk__gt=pk))
    return found.order_by("-sort_key", "pk")


def _rows(
    raw: Sequence[dict[str, Any]], organization: Organization, today: date
) -> list[CustomerRow]:
    owing = _owing([each["id"] for each in raw], today)
    members = dict(Member.objects.values_list("id", "name")) if raw else {}
    rows = []
    for each in raw:
        count, outstanding, overdue = owing.get(each["id"], (0, {}, {}))
        owner_id = each["owner_id"] or organization.default_owner_id
        rows.append(
            CustomerRow(
                id=each["id"],
                name=each["name"],
                external_id=each["external_id"] or "",
                owner=members.get(owner_id, "") if owner_id else "",
                tags=tuple(each["tags"]),
                do_not_chase=each["do_not_chase"],
                open_invoices=count,
                outstanding=_money(outstanding),
                overdue=_money(overdue),
            )
        )
    return rows


def _money(sums: Mapping[str, int]) -> tuple[Money, ...]:
    return tuple(Money(minor, currency) for currency, minor in sorted(sums.items()) if minor)


type _Owing = tuple[int, dict[str, int], dict[str, int]]


def _owing(ids: Sequence[UUID], today: date) -> dict[UUID, _Owing]:
    """Count and sum the open invoices of some customers, all of them in one query."""
    counts: dict[UUID, int] = defaultdict(int)
    sums: dict[UUID, tuple[dict[str, int], dict[str, int]]] = {pk: ({}, {}) for pk in ids}
    lines = (
        Invoice.objects.filter(OPEN, customer__in=ids)
        .order_by()
        .values("customer_id", "currency")
        .annotate(
            n=Count("pk"),
            owed=Sum("balance_minor"),
            late=Sum("balance_minor", filter=Q(due_date__lt=today)),
        )
    )
    for line in lines if ids else ():
        customer, currency = line["customer_id"], line["currency"]
        counts[customer] += line["n"]
        sums[customer][0][currency] = int(line["owed"])
        sums[customer][1][currency] = int(line["late"] or 0)
    return {pk: (counts[pk], *sums[pk]) for pk in ids}


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of a timeline: who did what, to which invoice, when, on which channel."""

    id: UUID
    kind: str
    at: datetime
    by: str
    channel: str
    outcome: str
    text: str
    invoice_id: UUID | None
    number: str
    counts: bool
    data: Mapping[str, Any]


def timeline(
    *, customer_id: UUID, after: str = "", limit: int = 30
) -> tuple[list[Happening], str | None]:
    """Read what happened with a customer, the newest first, and the cursor of what came before."""
    found = Activity.objects.filter(customer=customer_id)
    if after:
        at, pk = sorting.read_cursor(after, sort="timeline")
        found = found.filter(Q(at__lte=at) & (Q(at__lt=at) | Q(pk__lt=pk)))
    rows = list(
        found.order_by("-at", "-pk").values_list(
            "id", "kind", "at", "by", "channel", "outcome", "text", "invoice_id",
            "invoice__number", "counts", "data",
        )[: limit + 1]
    )  # fmt: skip
    happenings = [Happening(*row[:8], row[8] or "", *row[9:]) for row in rows[:limit]]
    following = None
    if len(rows) > limit:
        last = happenings[-1]
        following = sorting.cursor(sort="timeline", value=last.at, pk=last.id)
    return happenings, following
