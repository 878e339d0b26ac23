"""What can happen in the demo's story; each act has a day and the member who did it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from fractions import Fraction
from typing import Final

from dunwell.core.terms import Terms
from dunwell.flows.demo.firms import Firm

START: Final = date(2026, 5, 25)
"""The Monday on which the studio begins to use Dunwell."""
TODAY: Final = date(2026, 11, 23)
"""The Monday morning on which the demo opens."""
WHOLE: Final = Fraction(1)


class Time(IntEnum):
    """When on a day it happens: before the mails of the morning, or after them."""

    MORNING = 8
    AFTERNOON = 14


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an invoice; price and tax as decimal text."""

    text: str
    quantity: str
    price: str
    tax: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work that is invoiced on one day; `key` names it in the story."""

    key: str
    firm: Firm
    day: date
    engagement: str
    lines: Sequence[Line]
    due: date
    delivered: date | None = None
    order: str = ""
    note: str = ""
    terms: Terms | None = None
    contacts: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something a member did on a day, about one job."""

    day: date
    job: str
    by: str
    time: Time = Time.MORNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice(Act):
    """The invoice is written; as a draft, issued, or as one that went out by post already."""

    issue: bool = True
    marked_sent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid(Act):
    """Money came in for `share` of the balance, and `extra` minor units too much.

    It is booked on the act's day; `received` is the bank's day where that was earlier.
    """

    received: date | None = None
    share: Fraction = WHOLE
    extra: int = 0
    method: str = "Bank transfer"
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack(Act):
    """The last payment was returned."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Credited(Act):
    """A credit note over `share` of the balance was written."""

    share: Fraction
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised(Act):
    """A contact promised to pay `share` of the balance on a day."""

    on: date
    share: Fraction = WHOLE
    note: str = ""
    channel: str = "phone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contested(Act):
    """The customer contests the whole, or the lines with these numbers."""

    reason: str
    lines: Sequence[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled(Act):
    """The open dispute was resolved."""

    resolution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused(Act):
    """Chasing rests until a day."""

    until: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(Act):
    """The invoice is voided or written off."""

    reason: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged(Act):
    """A call, meeting or note."""

    kind: str
    text: str
    outcome: str = ""
    next_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounced(Act):
    """The mail of the customer's billing contact came back for good."""

    note: str
