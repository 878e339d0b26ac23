"""Money, days and instants in the words and signs of a locale (CLDR, by Babel).

Babel works a pattern out anew on every call, which is too slow beside 2,000 messages a second;
here each pattern is worked out once. Locales are BCP 47 tags such as "de" or "pt-BR".
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import get_currency_symbol, get_decimal_symbol, get_group_symbol, parse_pattern
from django.utils.translation import gettext as _

from dunwell.core.money import CURRENCIES, Money
from dunwell.tenancy.errors import InvalidInput

_MINUS = "\N{MINUS SIGN}"


def parse_locale(text: str, *, field: str = "locale") -> str:
    """Return the tag in its usual spelling ("pt_br" → "pt-BR"). Raises InvalidInput."""
    try:
        return str(Locale.parse(text.strip().replace("-", "_"))).replace("_", "-")
    except (UnknownLocaleError, ValueError, TypeError):
        message = _("“%(locale)s” is not a known language, such as en, de or pt-BR.")
        raise InvalidInput.at(field, message % {"locale": text[:40]}) from None


@lru_cache(maxsize=256)
def babel_locale(tag: str) -> Locale:
    """Return Babel's view of a locale that `parse_locale` accepted."""
    return Locale.parse(tag.replace("-", "_"))


@dataclass(frozen=True, slots=True)
class _MoneyForm:
    """How one currency is written in one locale."""

    digits: int
    before: str
    after: str
    before_minus: str
    after_minus: str
    point: str
    group: str
    first_group: int
    other_groups: int


def money(amount: Money, locale: str) -> str:
    """Return the amount with its currency: "€1,250.00" in en, "1.250,00 €" in de."""
    form = _money_form(amount.currency, locale)
    text = str(abs(amount.minor)).rjust(form.digits + 1, "0")
    whole = text[: -form.digits] if form.digits else text
    if len(whole) > form.first_group:
        whole = _grouped(whole, form)
    if form.digits:
        whole = f"{whole}{form.point}{text[-form.digits :]}"
    if amount.minor < 0:
        return f"{form.before_minus}{whole}{form.after_minus}"
    return f"{form.before}{whole}{form.after}"


def _grouped(whole: str, form: _MoneyForm) -> str:
    groups = [whole[-form.first_group :]]
    rest = whole[: -form.first_group]
    while rest:
        groups.append(rest[-form.other_groups :])
        rest = rest[: -form.other_groups]
    return form.group.join(reversed(groups))


@lru_cache(maxsize=1024)
def _money_form(currency: str, tag: str) -> _MoneyForm:
    locale = babel_locale(tag)
    pattern = parse_pattern(locale.currency_formats["standard"].pattern)
    symbol = get_currency_symbol(currency, locale)
    before, before_minus = (_around(each, symbol, locale) for each in pattern.prefix)
    after, after_minus = (_around(each, symbol, locale) for each in pattern.suffix)
    first, others = pattern.grouping
    return _MoneyForm(
        digits=CURRENCIES[currency],
        before=_spaced(before),
        after=after,
        before_minus=_spaced(before_minus),
        after_minus=after_minus,
        point=get_decimal_symbol(locale),
        group=get_group_symbol(locale),
        first_group=first,
        other_groups=others,
    )


def _around(text: str, symbol: str, locale: Locale) -> str:
    minus = locale.number_symbols["latn"]["minusSign"].replace("-", _MINUS)
    return text.replace("-", minus).replace("¤", symbol)


def _spaced(before: str) -> str:
    """Keep letters off the digits, as CLDR asks: "CHF 1.00", not "CHF1.00"."""
    return f"{before}\N{NO-BREAK SPACE}" if before[-1:].isalpha() else before


@lru_cache(maxsize=16_384)
def day(value: date, locale: str) -> str:
    """Return the day in full: "March 1, 2026"."""
    return format_date(value, format="long", locale=babel_locale(locale))


@lru_cache(maxsize=16_384)
def day_short(value: date, locale: str) -> str:
    """Return the day as lists show it: "Mar 1, 2026" in en, "01.03.2026" in de."""
    return format_date(value, format="medium", locale=babel_locale(locale))


def instant(value: datetime, zone: ZoneInfo, locale: str) -> str:
    """Return an aware instant's local day and time: "Mar 1, 2026, 9:00 AM"."""
    local = value.astimezone(zone)
    chosen = babel_locale(locale)
    time = format_datetime(local, format=chosen.time_formats["short"].pattern, locale=chosen)
    return f"{day_short(local.date(), locale)}, {time}"


def relative(value: datetime, now: datetime, locale: str) -> str:
    """Return how far an instant lies from now: "in 3 days", "2 hours ago"."""
    return format_timedelta(value - now, add_direction=True, locale=babel_locale(locale))
