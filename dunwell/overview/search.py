"""Text search over invoices and customers, quick under row-level security.

LIKE is not leakproof, so under a policy it cannot use an index: the functions of migration
0002_search run as the system role and filter by the organization's setting themselves
(docs/decisions/0006).
"""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Func

from dunwell.core.money import Money
from dunwell.core.states import State
from dunwell.ledger.models import Customer, Invoice

MOST: Final = 1000
"""How many invoices one text can find; whoever means one types more."""
_IN_PALETTE: Final = 6
_SUGGESTED: Final = 100


def invoice_ids(*, text: str) -> list[UUID]:
    """Find at most MOST invoices whose number, order, engagement or customer contains the text."""
    return _found("SELECT search_invoices(%s, %s)", text, MOST)


def customer_ids(*, text: str) -> list[UUID]:
    """Find at most MOST customers whose name or external id contains the text."""
    return _found("SELECT search_customers(%s, %s)", text, MOST)


def _found(statement: str, text: str, limit: int) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [text.strip(), limit])
        return [row[0] for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class InvoiceHit:
    """An invoice the palette offers."""

    id: UUID
    number: str
    customer: str
    balance: Money
    state: State


@dataclass(frozen=True, slots=True)
class CustomerHit:
    """A customer the palette offers."""

    id: UUID
    name: str


def invoices(*, text: str, today: date) -> list[InvoiceHit]:
    """Find the few invoices the palette shows: open ones first, then the newest."""
    found = list(
        Invoice.objects.filter(pk__in=_found("SELECT search_invoices(%s, %s)", text, 50))
        .select_related("customer")
        .defer("note", "due_rule")
    )
    found.sort(key=lambda i: (i.balance_minor <= 0 or i.closed_at is not None, -i.pk.int))
    return [
        InvoiceHit(i.pk, i.number, i.customer.name, i.balance, i.state(today=today))
        for i in found[:_IN_PALETTE]
    ]


def customers(*, text: str) -> list[CustomerHit]:
    """Find the few customers the palette shows, by name."""
    ids = _found("SELECT search_customers(%s, %s)", text, 50)
    rows = Customer.objects.filter(pk__in=ids).order_by("name", "id")[:_IN_PALETTE]
    return [CustomerHit(pk, name) for pk, name in rows.values_list("id", "name")]


def engagements() -> list[str]:
    """List the engagements in use, at most _SUGGESTED."""
    used = Invoice.objects.exclude(engagement="").order_by("engagement")
    return list(used.values_list("engagement", flat=True).distinct()[:_SUGGESTED])


def tags() -> list[str]:
    """List the tags of customers in use, at most _SUGGESTED."""
    each = Customer.objects.exclude(tags=[]).annotate(tag=Func("tags", function="unnest"))
    return list(each.order_by("tag").values_list("tag", flat=True).distinct()[:_SUGGESTED])
