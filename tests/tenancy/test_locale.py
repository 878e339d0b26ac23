"""Amounts, days and instants as people of a locale write them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from dunwell.core.money import CURRENCIES, Money
from dunwell.tenancy import locale, secrets
from dunwell.tenancy.errors import InvalidInput
from dunwell.tenancy.secrets import SecretUnreadable

BERLIN = ZoneInfo("Europe/Berlin")
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "tag", "text"),
    [
        (Money(125000, "EUR"), "en", "€1,250.00"),
        (Money(125000, "EUR"), "de", "1.250,00\xa0€"),
        (Money(125000, "EUR"), "fr", "1\u202f250,00\xa0€"),
        (Money(12345678900, "INR"), "en-IN", "₹12,34,56,789.00"),
        (Money(1000, "JPY"), "en", "¥1,000"),
        (Money(1234567, "BHD"), "en", "BHD\xa01,234.567"),
        (Money(5, "CHF"), "en", "CHF\xa00.05"),
        (Money(-5, "EUR"), "en", "−€0.05"),
        (Money(0, "USD"), "en", "$0.00"),
    ],
)
def test_money_is_written_as_in_its_locale(amount: Money, tag: str, text: str) -> None:
    assert locale.money(amount, tag) == text


@given(
    minor=st.integers(min_value=0, max_value=2**63 - 1),
    currency=st.sampled_from(sorted(CURRENCIES)),
    tag=st.sampled_from(["de", "fr", "es", "en-IN", "pt-BR", "de-CH", "sv", "pl", "nl", "cs"]),
)
def test_the_quick_way_writes_what_babel_writes(minor: int, currency: str, tag: str) -> None:
    amount = Money(minor, currency)
    slow = format_currency(
        amount.amount,
        currency,
        locale=locale.babel_locale(tag),
        currency_digits=False,
        format_type="standard",
    )
    quick = locale.money(amount, tag)
    digits = [char for char in quick if char.isdecimal()]
    assert "".join(digits) == str(minor).rjust(CURRENCIES[currency] + 1, "0")
    if CURRENCIES[currency] == 2:
        assert quick.replace("\xa0", "") == slow.replace("\xa0", "")


def test_days_and_instants() -> None:
    assert locale.day(date(2026, 3, 1), "en") == "March 1, 2026"
    assert locale.day(date(2026, 3, 1), "de") == "1. März 2026"
    assert locale.day_short(date(2026, 3, 1), "de") == "01.03.2026"
    assert locale.instant(AT, BERLIN, "en") == "Mar 1, 2026, 9:00\u202fAM"
    assert locale.instant(AT, BERLIN, "de") == "01.03.2026, 09:00"
    assert locale.relative(AT, AT - timedelta(days=3), "en") == "in 3 days"
    assert locale.relative(AT, AT + timedelta(hours=2), "de") == "vor 2 Stunden"


@pytest.mark.parametrize(
    ("given_tag", "tag"), [("pt_br", "pt-BR"), (" de ", "de"), ("EN-gb", "en-GB")]
)
def test_a_locale_gets_its_usual_spelling(given_tag: str, tag: str) -> None:
    assert locale.parse_locale(given_tag) == tag


@pytest.mark.parametrize("text", ["", "klingon", "xx-YY", "../etc", "e" * 500])
def test_an_unknown_locale_is_refused_at_its_field(text: str) -> None:
    with pytest.raises(InvalidInput) as told:
        locale.parse_locale(text, field="language")
    assert told.value.problems[0].field == "language"


def test_a_stored_secret_can_be_read_only_with_the_same_key(settings: object) -> None:
    sealed = secrets.encrypt(text="hunter2")
    assert "hunter2" not in sealed
    assert secrets.encrypt(text="hunter2") != sealed
    assert secrets.decrypt(sealed=sealed) == "hunter2"
    assert secrets.decrypt(sealed=secrets.encrypt(text="")) == ""
    settings.SECRET_KEY = "another"  # type: ignore[attr-defined]  # pytest-django's settings
    with pytest.raises(SecretUnreadable):
        secrets.decrypt(sealed=sealed)
