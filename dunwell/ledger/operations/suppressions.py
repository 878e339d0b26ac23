"""Addresses that are not written to any more: they bounced, or their owner wants no more mail.

An address is blocked wherever it stands: on every contact that has it, and for the invoices' own
lists. What waits for those customers is thought over.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, Func, Q, QuerySet, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from dunwell.core.addresses import folded
from dunwell.ledger.models import Contact, Suppression
from dunwell.ledger.operations import history
from dunwell.ledger.operations.locks import lock_open_of, raise_chase_versions
from dunwell.tenancy import events, scope
from dunwell.tenancy.errors import InvalidInput, NotFound
from dunwell.tenancy.roles import Actor

CHANNELS: Final = ("email", "sms")


@transaction.atomic
def block_address(
    *,
    actor: Actor,
    now: datetime,
    channel: str,
    address: str,
    reason: str,
    detail: str = "",
    delivery_id: UUID | None = None,
    contact_id: UUID | None = None,
    also: Iterable[UUID] = (),
) -> None:
    """Stop using an address on `email` or `sms`, for all contacts that have it and own lists.

    `contact_id` is blocked too, whatever its address looks like now; `also` are invoices whose own
    list names the address. Raises InvalidInput for another channel.
    """
    _known_channel(channel)
    key = folded(channel=channel, address=address)
    contacts, waiting = _locked(channel, key, contact_id, also)
    if key:
        Suppression.objects.update_or_create(
            channel=channel,
            address=key,
            defaults={
                "organization_id": scope.organization_id(),
                "reason": reason[:40],
                "detail": detail[:2000],
                "delivery_id": delivery_id,
                "at": now,
                "by": actor.label[:200],
            },
        )
    for contact in contacts:
        _mark(contact, channel, reason[:40], detail=detail, actor=actor, now=now)
    raise_chase_versions(invoice_ids=waiting)


@transaction.atomic
def free_address(
    *,
    actor: Actor,
    now: datetime,
    channel: str,
    address: str,
    contact_id: UUID | None = None,
    also: Iterable[UUID] = (),
) -> None:
    """Use an address again that was blocked. Raises InvalidInput for another channel."""
    _known_channel(channel)
    key = folded(channel=channel, address=address)
    contacts, waiting = _locked(channel, key, contact_id, also)
    Suppression.objects.filter(channel=channel, address=key).delete()
    for contact in contacts:
        _mark(contact, channel, "", detail="", actor=actor, now=now)
    raise_chase_versions(invoice_ids=waiting)


def block_contact(
    *, actor: Actor, now: datetime, contact_id: UUID, channel: str, reason: str
) -> Contact:
    """Stop using a contact's address on `email` or `sms`, for example after a hard bounce.

    An empty reason frees it again. Raises NotFound, InvalidInput for another channel.
    """
    _known_channel(channel)
    contact = Contact.objects.filter(pk=contact_id).first()
    if contact is None:
        raise NotFound
    address = contact.email if channel == "email" else contact.phone
    if reason:
        block_address(
            actor=actor,
            now=now,
            channel=channel,
            address=address,
            reason=reason,
            contact_id=contact_id,
        )
    else:
        free_address(actor=actor, now=now, channel=channel, address=address, contact_id=contact_id)
    contact.refresh_from_db()
    return contact


def _known_channel(channel: str) -> None:
    if channel not in CHANNELS:
        raise InvalidInput.at("channel", _("Only email and SMS can be blocked."))


def _locked(
    channel: str, key: str, contact_id: UUID | None, also: Iterable[UUID]
) -> tuple[Sequence[Contact], Iterable[UUID]]:
    """Lock the customers' open invoices, then the contacts that have the address, in id order."""
    found = _having(channel, key, contact_id)
    waiting = lock_open_of(customer_ids=found.values_list("customer_id", flat=True), also=also)
    return list(found.order_by("pk").select_for_update(no_key=True)), waiting


def _having(channel: str, key: str, contact_id: UUID | None) -> QuerySet[Contact]:
    if channel == "email":
        contacts = Contact.objects.alias(key=Lower("email"))
    else:
        digits = Func(
            F("phone"), Value("[^0-9+]"), Value(""), Value("g"), function="regexp_replace"
        )
        contacts = Contact.objects.alias(key=digits)
    same = Q(key=key) if key else Q(pk__in=[])
    return contacts.filter(same | Q(pk=contact_id))


def _mark(
    contact: Contact, channel: str, reason: str, *, detail: str, actor: Actor, now: datetime
) -> None:
    """Write on a contact whether its address is used, and tell of the change."""
    column = f"{channel}_blocked"
    old = getattr(contact, column)
    if old == reason:
        return
    setattr(contact, column, reason)
    contact.save(update_fields=[column])
    what = "blocked" if reason else "freed"
    history.audited(
        actor=actor, now=now, action=f"contact.{what}", row=contact, changes={column: [old, reason]}
    )
    address = contact.email if channel == "email" else contact.phone
    data = {"contact_id": str(contact.pk), "address": address, "reason": reason}
    history.activity(
        actor=actor,
        now=now,
        kind=f"address_{what}",
        customer_id=contact.customer_id,
        channel=channel,
        outcome=reason,
        text=detail,
        data=data,
    ).save(force_insert=True)
    events.emit(
        kind=f"contact.{what}",
        at=now,
        customer_id=contact.customer_id,
        data={**data, "channel": channel},
    )
