"""Taking in what a customer says, whatever way it came: once, in its place, with what follows.

A person's reply holds chasing of its invoices for some working days (Rule: chasing, Held means),
so that nobody is reminded right after answering; an automatic one holds nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from dunwell.core.calendar import local_date
from dunwell.core.mail.automatic import return_day
from dunwell.core.mail.new_text import new_text
from dunwell.core.mail.page_text import page_text
from dunwell.inbox.models import Message, Reply
from dunwell.inbox.operations import receiving
from dunwell.inbox.operations.holding import hold
from dunwell.inbox.operations.receiving import Words
from dunwell.inbox.queries.matching import MatchedBy, Place, open_invoices, place_of
from dunwell.ledger.models import Invoice
from dunwell.ledger.operations import history
from dunwell.ledger.operations.locks import raise_chase_versions
from dunwell.ports.incoming import Incoming
from dunwell.tenancy import events
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor
from dunwell.tenancy.secrets import reply_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """Where a message was put. `new` is false for one that was taken in before.

    `invoice_id` and `customer_id` are None where nobody could tell whose it is; `held` are the
    invoices that it holds back.
    """

    reply_id: UUID
    message_id: UUID
    conversation_id: UUID
    invoice_id: UUID | None
    customer_id: UUID | None
    matched_by: str
    automatic: bool
    new: bool
    held: tuple[UUID, ...] = ()


def receive_message(*, organization: Organization, incoming: Incoming, now: datetime) -> Received:
    """Take in a message, idempotent by (organization, source, external_id).

    Call it in the organization's scope; `now` is the organization's clock. Stores it in its
    conversation with its files, writes activity and event, and holds what it is about.
    """
    words = _read(organization, incoming, now)
    with transaction.atomic():
        before = receiving.known(incoming=incoming)
        if before is not None:
            return _told(before, new=False)
        place = place_of(incoming=incoming, words=words.new_text, keys=reply_keys())
        about = invoices_of(place)
        # Invoices are locked before their conversation, as everywhere, in the order of their ids.
        if not incoming.automatic:
            raise_chase_versions(invoice_ids=about)
        reply = receiving.store(
            organization=organization, incoming=incoming, place=place, words=words, now=now
        )
        follow(organization=organization, reply=reply, place=place, invoice_ids=about, now=now)
        return _told(reply, new=True, held=() if incoming.automatic else about)


def follow(
    *,
    organization: Organization,
    reply: Reply,
    place: Place,
    invoice_ids: Sequence[UUID],
    now: datetime,
) -> None:
    """Do what follows from a reply in its place: log, event, hold. In the caller's transaction."""
    if place.customer_id is not None:
        _log(reply, place, now)
    events.emit(
        kind="message.received",
        at=now,
        customer_id=place.customer_id,
        invoice_id=place.invoice_id,
        data=_event(reply, place),
    )
    if not reply.automatic:
        hold(organization=organization, reply=reply, invoice_ids=invoice_ids, now=now)


def invoices_of(place: Place) -> tuple[UUID, ...]:
    """Return the invoices a message is about: its own and those it names, or the whole account."""
    if place.invoice_id is not None:
        return (place.invoice_id, *place.also)
    if place.customer_id is not None:
        return tuple(open_invoices(customer_id=place.customer_id))
    return ()


def _read(organization: Organization, incoming: Incoming, now: datetime) -> Words:
    """Read a message's words: all of them, what is new, and the day of return it names."""
    text = (incoming.text or page_text(incoming.html)).replace("\x00", "")
    new = new_text(text)
    back = None
    if incoming.automatic:
        today = local_date(now, organization.zone)
        back = return_day(text=f"{incoming.subject}\n{new}", today=today)
    return Words(text=text, new_text=new, back_on=back)


def _log(reply: Reply, place: Place, now: datetime) -> None:
    """Write what the customer's timeline shows; only a person's reply counts as last action."""
    if place.customer_id is None:
        return
    message = reply.message
    history.activity(
        actor=Actor(label=message.by),
        now=now,
        kind="auto_reply" if reply.automatic else "reply",
        customer_id=place.customer_id,
        invoice_id=place.invoice_id,
        channel=message.channel,
        text=_shortened(reply.new_text or message.subject),
        data={"message_id": str(message.pk), "subject": message.subject},
    ).save(force_insert=True)


def _shortened(text: str) -> str:
    return text if len(text) <= 2000 else f"{text[:2000]}…"


def _event(reply: Reply, place: Place) -> dict[str, object]:
    message = reply.message
    number = _numbers([place.invoice_id] if place.invoice_id else [])
    return {
        "message_id": str(message.pk),
        "conversation_id": str(message.conversation_id),
        "channel": message.channel,
        "from": {"name": reply.from_name, "address": reply.from_address},
        "subject": message.subject,
        "text": _shortened(reply.new_text),
        "automatic": reply.automatic,
        "back_on": reply.back_on.isoformat() if reply.back_on else None,
        "matched_by": reply.matched_by or None,
        **({"number": number[0]} if number else {}),
    }


def _numbers(ids: Iterable[UUID]) -> list[str]:
    return list(Invoice.objects.filter(pk__in=list(ids)).values_list("number", flat=True))


def _told(reply: Reply, *, new: bool, held: tuple[UUID, ...] = ()) -> Received:
    message: Message = reply.message
    thread = message.conversation
    return Received(
        reply_id=reply.pk,
        message_id=message.pk,
        conversation_id=thread.pk,
        invoice_id=thread.invoice_id,
        customer_id=thread.customer_id,
        matched_by=reply.matched_by or MatchedBy.NOBODY,
        automatic=reply.automatic,
        new=new,
        held=held,
    )
