"""What became of a message after it was handed over, as its provider or a mail server tells.

Reports come late, twice and in any order; each is taken in once, and the outcome is the same
whatever the order. Rule: chasing, Outcomes; Who gets it.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from dunwell.chasing.models import Schedule
from dunwell.chasing.operations.judging import judge_again, lock_send
from dunwell.core.addresses import folded
from dunwell.core.outcomes import DeliveryState, Reason, after_report
from dunwell.inbox.models import Delivery, ReceivedReport
from dunwell.ledger.models import Suppression
from dunwell.ledger.operations import block_address, free_address
from dunwell.ledger.operations.history import activity
from dunwell.ports.incoming import DeliveryReport, Report
from dunwell.tenancy import events
from dunwell.tenancy.models import Member, Organization
from dunwell.tenancy.roles import SYSTEM_ACTOR

WAIT: Final = timedelta(days=1)
"""For how long a report about a message that nobody knows waits for it."""

_STATES: Final = {
    Report.DELIVERED: DeliveryState.DELIVERED,
    Report.COMPLAINED: DeliveryState.DELIVERED,  # only who has a message can complain of it
    Report.OPENED: DeliveryState.DELIVERED,
    Report.BOUNCED: DeliveryState.BOUNCED,
    Report.FAILED: DeliveryState.FAILED,
}
_BLOCKS: Final = {
    Report.BOUNCED: Reason.ADDRESS_BOUNCED,
    Report.COMPLAINED: Reason.COMPLAINED,
    Report.OPTED_OUT: Reason.OPTED_OUT,
}
_TOLD: Final = frozenset(
    {Report.BOUNCED, Report.FAILED, Report.COMPLAINED, Report.OPTED_OUT, Report.OPTED_IN}
)
_OF_PEOPLE: Final = frozenset({Report.COMPLAINED, Report.OPTED_OUT, Report.OPTED_IN})
"""What holds for an address, whether or not we know the message that led to it."""
_UNDER_WAY: Final = (DeliveryState.QUEUED, DeliveryState.SENDING)


def receive_report(*, organization: Organization, report: DeliveryReport, now: datetime) -> bool:
    """Take one report in, once; say whether it was new.

    It sets the message delivered, bounced or failed, judges its planned send again, and blocks the
    address after a hard bounce, a complaint or an opt-out. A report about a message that is still
    on its way waits until that is written down. `now` is the organization's instant.
    """
    if report.report is Report.OPENED and not organization.track_opened:
        return False
    with transaction.atomic():
        row, new = ReceivedReport.objects.get_or_create(
            organization=organization,
            key=_key(report),
            defaults={
                "report": report.report,
                "provider": report.provider[:40],
                "at": report.at,
                "delivery_id_told": report.delivery_id or _id_in(report.message_id),
                "reference": report.reference[:120],
                "address": report.address[:254],
                "detail": report.detail[:2000],
                "received_at": now,
            },
        )
    if new:
        _take(row, now)
    return new


def next_waiting(*, organization: Organization, after: datetime) -> datetime | None:
    """Return when a waiting report can be taken in, or is given up."""
    waiting = list(_waiting(organization))
    if any(_settled(row) for row in waiting):
        return after
    return min((row.received_at + WAIT for row in waiting), default=None)


def take_waiting(*, organization: Organization, at: datetime) -> int:
    """Take in the reports whose messages have ended meanwhile; give up those of nobody's."""
    return sum(_take(row, at) for row in _waiting(organization))


def _waiting(organization: Organization) -> list[ReceivedReport]:
    rows = ReceivedReport.objects.filter(organization=organization, taken_at__isnull=True)
    return list(rows.order_by("received_at", "pk")[:500])


def _settled(row: ReceivedReport) -> bool:
    found = _find(row)
    return found is not None and found.state not in _UNDER_WAY


def _find(row: ReceivedReport) -> Delivery | None:
    """Find the message a report is about by any of its names."""
    found = None
    if row.delivery_id_told is not None:
        found = Delivery.objects.filter(pk=row.delivery_id_told).first()
    if found is None and row.reference:
        found = Delivery.objects.filter(provider_reference=row.reference).order_by("pk").first()
    return found


@transaction.atomic
def _take(row: ReceivedReport, now: datetime) -> bool:
    """Do what a report says if its message is known and has ended; say whether that is done."""
    waits = ReceivedReport.objects.filter(pk=row.pk, taken_at__isnull=True)
    if not waits.select_for_update(no_key=True).exists():
        return False
    delivery = _find(row)
    kind = Report(row.report)
    if delivery is None or delivery.state in _UNDER_WAY:
        late = now - row.received_at >= WAIT
        if delivery is None and row.address and kind in _OF_PEOPLE:
            _of_address(row, None, now)
        elif not late:
            return False
        delivery = None
    elif not _about_a_copy(row, delivery):
        delivery = _carry_out(row, delivery, now)
    ReceivedReport.objects.filter(pk=row.pk).update(taken_at=now, delivery=delivery)
    return True


def _about_a_copy(row: ReceivedReport, delivery: Delivery) -> bool:
    """Say whether a report is about the copy that one of us got, not the customer's message."""
    address = row.address.strip().lower()
    if not address or delivery.channel != "email" or address == delivery.to_address.lower():
        return False
    ours = Organization.objects.filter(pk=row.organization_id, copy_address__iexact=address)
    return ours.exists() or Member.objects.filter(email__iexact=address).exists()


def _carry_out(row: ReceivedReport, delivery: Delivery, now: datetime) -> Delivery:
    """Block the address, then write on the message and judge its send, in the order of locks."""
    kind = Report(row.report)
    if kind in _BLOCKS or kind is Report.OPTED_IN:
        _of_address(row, delivery, now)
    send = lock_send(planned_send_id=delivery.planned_send_id) if delivery.planned_send_id else None
    delivery = Delivery.objects.select_for_update(no_key=True).get(pk=delivery.pk)
    changed = _write(row, delivery)
    if send is not None and changed:
        judge_again(send=send, now=now)
    if changed or kind in _TOLD or kind is Report.OPENED:
        _tell(row, delivery, now)
    return delivery


def _write(row: ReceivedReport, delivery: Delivery) -> bool:
    """Write a report on its locked message; say whether its state is another now."""
    kind = Report(row.report)
    if kind is Report.OPENED and delivery.opened_at is None:
        delivery.opened_at = row.at
        delivery.save(update_fields=["opened_at"])
    told = _STATES.get(kind)
    handed_over = delivery.message_id is not None
    before = DeliveryState(delivery.state)
    if told is None or not handed_over:
        return False
    after = after_report(state=before, told=told)
    if after is before:
        return False
    delivery.state, delivery.reported_at = after, row.at
    delivery.reason = "" if after is DeliveryState.DELIVERED else _reason(after)
    delivery.detail = row.detail
    delivery.save(update_fields=["state", "reason", "detail", "reported_at"])
    return True


def _reason(state: DeliveryState) -> str:
    return "bounced" if state is DeliveryState.BOUNCED else "not_delivered"


def _of_address(row: ReceivedReport, delivery: Delivery | None, now: datetime) -> None:
    """Stop using the address a report is about, or use it again if its owner opts in."""
    address = delivery.to_address if delivery else row.address
    channel = delivery.channel if delivery else "email" if "@" in row.address else "sms"
    if channel == "letter":
        return
    if row.report == Report.OPTED_IN:
        _free(channel, address, now)
        return
    block_address(
        actor=SYSTEM_ACTOR,
        now=now,
        channel=channel,
        address=address,
        reason=_BLOCKS[Report(row.report)],
        detail=row.detail,
        delivery_id=delivery.pk if delivery else None,
        contact_id=_contact(delivery, channel, address),
        also=listed_on(channel, address),
    )


def _free(channel: str, address: str, now: datetime) -> None:
    """Use an address again whose owner had opted out; a bounce is not undone by that."""
    key = folded(channel=channel, address=address)
    if Suppression.objects.filter(
        channel=channel, address=key, reason__in=(Reason.OPTED_OUT, Reason.COMPLAINED)
    ).exists():
        free_address(
            actor=SYSTEM_ACTOR,
            now=now,
            channel=channel,
            address=address,
            also=listed_on(channel, address),
        )


def _contact(delivery: Delivery | None, channel: str, address: str) -> UUID | None:
    """Return the message's contact if it still has the address the message went to."""
    contact = delivery.contact if delivery else None
    if contact is None:
        return None
    held = contact.email if channel == "email" else contact.phone
    same = folded(channel=channel, address=held) == folded(channel=channel, address=address)
    return contact.pk if same else None


def listed_on(channel: str, address: str) -> list[UUID]:
    """Return the invoices whose own list names the address."""
    if channel != "email":
        return []
    names = {address, address.lower()}
    rows = Schedule.objects.filter(contacts__overlap=list(names))
    return list(rows.values_list("invoice_id", flat=True))


def _tell(row: ReceivedReport, delivery: Delivery, now: datetime) -> None:
    """Write a report into the log and the events."""
    data = {
        "to": delivery.to_address or delivery.to_name,
        "delivery_id": str(delivery.pk),
        "planned_send_id": str(delivery.planned_send_id) if delivery.planned_send_id else None,
        "report": row.report,
        "state": delivery.state,
        "provider": row.provider,
    }
    if row.report in _TOLD:
        activity(
            actor=SYSTEM_ACTOR,
            now=now,
            kind="delivery_report",
            customer_id=delivery.customer_id,
            invoice_id=delivery.invoice_id,
            channel=delivery.channel,
            outcome=row.report,
            text=row.detail,
            data=data,
        ).save(force_insert=True)
    events.emit(
        kind=f"message.{row.report}",
        at=now,
        customer_id=delivery.customer_id,
        invoice_id=delivery.invoice_id,
        data={**data, "detail": row.detail[:500]},
    )


def _key(report: DeliveryReport) -> str:
    """Name a report for ever: what it says about which message and whom, not when it was told."""
    name = str(report.delivery_id or _id_in(report.message_id) or report.message_id or "")
    if not name and not report.reference:
        name = report.at.isoformat()  # about a person only, who may say so again
    parts = (report.report, report.provider, name, report.reference, report.address.lower())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _id_in(message_id: str) -> UUID | None:
    """Read the delivery out of a Message-ID of ours; None if it is somebody else's."""
    try:
        return UUID(message_id.strip().lstrip("<").partition("@")[0])
    except ValueError:
        return None
