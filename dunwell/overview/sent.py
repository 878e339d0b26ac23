"""What went out in a stretch of time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count

from dunwell.inbox.models import Delivery

_OUT: Final = ("sent", "delivered", "uncertain", "bounced")
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Summary:
    """How many messages went out and failed, and the customers who got most of them."""

    messages: int
    failed: int
    customers: tuple[str, ...]
    customers_in_all: int


def between(*, after: datetime, through: datetime) -> Summary:
    """Sum up the deliveries made later than `after` and not later than `through`."""
    made = Delivery.objects.filter(at__gt=after, at__lte=through)
    names = list(
        made.filter(state__in=_OUT)
        .values("customer_id", "customer__name")
        .annotate(n=Count("pk"))
        .order_by("-n", "customer__name")
        .values_list("customer__name", "n")
    )
    return Summary(
        messages=sum(n for _, n in names),
        failed=made.filter(state="failed").count(),
        customers=tuple(name for name, _ in names[:_NAMED]),
        customers_in_all=len(names),
    )
