"""The studio itself: its people, its accounts, its cadences and its customers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from dunwell.chasing.operations.cadences import create_cadence
from dunwell.core.ids import uuid7
from dunwell.flows.demo.firms import AP, EXECUTIVE, Firm
from dunwell.ledger.operations import ContactInput, CustomerInput, create_customer
from dunwell.tenancy.models import Member, Organization, User
from dunwell.tenancy.operations import accept_invitation, add_bank_account, invite_member
from dunwell.tenancy.operations.organization import found_with_owner
from dunwell.tenancy.roles import Actor, Role
from dunwell.tenancy.scope import organization_scope

NAME: Final = "Lindquell Studio"
SLUG: Final = "lindquell"
OWNER: Final = "mira"
VIEWER: Final = "theo"
_PEOPLE: Final = (
    ("jonas", "Jonas Feld", Role.ADMIN),
    ("ana", "Ana Castelló", Role.MEMBER),
    ("leo", "Leonie Arndt", Role.MEMBER),
    (VIEWER, "Theo Brandt", Role.VIEWER),
)
_ACCOUNTS: Final = (
    {
        "holder": "Lindquell Studio GmbH",
        "bank": "Musterbank Berlin",
        "iban": "DE89370400440532013000",
        "bic": "COBADEFFXXX",
        "currency": "EUR",
    },
    {
        "holder": "Lindquell Studio GmbH",
        "bank": "Example Bank London",
        "iban": "GB82WEST12345698765432",
        "bic": "WESTGB2LXXX",
        "currency": "GBP",
    },
    {
        "holder": "Lindquell Studio GmbH",
        "bank": "Example Bank New York",
        "account_number": "000123456789",
        "routing_number": "021000021",
        "currency": "USD",
    },
)
# Numbers that are kept for stories and samples wherever there are such.
_PHONES: Final = {
    "DE": "+49 30 23125 {:03}",
    "FR": "+33 1 99 00 {:02} 47",
    "GB": "+44 20 7946 0{:03}",
    "US": "+1 303 555 0{:03}",
}
_TAX_IDS: Final = {
    "DE": "DE{:09}",
    "AT": "ATU{:08}",
    "CH": "CHE-{:09} MWST",
    "FR": "FR00{:09}",
    "ES": "ESB{:08}",
    "NL": "NL{:09}B01",
    "SE": "SE{:010}01",
    "IT": "IT{:011}",
    "PL": "PL{:010}",
    "DK": "DK{:08}",
    "GB": "GB{:09}",
    "US": "{:09}",
}


@dataclass(frozen=True, slots=True)
class Studio:
    """The organization with its members as they act, by their key."""

    organization: Organization
    actors: Mapping[str, Actor]

    @property
    def owner(self) -> Actor:
        """Return the owner, who also moves the clock."""
        return self.actors[OWNER]


def address(*, slug: str, key: str) -> str:
    """Return a member's email address."""
    return f"{key}@{slug}.example"


def found(*, slug: str, now: datetime, wall: datetime, passwords: Mapping[str, str]) -> Studio:
    """Found the studio as a sandbox whose clock stands at `now`, with its members.

    `passwords` are those of members who can sign in, by their key.
    """
    organization = Organization(
        id=uuid7(),
        slug=slug,
        name=NAME,
        legal_name="Lindquell Studio GmbH",
        tax_id="DE123456789",
        email=address(slug=slug, key="hello"),
        phone="+49 30 23125 100",
        line1="Pappelallee 78",
        postal_code="10437",
        city="Berlin",
        country="DE",
        time_zone="Europe/Berlin",
        currency="EUR",
        locale="en",
        created_at=now,
        sandbox_now=now,
        terms_days=30,
        invoice_prefix="LQ-",
        next_invoice_number=2041,
        business_days_only=True,
        holiday_calendar="DE-BE",
        # A page costs 13 ms and nobody opens half a year of them.
        attach_invoice=False,
        sender_name=NAME,
        sender_email=address(slug=slug, key="accounts"),
    )
    user = _user(slug, OWNER, "Mira Okafor", passwords)
    found_with_owner(organization=organization, owner=user, owner_name=user.name, now=now)
    with organization_scope(organization):
        owner = Actor(user.name, Member.objects.get(user=user).pk, Role.OWNER)
        actors = {OWNER: owner, **dict(_invited(slug, owner, now, wall, passwords))}
        for values in _ACCOUNTS:
            add_bank_account(values=values, actor=owner, now=now)
    return Studio(organization, actors)


def _user(slug: str, key: str, name: str, passwords: Mapping[str, str]) -> User:
    return User.objects.create_user(address(slug=slug, key=key), passwords.get(key), name=name)


def _invited(
    slug: str, owner: Actor, now: datetime, wall: datetime, passwords: Mapping[str, str]
) -> Iterator[tuple[str, Actor]]:
    for key, name, role in _PEOPLE:
        invited = invite_member(
            email=address(slug=slug, key=key), role=role, actor=owner, now=now, wall=wall
        )
        member = accept_invitation(
            secret=invited.secret,
            user=_user(slug, key, name, passwords),
            name=name,
            now=now,
            wall=wall,
        )
        yield key, Actor(name, member.pk, role)


def cadences(*, studio: Studio, now: datetime) -> dict[str, UUID]:
    """Make the studio's cadences; gives their ids by key. The first is the default."""
    made = {}
    for key, (name, steps) in _CADENCES.items():
        cadence = create_cadence(
            name=name, steps=steps, default=key == "standard", actor=studio.owner, now=now
        )
        made[key] = cadence.pk
    return made


def _step(kind: str, days: int | None = None, **more: Any) -> dict[str, Any]:
    trigger: dict[str, Any] = {"type": kind}
    if days is not None:
        trigger["days"] = days
    if "times" in more:
        trigger["times"] = more.pop("times")
    return {"trigger": trigger, "hour": 9, "channels": ["email"], **more}


_CADENCES: Final[dict[str, tuple[str, list[dict[str, Any]]]]] = {
    "standard": (
        "Friendly, then firm",
        [
            _step("on_issue"),
            _step("before_due", 5),
            _step("after_due", 2),
            _step("after_due", 10),
            _step("repeat", 14, times=3),
        ],
    ),
    "enterprise": (
        "Key accounts",
        [
            _step("on_issue"),
            _step("before_due", 10, contact_roles=[AP]),
            _step("after_due", 5, contact_roles=[AP]),
            _step("after_due", 20, contact_roles=[AP, EXECUTIVE]),
            _step("repeat", 15, times=4),
        ],
    ),
    "gentle": (
        "Light touch",
        [_step("on_issue"), _step("after_due", 7), _step("after_due", 21)],
    ),
}


def customers(*, studio: Studio, now: datetime, firms: tuple[Firm, ...]) -> dict[str, UUID]:
    """Enter the customers with their contacts; gives their ids by site."""
    return {
        firm.site: create_customer(
            organization=studio.organization,
            actor=studio.owner,
            now=now,
            data=_customer(studio, firm, number),
        ).pk
        for number, firm in enumerate(firms, start=1)
    }


def _customer(studio: Studio, firm: Firm, number: int) -> CustomerInput:
    line1, postal_code, city, region, country = firm.address
    postal = {
        "line1": line1,
        "postal_code": postal_code,
        "city": city,
        "region": region,
        "country": country,
    }
    return CustomerInput(
        name=firm.name,
        external_id=f"C-{1000 + 7 * number}",
        language=firm.language,
        currency=firm.currency,
        tax_id=_TAX_IDS[country].format(900_000_000 % 10**8 + 12_345 * number),
        terms=firm.terms,
        owner_id=studio.actors[firm.owner].member_id,
        tags=firm.tags,
        notes=firm.notes,
        address=postal,
        contacts=[
            ContactInput(
                name=person.name,
                email=f"{person.mailbox}@{firm.site}.example" if person.mailbox else "",
                phone=_PHONES.get(country, "").format(100 + 2 * number + at),
                address=postal if person.billing else None,
                roles=person.roles,
                receives_invoices=person.receives,
                billing=person.billing,
            )
            for at, person in enumerate(firm.people)
        ],
    )
