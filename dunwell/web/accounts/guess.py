"""What a browser's language tells about where a company probably is."""

import re
from dataclasses import dataclass
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.numbers import get_territory_currencies

from dunwell.core.money import CURRENCIES

_TAG: Final = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")

# Where a country has several zones, the one most companies are in.
_PRINCIPAL_ZONES: Final = {
    "AR": "America/Argentina/Buenos_Aires",
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CL": "America/Santiago",
    "ES": "Europe/Madrid",
    "ID": "Asia/Jakarta",
    "KZ": "Asia/Almaty",
    "MX": "America/Mexico_City",
    "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow",
    "US": "America/New_York",
}


@dataclass(frozen=True, slots=True)
class Guess:
    """A first suggestion for the sign-up form."""

    locale: str
    time_zone: str
    currency: str


def guess(accept_language: str) -> Guess:
    """Suggest locale, time zone and currency by the first language a browser asks for.

    A page's script may put the browser's own time zone in place of ours.
    """
    locale = _first_locale(accept_language)
    territory = locale.territory or _likely_territory(locale.language)
    zones = get_global("territory_zones").get(territory, ["UTC"])
    currency = next(
        (code for code in get_territory_currencies(territory) if code in CURRENCIES), "EUR"
    )
    return Guess(
        locale=str(locale).replace("_", "-"),
        time_zone=_PRINCIPAL_ZONES.get(territory, zones[0]),
        currency=currency,
    )


def _first_locale(accept_language: str) -> Locale:
    for part in accept_language[:500].split(","):
        tag = part.partition(";")[0].strip()
        if not _TAG.fullmatch(tag):
            continue
        try:
            return Locale.parse(tag.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


def _likely_territory(language: str) -> str:
    return str(get_global("likely_subtags").get(language, "en_Latn_US").rpartition("_")[2])
