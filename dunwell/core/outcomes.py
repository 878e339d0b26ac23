"""The states of planned sends and deliveries, and the reasons they keep."""

from enum import StrEnum
from typing import Final


class SendState(StrEnum):
    """Where a planned send stands. Rule: chasing, Outcomes."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class DeliveryState(StrEnum):
    """Where one message to one contact on one channel stands. Rule: chasing, Outcomes."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"  # withdrawn before anything was handed over


class Reason(StrEnum):
    """Why a planned send or a delivery did not go out. Rule: chasing, throughout."""

    # skipped
    BACKDATED = "backdated"
    ALREADY_SENT = "already_sent"
    PAUSED = "paused"
    SUPERSEDED = "superseded"
    MISSED = "missed"
    DAILY_LIMIT = "daily_limit"
    BELOW_MINIMUM = "below_minimum"
    NO_CONTACT_WITH_ROLE = "no_contact_with_role"
    NO_RECIPIENT = "no_recipient"
    FOLDED = "folded"
    # cancelled
    PAID = "paid"
    CLOSED = "closed"
    DISABLED = "disabled"
    RESCHEDULED = "rescheduled"
    # failed, of a send or of one delivery
    UNCERTAIN = "uncertain"
    NO_EMAIL_ADDRESS = "no_email_address"
    NO_PHONE_NUMBER = "no_phone_number"
    NO_POSTAL_ADDRESS = "no_postal_address"
    ADDRESS_BOUNCED = "address_bounced"
    OPTED_OUT = "opted_out"
    COMPLAINED = "complained"


# What has been handed over, or may have been: planning again leaves it alone.
FROZEN: Final = frozenset({SendState.SENDING, SendState.SENT, SendState.FAILED})

_WEIGHT: Final = {
    DeliveryState.SENT: 0,
    DeliveryState.UNCERTAIN: 0,
    DeliveryState.FAILED: 1,
    DeliveryState.DELIVERED: 2,
    DeliveryState.BOUNCED: 3,
}


def after_report(*, state: DeliveryState, told: DeliveryState) -> DeliveryState:
    """Return where a message stands after a later word about it, in whatever order they come.

    A bounce outweighs a delivery (it was taken, then sent back), a delivery a failure (another try
    arrived). What has not ended or was withdrawn stays as it is.
    """
    if state not in _WEIGHT:
        return state
    return told if _WEIGHT[told] > _WEIGHT[state] else state
