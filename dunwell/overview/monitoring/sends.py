"""Planned sends of days: counts per day, channel and state, and the sends of one day.

Counts of a month come from the roll-up (models.SendCount); with an owner, a cadence or a customer
chosen the rows themselves are counted.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from dunwell.chasing.models import PlannedSend
from dunwell.core.calendar import add_days, midnight
from dunwell.ledger.models import Invoice
from dunwell.overview.models import SendCount
from dunwell.tenancy.models import Organization

DONE: Final = ("sending", "sent", "failed", "skipped")
AHEAD: Final = ("planned",)
MOST_LATE: Final = 1000
# How often each state of each channel; states that are not of interest are left out.
type Tally = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendFilter:
    """The choices of a reader; every field left out means all."""

    channel: str = ""
    owner_id: UUID | None = None
    cadence_id: UUID | None = None
    customer_id: UUID | None = None

    @property
    def by_row(self) -> bool:
        """Say whether the roll-up cannot answer: it knows channels only."""
        return bool(self.owner_id or self.cadence_id or self.customer_id)


@dataclass(frozen=True, slots=True)
class DayCount:
    """The number of messages of a day per channel and state."""

    day: date
    tally: Tally = field(default_factory=dict)

    def of(self, *states: str) -> dict[str, int]:
        """Count per channel what is in one of the states; channels without any are left out."""
        counts = {
            channel: sum(by_state.get(state, 0) for state in states)
            for channel, by_state in sorted(self.tally.items())
        }
        return {channel: count for channel, count in counts.items() if count}

    def total(self, *states: str) -> int:
        """Count what is in one of the states on any channel."""
        return sum(self.of(*states).values())


def narrow(
    sends: QuerySet[PlannedSend], *, chosen: SendFilter, organization: Organization
) -> QuerySet[PlannedSend]:
    """Keep the sends that the filter lets through, those about accounts too."""
    if chosen.channel:
        sends = sends.filter(channels__contains=[chosen.channel])
    if chosen.customer_id:
        # By ids, each over its own index: joined, every send of the days would be looked at.
        invoices = Invoice.objects.filter(customer_id=chosen.customer_id)
        ids = list(invoices.values_list("id", flat=True))
        sends = sends.filter(Q(customer_id=chosen.customer_id) | Q(invoice_id__in=ids))
    if chosen.cadence_id:
        sends = sends.filter(invoice__schedules__cadence_id=chosen.cadence_id)
    if chosen.owner_id:
        sends = sends.filter(_owned_by(chosen.owner_id, organization))
    return sends


def _owned_by(owner_id: UUID, organization: Organization) -> Q:
    """Whoever answers for the invoice or account. Rule: tracking, Never chase blind."""
    of_customer = Q(invoice__owner_id__isnull=True, invoice__customer__owner_id=owner_id)
    condition = Q(invoice__owner_id=owner_id) | of_customer | Q(customer__owner_id=owner_id)
    if organization.default_owner_id == owner_id:
        condition |= Q(
            invoice__isnull=False,
            invoice__owner_id__isnull=True,
            invoice__customer__owner_id__isnull=True,
        )
        condition |= Q(customer__isnull=False, customer__owner_id__isnull=True)
    return condition


def counts(
    *, first: date, last: date, chosen: SendFilter, organization: Organization
) -> list[DayCount]:
    """Count the messages of every day from `first` to `last`, both included, in order.

    A planned send on two channels counts once for each.
    """
    found: dict[date, Tally] = defaultdict(lambda: defaultdict(dict))
    rows = (
        _counted_rows(first, last, chosen, organization)
        if chosen.by_row
        else _rolled_up(first, last)
    )
    for day, channel, state, count in rows:
        if count and (not chosen.channel or channel == chosen.channel):
            by_state = found[day][channel]
            by_state[state] = by_state.get(state, 0) + count
    days = [add_days(first, n) for n in range((last - first).days + 1)]
    return [DayCount(day, found.get(day, {})) for day in days]


def _rolled_up(first: date, last: date) -> Iterable[tuple[date, str, str, int]]:
    rows = SendCount.objects.filter(day__gte=first, day__lte=last).order_by()
    return (
        rows.values("day", "channel", "state")
        .annotate(n=Sum("count"))
        .values_list("day", "channel", "state", "n")
    )


def _counted_rows(
    first: date, last: date, chosen: SendFilter, organization: Organization
) -> Iterable[tuple[date, str, str, int]]:
    start, end = midnight(first, organization.zone), midnight(add_days(last, 1), organization.zone)
    planned = PlannedSend.objects.filter(state__in=AHEAD, at__gte=start, at__lt=end)
    done = PlannedSend.objects.filter(state__in=DONE, day__gte=first, day__lte=last)
    for part in (planned, done):
        rows = narrow(part, chosen=chosen, organization=organization).order_by()
        grouped = rows.values("day", "channels", "state").annotate(n=Count("pk"))
        for day, channels, state, count in grouped.values_list("day", "channels", "state", "n"):
            yield from ((day, channel, state, count) for channel in channels)


def of_day(
    *,
    day: date,
    states: Sequence[str],
    chosen: SendFilter,
    organization: Organization,
    late: bool = False,
) -> QuerySet[PlannedSend]:
    """Select the sends of a local day in order of time; `late`: planned ones overdue as well."""
    sends = PlannedSend.objects.filter(state__in=states)
    if tuple(states) == AHEAD:
        sends = sends.filter(at__lt=midnight(add_days(day, 1), organization.zone))
        if not late:
            sends = sends.filter(at__gte=midnight(day, organization.zone))
    else:
        sends = sends.filter(day=day)
    sends = narrow(sends, chosen=chosen, organization=organization)
    return sends.select_related("invoice", "invoice__customer", "customer").order_by("at", "id")


def late_ones(*, now: datetime, chosen: SendFilter, organization: Organization) -> int:
    """Count the planned sends whose time has come and that nobody has taken, 1,000 at most."""
    late = PlannedSend.objects.filter(state__in=AHEAD, at__lt=now)
    return narrow(late, chosen=chosen, organization=organization)[:MOST_LATE].count()


def failed(*, chosen: SendFilter, organization: Organization) -> QuerySet[PlannedSend]:
    """Select the failed sends of open invoices and accounts without a later attempt, newest first.

    Those whose reason is `uncertain` may have arrived.
    """
    tried = PlannedSend.objects.filter(retry_of=OuterRef("pk")).exclude(state="cancelled")
    open_still = Q(invoice__isnull=True) | Q(
        invoice__issued_at__isnull=False,
        invoice__closed_at__isnull=True,
        invoice__balance_minor__gt=0,
    )
    sends = PlannedSend.objects.filter(open_still, ~Exists(tried), state="failed")
    sends = narrow(sends, chosen=chosen, organization=organization)
    return sends.select_related("invoice", "invoice__customer", "customer").order_by("-at", "-id")
