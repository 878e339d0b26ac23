"""The audit names what was spoilt in the chasing of whole accounts."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction

from dunwell.chasing.models import AccountCycle, AccountItem, PlannedSend, Task
from dunwell.core.ids import uuid7
from tests.chasing.accounts import chase, customer_cadence, past_due
from tests.chasing.desk import Desk, wrong


def _plan_twice() -> None:
    send = PlannedSend.objects.get(kind="account")
    for days in (1, 2):
        send.pk, send.state = uuid7(), "planned"
        send.day += timedelta(days=days)
        send.save(force_insert=True)


def _swap_customer() -> None:
    item = AccountItem.objects.select_related("invoice").first()
    assert item is not None
    others = PlannedSend.objects.filter(kind="account")
    stranger = Task.objects.values_list("customer_id", flat=True).get()
    others.filter(pk=item.planned_send_id).update(customer_id=stranger)


SPOILS: list[tuple[Callable[[], object], str]] = [
    (_plan_twice, "account_step_under_way_once"),
    (
        lambda: AccountCycle.objects.update(ended_at="2026-03-21T00:00:00Z"),
        "no_open_task_of_an_ended_cycle",
    ),
    (_swap_customer, "account_message_lists_its_own_invoices"),
]


@pytest.mark.parametrize(("spoil", "name"), SPOILS, ids=[name for _spoil, name in SPOILS])
def test_the_audit_names_what_was_spoilt(
    desk: Desk, spoil: Callable[[], object], name: str
) -> None:
    written, called = desk.customer(), desk.customer()
    for customer, steps in ((written, [past_due(5)]), (called, [past_due(5, "task")])):
        desk.invoice(customer=customer, due_date="2026-03-10")
        chase(desk, customer, customer_cadence(desk, steps, name=str(customer.pk)))
    desk.advance("2026-03-20 00:00")
    assert wrong() == {}
    with transaction.atomic():
        spoil()
        assert name in wrong()
        transaction.set_rollback(True)
