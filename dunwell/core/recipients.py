"""Who gets a planned send, on which address. Rule: chasing, Who gets it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from dunwell.core.cadence import Channel
from dunwell.core.outcomes import Reason


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """A customer's contact; in the order the customer lists them.

    `email_blocked` and `sms_blocked` say why an address may not be used, such as
    `address_bounced` and `opted_out`. `roles` are role ids as text.
    """

    id: UUID
    email: str | None = None
    phone: str | None = None
    has_postal_address: bool = False
    roles: frozenset[str] = frozenset()
    receives_invoices: bool = False
    billing: bool = False
    email_blocked: Reason | None = None
    sms_blocked: Reason | None = None


@dataclass(frozen=True, slots=True)
class ListedAddress:
    """An email address on the invoice's own list, perhaps of nobody we know."""

    email: str
    blocked: Reason | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """One message to make: to whom, where, and why it fails already, if it does.

    `address` is the email address or phone number, None for letters and where it is missing.
    `contact_id` is None for an address that is no contact, or where there is no contact at all.
    """

    contact_id: UUID | None
    address: str | None
    failure: Reason | None = None

    @property
    def persons(self) -> tuple[UUID | str, ...]:
        """Give all that this person is known by: the contact's id and the folded address."""
        known: tuple[UUID | str, ...] = () if self.contact_id is None else (self.contact_id,)
        return known if self.address is None else (*known, self.address.casefold())


_NOWHERE: Final = {
    Channel.EMAIL: Reason.NO_EMAIL_ADDRESS,
    Channel.SMS: Reason.NO_PHONE_NUMBER,
    Channel.LETTER: Reason.NO_POSTAL_ADDRESS,
}


def recipients(
    *,
    channels: Sequence[Channel],
    contact_roles: Sequence[str],
    contacts: Sequence[ContactFacts],
    own_list: Sequence[ListedAddress],
) -> Mapping[Channel, tuple[Recipient, ...]] | None:
    """Find each channel's recipients, every person once; None if nobody has a wanted role.

    Every channel has at least one recipient: where nobody can be reached, one that fails
    (`no_email_address`, `no_phone_number`, `no_postal_address`). At most one letter.
    """
    if contact_roles:
        wanted = frozenset(contact_roles)
        people = [contact for contact in contacts if not wanted.isdisjoint(contact.roles)]
        if not people:
            return None
        return {channel: _to_people(channel, people) for channel in channels}
    return {channel: _by_default(channel, contacts, own_list) for channel in channels}


def _to_people(channel: Channel, people: Sequence[ContactFacts]) -> tuple[Recipient, ...]:
    """Address every one of the people; a letter only the first who can get one."""
    if channel is Channel.LETTER:
        return (_letter(people),)
    return _once(_recipient(channel, contact) for contact in people) or _nobody(channel)


def _by_default(
    channel: Channel, contacts: Sequence[ContactFacts], own_list: Sequence[ListedAddress]
) -> tuple[Recipient, ...]:
    """Address the own list, else those marked to receive invoices, else the billing contact."""
    if channel is Channel.EMAIL:
        if own_list:
            return _once(_listed(entry, contacts) for entry in own_list)
        return _to_people(channel, _customers_own(contacts))
    reachable = [
        contact
        for contact in _on_list(contacts, own_list)
        if _recipient(channel, contact).failure is not _NOWHERE[channel]
    ]
    people = reachable or _customers_own(contacts)
    if channel is Channel.SMS:
        # Who has no phone is not meant by an SMS, unless nobody has one.
        people = [contact for contact in people if contact.phone] or people
        return _to_people(channel, people)
    billing = [contact for contact in reachable or contacts if contact.billing]
    return (_letter([*billing, *people]),)


def _customers_own(contacts: Sequence[ContactFacts]) -> Sequence[ContactFacts]:
    """Return the contacts marked to receive invoices, else the billing contact."""
    return [contact for contact in contacts if contact.receives_invoices] or [
        contact for contact in contacts if contact.billing
    ][:1]


def _on_list(
    contacts: Sequence[ContactFacts], own_list: Sequence[ListedAddress]
) -> Sequence[ContactFacts]:
    """Return the contacts whose email address stands on the invoice's own list."""
    listed = {entry.email.casefold() for entry in own_list}
    return [contact for contact in contacts if contact.email and contact.email.casefold() in listed]


def _listed(entry: ListedAddress, contacts: Sequence[ContactFacts]) -> Recipient:
    """Address one entry of the own list, as the contact it belongs to if there is one."""
    folded = entry.email.casefold()
    for contact in contacts:
        if contact.email and contact.email.casefold() == folded:
            return Recipient(contact.id, contact.email, contact.email_blocked or entry.blocked)
    return Recipient(None, entry.email, entry.blocked)


def _recipient(channel: Channel, contact: ContactFacts) -> Recipient:
    """Address a contact on one channel."""
    if channel is Channel.LETTER:
        missing = None if contact.has_postal_address else _NOWHERE[channel]
        return Recipient(contact.id, None, missing)
    address, blocked = (
        (contact.email, contact.email_blocked)
        if channel is Channel.EMAIL
        else (contact.phone, contact.sms_blocked)
    )
    if not address:
        return Recipient(contact.id, None, _NOWHERE[channel])
    return Recipient(contact.id, address, blocked)


def _letter(people: Sequence[ContactFacts]) -> Recipient:
    """Address the one letter: to the first with a postal address, else fail at the first."""
    if not people:
        return _nobody(Channel.LETTER)[0]
    chosen = next((contact for contact in people if contact.has_postal_address), people[0])
    return _recipient(Channel.LETTER, chosen)


def _nobody(channel: Channel) -> tuple[Recipient, ...]:
    """Return the failure that stands for a channel on which there is nobody to reach."""
    return (Recipient(None, None, _NOWHERE[channel]),)


def _once(found: Iterable[Recipient]) -> tuple[Recipient, ...]:
    """Drop whoever was met before, by contact or by address."""
    seen: set[UUID | str] = set()
    kept = []
    for recipient in found:
        persons = recipient.persons
        if seen.isdisjoint(persons):
            kept.append(recipient)
        seen.update(persons)
    return tuple(kept)
