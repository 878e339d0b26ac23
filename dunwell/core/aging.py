"""How old open balances are."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dunwell.core.money import Money


class Bucket(StrEnum):
    """Days overdue, as reports group them. Rule: tracking, Board and views."""

    CURRENT = "current"
    UP_TO_30 = "1-30"
    UP_TO_60 = "31-60"
    UP_TO_90 = "61-90"
    OVER_90 = "90+"


_BUCKETS: Final = tuple(Bucket)
_LAST_DAYS: Final = (0, 30, 60, 90)


@dataclass(frozen=True, slots=True)
class Aging:
    """The open balances of one currency by bucket (every bucket named) and their total."""

    buckets: Mapping[Bucket, Money]
    total: Money


def bucket(days_overdue: int) -> Bucket:
    """Return the bucket of a number of days overdue (0 and less: not yet overdue)."""
    return _BUCKETS[bisect_left(_LAST_DAYS, days_overdue)]


def aging(items: Iterable[tuple[Money, int]]) -> dict[str, Aging]:
    """Group balances by currency and bucket; items are pairs (balance, days overdue).

    Currencies come in alphabetical order and are never added to each other.
    """
    sums: dict[str, dict[Bucket, int]] = {}
    for balance, days in items:
        of_currency = sums.setdefault(balance.currency, dict.fromkeys(Bucket, 0))
        of_currency[bucket(days)] += balance.minor
    return {
        currency: Aging(
            buckets={name: Money(minor, currency) for name, minor in sums[currency].items()},
            total=Money(sum(sums[currency].values()), currency),
        )
        for currency in sorted(sums)
    }
