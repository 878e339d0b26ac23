"""The audit names what was spoilt in chasing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F

from dunwell.chasing.invariants import INVARIANTS
from dunwell.chasing.models import FirstSend, PlannedSend, Schedule
from dunwell.core.ids import uuid7
from dunwell.inbox.models import Conversation, Delivery
from tests.chasing.desk import Desk, after_due, on_issue, wrong


def _copy(delivery: Delivery, **changed: object) -> None:
    delivery.pk = uuid7()
    delivery.message_id = None
    for name, value in changed.items():
        setattr(delivery, name, value)
    delivery.save(force_insert=True)


SPOILS: list[tuple[Callable[[], object], str]] = [
    (lambda: Delivery.objects.update(state="failed"), "sent_has_delivery"),
    (lambda: Delivery.objects.update(channel="sms", state="failed"), "sent_on_every_channel"),
    (lambda: Delivery.objects.update(state="queued"), "sending_has_open_delivery"),
    (lambda: PlannedSend.objects.filter(state="planned").update(state="sending"),
     "sending_has_open_delivery"),
    (lambda: PlannedSend.objects.filter(state="sent").update(state="planned"),
     "nothing_out_of_a_send_that_is_not"),
    (lambda: _copy(Delivery.objects.get()), "one_message_per_person"),
    (lambda: Delivery.objects.update(at=F("at") + timedelta(days=60)), "nothing_after_the_end"),
    (lambda: Delivery.objects.update(local_day="2026-03-01"), "nothing_before_the_invoice_date"),
    (lambda: Schedule.objects.update(enabled=False), "nothing_planned_after_the_end"),
    (lambda: _copy(Delivery.objects.get(),
                   planned_send_id=PlannedSend.objects.get(state="planned").pk), "once_a_day"),
    (lambda: Delivery.objects.update(next_try_at=F("at")), "queued_is_waiting_for_something"),
    (lambda: Delivery.objects.update(settled_at=None), "ended_at_a_moment"),
    (lambda: FirstSend.objects.all().delete(), "first_send_when_something_went_out"),
    (lambda: Delivery.objects.all().delete(), "first_send_when_something_went_out"),
    (lambda: Delivery.objects.update(message_id=None), "message_kept"),
    (lambda: Conversation.objects.update(last_seq=7), "conversation_numbered"),
    (lambda: PlannedSend.objects.update(live=True), "live_or_sandbox"),
    (lambda: PlannedSend.objects.update(day="2026-01-01"), "planned_on_its_day"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "name"), SPOILS, ids=[name for _spoil, name in SPOILS])
def test_the_audit_names_what_was_spoilt(
    desk: Desk, spoil: Callable[[], object], name: str
) -> None:
    paid = name == "nothing_after_the_end"
    invoice = desk.invoice([on_issue(9), after_due(3)])
    desk.advance("2026-03-03 00:00")
    if paid:
        desk.pay(invoice)
    assert wrong() == {}
    with transaction.atomic():
        spoil()
        assert name in wrong()
        transaction.set_rollback(True)


def test_every_invariant_has_a_name_of_its_own_and_says_what_must_hold() -> None:
    assert len({rule.name for rule in INVARIANTS}) == len(INVARIANTS)
    assert all(rule.explanation for rule in INVARIANTS)
