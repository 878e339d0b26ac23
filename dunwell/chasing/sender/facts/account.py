"""A customer's account with everything that decides about its message and stands in it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from dunwell.chasing.accounts.facts import Account, OpenItem, Viewpoint, load_accounts
from dunwell.chasing.sender.facts.around import load_owners, load_people, postal_address
from dunwell.chasing.sender.facts.organization import (
    OrganizationFacts,
    address_lines,
    load_organizations,
)
from dunwell.core.account_sending import SectionFacts, Verdict, decide_account
from dunwell.core.account_steps import AccountStep
from dunwell.core.accounts import Standing
from dunwell.core.calendar import local_date
from dunwell.core.recipients import ContactFacts
from dunwell.tenancy.database.rows import uuids

_SENDS = """
SELECT p.id, p.organization_id, p.customer_id, p.at, (p.trigger->'steps')::text,
       c.name, c.language, coalesce(c.owner_id, o.default_owner_id),
       c.line1, c.line2, c.postal_code, c.city, c.region, c.country, coalesce(c.external_id, ''),
       coalesce(h.enabled, false) AND NOT c.do_not_chase, coalesce(d.minimum_minor, 0),
       coalesce(d.minimum_currency, '')
FROM chasing_plannedsend p
JOIN ledger_customer c ON c.organization_id = p.organization_id AND c.id = p.customer_id
JOIN tenancy_organization o ON o.id = p.organization_id
LEFT JOIN chasing_accountchasing h
  ON h.organization_id = p.organization_id AND h.customer_id = p.customer_id
LEFT JOIN chasing_customercadence d
  ON d.organization_id = h.organization_id AND d.id = h.cadence_id
WHERE p.id = ANY(%s)
"""


class _Row(NamedTuple):
    """A row of _SENDS."""

    id: UUID
    organization_id: UUID
    customer_id: UUID
    at: datetime
    steps: str
    customer_name: str
    language: str
    owner_id: UUID | None
    line1: str
    line2: str
    postal_code: str
    city: str
    region: str
    country: str
    customer_number: str
    chasing_on: bool
    minimum_minor: int
    minimum_currency: str


@dataclass(frozen=True, slots=True)
class Section:
    """One currency of an account's message: its step, and all that is open in it."""

    facts: SectionFacts
    items: Sequence[OpenItem]
    credit: int

    @property
    def currency(self) -> str:
        """Return the currency."""
        return self.facts.currency

    @property
    def standing(self) -> Standing:
        """Return how the account stands."""
        return self.facts.standing


@dataclass(slots=True)
class AccountSubject:
    """A customer's account as one planned message concerns it.

    `sections` are those it speaks of; `verdict` is what was decided when the facts were loaded.
    What deliveries note of an invoice is zero here: the check compares `items` instead.
    """

    send_id: UUID
    at: datetime
    organization: OrganizationFacts
    customer_id: UUID
    customer_name: str
    customer_number: str
    customer_address: tuple[str, ...]
    language: str
    owner: tuple[str, str]
    contacts: Sequence[ContactFacts]
    contact_names: Mapping[UUID, str]
    contact_zones: Mapping[UUID, str]
    sections: Sequence[Section]
    verdict: Verdict
    id: None = None
    version: int = 0
    chase_version: int = 0
    balance_minor: int = 0
    items: dict[UUID, OpenItem] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.items = {item.id: item for section in self.sections for item in section.items}


def load_account_subjects(
    cursor: Any, *, send_ids: Iterable[UUID], now: datetime
) -> dict[UUID, AccountSubject]:
    """Load the accounts of planned messages, and decide on each; keys are the sends' ids."""
    rows = [_Row(*row) for row in cursor.execute(_SENDS, [uuids(send_ids)]).fetchall()]
    if not rows:
        return {}
    ids = sorted({row.organization_id for row in rows})
    organizations = load_organizations(cursor, ids)
    known = load_people(
        cursor,
        organizations=uuids(ids),
        customers=uuids({row.customer_id for row in rows}),
    )
    owners = load_owners(cursor, organizations=uuids(ids))
    accounts = _accounts(cursor, rows, organizations, now)
    found = {}
    for row in rows:
        organization = organizations[row.organization_id]
        everything = _sections(row, accounts[row.customer_id], organization, now)
        home = postal_address(row[8:14])
        people = known.reachable(row.customer_id, at=home, home=organization.country)
        verdict = decide_account(
            sections=[section.facts for section in everything],
            contacts=people,
            chasing_on=row.chasing_on,
            planned_at=row.at,
            now=now,
            window=organization.rules.catch_up_window,
        )
        told = [s for s in everything if s.currency in verdict.currencies]
        found[row.id] = AccountSubject(
            send_id=row.id,
            at=row.at,
            organization=organization,
            customer_id=row.customer_id,
            customer_name=row.customer_name,
            customer_number=row.customer_number,
            customer_address=address_lines(row[8:14]),
            language=row.language or organization.locale,
            owner=owners.get(row.owner_id, ("", "")) if row.owner_id else ("", ""),
            contacts=people,
            contact_names=known.names.get(row.customer_id, {}),
            contact_zones=known.zones,
            sections=told or everything,
            verdict=verdict,
        )
    return found


def _accounts(
    cursor: Any,
    rows: Sequence[_Row],
    organizations: Mapping[UUID, OrganizationFacts],
    now: datetime,
) -> dict[UUID, Account]:
    """Load the accounts, organization by organization: that is how their indexes begin."""
    customers: dict[UUID, set[UUID]] = defaultdict(set)
    for row in rows:
        customers[row.organization_id].add(row.customer_id)
    found: dict[UUID, Account] = {}
    for organization, ids in customers.items():
        rules = organizations[organization].rules
        view = Viewpoint(organization, rules.zone, rules.grace_days, now)
        found |= load_accounts(cursor, view=view, customer_ids=sorted(ids))
    return found


def _sections(
    row: _Row, account: Account, organization: OrganizationFacts, now: datetime
) -> list[Section]:
    today = local_date(now, organization.zone)
    made = []
    for data in json.loads(row.steps or "[]"):
        currency = data.pop("currency")
        items = account.of(currency)
        facts = SectionFacts(
            currency=currency,
            step=AccountStep.from_json(data),
            standing=account.standing(currency, today),
            minimum=row.minimum_minor if row.minimum_currency == currency else 0,
            anything_open=bool(items),
            hold=account.all_held(currency),
        )
        made.append(Section(facts, items, account.credit.get(currency, 0)))
    return made
