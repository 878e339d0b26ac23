"""One planned send of a list: of an invoice or of a whole account, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse

from dunwell.chasing import queries
from dunwell.chasing.models import PlannedSend
from dunwell.core.money import Money
from dunwell.inbox.models import Delivery
from dunwell.web.pages import sentences
from dunwell.web.pages.holding import holding
from dunwell.web.requests import Here


@dataclass(frozen=True, slots=True)
class Line:
    """A planned send: about what, when, by what, and how it stands."""

    id: UUID
    name: str
    address: str
    customer: str
    balance: Money | None
    words: str
    at: datetime
    channels: Sequence[str]
    state: str
    sentence: str
    hold: str
    uncertain: bool
    retries: bool
    invoice_id: UUID | None


@dataclass(frozen=True, slots=True)
class Addressee:
    """Someone a failed send was for, and how that ended."""

    channel: str
    name: str
    sentence: str
    detail: str


def lines(sends: Sequence[PlannedSend], *, at: Here) -> list[Line]:
    """Put planned sends into words, planned ones with what will hold them."""
    ahead = [s.invoice_id for s in sends if s.state == "planned" and s.invoice_id is not None]
    known = holding(ahead, at=at)
    found = []
    for send in sends:
        hold = ""
        if send.state == "planned" and send.invoice is not None:
            hold = known.words(send.invoice, max(send.at, at.now))
        found.append(_line(send, hold, at))
    return found


def _line(send: PlannedSend, hold: str, at: Here) -> Line:
    invoice, customer = send.invoice, send.customer
    if invoice is not None:
        name, of, customer = invoice.number, reverse("invoice", args=[invoice.pk]), invoice.customer
    else:
        name, of = "", reverse("customer", args=[send.customer_id])
    return Line(
        id=send.pk,
        name=name or (customer.name if customer else ""),
        address=of,
        customer=customer.name if customer and invoice is not None else "",
        balance=invoice.balance if invoice is not None else None,
        words=_words(send, at),
        at=send.at,
        channels=send.channels,
        state=send.state,
        sentence=sentences.send_words(send.state, send.reason, send.detail),
        hold=hold,
        uncertain=send.reason == "uncertain",
        retries=invoice is not None,
        invoice_id=send.invoice_id,
    )


def _words(send: PlannedSend, at: Here) -> str:
    if send.kind == "account":
        return str(sentences.ACCOUNT_WORDS)
    repeated = send.occurrence if send.trigger.get("times") else 0
    return sentences.trigger_words(send.trigger, tag=at.organization.locale, occurrence=repeated)


_TROUBLE = ("failed", "bounced", "uncertain")


def addressees(send_ids: Sequence[UUID]) -> dict[UUID, list[Addressee]]:
    """Name per failed send those it did not reach, or perhaps did not."""
    deliveries = queries.deliveries_of(planned_send_ids=send_ids)
    return {
        send: [_addressee(each) for each in found if each.state in _TROUBLE]
        for send, found in deliveries.items()
    }


def _addressee(delivery: Delivery) -> Addressee:
    names = [part for part in (delivery.to_name, delivery.to_address) if part]
    return Addressee(
        channel=delivery.channel,
        name=", ".join(names),
        sentence=sentences.delivery_words(delivery.state, delivery.reason),
        detail=delivery.detail,
    )
