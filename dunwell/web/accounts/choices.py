"""What forms offer for time zones, currencies and languages."""

from functools import lru_cache
from zoneinfo import available_timezones

from babel import Locale, localedata
from babel.numbers import get_currency_name

from dunwell.core.money import CURRENCIES
from dunwell.tenancy.locale import babel_locale

type Choices = list[tuple[str, str]]

_REGIONS = (
    "Africa/",
    "America/",
    "Antarctica/",
    "Arctic/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)


@lru_cache(maxsize=1)
def time_zones() -> Choices:
    """List the zones people live in, by region, and UTC."""
    zones = sorted(name for name in available_timezones() if name.startswith(_REGIONS))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in zones)]


@lru_cache(maxsize=16)
def currencies(language: str) -> Choices:
    """List the currencies in use with their names in a language."""
    locale = babel_locale(language)
    return [(code, f"{code} – {get_currency_name(code, locale=locale)}") for code in CURRENCIES]


@lru_cache(maxsize=1)
def locales() -> Choices:
    """List the locales that are written with digits we format, each by its own name."""
    tags = [name for name in localedata.locale_identifiers() if name.count("_") <= 1]
    found = [(tag.replace("_", "-"), Locale.parse(tag).get_display_name()) for tag in tags]
    return sorted(
        ((tag, f"{name} ({tag})") for tag, name in found if name), key=lambda each: each[1].lower()
    )


@lru_cache(maxsize=16)
def territories(language: str) -> dict[str, str]:
    """Name the countries in a language, by ISO 3166-1 alpha-2 code."""
    return {code: str(name) for code, name in babel_locale(language).territories.items()}
