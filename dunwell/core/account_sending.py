"""What becomes of a message about an account when it falls due.

Rule: chasing, Customer chasing. Decided at the claim from facts loaded for it, like an invoice's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dunwell.core.account_steps import AccountStep
from dunwell.core.accounts import Standing
from dunwell.core.cadence import Channel
from dunwell.core.holds import Hold, HoldKind
from dunwell.core.outcomes import Reason
from dunwell.core.recipients import ContactFacts, Recipient, recipients
from dunwell.core.sending import Cancel, Decision, Send, Skip

ACCOUNT_REMINDER: Final = "account_reminder"


@dataclass(frozen=True, slots=True)
class SectionFacts:
    """What a message is to say about one currency, and how the account stands there now.

    `anything_open` also counts what is held or not chased; `hold` is what holds all of it.
    """

    currency: str
    step: AccountStep
    standing: Standing
    minimum: int
    anything_open: bool
    hold: HoldKind | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision on a message, and the currencies it speaks of."""

    decision: Decision
    currencies: Sequence[str] = ()


def decide_account(
    *,
    sections: Sequence[SectionFacts],
    contacts: Sequence[ContactFacts],
    chasing_on: bool,
    planned_at: datetime,
    now: datetime,
    window: timedelta,
) -> Verdict:
    """Decide on an account's message; sections that no longer hold are left out of it.

    Where none is left the message ends with the reason of the first.
    """
    if not chasing_on:
        return Verdict(Cancel(Reason.DISABLED))
    stops = [(section, _stopped(section)) for section in sections]
    going = [section for section, stop in stops if stop is None]
    if not going:
        first = next((stop for _section, stop in stops if stop is not None), None)
        return Verdict(first or Cancel(Reason.RESCHEDULED))
    if now - planned_at > window:
        return Verdict(Skip(Reason.MISSED))
    found = _everybody(going, contacts)
    if not found:
        return Verdict(Skip(Reason.NO_CONTACT_WITH_ROLE))
    template = next((s.step.template for s in going if s.step.template), None)
    decision = Send(template or ACCOUNT_REMINDER, found)
    return Verdict(decision, [section.currency for section in going])


def _stopped(section: SectionFacts) -> Cancel | Skip | None:
    """Return what keeps one currency out of the message, None if nothing does."""
    if not section.anything_open:
        return Cancel(Reason.PAID)
    if not section.standing.balance:
        return Skip(Reason.PAUSED, hold=Hold(section.hold or HoldKind.CREDIT))
    if section.standing.balance < section.minimum:
        return Skip(Reason.BELOW_MINIMUM)
    age = section.standing.ages.get(section.step.age)
    if age is None or age < section.step.days:
        return Cancel(Reason.RESCHEDULED)
    return None


def _everybody(
    sections: Sequence[SectionFacts], contacts: Sequence[ContactFacts]
) -> Mapping[Channel, tuple[Recipient, ...]]:
    """Join the recipients of several currencies' steps: everyone once, at most one letter."""
    joined: dict[Channel, list[Recipient]] = {}
    for section in sections:
        found = recipients(
            channels=section.step.channels,
            contact_roles=section.step.contact_roles,
            contacts=contacts,
            own_list=(),
        )
        for channel, people in (found or {}).items():
            _join(joined.setdefault(channel, []), people, one=channel is Channel.LETTER)
    return {channel: tuple(people) for channel, people in joined.items()}


def _join(known: list[Recipient], people: Sequence[Recipient], *, one: bool) -> None:
    for person in people:
        seen = {name for other in known for name in other.persons}
        nobody = not person.persons and known
        if seen.isdisjoint(person.persons) and not nobody and not (one and known):
            known.append(person)
