"""Puts money and credit against invoices, and takes it back."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from dunwell.ledger.errors import ChangedMeanwhile
from dunwell.ledger.models import Application, CreditNote, Invoice, Payment
from dunwell.ledger.operations.balance import follow_balances
from dunwell.ledger.operations.locks import raise_chase_versions
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor

type Origin = Payment | CreditNote


def apply_shares(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    origin: Origin,
    applied_on: date,
    shares: Mapping[UUID, int],
    invoices: Mapping[UUID, Invoice],
) -> list[Invoice]:
    """Apply minor units of a payment or credit note to locked invoices, and do what follows.

    `invoices` are all locked ones of the account: credit that is left over may hold any of them.
    Returns those that it was applied to, as they are now.
    """
    _insert(origin, applied_on, now, shares)
    if sum(shares.values()) < origin.unapplied.minor:
        raise_chase_versions(invoice_ids=invoices.keys() - shares.keys())
    return follow_balances(
        organization=organization,
        actor=actor,
        now=now,
        before=[invoices[pk] for pk in sorted(shares)],
    )


def take_back(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    origin: Origin,
    taken_on: date,
    minor: int,
    invoices: Mapping[UUID, Invoice],
) -> list[Invoice]:
    """Undo the latest applications of a payment until `minor` units are free again."""
    shares: dict[UUID, int] = {}
    for invoice_id, applied in _latest_first(origin):
        if invoice_id not in invoices:
            raise ChangedMeanwhile
        share = min(applied, minor - sum(shares.values()))
        if share > 0:
            shares[invoice_id] = share
    _insert(origin, taken_on, now, {pk: -share for pk, share in shares.items()})
    return follow_balances(
        organization=organization,
        actor=actor,
        now=now,
        before=[invoices[pk] for pk in sorted(shares)],
    )


def _latest_first(origin: Origin) -> list[tuple[UUID, int]]:
    """List what is applied to each invoice now, the one applied to last first."""
    net: dict[UUID, int] = {}
    for row in origin.applications.order_by("id"):
        total = net.pop(row.invoice_id, 0) + row.amount_minor
        net[row.invoice_id] = total
    return list(reversed(net.items()))


def _insert(origin: Origin, day: date, now: datetime, shares: Mapping[UUID, int]) -> None:
    """Insert applications; the database adds them up in the same statement."""
    link = {"payment": origin} if isinstance(origin, Payment) else {"credit_note": origin}
    Application.objects.bulk_create(
        Application(
            organization_id=origin.organization_id,
            invoice_id=invoice_id,
            amount_minor=share,
            applied_on=day,
            recorded_at=now,
            **link,
        )
        for invoice_id, share in shares.items()
    )
