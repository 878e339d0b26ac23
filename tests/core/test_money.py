from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.core.errors import (
    AmountTooLarge,
    CoreError,
    CurrencyMismatch,
    MalformedAmount,
    TooManyDigits,
    UnknownCurrency,
)
from dunwell.core.money import CURRENCIES, Money, line_amounts, line_total, sum_by_currency

BIGINT = st.integers(-(2**63), 2**63 - 1)
CODES = st.sampled_from(sorted(CURRENCIES))


@given(BIGINT, CODES)
def test_text_read_back_is_the_same_money(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.parse(money.text, currency) == money
    assert money.amount == Decimal(money.text)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("120.50", "EUR", 12050),
        ("120.5", "EUR", 12050),
        ("-0.01", "EUR", -1),
        ("1000", "JPY", 1000),
        ("1.234", "KWD", 1234),
        ("0", "USD", 0),
        ("92233720368547758.07", "EUR", 2**63 - 1),
    ],
)
def test_plain_decimals_are_read(text: str, currency: str, minor: int) -> None:
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency", "error"),
    [
        ("1.005", "EUR", TooManyDigits),
        ("1.500", "EUR", TooManyDigits),
        ("1.0", "JPY", TooManyDigits),
        ("NaN", "EUR", MalformedAmount),
        ("Infinity", "EUR", MalformedAmount),
        ("1e3", "EUR", MalformedAmount),
        ("1,000.00", "EUR", MalformedAmount),
        ("1_000", "EUR", MalformedAmount),
        ("1 000", "EUR", MalformedAmount),
        (" 1", "EUR", MalformedAmount),
        ("1\n", "EUR", MalformedAmount),
        ("+1", "EUR", MalformedAmount),
        ("1.", "EUR", MalformedAmount),
        (".5", "EUR", MalformedAmount),
        ("", "EUR", MalformedAmount),
        ("٣", "EUR", MalformedAmount),
        ("9" * 60, "EUR", MalformedAmount),
        ("92233720368547758.08", "EUR", AmountTooLarge),
        ("1", "XXX", UnknownCurrency),
        ("1", "eur", UnknownCurrency),
    ],
)
def test_anything_else_is_refused_with_a_sentence(
    text: str, currency: str, error: type[CoreError]
) -> None:
    with pytest.raises(error) as caught:
        Money.parse(text, currency)
    assert str(caught.value)
    assert caught.value.status == 422


@pytest.mark.parametrize(
    ("currency", "text"), [("EUR", "10.00"), ("JPY", "1000"), ("KWD", "1.000"), ("CLF", "0.1000")]
)
def test_text_has_the_digits_of_the_currency(currency: str, text: str) -> None:
    assert Money(1000, currency).text == text


def test_money_reckons_within_one_currency() -> None:
    ten, three = Money(1000, "EUR"), Money(300, "EUR")
    assert ten + three == Money(1300, "EUR")
    assert three - ten == -Money(700, "EUR")
    assert abs(three - ten) == +Money(700, "EUR")
    assert three < ten
    assert three <= ten
    assert ten > three
    assert ten >= three
    assert ten
    assert not Money.zero("EUR")
    assert str(ten) == "10.00 EUR"


def test_currencies_never_mix() -> None:
    euro, dollar = Money(1, "EUR"), Money(1, "USD")
    assert euro != dollar
    for act in (
        lambda: euro + dollar,
        lambda: euro - dollar,
        lambda: euro < dollar,
        lambda: euro <= dollar,
        lambda: euro > dollar,
        lambda: euro >= dollar,
    ):
        with pytest.raises(CurrencyMismatch):
            act()
    with pytest.raises(TypeError):
        euro + 1  # type: ignore[operator]  # what a careless caller would write


@pytest.mark.parametrize("minor", [1.0, True, Decimal(1), "1"])
def test_minor_units_are_whole_numbers(minor: object) -> None:
    with pytest.raises(TypeError):
        Money(minor, "EUR")  # type: ignore[arg-type]  # what a careless caller would write


def test_a_sum_beyond_the_database_is_refused() -> None:
    with pytest.raises(AmountTooLarge):
        Money(2**63 - 1, "EUR") + Money(1, "EUR")


def test_sums_stay_apart_by_currency() -> None:
    amounts = [Money(1, "USD"), Money(2, "EUR"), Money(3, "USD")]
    assert sum_by_currency(amounts) == {"EUR": Money(2, "EUR"), "USD": Money(4, "USD")}
    assert sum_by_currency([]) == {}


@pytest.mark.parametrize(
    ("quantity", "price", "tax", "currency", "text"),
    [
        ("2", "60.25", None, "EUR", "120.50"),
        ("1", "0.005", None, "EUR", "0.01"),
        ("1", "-0.005", None, "EUR", "-0.01"),
        ("3", "33.335", "19", "EUR", "119.01"),
        ("1.5", "99", "7.7", "CHF", "159.93"),
        ("3", "333.5", "10", "JPY", "1101"),
        ("1", "1.0005", None, "KWD", "1.001"),
        ("0", "10", "19", "EUR", "0.00"),
    ],
)
def test_a_line_is_rounded_half_up_once(
    quantity: str, price: str, tax: str | None, currency: str, text: str
) -> None:
    total = line_total(
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        tax_rate=None if tax is None else Decimal(tax),
        currency=currency,
    )
    assert total.text == text


@given(
    st.decimals(-10_000, 10_000, places=4),
    st.decimals(-10_000, 10_000, places=4),
    st.decimals(0, 100, places=2),
    CODES,
)
def test_net_and_tax_always_make_the_total(
    quantity: Decimal, price: Decimal, rate: Decimal, currency: str
) -> None:
    line = line_amounts(quantity=quantity, unit_price=price, tax_rate=rate, currency=currency)
    assert line.net + line.tax == line.total


@pytest.mark.parametrize(
    ("price", "error"),
    [("NaN", MalformedAmount), ("Infinity", MalformedAmount), ("1E+30", AmountTooLarge)],
)
def test_a_line_of_nonsense_is_refused(price: str, error: type[CoreError]) -> None:
    with pytest.raises(error):
        line_total(quantity=Decimal(1), unit_price=Decimal(price), tax_rate=None, currency="EUR")


@given(BIGINT, st.lists(st.integers(0, 1000), min_size=1, max_size=12).filter(any))
def test_parts_of_a_split_sum_to_the_whole(minor: int, weights: list[int]) -> None:
    parts = Money(minor, "EUR").split(weights)
    assert sum(part.minor for part in parts) == minor
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.minor * sum(weights) - minor * weight) < sum(weights)


def test_a_split_gives_the_odd_cents_to_the_largest_remainders() -> None:
    assert [part.minor for part in Money(100, "EUR").split([1, 1, 1])] == [34, 33, 33]
    assert [part.minor for part in Money(-100, "EUR").split([1, 1, 1])] == [-34, -33, -33]
    assert [part.minor for part in Money(5, "EUR").split([Decimal("0.1"), 0, 1])] == [0, 0, 5]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1, 3]])
def test_a_split_needs_sensible_weights(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        Money(1, "EUR").split(weights)
