"""Checks of single values, each giving the value as it is stored or a sentence about it."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from dunwell.core.errors import CoreError
from dunwell.core.money import CURRENCIES, Money
from dunwell.core.terms import Anchor
from dunwell.tenancy.errors import FieldProblem, InvalidInput
from dunwell.tenancy.holidays import calendars
from dunwell.tenancy.locale import parse_locale

type Check = Callable[[str, Any], Any]

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]+")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


def checked(changes: Mapping[str, Any], checks: Mapping[str, Check]) -> dict[str, Any]:
    """Return all changes as they are stored. Raises one InvalidInput naming every wrong field."""
    values: dict[str, Any] = {}
    problems: list[FieldProblem] = []
    for field, value in changes.items():
        check = checks.get(field)
        if check is None:
            problems.append(FieldProblem(field, _("This cannot be changed here.")))
            continue
        try:
            values[field] = check(field, value)
        except InvalidInput as error:
            problems.extend(error.problems)
    if problems:
        raise InvalidInput(problems[0].message, problems=problems)
    return values


def text(limit: int, *, required: bool = False) -> Check:
    """Make a check for one line of at most `limit` characters."""

    def check(field: str, value: Any) -> str:
        line = str(value if value is not None else "").strip()
        if required and not line:
            raise InvalidInput.at(field, _("This is required."))
        if _UNPRINTABLE.search(line):
            raise InvalidInput.at(field, _("Line breaks and control characters are not allowed."))
        if len(line) > limit:
            raise InvalidInput.at(field, _("At most %(limit)d characters.") % {"limit": limit})
        return line

    return check


def whole(least: int, most: int) -> Check:
    """Make a check for a whole number between two bounds, given as a number or as text."""

    def check(field: str, value: Any) -> int:
        try:
            number = int(str(value).strip())
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            sentence = _("A whole number from %(least)d to %(most)d.")
            raise InvalidInput.at(field, sentence % {"least": least, "most": most})
        return number

    return check


def hour_or_none(field: str, value: Any) -> int | None:
    """Return an hour from 0 to 23; nothing (None, "") is allowed."""
    return None if value is None or value == "" else int(whole(0, 23)(field, value))


def cap_or_none(field: str, value: Any) -> int | None:
    """Return a number of messages from 1 to 100; nothing (None, "") is no cap."""
    return None if value is None or value == "" else int(whole(1, 100)(field, value))


def one_of(*allowed: str) -> Check:
    """Make a check for one of a few words."""

    def check(field: str, value: Any) -> str:
        if value not in allowed:
            sentence = _("One of: %(allowed)s.")
            raise InvalidInput.at(field, sentence % {"allowed": ", ".join(filter(None, allowed))})
        return str(value)

    return check


def yes_no(field: str, value: Any) -> bool:
    """Return a truth value that already is one."""
    if not isinstance(value, bool):
        raise InvalidInput.at(field, _("Either yes or no."))
    return value


def email(field: str, value: Any) -> str:
    """Return an email address; "" is allowed."""
    address = str(text(254)(field, value))
    if address:
        try:
            validate_email(address)
        except ValidationError:
            raise InvalidInput.at(field, _("This is not an email address.")) from None
    return address


def required_email(field: str, value: Any) -> str:
    """Return an email address."""
    return email(field, text(254, required=True)(field, value))


def slug(field: str, value: Any) -> str:
    """Return a slug: small letters, digits and single hyphens, at most 63."""
    word = str(value)
    if len(word) > 63 or not _SLUG.fullmatch(word):
        raise InvalidInput.at(
            field, _("Small letters, digits and single hyphens between them, at most 63.")
        )
    return word


def time_zone(field: str, value: Any) -> str:
    """Return a time zone of the IANA database."""
    if value not in available_timezones():
        message = _("“%(zone)s” is not a time zone, such as Europe/Berlin.")
        raise InvalidInput.at(field, message % {"zone": str(value)[:64]})
    return str(value)


def currency(field: str, value: Any) -> str:
    """Return an ISO 4217 currency that is in use."""
    code = str(value).strip().upper()
    if code not in CURRENCIES:
        message = _("“%(currency)s” is not a currency in use, such as EUR.")
        raise InvalidInput.at(field, message % {"currency": str(value)[:10]})
    return code


def locale(field: str, value: Any) -> str:
    """Return a locale in its usual spelling."""
    return parse_locale(str(value), field=field)


def country(field: str, value: Any) -> str:
    """Return an ISO 3166-1 alpha-2 code in capitals; "" is allowed."""
    code = str(value or "").strip().upper()
    if code and not re.fullmatch("[A-Z]{2}", code):
        raise InvalidInput.at(field, _("Two letters, such as DE."))
    return code


def holiday_calendar(field: str, value: Any) -> str:
    """Return a country or region whose public holidays are known ("DE", "DE-BY"); "" for none."""
    code = str(value or "").strip().upper()
    country_code, _hyphen, region = code.partition("-")
    known = calendars()
    if code and (country_code not in known or (region and region not in known[country_code])):
        raise InvalidInput.at(
            field, _("No public holidays are known for “%(code)s”.") % {"code": code[:16]}
        )
    return code


def host(field: str, value: Any) -> str:
    """Return a server's name or address; "" is allowed."""
    name = str(text(255)(field, value))
    if name and not _HOST.fullmatch(name):
        raise InvalidInput.at(field, _("A server's name, such as smtp.example.com."))
    return name


def minimum_balances(field: str, value: Any) -> dict[str, int]:
    """Return minimum balances in minor units by currency, given as such or as decimal strings."""
    if not isinstance(value, Mapping):
        raise InvalidInput.at(field, _("An amount for each currency."))
    amounts: dict[str, int] = {}
    for code, amount in value.items():
        try:
            money = _amount(amount, currency(field, code))
        except CoreError as error:
            raise InvalidInput.at(field, f"{code}: {error}") from None
        if money.minor < 0:
            raise InvalidInput.at(field, _("%(currency)s: not below zero.") % {"currency": code})
        if money:
            amounts[money.currency] = money.minor
    return amounts


def _amount(value: Any, code: str) -> Money:
    if isinstance(value, int) and not isinstance(value, bool):
        return Money(value, code)
    return Money.parse(format(value, "f") if isinstance(value, Decimal) else str(value), code)


anchor = one_of(*(each.value for each in Anchor))
