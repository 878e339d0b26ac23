"""What a member sends by hand: an invoice now, or a failed send once more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from dunwell.chasing.errors import NotChaseable, NothingToRetry, SentToday
from dunwell.chasing.models import PlannedSend
from dunwell.chasing.operations.schedules import ensure_schedule, lock_invoice
from dunwell.core.cadence import Channel
from dunwell.core.calendar import local_date
from dunwell.core.outcomes import SendState
from dunwell.inbox.models import Delivery
from dunwell.ledger.models import Invoice
from dunwell.tenancy.errors import DunwellError, InvalidInput, NotFound
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor


def send_now(
    *,
    organization: Organization,
    invoice_id: UUID,
    channels: Sequence[str],
    actor: Actor,
    now: datetime,
    confirmed: bool = False,
) -> PlannedSend:
    """Plan a member's own message for now; the next claim hands it over.

    Raises NotChaseable for a draft, paid or closed invoice, and SentToday unless `confirmed`
    where somebody already got this invoice on that channel today.
    """
    wanted = _channels(channels)
    with transaction.atomic():
        invoice = lock_invoice(invoice_id)
        _require_open(invoice)
        ensure_schedule(organization=organization, invoice_id=invoice_id, now=now)
        today = local_date(now, organization.zone)
        if not confirmed and _reached_today(invoice_id, wanted, today):
            raise SentToday(
                _("This invoice already went out on this channel today. Send it again?")
            )
        return _plan_by_hand(
            organization, invoice_id, kind="manual", channels=wanted, at=now, now=now, actor=actor
        )


def retry(
    *,
    organization: Organization,
    planned_send_id: UUID,
    at: datetime | None,
    actor: Actor,
    now: datetime,
) -> PlannedSend:
    """Plan a member's new attempt at a failed send, now or at a later instant.

    It goes to the recipients that failed. Raises NothingToRetry, NotChaseable.
    """
    first = PlannedSend.objects.filter(pk=planned_send_id).first()
    if first is None or first.invoice_id is None:
        raise NotFound(_("There is no such planned send."))
    if at is not None and at < now:
        raise InvalidInput.at("at", _("Choose a time that is not past."))
    with transaction.atomic():
        invoice = lock_invoice(first.invoice_id)
        first.refresh_from_db()
        if first.state != SendState.FAILED:
            raise NothingToRetry(_("Only a failed send can be tried again."))
        if PlannedSend.objects.filter(retry_of=first, state__in=["planned", "sending"]).exists():
            raise NothingToRetry(_("Another attempt is planned already."))
        _require_open(invoice)
        return _plan_by_hand(
            organization,
            invoice.pk,
            kind="retry",
            channels=first.channels,
            at=at or now,
            now=now,
            actor=actor,
            retry_of=first,
            template=first.template,
            roles=first.contact_roles,
        )


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of a retry of many: how many are planned, and why others are not."""

    planned: int
    refused: Sequence[tuple[UUID, str]]


def retry_many(
    *, organization: Organization, planned_send_ids: Sequence[UUID], actor: Actor, now: datetime
) -> Retried:
    """Plan new attempts at many failed sends for now, each in a transaction of its own.

    One that cannot be tried again (paid meanwhile, tried by someone else) leaves the others alone
    and is given back with its sentence.
    """
    planned, refused = 0, []
    for send in planned_send_ids:
        try:
            retry(organization=organization, planned_send_id=send, at=None, actor=actor, now=now)
        except DunwellError as error:
            refused.append((send, error.detail))
        else:
            planned += 1
    return Retried(planned, refused)


def _plan_by_hand(
    organization: Organization,
    invoice_id: UUID,
    *,
    kind: str,
    channels: Sequence[str],
    at: datetime,
    now: datetime,
    actor: Actor,
    retry_of: PlannedSend | None = None,
    template: str = "",
    roles: Sequence[str] = (),
) -> PlannedSend:
    return PlannedSend.objects.create(
        organization=organization,
        invoice_id=invoice_id,
        kind=kind,
        trigger={"type": kind},
        day=local_date(at, organization.zone),
        at=at,
        hour=at.astimezone(organization.zone).hour,
        channels=list(channels),
        contact_roles=list(roles),
        template=template,
        state=SendState.PLANNED,
        by=actor.label,
        changed_at=now,
        retry_of=retry_of,
        live=not organization.sandbox,
    )


def _require_open(invoice: Invoice) -> None:
    if invoice.issued_at is None:
        raise NotChaseable(_("A draft is not sent; issue it first."))
    if invoice.closed_at is not None:
        raise NotChaseable(_("This invoice is closed."))
    if invoice.balance.minor <= 0:
        raise NotChaseable(_("This invoice is paid."))


def _channels(channels: Sequence[str]) -> list[str]:
    known = {channel.value for channel in Channel}
    wanted = list(dict.fromkeys(channels))
    if not wanted or not set(wanted) <= known:
        raise InvalidInput.at("channels", _("Choose email, sms or letter."))
    return wanted


def _reached_today(invoice_id: UUID, channels: Sequence[str], today: date) -> bool:
    return Delivery.objects.filter(
        invoice_id=invoice_id,
        channel__in=channels,
        local_day=today,
        planned_send_id__isnull=False,
        state__in=["queued", "sending", "sent", "delivered", "uncertain"],
    ).exists()
