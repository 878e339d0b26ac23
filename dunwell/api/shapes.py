"""The forms that many addresses share: money, instants, terms, owners, addresses.

Bodies refuse unknown fields; in a PATCH only the fields that are given change, and null clears.
Rule: api, the list of forms at its top.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
)

from dunwell.core.calendar import FIRST_DAY, LAST_DAY
from dunwell.core.errors import CoreError, DateOutOfRange
from dunwell.core.money import Money
from dunwell.core.terms import Terms
from dunwell.ledger.checks import read_terms, sentence
from dunwell.ledger.operations import ApplicationInput
from dunwell.tenancy.errors import InvalidInput
from dunwell.tenancy.models import Member, Organization


class Body(BaseModel):
    """A request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """Return the fields that were sent, as they are."""
        return {name: getattr(self, name) for name in self.model_fields_set}


_ISO_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def _iso_day(value: object) -> object:
    """Let only the one form of a date through, not instants or numbers."""
    if not isinstance(value, str) or not _ISO_DAY.fullmatch(value):
        raise ValueError(_("This must be a date like 2026-03-31."))
    return value


def _text_only(value: object) -> object:
    """Let an instant be written as text only: a bare number does not say what it counts."""
    if not isinstance(value, str):
        raise ValueError(_("This must be an instant like 2026-03-31T09:00:00+02:00."))  # noqa: TRY004  # pydantic reads only ValueError
    return value


def _no_truth(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(_("This must be a number."))  # noqa: TRY004  # as above
    return value


def _reckonable(day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(sentence(DateOutOfRange()))
    return day


Day = Annotated[date, BeforeValidator(_iso_day), AfterValidator(_reckonable)]
Whole = Annotated[int, Field(strict=True)]
YesNo = Annotated[bool, Field(strict=True)]
Amount = Annotated[Decimal, BeforeValidator(_no_truth), Field(max_digits=30)]
Text = Annotated[str, Field(max_length=20_000)]
Line = Annotated[str, Field(max_length=1000)]
Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
InstantIn = Annotated[
    AwareDatetime, BeforeValidator(_text_only), Field(description="RFC 3339, with offset")
]
Number = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$", max_length=60, examples=["120.50"])]
Channel = Literal["email", "letter", "sms"]


class MoneyIn(Body):
    """An amount of money."""

    amount: Number
    currency: Annotated[str, Field(min_length=3, max_length=3, examples=["EUR"])]

    def read(self, field: str) -> Money:
        """Return exact money. Raises InvalidInput at the field."""
        try:
            return Money.parse(self.amount, self.currency.upper())
        except CoreError as error:
            part = "currency" if "currency" in type(error).__name__.lower() else "amount"
            raise InvalidInput.at(f"{field}.{part}", sentence(error)) from error


class MoneyOut(BaseModel):
    """An exact amount of money; `amount` is a decimal string."""

    amount: Annotated[str, Field(examples=["120.50"])]
    currency: Annotated[str, Field(examples=["EUR"])]


class TermsIn(Body):
    """Net days counted from an anchor."""

    days: Annotated[Whole, Field(ge=0, le=3660)]
    anchor: Literal["invoice_date", "delivery_date", "end_of_month"] = "invoice_date"

    def read(self) -> Terms:
        """Return payment terms."""
        return read_terms(days=self.days, anchor=self.anchor)


class TermsOut(BaseModel):
    """Net days counted from an anchor."""

    days: int
    anchor: Literal["invoice_date", "delivery_date", "end_of_month"]


class AddressIn(Body):
    """A postal address; the country by its two letters."""

    line1: Line | None = None
    line2: Line | None = None
    postal_code: Line | None = None
    city: Line | None = None
    region: Line | None = None
    country: Line | None = None

    def read(self) -> dict[str, str]:
        """Return the parts, empty ones too."""
        return {name: value or "" for name, value in self.model_dump().items()}


class AddressOut(BaseModel):
    """A postal address."""

    line1: str
    line2: str
    postal_code: str
    city: str
    region: str
    country: str


class OwnerOut(BaseModel):
    """The member who is responsible."""

    id: UUID
    name: str
    email: str


class ApplicationIn(Body):
    """How much of an amount goes to which invoice; without amount: as much as it owes."""

    invoice_id: UUID
    amount: MoneyIn | None = None


class ApplicationOut(BaseModel):
    """How much of an amount went to which invoice."""

    invoice_id: UUID
    number: str
    amount: MoneyOut


def amount(field: str, given: MoneyIn | None) -> Money | None:
    """Read an amount that may be absent. Raises InvalidInput at the field."""
    return None if given is None else given.read(field)


def read_applications(given: list[ApplicationIn] | None) -> list[ApplicationInput] | None:
    """Turn applications into the ledger's input. Raises InvalidInput at the wrong one."""
    if given is None:
        return None
    return [
        ApplicationInput(
            invoice_id=each.invoice_id,
            amount=amount(f"applications.{n}.amount", each.amount),
        )
        for n, each in enumerate(given)
    ]


def money(value: Money) -> dict[str, str]:
    """Write money."""
    return {"amount": value.text, "currency": value.currency}


def money_of(minor: int, currency: str) -> dict[str, str]:
    """Write an amount in minor units."""
    return money(Money(minor, currency))


def plain(value: Decimal) -> str:
    """Write a decimal number without needless zeros or an exponent."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def price(value: Decimal, currency: str) -> dict[str, str]:
    """Write a unit price, which may have more digits than its currency."""
    digits = len(Money.zero(currency).text.partition(".")[2])
    whole, _point, fraction = plain(value).partition(".")
    fraction = fraction.ljust(digits, "0")
    return {"amount": f"{whole}.{fraction}" if fraction else whole, "currency": currency}


def instant(value: datetime | None, zone: ZoneInfo) -> str | None:
    """Write an instant with the offset of the organization's zone."""
    return None if value is None else value.astimezone(zone).isoformat()


def terms(value: Terms | None) -> dict[str, Any] | None:
    """Write payment terms."""
    return None if value is None else {"days": value.days, "anchor": value.anchor.value}


def member_id(field: str, text: str | None) -> UUID | None:
    """Find the member that an id or email address means. Raises InvalidInput at the field."""
    if text is None or not text.strip():
        return None
    name = text.strip()
    active = Member.objects.filter(active=True)
    try:
        found = active.filter(pk=UUID(name))
    except ValueError:
        found = active.filter(email=name.lower())
    member = found.values_list("id", flat=True).first()
    if member is None:
        raise InvalidInput.at(field, _("There is no active member of that id or email address."))
    return member


class Owners:
    """Writes owners: the own one, else the one it falls to, else the organization's default."""

    def __init__(self, organization: Organization) -> None:
        self._default = organization.default_owner_id
        rows = Member.objects.values_list("id", "name", "email")
        self._members = {row[0]: {"id": row[0], "name": row[1], "email": row[2]} for row in rows}

    def first_of(self, *ids: UUID | None) -> dict[str, Any] | None:
        """Write the first that is set."""
        for each in (*ids, self._default):
            if each in self._members:
                return self._members[each]
        return None
