"""How the demo's customers are written down."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from dunwell.core.terms import Anchor, Terms

AP: Final = "Accounts Payable"
EXECUTIVE: Final = "Executive"
PROJECT: Final = "Project Lead"


class Habit(Enum):
    """How a customer pays, as days after the due date: earliest, usual, latest."""

    PROMPT = (-12, -4, 0)
    FAIR = (-5, 1, 6)
    SLOW = (2, 13, 30)
    HARD = (18, 36, 75)


class Work(Enum):
    """What the studio does for a customer: a monthly retainer, projects, milestones."""

    RETAINER = "retainer"
    PROJECT = "project"
    MILESTONE = "milestone"


@dataclass(frozen=True, slots=True)
class Person:
    """A contact; without `mailbox` there is no email address."""

    name: str
    mailbox: str = ""
    roles: tuple[str, ...] = ()
    billing: bool = False
    receives: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Firm:
    """A customer. `address` is street, postal code, city, region, country; `rate` is a day's price.

    `site` is the first part of its domain and its key in the stories; `cadence` a cadence's key.
    """

    name: str
    site: str
    address: tuple[str, str, str, str, str]
    people: tuple[Person, ...]
    habit: Habit
    work: Work
    owner: str
    language: str = "en"
    currency: str = "EUR"
    terms: Terms | None = None
    cadence: str = "standard"
    rate: int = 960
    tags: tuple[str, ...] = ()
    orders: bool = False
    notes: str = ""

    @property
    def country(self) -> str:
        """Return the country's code."""
        return self.address[4]


def pay(name: str, mailbox: str, *roles: str) -> Person:
    """Write down the person who pays: the billing contact."""
    return Person(name, mailbox, roles, billing=True)


def also(name: str, mailbox: str, *roles: str) -> Person:
    """Write down another person, who does not receive invoices."""
    return Person(name, mailbox, roles, receives=False)


def net(days: int, anchor: Anchor = Anchor.INVOICE_DATE) -> Terms:
    """Write down payment terms."""
    return Terms(days, anchor)
