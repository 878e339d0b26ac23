"""Checks input field by field and gathers all that is wrong before it is refused."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.utils.translation import gettext as _

from dunwell.core.calendar import FIRST_DAY, LAST_DAY
from dunwell.core.errors import CoreError, DateOutOfRange, UnknownCurrency
from dunwell.core.money import CURRENCIES, Money
from dunwell.core.terms import Anchor, Terms
from dunwell.tenancy.errors import FieldProblem, InvalidInput
from dunwell.tenancy.locale import parse_locale
from dunwell.tenancy.models import ADDRESS_PARTS, Member

LONGEST_TERMS: Final = 3660
_COUNTRY: Final = re.compile(r"[A-Z]{2}")


class Checks:
    """Gathers the problems of one input; `done` raises InvalidInput with all of them.

    Each method returns the cleaned value; after a problem the value is only a stand-in.
    """

    def __init__(self) -> None:
        self.problems: list[FieldProblem] = []

    def add(self, field: str, message: str) -> None:
        """Note that a field is wrong."""
        self.problems.append(FieldProblem(field, message))

    def done(self) -> None:
        """Raise InvalidInput if anything was wrong."""
        if self.problems:
            raise InvalidInput(self.problems[0].message, problems=self.problems)

    def attempt[T](self, field: str, make: Callable[[], T], *, stand_in: T) -> T:
        """Return what `make` does; what core refuses in it is a problem of the field."""
        try:
            return make()
        except CoreError as error:
            self.add(field, sentence(error))
            return stand_in

    def text(self, field: str, value: str, *, limit: int | None, required: bool = False) -> str:
        """Check that a text can be stored: not too long, no NUL, valid Unicode."""
        value = value.strip()
        if required and not value:
            self.add(field, _("This field is required."))
        if limit is not None and len(value) > limit:
            self.add(
                field,
                _("At most %(limit)d characters, not %(given)d.")
                % {"limit": limit, "given": len(value)},
            )
        if "\x00" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
            self.add(field, _("The text contains characters that cannot be stored."))
        return value

    def column(
        self, model: type[models.Model], name: str, value: str, *, field: str = "", **options: bool
    ) -> str:
        """Check a text against the length of a model's column of that name."""
        limit = getattr(model._meta.get_field(name), "max_length", None)
        return self.text(field or name, value, limit=limit, **options)

    def day(self, field: str, value: date) -> date:
        """Check that a date can be reckoned with."""
        if not FIRST_DAY <= value <= LAST_DAY:
            self.add(field, sentence(DateOutOfRange()))
        return value

    def currency(self, field: str, value: str) -> str:
        """Check a currency's code; empty stays empty."""
        code = value.strip().upper()
        if code and code not in CURRENCIES:
            self.add(field, sentence(UnknownCurrency(currency=value[:10])))
        return code

    def language(self, field: str, value: str) -> str:
        """Check a language tag such as `de` or `pt-BR`; empty stays empty."""
        try:
            return parse_locale(value, field=field) if value.strip() else ""
        except InvalidInput as error:
            self.problems += error.problems
            return ""

    def email(self, field: str, value: str) -> str:
        """Check an email address; empty stays empty."""
        address = self.text(field, value, limit=254)
        try:
            if address:
                validate_email(address)
        except ValidationError:
            self.add(field, _("“%(text)s” is not an email address.") % {"text": address[:100]})
        return address

    def time_zone(self, field: str, value: str) -> str:
        """Check the name of a time zone; empty stays empty."""
        name = value.strip()
        try:
            if name:
                ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.add(field, _("“%(name)s” is not a time zone.") % {"name": name[:64]})
        return name

    def address(
        self, field: str, model: type[models.Model], parts: Mapping[str, str] | None
    ) -> dict[str, str]:
        """Check a postal address; parts that are not given become empty."""
        given = dict(parts or {})
        cleaned = {
            part: self.column(model, part, given.pop(part, "") or "", field=f"{field}.{part}")
            for part in ADDRESS_PARTS
        }
        for unknown in given:
            self.add(f"{field}.{unknown}", _("There is no such field."))
        cleaned["country"] = cleaned["country"].upper()
        if cleaned["country"] and not _COUNTRY.fullmatch(cleaned["country"]):
            self.add(f"{field}.country", _("Give the country by its two letters, such as “DE”."))
        return cleaned

    def owner(self, field: str, member_id: UUID | None) -> UUID | None:
        """Check that an owner is an active member of the organization."""
        if member_id and not Member.objects.filter(pk=member_id, active=True).exists():
            self.add(field, _("There is no active member of that id."))
        return member_id

    def decimal(self, field: str, value: Decimal | str, *, digits: int, places: int) -> Decimal:
        """Check a plain decimal number with at most `digits` digits, `places` after the point."""
        try:
            number = Decimal(value) if isinstance(value, Decimal) else _plain(value)
        except (InvalidOperation, ValueError):
            self.add(
                field, _("“%(text)s” is not a number; write it like 120.50.") % {"text": value}
            )
            return Decimal(0)
        if not number.is_finite() or (number and number.adjusted() >= digits - places):
            self.add(field, _("The number is too large."))
            return Decimal(0)
        if number != round(number, places):
            self.add(field, _("At most %(n)d digits after the point.") % {"n": places})
        return number

    def money(self, field: str, value: Decimal | str, currency: str) -> Money:
        """Read an amount in major units of the currency."""
        text = format(value, "f") if isinstance(value, Decimal) else value
        return self.attempt(
            field, lambda: Money.parse(text.strip(), currency), stand_in=Money.zero(currency)
        )


def _plain(text: str) -> Decimal:
    """Read digits with one point; neither exponents nor blanks nor NaN."""
    if not re.fullmatch(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", text.strip()):
        raise ValueError(text)
    return Decimal(text.strip())


def sentence(error: CoreError) -> str:
    """Say in the reader's language what core refused."""
    return _(error.sentence) % error.values


def read_terms(*, days: int, anchor: str, field: str = "terms") -> Terms:
    """Build payment terms from their parts; raises InvalidInput naming the part."""
    checks = Checks()
    if not 0 <= days <= LONGEST_TERMS:
        checks.add(
            f"{field}.days",
            _("Choose a number from %(least)d to %(limit)d.")
            % {"least": 0, "limit": LONGEST_TERMS},
        )
    if anchor not in set(Anchor):
        checks.add(f"{field}.anchor", _("This is not one of the choices."))
    checks.done()
    return Terms(days=days, anchor=Anchor(anchor))


def positive(*, amount: Money, field: str = "amount") -> Money:
    """Refuse an amount of zero or less."""
    if amount.minor <= 0:
        raise InvalidInput.at(field, _("The amount must be greater than zero."))
    return amount


def same_currency(*, amount: Money, currency: str, field: str = "amount") -> Money:
    """Refuse an amount in another currency."""
    if amount.currency != currency:
        raise InvalidInput.at(
            field,
            _("The amount is in %(given)s, but this is in %(needed)s.")
            % {"given": amount.currency, "needed": currency},
        )
    return amount


def as_json(value: Any) -> Any:
    """Turn a stored value into what JSON can hold, for audit entries."""
    if value is None or isinstance(value, bool | int | str | list | dict):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)
