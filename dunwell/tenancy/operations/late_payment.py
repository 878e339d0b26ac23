"""Checks of the settings for interest and fee on late payment."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from dunwell.core.interest import KNOWN_THROUGH, LAWS
from dunwell.tenancy.errors import InvalidInput

_MOST = Decimal(100)


def percent(field: str, value: Any) -> str:
    """Return a yearly rate in percent as a decimal string; "" for none."""
    text = str(value if value is not None else "").strip().replace(",", ".").removesuffix("%")
    if not text.strip():
        return ""
    return _decimal(field, text.strip(), least=Decimal(0))


def law(field: str, value: Any) -> str:
    """Return a country whose statute is known; "" for the organization's own country."""
    code = str(value or "").strip().upper()
    if code and code not in LAWS:
        message = _("The law of “%(country)s” is not known here; enter a rate of your own.")
        raise InvalidInput.at(field, message % {"country": code[:8]})
    return code


def reference_rates(field: str, value: Any) -> dict[str, str]:
    """Return reference rates that the built-in table does not have yet, by first day."""
    if not isinstance(value, Mapping):
        raise InvalidInput.at(field, _("A rate for each first day of a half-year."))
    found: dict[str, str] = {}
    for day, rate in value.items():
        first = _first_day(field, day)
        found[first.isoformat()] = _decimal(field, str(rate).replace(",", "."), least=-_MOST)
    return found


def _first_day(field: str, value: Any) -> date:
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        message = _("“%(day)s” is not a date like 2026-07-01.")
        raise InvalidInput.at(field, message % {"day": str(value)[:20]}) from None
    if (day.month, day.day) not in {(1, 1), (7, 1)} or day <= KNOWN_THROUGH:
        raise InvalidInput.at(
            field,
            _("%(day)s: rates begin on 1 January or 1 July, after %(known)s.")
            % {"day": day, "known": KNOWN_THROUGH},
        )
    return day


def _decimal(field: str, text: str, *, least: Decimal) -> str:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        rate = Decimal("NaN")
    if not rate.is_finite() or not least <= rate <= _MOST:
        message = _("“%(rate)s” is not a rate in percent.")
        raise InvalidInput.at(field, message % {"rate": text[:20]})
    return f"{rate:f}"
