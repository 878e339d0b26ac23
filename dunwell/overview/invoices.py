"""The list of invoices: one page at a time, for the pages and the API."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dunwell.core.calendar import local_date
from dunwell.ledger.models import Invoice
from dunwell.overview import rows, sorting
from dunwell.overview.filters import InvoiceFilter, Status, narrow, of_status
from dunwell.overview.rows import Row
from dunwell.tenancy.models import Organization

PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Some invoices, and the cursor of those that follow (None: these were the last)."""

    rows: tuple[Row, ...]
    next: str | None


def invoices(
    *,
    organization: Organization,
    now: datetime,
    status: Status = "open",
    chosen: InvoiceFilter = InvoiceFilter(),  # noqa: B008 (frozen)
    sort: str = "due_date",
    after: str = "",
    limit: int = PAGE,
) -> Page:
    """Read one page of the list in a stable order.

    `after` is the `next` of the page before. Raises InvalidInput for an unknown order or a broken
    cursor. `Row.state` and flags are those of the organization's local day `today`.
    """
    today = local_date(now, organization.zone)
    found = narrow(
        Invoice.objects.filter(of_status(status, today=today)),
        chosen=chosen,
        organization=organization,
        now=now,
    )
    ordered = sorting.ordered(found, sort=sort, status=status, after=after)
    places = list(ordered.values_list("pk", "sort_key")[: limit + 1])
    ids = [pk for pk, _ in places[:limit]]
    following = None
    if len(places) > limit:
        pk, value = places[limit - 1]
        following = sorting.cursor(sort=sort, value=value, pk=pk)
    return Page(tuple(rows.read(ids=ids, organization=organization, now=now)), following)
