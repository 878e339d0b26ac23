"""Judging a planned send again after something was learned about its messages."""

from datetime import datetime
from uuid import UUID

from dunwell.chasing.models import PlannedSend
from dunwell.core.cadence import Channel
from dunwell.core.outcomes import DeliveryState, SendState
from dunwell.core.sending import DeliveryFacts, judge
from dunwell.inbox.models import Delivery


def lock_send(*, planned_send_id: UUID) -> PlannedSend | None:
    """Lock a planned send before its messages, in the sender's own order."""
    return PlannedSend.objects.select_for_update(no_key=True).filter(pk=planned_send_id).first()


def judge_again(*, send: PlannedSend, now: datetime) -> SendState:
    """Derive a locked planned send's state from its messages as they are now.

    Rule: chasing, Outcomes (a later bounce judges it again).
    """
    rows = Delivery.objects.filter(planned_send_id=send.pk).order_by("pk")
    state, reason = judge(
        DeliveryFacts(Channel(row.channel), DeliveryState(row.state), row.reason or None)
        for row in rows
    )
    if (send.state, send.reason) != (state, reason or ""):
        send.state, send.reason, send.changed_at = state, str(reason or ""), now
        send.save(update_fields=["state", "reason", "changed_at"])
    return state
