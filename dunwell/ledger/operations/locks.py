"""The one order in which invoices are locked, and what tells a sender that something changed."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import F, Q, QuerySet

from dunwell.ledger.models import Invoice
from dunwell.ledger.queries.states import OPEN
from dunwell.tenancy.errors import NotFound


def lock_invoices(*, ids: Iterable[UUID]) -> dict[UUID, Invoice]:
    """Lock invoices FOR NO KEY UPDATE in the order of their ids; NotFound if one is missing."""
    wanted = set(ids)
    found = _locked(Invoice.objects.filter(pk__in=wanted))
    if len(found) < len(wanted):
        raise NotFound
    return found


def lock_invoice(*, invoice_id: UUID) -> Invoice:
    """Lock one invoice FOR NO KEY UPDATE; raise NotFound if it is not in the organization."""
    return lock_invoices(ids=[invoice_id])[invoice_id]


def lock_open_invoices(
    *, customer_id: UUID, currency: str | None = None, also: Iterable[UUID] = ()
) -> dict[UUID, Invoice]:
    """Lock a customer's open invoices, of one currency or all, and those named beside them.

    Raises NotFound if one of those named is missing.
    """
    account = Q(customer_id=customer_id)
    if currency is not None:
        account &= Q(currency=currency)
    return _lock_accounts(account, set(also))


def lock_accounts(
    *, accounts: Iterable[tuple[UUID, str]], also: Iterable[UUID] = ()
) -> dict[UUID, Invoice]:
    """Lock the open invoices of many accounts (customer and currency), and those named beside them.

    Raises NotFound if one of those named is missing.
    """
    customers: dict[str, set[UUID]] = {}
    for customer_id, currency in accounts:
        customers.setdefault(currency, set()).add(customer_id)
    which = Q(pk__in=())
    for currency, ids in customers.items():
        which |= Q(currency=currency, customer_id__in=ids)
    return _lock_accounts(which, set(also))


def lock_customers(
    *, customer_ids: Iterable[UUID], also: Iterable[UUID] = ()
) -> dict[UUID, Invoice]:
    """Lock the open invoices of some customers in all currencies, and those named beside them.

    Raises NotFound if one of those named is missing.
    """
    return _lock_accounts(Q(customer_id__in=set(customer_ids)), set(also))


def _lock_accounts(which: Q, named: set[UUID]) -> dict[UUID, Invoice]:
    found = _locked(Invoice.objects.filter((OPEN & which) | Q(pk__in=named)))
    if not named <= found.keys():
        raise NotFound
    return found


def lock_open_of(*, customer_ids: Iterable[UUID], also: Iterable[UUID] = ()) -> dict[UUID, Invoice]:
    """Lock the open invoices of several customers, and those named beside them if they are open."""
    return _locked(
        Invoice.objects.filter(OPEN, Q(customer_id__in=set(customer_ids)) | Q(pk__in=set(also)))
    )


def raise_chase_versions(*, invoice_ids: Iterable[UUID]) -> None:
    """Tell every sender that what it rendered for these invoices is to be thought over.

    Locks them in the order of their ids first (docs/decisions/0004).
    """
    ids = list(_locked(Invoice.objects.filter(pk__in=set(invoice_ids)).only("id")))
    Invoice.objects.filter(pk__in=ids).update(chase_version=F("chase_version") + 1)


def _locked(found: QuerySet[Invoice]) -> dict[UUID, Invoice]:
    return {
        row.pk: row for row in found.order_by("id").select_for_update(of=("self",), no_key=True)
    }
