"""The test clock: only forward, only in a sandbox, one hand at a time, everything in order."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connection

from dunwell import flows
from dunwell.ledger.operations import ContactInput, save_contacts
from dunwell.tenancy.errors import Conflict, InvalidInput, NotAllowed
from dunwell.tenancy.models import Event
from dunwell.tenancy.roles import Actor, Role
from tests.chasing.desk import Desk, after_due, new_desk, on_issue, wrong
from tests.ledger.conftest import make_organization

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(transactional_db: None) -> Iterator[Desk]:
    with new_desk() as opened:
        yield opened
        assert wrong() == {}


def test_a_clock_stands_still_until_it_is_advanced_and_only_moves_forward(desk: Desk) -> None:
    before = desk.now
    assert flows.advance(
        organization=desk.organization, to=before + timedelta(hours=2), actor=desk.actor
    ).now == before + timedelta(hours=2)
    desk.organization.refresh_from_db()
    assert desk.now == before + timedelta(hours=2)
    with pytest.raises(InvalidInput):
        flows.advance(organization=desk.organization, to=before, actor=desk.actor)


def test_a_live_organization_has_no_test_clock() -> None:
    live = make_organization("live")
    with pytest.raises(Conflict):
        flows.advance(
            organization=live,
            to=datetime(2030, 1, 1, tzinfo=UTC),
            actor=Actor("A", role=Role.OWNER),
        )


def test_only_who_may_move_the_clock_moves_it(desk: Desk) -> None:
    viewer = Actor(label="Vi", role=Role.VIEWER)
    with pytest.raises(NotAllowed):
        flows.advance(organization=desk.organization, to=desk.now, actor=viewer)


def test_a_clock_that_is_being_advanced_is_not_advanced_by_another(desk: Desk) -> None:
    parameters = connection.get_connection_params()
    parameters = {k: parameters[k] for k in ("dbname", "user", "host", "port") if k in parameters}
    key = desk.organization.pk.int & 0x7FFF_FFFF_FFFF_FFFF
    with psycopg.connect(**parameters, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [key])
        with pytest.raises(Conflict):
            desk.advance("2026-03-03 00:00")
        other.execute("SELECT pg_advisory_unlock(%s)", [key])
    desk.advance("2026-03-03 00:00")


def test_what_happened_on_the_way_is_told_in_order_of_time(desk: Desk) -> None:
    desk.invoice([on_issue(9), after_due(1, 9)])
    desk.advance("2026-04-10 00:00")
    told = list(Event.objects.order_by("position").values_list("kind", "at"))
    kinds = [kind for kind, _at in told if kind.startswith(("message", "invoice.due", "invoice.o"))]
    assert kinds == ["message.sent", "invoice.due", "invoice.overdue", "message.sent"]
    assert [at for _kind, at in told] == sorted(at for _kind, at in told)


def test_one_step_of_two_months_comes_to_the_same_as_sixty_of_a_day(transactional_db: None) -> None:
    found = []
    for days in (60, 1):
        with new_desk() as desk:
            invoice = desk.invoice([on_issue(9), after_due(1, 9)])
            for _step in range(60 // days):
                to = desk.now + timedelta(days=days)
                flows.advance(organization=desk.organization, to=to, actor=desk.actor)
            found.append(desk.sends(invoice))
    assert found[0] == found[1]
    assert [state for _at, state in found[0]] == ["sent", "sent"]


def test_a_new_contact_is_written_to_from_then_on(desk: Desk) -> None:
    customer = desk.customer("jo@proseware.example")
    invoice = desk.invoice([on_issue(9), after_due(1, 9)], customer=customer)
    desk.advance("2026-03-10 00:00")
    contact = ContactInput(name="Bo", email="bo@proseware.example", receives_invoices=True)
    save_contacts(**desk.here, customer_id=customer.pk, contacts=[contact])
    desk.advance("2026-04-10 00:00")
    assert [to for _at, _template, to in desk.went_out(invoice)] == [
        "jo@proseware.example",
        "jo@proseware.example",
        "bo@proseware.example",
    ]
