"""The exact words a customer would get, rendered as the sender renders them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from dunwell.chasing.sender.facts import Subject, load_subjects
from dunwell.chasing.sender.values import values
from dunwell.chasing.sender.words import wording
from dunwell.chasing.wording import Rendered, render
from dunwell.chasing.wording.catalogue import Value
from dunwell.core.cadence import Channel
from dunwell.core.calendar import local_date
from dunwell.core.recipients import Recipient, recipients
from dunwell.core.sending import template_for
from dunwell.web.requests import Here


@dataclass(frozen=True, slots=True)
class Addressee:
    """Somebody a message would go to; `address` is empty where there is none to use."""

    name: str
    address: str
    contact_id: UUID | None


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as its first recipient would get it."""

    channel: str
    template: str
    to: Addressee
    words: Rendered


def subject_of(*, invoice_id: UUID, since: datetime, now: datetime) -> Subject:
    """Load an invoice with all that its messages and holds need."""
    with connection.cursor() as cursor:
        found = load_subjects(cursor, invoice_ids=[invoice_id], since=since, now=now)
    return found[invoice_id]


def addressees(
    subject: Subject, *, channels: Sequence[str], roles: Sequence[str] = ()
) -> dict[str, list[Addressee]]:
    """List who would be written to per channel, as the sender chooses them."""
    found = recipients(
        channels=[Channel(name) for name in channels],
        contact_roles=roles,
        contacts=subject.invoice.contacts,
        own_list=subject.invoice.own_list,
    )
    return {
        channel.value: [_addressee(subject, each) for each in people]
        for channel, people in (found or {}).items()
    }


def _addressee(subject: Subject, found: Recipient) -> Addressee:
    name = subject.contact_names.get(found.contact_id, "") if found.contact_id else ""
    return Addressee(name, "" if found.failure else found.address or "", found.contact_id)


def next_template(subject: Subject, *, now: datetime) -> str:
    """Name the template that the invoice's condition asks for now."""
    return template_for(
        ever_sent=subject.invoice.ever_sent,
        due_date=subject.due_date,
        today=local_date(now, subject.organization.zone),
        own_template=None,
    )


def letter(subject: Subject, *, channel: str, at: Here) -> Letter:
    """Render the message that a member would send now, to its first recipient."""
    people = addressees(subject, channels=[channel]).get(channel) or [Addressee("", "", None)]
    template = next_template(subject, now=at.now)
    words = wording(subject.organization, template, channel, subject.language)
    return Letter(channel, template, people[0], render(words, values_for(subject, people[0], at)))


def values_for(subject: Subject, to: Addressee, at: Here) -> dict[str, Value]:
    """Give every variable its value for one addressee."""
    return values(subject, address=to.address, name=to.name, now=at.now)
