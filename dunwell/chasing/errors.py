"""Errors of the chasing floor.

InvalidInput
├── WrongSteps          a step is not allowed; names each field
└── WrongTemplate       a template has an unknown variable or does not parse
Conflict
├── NotChaseable        the invoice is a draft, paid or closed
├── TooManyCadences     the installation's limit is reached
├── NameTaken           a cadence of that name exists
├── NothingToRetry      the planned send did not fail
└── SentToday           the person got this invoice today; a member must confirm
"""

from dunwell.tenancy.errors import Conflict, InvalidInput


class WrongSteps(InvalidInput):
    """A step of a cadence or schedule is not allowed."""


class WrongTemplate(InvalidInput):
    """A template has an unknown variable or does not parse."""


class NotChaseable(Conflict):
    """The invoice is a draft, paid or closed."""


class TooManyCadences(Conflict):
    """The installation's limit of cadences is reached."""


class NameTaken(Conflict):
    """A cadence of that name exists already."""


class NothingToRetry(Conflict):
    """Only a failed planned send can be tried again."""


class SentToday(Conflict):
    """Somebody already got this invoice on this channel today (Rule: chasing, Daily limit)."""
