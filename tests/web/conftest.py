"""A company on a test clock with someone signed in, for the pages' tests."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from pytest_django import DjangoDbBlocker

from dunwell.tenancy.models import Member, User
from dunwell.tenancy.roles import Role
from tests.chasing.desk import Desk, new_desk


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Open the database to a module's tests, committed: the sender has a connection of its own."""
    with django_db_blocker.unblock():
        yield
        call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=True)
        connection.close()


@pytest.fixture
def desk(house: None) -> Iterator[Desk]:
    """Give a company whose clock stands at Monday, 2 March 2026, 8:00 in Berlin."""
    with new_desk() as opened:
        yield opened


def signed_in(desk: Desk, role: Role = Role.OWNER) -> Client:
    """Sign a member of that role in."""
    client = Client()
    member = Member.objects.get(role=Role.OWNER)
    if role is not Role.OWNER:
        email = f"{role.value}@{desk.organization.slug}.example"
        user = User.objects.create_user(email, name=role.value.title())
        member = Member.objects.create(
            organization=desk.organization,
            user=user,
            name=user.name,
            email=email,
            role=role,
            joined_at=desk.now,
        )
    client.force_login(member.user)
    return client


@pytest.fixture
def owner(desk: Desk) -> Client:
    return signed_in(desk)


@pytest.fixture
def viewer(desk: Desk) -> Client:
    return signed_in(desk, Role.VIEWER)
