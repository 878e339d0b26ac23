from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django import DjangoDbBlocker

from tests.chasing.desk import Desk, new_desk, wrong


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Open the database to a module's tests, committed and not emptied between them.

    The sender has a connection of its own, so a transaction around a test would hide its rows.
    Each test works in an organization of its own, which is enough: nobody sees another's.
    """
    with django_db_blocker.unblock():
        yield
        call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=True)
        connection.close()


@pytest.fixture
def desk(house: None) -> Iterator[Desk]:
    """Give a company on a test clock; afterwards nothing may contradict the rules."""
    with new_desk() as opened:
        yield opened
        assert wrong() == {}
