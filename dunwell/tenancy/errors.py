"""Errors of the tenancy floor, and the tree that all floors grow from.

DunwellError
├── InvalidInput (422)      a field or row is wrong; names it
├── Conflict (409)          true input, but not in the present state
│   ├── LastOwner           no active owner would be left
│   └── OwnersOnly (403)    only an owner may
├── NotFound (404)          not in this organization
├── NotAllowed (403)        the role or token does not allow it
└── NotSignedIn (401)       no or wrong credentials
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One wrong field, in words for the person who filled it in."""

    field: str
    message: str


class DunwellError(Exception):
    """Any error that a person may read: it knows its sentence and HTTP status."""

    status = 500
    title = "Error"

    def __init__(self, detail: str = "", *, problems: Sequence[FieldProblem] = ()) -> None:
        self.detail = detail or self.title
        self.problems = tuple(problems)
        super().__init__(self.detail)


class InvalidInput(DunwellError):
    """The input is wrong at the named fields."""

    status = 422
    title = "Invalid input"

    @classmethod
    def at(cls, field: str, message: str) -> "InvalidInput":
        """Build the error for one field."""
        return cls(message, problems=[FieldProblem(field, message)])


class Conflict(DunwellError):
    """The act does not fit the present state."""

    status = 409
    title = "Conflict with the present state"


class LastOwner(Conflict):
    """The organization would be left without an active owner."""


class OwnersOnly(Conflict):
    """Only an owner makes or unmakes owners, and acts for others."""

    status = 403


class NotFound(DunwellError):
    """Nothing of that id in this organization."""

    status = 404
    title = "Not found"


class NotAllowed(DunwellError):
    """The member's role or the token's scopes do not allow the act."""

    status = 403
    title = "Not allowed"

    def __init__(self, *, permission: str) -> None:
        super().__init__(_("This needs the permission “%(name)s”.") % {"name": permission})


class NotSignedIn(DunwellError):
    """No credentials, or wrong ones."""

    status = 401
    title = "Not signed in"


class TooManyRequests(DunwellError):
    """The caller asked too often; `retry_after` is in seconds."""

    status = 429
    title = "Too many requests"

    def __init__(self, *, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(_("Too many requests; try again in %(n)d s.") % {"n": retry_after})
