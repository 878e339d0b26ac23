"""Writes events and audit entries; readers are told after the commit by the publisher."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from dunwell.tenancy import scope
from dunwell.tenancy.models import AuditEntry, Event
from dunwell.tenancy.roles import Actor


def emit(
    *,
    kind: str,
    at: datetime,
    data: Mapping[str, Any] | None = None,
    customer_id: UUID | None = None,
    invoice_id: UUID | None = None,
) -> None:
    """Write one event in the caller's transaction, for the organization of the scope.

    `kind` is dotted, noun first (`invoice.paid`); `at` is the organization's clock.
    """
    emit_many([event(kind=kind, at=at, data=data, customer_id=customer_id, invoice_id=invoice_id)])


def event(
    *,
    kind: str,
    at: datetime,
    data: Mapping[str, Any] | None = None,
    customer_id: UUID | None = None,
    invoice_id: UUID | None = None,
) -> Event:
    """Build an event to hand to emit_many."""
    return Event(
        organization_id=scope.organization_id(),
        kind=kind,
        at=at,
        data=dict(data or {}),
        customer_id=customer_id,
        invoice_id=invoice_id,
    )


def emit_many(events: Iterable[Event]) -> None:
    """Write many events at once."""
    Event.objects.bulk_create(list(events), batch_size=2000)


def audit(
    *,
    actor: Actor,
    at: datetime,
    action: str,
    object_type: str,
    object_id: UUID | None = None,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Write who changed what; `changes` maps a field to its [old, new] values, never a secret."""
    audit_many(
        [
            audit_entry(
                actor=actor,
                at=at,
                action=action,
                object_type=object_type,
                object_id=object_id,
                changes=changes,
            )
        ]
    )


def audit_entry(
    *,
    actor: Actor,
    at: datetime,
    action: str,
    object_type: str,
    object_id: UUID | None = None,
    changes: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Build an audit entry to hand to audit_many; as `audit` writes it."""
    return AuditEntry(
        organization_id=scope.organization_id(),
        at=at,
        actor=actor.label,
        action=action,
        object_type=object_type,
        object_id=object_id,
        changes=dict(changes or {}),
    )


def audit_many(entries: Iterable[AuditEntry]) -> None:
    """Write many audit entries at once."""
    AuditEntry.objects.bulk_create(list(entries), batch_size=2000)
