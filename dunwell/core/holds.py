"""What holds chasing back. Rule: chasing, When a planned send takes effect (Held means)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from dunwell.core.calendar import add_days, local_date, shift_business

CLAIM_WORKING_DAYS: Final = 3


class HoldKind(StrEnum):
    """Why an invoice may be held."""

    PAUSE = "pause"
    PROMISE = "promise"
    DISPUTE = "dispute"
    REPLY = "reply"
    PENDING_PAYMENT = "pending_payment"
    UNMATCHED_PAYMENT = "unmatched_payment"
    CREDIT = "credit"
    CLAIMED_PAID = "claimed_paid"


@dataclass(frozen=True, slots=True)
class Hold:
    """One thing that may hold an invoice, open or ended.

    `until`: a pause's resume date (free on that day), a promise's promised date (free after
    the grace days), a claim's last working day (see claim_until); None: until it ends.
    `covers_minor`: the disputed amount or the unapplied credit, None for the whole balance; the
    other kinds hold whatever the amount.
    `since` and `ended` are aware instants, None: always, not yet.
    """

    kind: HoldKind
    reason: str = ""
    until: date | None = None
    covers_minor: int | None = None
    since: datetime | None = None
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class PartDisputed:
    """What a message names while a part is disputed; both in minor units, both above zero."""

    due_now_minor: int
    disputed_minor: int


def claim_until(*, claimed_on: date, holidays: frozenset[date]) -> date:
    """Return the last day that an unanswered "already paid" holds: the third working day."""
    return working_day(start=claimed_on, days=CLAIM_WORKING_DAYS, holidays=holidays)


def working_day(*, start: date, days: int, holidays: frozenset[date]) -> date:
    """Return the n-th working day after a day; the day itself for 0."""
    day = start
    for _ in range(days):
        day = shift_business(add_days(day, 1), holidays)
    return day


def free_on(hold: Hold, *, grace_days: int) -> date | None:
    """Return the first local day that the hold by itself leaves free, None if it names none."""
    if hold.until is None:
        return None
    if hold.kind is HoldKind.PROMISE:
        return add_days(hold.until, grace_days + 1)
    if hold.kind is HoldKind.CLAIMED_PAID:
        return add_days(hold.until, 1)
    return hold.until


def held(
    *, holds: Sequence[Hold], balance_minor: int, at: datetime, grace_days: int, zone: ZoneInfo
) -> Hold | None:
    """Return the first hold that stands at the instant, None if the invoice is free.

    Disputes of parts count together; credit holds only where it covers the balance.
    """
    if not holds:
        return None
    open_now = standing(holds=holds, at=at, grace_days=grace_days, zone=zone)
    disputed = _disputed(open_now, balance_minor)
    for hold in open_now:
        if hold.kind is HoldKind.DISPUTE:
            covered = disputed
        elif hold.kind is HoldKind.CREDIT and hold.covers_minor is not None:
            covered = hold.covers_minor
        else:
            return hold
        if covered >= balance_minor:
            return hold
    return None


def part_disputed(
    *, holds: Sequence[Hold], balance_minor: int, at: datetime, grace_days: int, zone: ZoneInfo
) -> PartDisputed | None:
    """Return what is due now beside a disputed part, None if nothing or all is disputed."""
    disputed = _disputed(
        standing(holds=holds, at=at, grace_days=grace_days, zone=zone), balance_minor
    )
    if not 0 < disputed < balance_minor:
        return None
    return PartDisputed(due_now_minor=balance_minor - disputed, disputed_minor=disputed)


def standing(*, holds: Sequence[Hold], at: datetime, grace_days: int, zone: ZoneInfo) -> list[Hold]:
    """Return the holds that are open at the instant, whatever they cover."""
    today = local_date(at, zone)
    return [hold for hold in holds if _stands(hold, at, today, grace_days)]


def _stands(hold: Hold, at: datetime, today: date, grace_days: int) -> bool:
    """Tell whether the instant lies between a hold's beginning and its end."""
    if hold.since is not None and at < hold.since:
        return False
    if hold.ended is not None and at >= hold.ended:
        return False
    free = free_on(hold, grace_days=grace_days)
    return free is None or today < free


def _disputed(open_now: Sequence[Hold], balance_minor: int) -> int:
    """Add up what open disputes contest."""
    return sum(
        balance_minor if hold.covers_minor is None else hold.covers_minor
        for hold in open_now
        if hold.kind is HoldKind.DISPUTE
    )
