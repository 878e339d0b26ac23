"""Interest and fixed fee for late payment between businesses, by statute.

Directive 2011/7/EU: interest runs from the day after the due date without any reminder (Art. 3),
at the reference rate of the half-year plus at least eight points (Art. 2(6)), beside at least
40 EUR for the costs of recovery (Art. 6). Countries may ask for more. The rates of the reference
series are those in force on the first day of each half-year; after the last one that is known
here nobody guesses: the organization enters the newer one itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final

_DAYS_OF_YEAR: Final = 365


class Reference(StrEnum):
    """The series that a statute adds its points to."""

    ECB = "ecb"  # main refinancing operations of the European Central Bank
    GERMANY = "de"  # Basiszinssatz, § 247 BGB, published by the Deutsche Bundesbank
    AUSTRIA = "at"  # Basiszinssatz, published by the Oesterreichische Nationalbank
    ENGLAND = "gb"  # Bank Rate of the Bank of England on 30 June and 31 December


@dataclass(frozen=True, slots=True)
class Law:
    """What a country's statute allows a business to ask of a business that pays late.

    `points` are added to the reference rate (percent a year). `fees` are pairs (debt from, fee)
    in minor units of `currency`, smallest debt first.
    """

    reference: Reference
    points: Decimal
    currency: str
    fees: tuple[tuple[int, int], ...]
    source: str


@dataclass(frozen=True, slots=True)
class Slice:
    """Some days at one balance and one rate; `first` and `last` both count."""

    first: date
    last: date
    balance_minor: int
    rate: Decimal

    @property
    def days(self) -> int:
        """Count the days."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Interest:
    """Interest in minor units, and the slices it is made of."""

    minor: int
    slices: tuple[Slice, ...] = field(default=())


class RateUnknown(LookupError):
    """The reference rate of a day is not known here; `day` is the first such day."""

    def __init__(self, *, reference: Reference, day: date) -> None:
        super().__init__(f"no {reference} reference rate is known for {day}")
        self.reference = reference
        self.day = day


_FORTY_EURO: Final = ((0, 40_00),)
_DIRECTIVE: Final = "Directive 2011/7/EU, Art. 2(6), 3 and 6"


def _euro(points: str, source: str, reference: Reference = Reference.ECB) -> Law:
    return Law(reference, Decimal(points), "EUR", _FORTY_EURO, source)


LAWS: Final[Mapping[str, Law]] = {
    "AT": _euro("9.2", "§§ 456, 458 UGB", Reference.AUSTRIA),
    "BE": _euro("8", "Loi du 2 août 2002, art. 5 et 6"),
    "DE": _euro("9", "§ 288 Abs. 2 und 5, § 247 BGB", Reference.GERMANY),
    "ES": _euro("8", "Ley 3/2004, arts. 7 y 8"),
    "FR": _euro("10", "Code de commerce, art. L441-10 et D441-5"),
    "GB": Law(
        Reference.ENGLAND,
        Decimal(8),
        "GBP",
        ((0, 40_00), (1_000_00, 70_00), (10_000_00, 100_00)),
        "Late Payment of Commercial Debts (Interest) Act 1998, s. 5A and 6",
    ),
    "IE": _euro("8", "S.I. No. 580/2012, reg. 4 and 9"),
    "IT": _euro("8", "D.Lgs. 231/2002, artt. 5 e 6"),
    "LU": _euro("8", "Loi modifiée du 18 avril 2004, art. 1 et 5"),
    "NL": _euro("8", "BW 6:119a, 6:96 lid 4"),
    "PT": _euro("8", "Decreto-Lei 62/2013, arts. 4 e 7"),
    **{
        country: _euro("8", _DIRECTIVE)
        for country in ("CY", "EE", "FI", "GR", "LT", "LV", "MT", "SI", "SK")
    },
}
"""By ISO 3166-1 country of the creditor; countries of the euro without a line of their own: the
directive's least."""


def _half_years(first: int, *rates: str) -> tuple[tuple[date, Decimal], ...]:
    """Give each rate the half-year it holds in, beginning with January of the first year."""
    return tuple(
        (date(first + n // 2, 1 if n % 2 == 0 else 7, 1), Decimal(rate))
        for n, rate in enumerate(rates)
    )


# One row a half-year: the rate in force on 1 January and 1 July.
RATES: Final[Mapping[Reference, tuple[tuple[date, Decimal], ...]]] = {
    Reference.ECB: _half_years(
        2020,
        *("0", "0", "0", "0", "0", "0"),
        *("2.50", "4.00", "4.50", "4.25", "3.15", "2.15", "2.15"),
    ),
    Reference.GERMANY: _half_years(
        2020,
        *("-0.88", "-0.88", "-0.88", "-0.88", "-0.88", "-0.88"),
        *("1.62", "3.12", "3.62", "3.37", "2.27", "1.27", "1.27"),
    ),
    Reference.AUSTRIA: _half_years(
        2020,
        *("-0.62", "-0.62", "-0.62", "-0.62", "-0.62", "-0.62"),
        *("1.88", "3.38", "3.88", "3.63", "2.53", "1.53", "1.53"),
    ),
    Reference.ENGLAND: _half_years(
        2020,
        *("0.75", "0.10", "0.10", "0.10", "0.25", "1.25"),
        *("3.50", "5.00", "5.25", "5.25", "4.75", "4.25", "3.75"),
    ),
}
KNOWN_THROUGH: Final = date(2026, 6, 30)
"""The last day the table vouches for."""


def entered(*, rates: Mapping[str, str]) -> list[tuple[date, Decimal]]:
    """Read reference rates as they are stored: percent by first day, both as text."""
    return [(date.fromisoformat(day), Decimal(percent)) for day, percent in rates.items()]


def rate_on(
    *, law: Law, day: date, own: Sequence[tuple[date, Decimal]] = ()
) -> tuple[Decimal, date]:
    """Return the yearly rate in percent on a day, and the last day it certainly holds.

    `own` are newer reference rates (from, percent) that the organization entered. Raises
    RateUnknown before the first and after the last known half-year.
    """
    table = RATES[law.reference]
    newer = [row for row in own if row[0] > KNOWN_THROUGH]
    rows = sorted([*table, *newer])
    found = [row for row in rows if row[0] <= day]
    end = _half_year_end(day)
    if not found or _half_year_end(found[-1][0]) < end:
        raise RateUnknown(reference=law.reference, day=day)
    return found[-1][1] + law.points, end


type RateOn = Callable[[date], tuple[Decimal, date]]
"""Gives the yearly rate in percent on a day, and the last day it certainly holds."""


def statutory(*, law: Law, own: Sequence[tuple[date, Decimal]] = ()) -> RateOn:
    """Make the rate of a statute; see `rate_on`."""
    return lambda day: rate_on(law=law, day=day, own=own)


def agreed(*, percent: Decimal) -> RateOn:
    """Make a rate that was agreed on and never changes."""
    return lambda _day: (percent, date.max)


def late_interest(
    *, rate: RateOn, due_date: date, today: date, balances: Sequence[tuple[date, int]]
) -> Interest:
    """Reckon simple interest from the day after the due date up to and with `today`.

    `balances` are pairs (from, open balance in minor units), oldest first, the first not after the
    due date; a payment counts from the day it was received. Raises RateUnknown.
    """
    slices: list[Slice] = []
    day = due_date + timedelta(days=1)
    while day <= today:
        percent, last = rate(day)
        minor = _balance_on(balances, day)
        changes = [since for since, _minor in balances if since > day]
        until = min([last, today, *(since - timedelta(days=1) for since in changes)])
        if minor > 0 and percent > 0:
            slices.append(Slice(first=day, last=until, balance_minor=minor, rate=percent))
        day = until + timedelta(days=1)
    exact = sum(
        (each.balance_minor * each.rate * each.days / (100 * _DAYS_OF_YEAR) for each in slices),
        Decimal(0),
    )
    return Interest(int(exact.quantize(Decimal(1), ROUND_HALF_UP)), tuple(slices))


def fixed_fee(*, law: Law, debt_minor: int) -> int:
    """Return the fixed fee for a debt, both in minor units of the law's currency."""
    return max(fee for least, fee in law.fees if debt_minor >= least)


def _balance_on(balances: Sequence[tuple[date, int]], day: date) -> int:
    return next((minor for since, minor in reversed(balances) if since <= day), 0)


def _half_year_end(day: date) -> date:
    return date(day.year, 6, 30) if day.month <= 6 else date(day.year, 12, 31)
