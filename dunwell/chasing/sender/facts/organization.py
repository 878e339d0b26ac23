"""What the sender needs of an organization."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from dunwell.chasing.sender.facts.late import LateTerms, late_terms
from dunwell.chasing.wording import Compiled
from dunwell.core.postal import PostalAddress
from dunwell.core.sending import ChaseRules
from dunwell.tenancy.database.rows import uuids

_ORGANIZATIONS = """
SELECT id, name, legal_name, email, phone, time_zone, locale, sandbox_now IS NOT NULL, smtp_sink,
       catch_up_hours, promise_grace_days, minimum_balances::text, attach_invoice,
       sender_name, sender_email, reply_to, smtp_host, smtp_port, smtp_user, smtp_secret,
       smtp_security, line1, line2, postal_code, city, region, country, tax_id,
       late_interest, late_rate, late_fee, late_law, reference_rates::text,
       contact_cap,
       track_opened, list_unsubscribe, copy_to, copy_address, dkim_domain, dkim_selector,
       dkim_secret, sms_quiet_from, sms_quiet_until
FROM tenancy_organization WHERE id = ANY(%s)
"""
_BANKS = """
SELECT organization_id, holder, bank, iban, bic, account_number, routing_number, currency
FROM tenancy_bankaccount WHERE organization_id = ANY(%s) ORDER BY id
"""
_CHANNELS = """
SELECT organization_id, channel, provider, options::text, sealed, sealed_hook
FROM tenancy_channelaccount WHERE organization_id = ANY(%s)
"""
_TEMPLATES = """
SELECT organization_id, name, channel, language, id, subject, text, html
FROM chasing_messagetemplate WHERE organization_id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class OwnTemplate:
    """An organization's own wording of one template, channel and language."""

    id: UUID
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """The provider an organization chose for a channel; `sealed` are its secrets, encrypted.

    `sealed_hook` is the secret part of the address at which it reports back.
    """

    provider: str
    options: Mapping[str, str | int]
    sealed: str
    sealed_hook: str


@dataclass(frozen=True, slots=True)
class MailFacts:
    """What an organization wants of its emails beside their words; `dkim_secret` is encrypted."""

    track_opened: bool
    list_unsubscribe: bool
    copy_to: str
    copy_address: str
    dkim_domain: str
    dkim_selector: str
    dkim_secret: str


@dataclass(frozen=True, slots=True)
class OrganizationFacts:
    """An organization as the sender needs it."""

    id: UUID
    name: str
    email: str
    phone: str
    zone: ZoneInfo
    locale: str
    sandbox: bool
    smtp_sink: str
    rules: ChaseRules
    minimum_balances: Mapping[str, int]
    attach_invoice: bool
    sender_name: str
    sender_email: str
    reply_to: str
    smtp: tuple[str, int, str, str, str]
    address: tuple[str, ...]
    postal: PostalAddress
    sms_quiet: tuple[int, int] | None
    country: str
    banks: tuple[tuple[str, ...], ...]
    tax_id: str
    mail: MailFacts
    templates: Mapping[tuple[str, str, str], OwnTemplate]
    channels: Mapping[str, ChannelFacts]
    late: LateTerms | None
    contact_cap: int | None
    # What `sender.words` found of it so far, by template, channel and language.
    wordings: dict[tuple[str, str, str], Compiled] = field(default_factory=dict)


def load_organizations(cursor: Any, ids: Sequence[UUID]) -> dict[UUID, OrganizationFacts]:
    """Load organizations by id."""
    wanted = [uuids(ids)]
    banks: dict[UUID, list[tuple[str, ...]]] = defaultdict(list)
    for organization, *parts in cursor.execute(_BANKS, wanted).fetchall():
        banks[organization].append(tuple(parts))
    templates: dict[UUID, dict[tuple[str, str, str], OwnTemplate]] = defaultdict(dict)
    for organization, name, channel, language, *parts in cursor.execute(_TEMPLATES, wanted):
        templates[organization][name, channel, language] = OwnTemplate(*parts)
    channels: dict[UUID, dict[str, ChannelFacts]] = defaultdict(dict)
    for organization, channel, provider, options, *sealed in cursor.execute(_CHANNELS, wanted):
        channels[organization][channel] = ChannelFacts(provider, json.loads(options), *sealed)
    found = {}
    for row in cursor.execute(_ORGANIZATIONS, wanted).fetchall():
        found[row[0]] = _organization(
            row,
            tuple(banks.get(row[0], ())),
            templates.get(row[0], {}),
            channels.get(row[0], {}),
        )
    return found


def _organization(
    row: Sequence[Any],
    banks: tuple[tuple[str, ...], ...],
    templates: Mapping[tuple[str, str, str], OwnTemplate],
    channels: Mapping[str, ChannelFacts],
) -> OrganizationFacts:
    zone = ZoneInfo(row[5])
    return OrganizationFacts(
        id=row[0],
        name=row[2] or row[1],
        email=row[3],
        phone=row[4],
        zone=zone,
        locale=row[6],
        sandbox=row[7],
        smtp_sink=row[8],
        rules=ChaseRules(zone=zone, grace_days=row[10], catch_up_window=timedelta(hours=row[9])),
        minimum_balances=json.loads(row[11]),
        attach_invoice=row[12],
        sender_name=row[13] or row[1],
        sender_email=row[14],
        reply_to=row[15],
        smtp=(row[16], row[17], row[18], row[19], row[20]),
        address=address_lines(row[21:27]),
        postal=PostalAddress(
            line1=row[21],
            line2=row[22],
            postal_code=row[23],
            city=row[24],
            region=row[25],
            country=row[26],
        ),
        sms_quiet=None if row[41] is None or row[42] is None else (row[41], row[42]),
        country=row[26],
        banks=banks,
        tax_id=row[27],
        mail=MailFacts(*row[34:41]),
        templates=templates,
        channels=channels,
        late=late_terms(
            interest=row[28],
            rate=row[29],
            fee=row[30],
            country=row[31] or row[26],
            newer=json.loads(row[32]),
        ),
        contact_cap=row[33],
    )


def address_lines(parts: Sequence[str]) -> tuple[str, ...]:
    """Set the six parts of a postal address in lines, without the empty ones."""
    line1, line2, postal_code, city, region, country = parts
    lines = (line1, line2, f"{postal_code} {city}".strip(), region, country)
    return tuple(line for line in lines if line)
