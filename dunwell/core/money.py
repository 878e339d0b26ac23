"""Exact money: whole minor units of an ISO 4217 currency."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Final, Self

from dunwell.core.errors import (
    AmountTooLarge,
    CurrencyMismatch,
    MalformedAmount,
    TooManyDigits,
    UnknownCurrency,
)

# Active codes that have a minor unit. Metals, test codes and baskets (XAU, XTS, XDR …) have
# none and nobody is billed in them, so they are not here.
_BY_DIGITS: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN"
        " BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD"
        " FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW"
        " KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR"
        " MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG"
        " SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD"
        " USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
CURRENCIES: Final[dict[str, int]] = dict(
    sorted((code, digits) for digits, codes in _BY_DIGITS.items() for code in codes.split())
)

_PLAIN: Final = re.compile(r"(-?)([0-9]{1,24})(?:\.([0-9]{1,24}))?")
_BIGINT_MIN: Final = -(2**63)
_BIGINT_MAX: Final = 2**63 - 1
_EXACT: Final = Context(prec=200)


def digits_of(currency: str) -> int:
    """Return how many digits the currency has after the point; UnknownCurrency if not in use."""
    try:
        return CURRENCIES[currency]
    except KeyError:
        raise UnknownCurrency(currency=currency) from None


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of one currency (12050 EUR is 120.50 €).

    Rule: tracking, Vocabulary (money is exact). Sums and order raise CurrencyMismatch across
    currencies; equality only answers no.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in CURRENCIES:
            raise UnknownCurrency(currency=self.currency)
        if type(self.minor) is not int:
            raise TypeError(f"minor units are whole numbers, not {type(self.minor).__name__}")
        if not _BIGINT_MIN <= self.minor <= _BIGINT_MAX:
            raise AmountTooLarge

    @classmethod
    def zero(cls, currency: str) -> Self:
        """Return nothing, in the given currency."""
        return cls(0, currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> Self:
        """Read a plain decimal string such as "120.50".

        Raises MalformedAmount (separators, exponents, NaN, blanks), TooManyDigits,
        AmountTooLarge or UnknownCurrency.
        """
        digits = digits_of(currency)
        found = _PLAIN.fullmatch(text)
        if found is None:
            raise MalformedAmount(text=text[:40])
        sign, whole, fraction = found[1], found[2], found[3] or ""
        if len(fraction) > digits:
            raise TooManyDigits(currency=currency, digits=digits, given=len(fraction))
        return cls(int(sign + whole + fraction.ljust(digits, "0")), currency)

    @property
    def amount(self) -> Decimal:
        """Give the exact amount in major units."""
        return Decimal(self.minor).scaleb(-CURRENCIES[self.currency], _EXACT)

    @property
    def text(self) -> str:
        """Give the plain decimal string of the API: "120.50", "1000" for yen."""
        return format(self.amount, "f")

    def __str__(self) -> str:
        return f"{self.text} {self.currency}"

    def __bool__(self) -> bool:
        return self.minor != 0

    def __neg__(self) -> Self:
        return type(self)(-self.minor, self.currency)

    def __pos__(self) -> Self:
        return self

    def __abs__(self) -> Self:
        return type(self)(abs(self.minor), self.currency)

    def __add__(self, other: "Money") -> Self:
        return type(self)(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> Self:
        return type(self)(self.minor - self._same(other), self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._same(other)

    def _same(self, other: "Money") -> int:
        """Return the other's minor units if the currencies agree."""
        if not isinstance(other, Money):
            raise TypeError(f"money goes with money, not with {type(other).__name__}")
        if other.currency != self.currency:
            raise CurrencyMismatch(left=self.currency, right=other.currency)
        return other.minor

    def split(self, weights: Sequence[int | Decimal]) -> list[Self]:
        """Share the amount out by weight so that the parts sum to it exactly.

        Units left over by rounding go to the largest remainders, earlier ones first. Raises
        ValueError if a weight is negative or none is positive.
        """
        shares = [Fraction(weight) for weight in weights]
        total = sum(shares)
        if total <= 0 or min(shares) < 0:
            raise ValueError("weights must not be negative and one must be positive")
        sign, size = (-1, -self.minor) if self.minor < 0 else (1, self.minor)
        exact = [size * share / total for share in shares]
        parts = [int(part) for part in exact]
        by_remainder = sorted(range(len(parts)), key=lambda n: (parts[n] - exact[n], n))
        for n in by_remainder[: size - sum(parts)]:
            parts[n] += 1
        return [type(self)(sign * part, self.currency) for part in parts]


@dataclass(frozen=True, slots=True)
class LineAmounts:
    """The three amounts of an invoice line; `net + tax == total` always."""

    net: Money
    tax: Money
    total: Money


def line_amounts(
    *, quantity: Decimal, unit_price: Decimal, tax_rate: Decimal | None, currency: str
) -> LineAmounts:
    """Reckon one invoice line: net and total each rounded once, tax the difference.

    `unit_price` is in major units before tax, `tax_rate` in percent (19 means 19 %; None: no
    tax). Raises MalformedAmount for NaN and infinity, AmountTooLarge beyond bigint.
    """
    for value in (quantity, unit_price, tax_rate):
        if value is not None and not value.is_finite():
            raise MalformedAmount(text=str(value))
    net = _EXACT.multiply(quantity, unit_price)
    percent = _EXACT.add(Decimal(100), tax_rate or Decimal(0))
    rounded_net = _rounded(net, currency)
    total = _rounded(_EXACT.multiply(net, percent).scaleb(-2, _EXACT), currency)
    return LineAmounts(net=rounded_net, tax=total - rounded_net, total=total)


def line_total(
    *, quantity: Decimal, unit_price: Decimal, tax_rate: Decimal | None, currency: str
) -> Money:
    """Return a line's total with tax, rounded half up once in minor units (see line_amounts)."""
    return line_amounts(
        quantity=quantity, unit_price=unit_price, tax_rate=tax_rate, currency=currency
    ).total


def _rounded(amount: Decimal, currency: str) -> Money:
    """Return an exact amount in major units rounded half up (away from zero) as money."""
    minor = amount.scaleb(digits_of(currency), _EXACT)
    if minor.adjusted() > 19:
        raise AmountTooLarge
    return Money(int(minor.to_integral_value(ROUND_HALF_UP, _EXACT)), currency)


def sum_by_currency(amounts: Iterable[Money]) -> dict[str, Money]:
    """Add amounts up per currency, never across; keys in alphabetical order."""
    totals: dict[str, int] = {}
    for money in amounts:
        totals[money.currency] = totals.get(money.currency, 0) + money.minor
    return {currency: Money(totals[currency], currency) for currency in sorted(totals)}
