"""Finds the conversation that a message belongs to.

In this order: the token of its reply address, the messages it answers, its sender together with an
invoice number it names, its sender alone. What nobody can tell waits for a member to assign it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from uuid import UUID

from dunwell.core.mail.reply_address import Named, Thread, named_by
from dunwell.inbox.models import Conversation, Delivery, Reply
from dunwell.ledger.models import Contact, Customer, Invoice
from dunwell.ledger.queries.states import OPEN
from dunwell.ports.incoming import Incoming

_OURS: Final = re.compile(r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@", re.IGNORECASE)
_REFERENCES: Final = 50
_WORDS: Final = 20_000
_CUSTOMERS: Final = 20
_DIGITS: Final = re.compile(r"\d")


class MatchedBy(StrEnum):
    """How a message's place was found; the names are stored."""

    TOKEN = "token"  # noqa: S105 - a name
    REFERENCES = "references"
    NUMBER = "number"
    SENDER = "sender"
    MEMBER = "member"
    NOBODY = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a message belongs: an invoice's thread, an account's, or one of its own.

    `conversation_id` is one that is there already; `also` are other invoices it names.
    """

    matched_by: MatchedBy
    conversation_id: UUID | None = None
    invoice_id: UUID | None = None
    customer_id: UUID | None = None
    also: tuple[UUID, ...] = field(default=())


def place_of(*, incoming: Incoming, words: str, keys: Sequence[bytes]) -> Place:
    """Find a message's place. `words` is what its writer wrote, `keys` sign reply addresses."""
    named = named_by(addresses=(to.email for to in incoming.to), keys=keys)
    found = _by_token(named) if named else None
    found = found or _by_references((*incoming.in_reply_to, *reversed(incoming.references)))
    return found or _by_sender(incoming, words) or Place(matched_by=MatchedBy.NOBODY)


def _by_token(named: Named) -> Place | None:
    if named.thread is Thread.INVOICE:
        return _invoice_place(named.id, MatchedBy.TOKEN)
    if named.thread is Thread.CONVERSATION:
        return _conversation_place(named.id, MatchedBy.TOKEN)
    if Customer.objects.filter(pk=named.id).exists():
        return Place(matched_by=MatchedBy.TOKEN, customer_id=named.id)
    return None


def _by_references(ids: Sequence[str]) -> Place | None:
    """Follow the message ids it answers, the nearest first: ours, or earlier replies."""
    for each in ids[:_REFERENCES]:
        ours = _OURS.match(each)
        delivery = _delivery(UUID(ours[1])) if ours else None
        if delivery is not None:
            return _delivery_place(delivery)
        earlier = Reply.objects.filter(mail_id=each).values_list("message__conversation_id")
        row = earlier.first()
        if row is not None:
            return _conversation_place(row[0], MatchedBy.REFERENCES)
    return None


def _delivery(id_: UUID) -> Delivery | None:
    return Delivery.objects.select_related("message").filter(pk=id_).first()


def _delivery_place(delivery: Delivery) -> Place | None:
    message = delivery.message
    if message is not None:
        return _conversation_place(message.conversation_id, MatchedBy.REFERENCES)
    if delivery.invoice_id is not None:
        return _invoice_place(delivery.invoice_id, MatchedBy.REFERENCES)
    return Place(matched_by=MatchedBy.REFERENCES, customer_id=delivery.customer_id)


def _conversation_place(conversation_id: UUID, how: MatchedBy) -> Place | None:
    found = Conversation.objects.filter(pk=conversation_id).first()
    if found is None:
        return None
    return Place(
        matched_by=how,
        conversation_id=found.pk,
        invoice_id=found.invoice_id,
        customer_id=found.customer_id,
    )


def _invoice_place(invoice_id: UUID, how: MatchedBy, also: Iterable[UUID] = ()) -> Place | None:
    row = Invoice.objects.filter(pk=invoice_id).values_list("customer_id", flat=True).first()
    if row is None:
        return None
    return Place(matched_by=how, invoice_id=invoice_id, customer_id=row, also=tuple(also))


def customers_of_sender(*, address: str, phone: bool = False) -> list[UUID]:
    """Return the customers who have a contact with this address or number."""
    if not address:
        return []
    same = {"phone": address} if phone else {"email__iexact": address}
    rows = Contact.objects.filter(**same).order_by("id").values_list("customer_id", flat=True)
    return list(dict.fromkeys(rows[:_CUSTOMERS]))


def _by_sender(incoming: Incoming, words: str) -> Place | None:
    customers = customers_of_sender(address=incoming.sender.email, phone=incoming.channel == "sms")
    if not customers:
        return None
    numbers = _named(customers, f"{incoming.subject}\n{words}", incoming.text)
    if numbers:
        return _invoice_place(numbers[0], MatchedBy.NUMBER, numbers[1:])
    if len(customers) == 1:
        return Place(matched_by=MatchedBy.SENDER, customer_id=customers[0])
    return None


def _named(customers: Sequence[UUID], *texts: str) -> list[UUID]:
    """Return these customers' invoices that a text names: open ones first, then as they come."""
    rows = list(
        Invoice.objects.filter(customer_id__in=customers, issued_at__isnull=False)
        .order_by("-id")
        .values_list("id", "number", "closed_at", "balance_minor")[:5000]
    )
    for text in texts:
        folded = text[:_WORDS].casefold()
        found = [
            (closed is not None or balance <= 0, at, id_)
            for id_, number, closed, balance in rows
            if (at := _position(number, folded)) is not None
        ]
        if found:
            return [id_ for _done, _at, id_ in sorted(found, key=lambda each: each[:2])]
    return []


def _position(number: str, folded: str) -> int | None:
    """Return where a text names an invoice number as a word of its own; None where it does not.

    A number of fewer than three digits names nothing: any day or amount would.
    """
    word = number.casefold()
    if len(_DIGITS.findall(word)) < 3 and len(word) < 5:
        return None
    at = folded.find(word)
    while at >= 0:
        before, after = folded[at - 1 : at], folded[at + len(word) : at + len(word) + 1]
        if not before.isalnum() and not after.isalnum():
            return at
        at = folded.find(word, at + 1)
    return None


def open_invoices(*, customer_id: UUID) -> list[UUID]:
    """Return a customer's open invoices: what a message about the account is about."""
    return list(Invoice.objects.filter(OPEN, customer_id=customer_id).values_list("id", flat=True))


def is_ours(*, mail_id: str) -> bool:
    """Tell whether a message bears the name of one that we sent: a copy that came back."""
    ours = _OURS.match(mail_id)
    return ours is not None and Delivery.objects.filter(pk=UUID(ours[1])).exists()
