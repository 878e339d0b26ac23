"""Whom a member's new attempt goes to: those whom the attempts before it failed to reach."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from dunwell.chasing.sender.facts import Subject
from dunwell.core.cadence import Channel

# The attempt that a retry is of (`last`), and those that one was a retry of in its turn.
_ATTEMPTS = """
WITH RECURSIVE before AS (
  SELECT r.id AS retry, r.organization_id, r.retry_of_id AS attempt, true AS last
  FROM chasing_plannedsend r WHERE r.id = ANY(%s)
  UNION ALL
  SELECT b.retry, b.organization_id, p.retry_of_id, false
  FROM before b
  JOIN chasing_plannedsend p ON p.organization_id = b.organization_id AND p.id = b.attempt
  WHERE p.retry_of_id IS NOT NULL
)
SELECT b.retry, b.last, d.channel, d.contact_id, lower(d.to_address), d.state
FROM before b
JOIN inbox_delivery d ON d.organization_id = b.organization_id AND d.planned_send_id = b.attempt
"""

type Person = tuple[Channel, UUID | str]


@dataclass(slots=True)
class _Before:
    """How the attempts before one went, per channel and person."""

    failed: set[Person] = field(default_factory=set)
    reached: set[Person] = field(default_factory=set)
    nowhere: set[Channel] = field(default_factory=set)  # somebody had no address there


def wanted_by_retries(
    cursor: Any, *, retries: Mapping[UUID, Subject]
) -> dict[UUID, frozenset[Person]]:
    """Return for each retry whom it is for. Rule: chasing, Outcomes.

    Where the failure was that there was no address, everyone who has one by now is meant, except
    those whom an earlier attempt reached.
    """
    if not retries:
        return {}
    found: dict[UUID, _Before] = defaultdict(_Before)
    for retry, last, channel, *persons, state in cursor.execute(_ATTEMPTS, [list(retries)]):
        _note(found[retry], Channel(channel), persons, state=state, last=last)
    return {
        retry: frozenset((*before.failed, *_others(before, retries[retry])))
        for retry, before in found.items()
    }


def _note(
    before: _Before, channel: Channel, persons: Sequence[UUID | str], *, state: str, last: bool
) -> None:
    known = {(channel, person) for person in persons if person}
    if state in ("sent", "delivered"):
        before.reached |= known
    elif last:
        before.failed |= known
        if not persons[-1]:
            before.nowhere.add(channel)


def _others(before: _Before, subject: Subject) -> Iterator[Person]:
    facts = subject.invoice
    people: list[tuple[UUID | str, ...]] = [(entry.email.casefold(),) for entry in facts.own_list]
    for contact in facts.contacts:
        addresses = (contact.email, contact.phone)
        people.append((contact.id, *(each.casefold() for each in addresses if each)))
    for channel in before.nowhere:
        for persons in people:
            if before.reached.isdisjoint((channel, person) for person in persons):
                yield from ((channel, person) for person in persons)
