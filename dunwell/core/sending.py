"""What becomes of a planned send when it falls due.

Decided at the claim from facts loaded for it. Rule: chasing, When a planned send takes effect,
Who gets it, Which template, Outcomes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from dunwell.core.cadence import Channel
from dunwell.core.calendar import local_date
from dunwell.core.holds import Hold, held
from dunwell.core.outcomes import DeliveryState, Reason, SendState
from dunwell.core.recipients import ContactFacts, ListedAddress, Recipient, recipients


class Template(StrEnum):
    """The built-in templates chosen by an invoice's condition."""

    NEW_INVOICE = "new_invoice"
    INVOICE_REMINDER = "invoice_reminder"
    PAST_DUE_INVOICE = "past_due_invoice"


@dataclass(frozen=True, slots=True)
class ChaseRules:
    """The organization's settings that decisions need."""

    zone: ZoneInfo
    grace_days: int = 3
    catch_up_window: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class InvoiceFacts:
    """An issued invoice as loaded at the claim.

    `ever_sent`: anything sent it, perhaps (uncertain), or it was marked as sent. `holds`: open
    ones and those that ended since the earliest send in question. `reached`: who got this
    invoice on a channel this local day, by contact id and by folded address, with the planned
    send or delivery that did it.
    """

    balance_minor: int
    due_date: date
    ever_sent: bool
    closed: bool = False
    chasing_on: bool = True
    minimum_minor: int = 0
    holds: Sequence[Hold] = ()
    contacts: Sequence[ContactFacts] = ()
    own_list: Sequence[ListedAddress] = ()
    reached: Mapping[tuple[Channel, UUID | str], UUID] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlannedFacts:
    """One planned send that is due.

    `retry_of` marks a member's own new attempt; `only` then names whom the first attempt
    failed to reach (by channel: contact ids, folded addresses), None for everyone.
    """

    id: UUID
    at: datetime
    channels: Sequence[Channel]
    contact_roles: Sequence[str] = ()
    template: str | None = None
    on_issue: bool = False
    retry_of: UUID | None = None
    only: frozenset[tuple[Channel, UUID | str]] | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """The send ends as cancelled."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Skip:
    """The send ends as skipped; `ref` is the send it points at, `hold` what held it."""

    reason: Reason
    ref: UUID | None = None
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """The send goes out: one delivery per channel and recipient, some failed from the start.

    `left_out` are people already reached this day and so not written to.
    """

    template: str
    recipients: Mapping[Channel, tuple[Recipient, ...]]
    left_out: Mapping[Channel, tuple[Recipient, ...]] = field(default_factory=dict)


type Decision = Cancel | Skip | Send


def decide_due(
    *, sends: Sequence[PlannedFacts], invoice: InvoiceFacts, rules: ChaseRules, now: datetime
) -> dict[UUID, Decision]:
    """Decide on all sends of one invoice that are due now; keys are their ids.

    Give every planned send of the invoice with `at <= now`, or catching up cannot see which is
    the latest.
    """
    decisions: dict[UUID, Decision] = {}
    for send in sends:
        stop = stopped(send=send, invoice=invoice, rules=rules, now=now)
        if stop is not None:
            decisions[send.id] = stop
    going = [send for send in sends if send.id not in decisions]
    decisions.update(catch_up(sends=going, now=now, window=rules.catch_up_window))
    for send in going:
        if send.id not in decisions:
            decisions[send.id] = address(send=send, invoice=invoice, rules=rules, now=now)
    return decisions


def stopped(
    *, send: PlannedFacts, invoice: InvoiceFacts, rules: ChaseRules, now: datetime
) -> Cancel | Skip | None:
    """Return what stops the send whoever it goes to, None if nothing does.

    A member's own retry obeys only paid, closed and holds.
    """
    ended = _ended(send, invoice)
    if ended is not None:
        return Cancel(ended)
    if send.on_issue and invoice.ever_sent and send.retry_of is None:
        return Skip(Reason.ALREADY_SENT)
    hold = _hold(send, invoice, rules, now)
    if hold is not None:
        return Skip(Reason.PAUSED, hold=hold)
    if _below_minimum(send, invoice):
        return Skip(Reason.BELOW_MINIMUM)
    return None


def _ended(send: PlannedFacts, invoice: InvoiceFacts) -> Reason | None:
    """Return why nothing is left to chase."""
    if invoice.closed:
        return Reason.CLOSED
    if invoice.balance_minor <= 0:
        return Reason.PAID
    if not invoice.chasing_on and send.retry_of is None:
        return Reason.DISABLED
    return None


def _hold(
    send: PlannedFacts, invoice: InvoiceFacts, rules: ChaseRules, now: datetime
) -> Hold | None:
    """Return a hold that stands now or stood at the send's planned instant."""
    if not invoice.holds:
        return None
    for at in (now, send.at):
        hold = held(
            holds=invoice.holds,
            balance_minor=invoice.balance_minor,
            at=at,
            grace_days=rules.grace_days,
            zone=rules.zone,
        )
        if hold is not None:
            return hold
    return None


def _below_minimum(send: PlannedFacts, invoice: InvoiceFacts) -> bool:
    """Tell whether the balance is too small to chase; sending it at issue is not chasing."""
    return (
        invoice.balance_minor < invoice.minimum_minor
        and not send.on_issue
        and send.retry_of is None
    )


def catch_up(
    *, sends: Sequence[PlannedFacts], now: datetime, window: timedelta
) -> dict[UUID, Skip]:
    """Find among one invoice's due sends those that come too late or give way to a later one.

    Sends of one instant belong together and do not supersede each other. On issue is never
    lost: it is neither missed nor superseded, and reminders due with it give way to it. A
    member's own retry stands outside. Rule: chasing, Catching up; On issue is never lost.
    """
    skips: dict[UUID, Skip] = {}
    inside: list[PlannedFacts] = []
    for send in sends:
        if send.on_issue or now - send.at <= window:
            inside.append(send)
        else:
            skips[send.id] = Skip(Reason.MISSED)
    rivals = [send for send in inside if send.retry_of is None]
    if len(rivals) < 2:
        return skips
    latest = max(rivals, key=_precedence)
    for send in rivals:
        if not send.on_issue and _precedence(send) < _precedence(latest):
            skips[send.id] = Skip(Reason.SUPERSEDED, ref=latest.id)
    return skips


def _precedence(send: PlannedFacts) -> tuple[bool, datetime]:
    """Return what decides between sends that are due together."""
    return send.on_issue, send.at


def address(
    *, send: PlannedFacts, invoice: InvoiceFacts, rules: ChaseRules, now: datetime
) -> Skip | Send:
    """Find template and recipients, leaving out who was reached this local day."""
    found = recipients(
        channels=send.channels,
        contact_roles=send.contact_roles,
        contacts=invoice.contacts,
        own_list=invoice.own_list,
    )
    if found is None:
        return Skip(Reason.NO_CONTACT_WITH_ROLE)
    if send.only is not None:
        found = _among(found, send.only)
        if not found:
            return Skip(Reason.NO_RECIPIENT)
    template = template_for(
        ever_sent=invoice.ever_sent,
        due_date=invoice.due_date,
        today=local_date(now, rules.zone),
        own_template=send.template,
    )
    if not invoice.reached or send.retry_of is not None:
        return Send(template, found)
    return leave_out(send=Send(template, found), reached=invoice.reached, reason=Reason.DAILY_LIMIT)


def _among(
    found: Mapping[Channel, tuple[Recipient, ...]], only: frozenset[tuple[Channel, UUID | str]]
) -> dict[Channel, tuple[Recipient, ...]]:
    """Keep the recipients that a retry is meant for."""
    kept = {
        channel: tuple(one for one in people if any((channel, who) in only for who in one.persons))
        for channel, people in found.items()
    }
    return {channel: people for channel, people in kept.items() if people}


def leave_out(
    *, send: Send, reached: Mapping[tuple[Channel, UUID | str], UUID], reason: Reason
) -> Skip | Send:
    """Leave out people already reached; skip if nobody who can be reached is left.

    `reached` names the send that reached a person on a channel, or will: who gets the invoice by
    another message that day, or about the whole account (Rule: chasing, Daily limit; Folding).
    """
    left: dict[Channel, tuple[Recipient, ...]] = {}
    left_out = dict(send.left_out)
    first: UUID | None = None
    for channel, people in send.recipients.items():
        for one in people:
            ref = _reached_by(channel, one, reached)
            group = left if ref is None else left_out
            group[channel] = (*group.get(channel, ()), one)
            first = first or ref
    if first is not None and all(one.failure for people in left.values() for one in people):
        return Skip(reason, ref=first)
    return Send(send.template, left, left_out)


def _reached_by(
    channel: Channel, one: Recipient, reached: Mapping[tuple[Channel, UUID | str], UUID]
) -> UUID | None:
    """Return the send that reached the person on this channel today."""
    for person in one.persons:
        ref = reached.get((channel, person))
        if ref is not None:
            return ref
    return None


def template_for(*, ever_sent: bool, due_date: date, today: date, own_template: str | None) -> str:
    """Choose the template by the invoice's condition. Rule: chasing, Which template."""
    if not ever_sent:
        return Template.NEW_INVOICE
    if own_template is not None:
        return own_template
    return Template.PAST_DUE_INVOICE if today > due_date else Template.INVOICE_REMINDER


@dataclass(frozen=True, slots=True)
class DeliveryFacts:
    """How one message of a planned send ended."""

    channel: Channel
    state: DeliveryState
    reason: str | None = None


_REACHED: Final = frozenset({DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.UNCERTAIN})
_SKIPS: Final = frozenset({Reason.PAUSED, Reason.BELOW_MINIMUM, Reason.ALREADY_SENT})
_OPEN: Final = frozenset({DeliveryState.QUEUED, DeliveryState.SENDING})


def judge(deliveries: Iterable[DeliveryFacts]) -> tuple[SendState, str | None]:
    """Return the planned send's state and reason from its deliveries, also after a bounce.

    A channel fails if none of its recipients was reached; an uncertain one may have been.
    Still `sending` while a delivery is open. What was withdrawn counts only where nothing else
    is left. Rule: chasing, Outcomes.
    """
    everything = list(deliveries)
    if not everything:
        raise ValueError("a planned send that was handed over has deliveries")
    found = [delivery for delivery in everything if delivery.state is not DeliveryState.CANCELLED]
    if not found:
        reason = everything[-1].reason
        return SendState.SKIPPED if reason in _SKIPS else SendState.CANCELLED, reason
    if any(delivery.state in _OPEN for delivery in found):
        return SendState.SENDING, None
    reached = {delivery.channel for delivery in found if delivery.state in _REACHED}
    for delivery in found:
        if delivery.channel not in reached:
            return SendState.FAILED, delivery.reason or delivery.state.value
    if any(delivery.state is DeliveryState.UNCERTAIN for delivery in found):
        return SendState.FAILED, Reason.UNCERTAIN
    return SendState.SENT, None
