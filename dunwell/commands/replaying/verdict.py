"""Judging a replay: what went out against what was planned, paid and received."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from dunwell.chasing.invariants import INVARIANTS as CHASING
from dunwell.chasing.models import PlannedSend
from dunwell.commands.replaying.sink import Received
from dunwell.core.calendar import local_date
from dunwell.core.mime import message_id
from dunwell.inbox.models import Delivery
from dunwell.ledger.invariants import INVARIANTS as LEDGER
from dunwell.ledger.invariants import violations
from dunwell.ledger.models import Invoice, Payment
from dunwell.tenancy import clock
from dunwell.tenancy.models import Organization
from dunwell.tenancy.scope import organization_scope


@dataclass(slots=True)
class Verdict:
    """Counts of everything, and how often each thing that must never be was found."""

    counts: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    offsets: dict[str, int] = field(default_factory=dict)
    violations: dict[str, int] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Say whether nothing was found that must never be."""
        return not any(self.violations.values())


@dataclass(frozen=True, slots=True)
class _Sent:
    """A message that the records say went out, with what it is measured by."""

    message_id: str
    at: datetime
    planned_at: datetime
    hour: int
    to: str
    invoice_date: object
    paid_at: datetime | None


def judge(organization: Organization, *, received: Sequence[Received] | None) -> Verdict:
    """Judge a replayed sandbox; `received` is what its SMTP sink got, None without one."""
    with organization_scope(organization):
        sent = list(_sent(organization))
        verdict = Verdict()
        verdict.counts = {
            "invoices": Invoice.objects.count(),
            "payments": Payment.objects.count(),
            "planned sends": PlannedSend.objects.count(),
            "messages recorded as sent": len(sent),
        }
        if received is not None:
            verdict.counts["messages received"] = len(received)
        verdict.outcomes = _outcomes()
        verdict.offsets = _offsets(sent, organization.zone)
        verdict.violations = {
            "planned sends past that are not sent, or skipped or cancelled with a reason": _unended(
                clock.now(organization)
            ),
            **_of_times(sent, organization.zone),
            **(_of_mail(sent, received) if received is not None else {}),
            **{rule.name: violations(rule) for rule in (*LEDGER, *CHASING)},
        }
    return verdict


def _sent(organization: Organization) -> Iterator[_Sent]:
    domain = organization.sender_email.rpartition("@")[2]
    sends: dict[UUID, tuple[datetime, int]] = {
        pk: (at, hour) for pk, at, hour in PlannedSend.objects.values_list("id", "at", "hour")
    }
    invoices = {
        pk: (day, paid)
        for pk, day, paid in Invoice.objects.values_list("id", "invoice_date", "paid_at")
    }
    found = Delivery.objects.filter(state="sent").order_by("id")
    for delivery, at, send, invoice, to in found.values_list(
        "id", "at", "planned_send_id", "invoice_id", "to_address"
    ):
        if send is None or invoice is None:
            continue
        day, paid = invoices[invoice]
        name = message_id(delivery_id=delivery, domain=domain)
        yield _Sent(name, at, *sends[send], to, day, paid)


def _outcomes() -> dict[str, int]:
    pairs = PlannedSend.objects.values_list("state", "reason")
    counted = Counter(f"{state} ({reason})" if reason else state for state, reason in pairs)
    return dict(sorted(counted.items()))


def _offsets(sent: Sequence[_Sent], zone: ZoneInfo) -> dict[str, int]:
    """Count messages by the zone's distance from UTC: two where clocks change."""
    return dict(sorted(Counter(f"{each.at.astimezone(zone):%:z}" for each in sent).items()))


def _unended(now: datetime) -> int:
    """Count what neither went out nor ended with a reason, apart from what is still to come."""
    ended = PlannedSend.objects.filter(state__in=("sent", "skipped", "cancelled"))
    to_come = PlannedSend.objects.filter(state="planned", at__gt=now)
    without_reason = ended.exclude(state="sent").filter(reason="")
    return PlannedSend.objects.count() - ended.count() - to_come.count() + without_reason.count()


def _of_times(sent: Sequence[_Sent], zone: ZoneInfo) -> dict[str, int]:
    return {
        "messages after their invoice's payment": sum(
            each.paid_at is not None and each.at > each.paid_at for each in sent
        ),
        "messages before their invoice's date": sum(
            local_date(each.at, zone) < each.invoice_date  # type: ignore[operator]  # both days
            for each in sent
        ),
        "messages not at their step's local hour": sum(
            each.at != each.planned_at
            or each.at.astimezone(zone).strftime("%H:%M:%S") != f"{each.hour:02}:00:00"
            for each in sent
        ),
    }


def _of_mail(sent: Sequence[_Sent], received: Sequence[Received]) -> dict[str, int]:
    recorded = {each.message_id: each for each in sent}
    arrived = Counter(each.message_id for each in received)
    return {
        "messages received twice": sum(count > 1 for count in arrived.values()),
        "messages received but not recorded": len(arrived.keys() - recorded.keys()),
        "messages recorded but not received": len(recorded.keys() - arrived.keys()),
        "messages received with another date or address than recorded": sum(
            each.message_id in recorded
            and (recorded[each.message_id].at, recorded[each.message_id].to) != (each.date, each.to)
            for each in received
        ),
    }
