"""The scope says which organization the running code works for; without one, nothing is visible.

Row-level security in PostgreSQL compares every row with this scope (docs/decisions/0006).
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SYSTEM = "system"
_scope: ContextVar[str] = ContextVar("dunwell_scope", default="")

current = _scope.get


class ScopeError(RuntimeError):
    """Raised when code would silently move from one organization into another."""


def organization_id() -> uuid.UUID:
    """Return the organization of the present scope; raise ScopeError outside one."""
    value = _scope.get()
    if value in ("", SYSTEM):
        raise ScopeError("this needs an organization scope")
    return uuid.UUID(value)


@contextmanager
def _enter(value: str) -> Iterator[None]:
    token = _scope.set(value)
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def organization_scope(organization: object) -> Iterator[None]:
    """Work for one organization: everything of any other is invisible.

    `organization` is an Organization or its id. Raises ScopeError inside another organization's
    scope: a request never changes sides half-way.
    """
    new = str(uuid.UUID(str(getattr(organization, "pk", organization))))
    if _scope.get() not in ("", SYSTEM, new):
        raise ScopeError("already inside another organization")
    with _enter(new):
        yield


@contextmanager
def system_scope(reason: str) -> Iterator[None]:
    """Work across organizations; `reason` says why and is required."""
    if not reason:
        raise ScopeError("say why")
    with _enter(SYSTEM):
        yield
