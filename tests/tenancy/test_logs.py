"""Events and audit entries: they only grow, and a reader by position misses none."""

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction

from dunwell.tenancy import events, publisher, queries
from dunwell.tenancy.models import AuditEntry, Event, Organization
from dunwell.tenancy.roles import SYSTEM_ACTOR
from dunwell.tenancy.scope import organization_scope, system_scope
from tests.tenancy.companies import NOW, company

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme() -> Organization:
    return company("Acme")


def _emit(organization: Organization, kind: str) -> None:
    with organization_scope(organization):
        events.emit(kind=kind, at=NOW)


def _kinds(organization: Organization, *, after: int = 0) -> list[str]:
    with organization_scope(organization):
        return [each.kind for each in queries.events_after(position=after, limit=100)]


@pytest.mark.parametrize(
    "tamper",
    [
        lambda: AuditEntry.objects.update(actor="nobody"),
        lambda: AuditEntry.objects.all().delete(),
        lambda: Event.objects.update(kind="invoice.unpaid"),
        lambda: Event.objects.update(data={"amount": "0"}),
        lambda: Event.objects.all().delete(),
    ],
    ids=["change audit", "delete audit", "change event", "change its data", "delete event"],
)
@pytest.mark.parametrize("system", [False, True], ids=["as the organization", "as the system"])
def test_the_logs_refuse_change(
    acme: Organization, tamper: Callable[[], Any], system: bool
) -> None:
    _emit(acme, "invoice.paid")
    scope = system_scope("tamper") if system else organization_scope(acme)
    with scope, pytest.raises(DatabaseError, match="append-only"):
        tamper()


def test_a_position_is_given_once(acme: Organization) -> None:
    _emit(acme, "invoice.paid")
    assert publisher.publish() == 1
    with system_scope("tamper"), pytest.raises(DatabaseError, match="append-only"):
        Event.objects.update(position=99)


def test_an_audit_entry_tells_who_changed_what(acme: Organization) -> None:
    with organization_scope(acme):
        events.audit(
            actor=SYSTEM_ACTOR,
            at=NOW,
            action="thing.changed",
            object_type="thing",
            changes={"name": ["old", "new"]},
        )
        entry = queries.audit_entries(limit=1)[0]
    assert (entry.actor, entry.changes) == ("Dunwell", {"name": ["old", "new"]})


def test_events_are_invisible_until_they_have_a_position(acme: Organization) -> None:
    _emit(acme, "a")
    assert _kinds(acme) == []
    assert publisher.publish() == 1
    assert _kinds(acme) == ["a"]
    assert publisher.publish() == 0


def test_an_event_that_commits_late_is_not_missed(acme: Organization) -> None:
    """The early one has the smaller id and commits after the late one was read."""
    inserted, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with organization_scope(acme), transaction.atomic():
                events.emit(kind="early", at=NOW)
                inserted.set()
                go_on.wait(10)
        finally:
            connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    assert inserted.wait(10)
    _emit(acme, "late")
    publisher.publish()
    assert _kinds(acme) == ["late"]
    with organization_scope(acme):
        read_up_to = queries.last_position()
    go_on.set()
    thread.join()
    publisher.publish()
    assert _kinds(acme, after=read_up_to) == ["early"]


def test_many_writers_and_two_publishers_lose_and_double_nothing(acme: Organization) -> None:
    stop = threading.Event()
    read: list[str] = []

    def write(name: int) -> None:
        try:
            for turn in range(20):
                with organization_scope(acme), transaction.atomic():
                    events.emit(kind=f"{name}.{turn}", at=NOW)
        finally:
            connections.close_all()

    def publish() -> None:
        try:
            while not stop.is_set():
                publisher.publish(limit=7)
        finally:
            connections.close_all()

    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    publishers = [threading.Thread(target=publish) for _ in range(2)]
    for thread in (*writers, *publishers):
        thread.start()
    position = 0
    while any(thread.is_alive() for thread in writers):
        position = _read_on(acme, position, read)
    stop.set()
    for thread in (*writers, *publishers):
        thread.join()
    publisher.publish_all()
    _read_on(acme, position, read)
    assert sorted(read) == sorted(f"{n}.{turn}" for n in range(4) for turn in range(20))


def _read_on(organization: Organization, position: int, read: list[str]) -> int:
    with organization_scope(organization):
        found = queries.events_after(position=position, limit=1000)
    read += [each.kind for each in found]
    return found[-1].position or 0 if found else position


def test_listeners_are_told_once_per_batch(acme: Organization) -> None:
    for kind in "abc":
        _emit(acme, kind)
    with psycopg.connect(
        host=connection.settings_dict["HOST"],
        user=connection.settings_dict["USER"],
        dbname=connection.settings_dict["NAME"],
        autocommit=True,
    ) as listener:
        listener.execute(f"listen {publisher.CHANNEL}")
        publisher.publish()
        told = list(listener.notifies(timeout=2, stop_after=1))
        more = list(listener.notifies(timeout=0.2))
    with organization_scope(acme):
        assert [each.payload for each in told] == [str(queries.last_position())]
    assert more == []


def test_two_organizations_read_only_their_own(acme: Organization) -> None:
    birch = company("Birch")
    _emit(acme, "ours")
    _emit(birch, "theirs")
    publisher.publish_all()
    assert _kinds(acme) == ["ours"]
    assert _kinds(birch) == ["theirs"]
