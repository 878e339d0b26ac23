"""However scopes, transactions, savepoints and errors are nested, PostgreSQL knows the scope."""

import random
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from dunwell.tenancy import scope
from dunwell.tenancy.scope import organization_scope, system_scope

pytestmark = pytest.mark.django_db(transaction=True)

ONE, OTHER = UUID(int=1), UUID(int=2)
ASK = "SELECT current_user, current_setting('dunwell.organization', true)"


class _AbandonedError(Exception):
    """Ends a block half-way."""


def check() -> None:
    """Ask PostgreSQL for whom it works, and compare it with the scope of the code."""
    with connection.cursor() as cursor:
        cursor.execute(ASK)
        user, organization = cursor.fetchone()
    want = scope.current()
    is_system = want == scope.SYSTEM
    assert user == (connection.system_role if is_system else "dunwell")  # type: ignore[attr-defined]  # our backend
    assert (organization or "") == ("" if is_system else want)


def walk(dice: random.Random, depth: int) -> None:
    """Do a few things at random, each of which may contain more of them."""
    acts: list[Callable[[random.Random, int], None]] = [
        _in_scope,
        _in_scope,
        _in_transaction,
        _abandoned,
        _broken,
        _closed,
    ]
    for _ in range(dice.randint(1, 4)):
        if dice.random() < 0.6:
            check()
        if depth:
            dice.choice(acts)(dice, depth - 1)
    if dice.random() < 0.7:
        check()


def _in_scope(dice: random.Random, depth: int) -> None:
    now = scope.current()
    choices = [system_scope("a walk"), organization_scope(ONE), organization_scope(OTHER)]
    if now not in ("", scope.SYSTEM):
        choices = [system_scope("a walk"), organization_scope(now)]
    with dice.choice(choices):
        walk(dice, depth)


def _in_transaction(dice: random.Random, depth: int) -> None:
    with transaction.atomic():
        walk(dice, depth)


def _abandoned(dice: random.Random, depth: int) -> None:
    with suppress(_AbandonedError), transaction.atomic():
        walk(dice, depth)
        raise _AbandonedError


def _broken(dice: random.Random, depth: int) -> None:
    """Let PostgreSQL refuse a statement, which aborts the transaction or the savepoint."""
    with suppress(DatabaseError), transaction.atomic():
        walk(dice, depth)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")


def _closed(dice: random.Random, depth: int) -> None:
    if not connection.in_atomic_block:
        connection.close()


@pytest.mark.parametrize("seed", range(60))
def test_postgresql_always_works_for_the_scope_of_the_code(seed: int) -> None:
    walk(random.Random(seed), depth=5)
