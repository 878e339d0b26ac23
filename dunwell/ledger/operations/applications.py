"""Puts money and credit against invoices, and takes it back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from dunwell.ledger.errors import ChangedMeanwhile
from dunwell.ledger.models import Application, CreditNote, Invoice, Payment
from dunwell.ledger.operations.balance import follow_balances
from dunwell.ledger.operations.locks import raise_chase_versions
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor

type Origin = Payment | CreditNote
_LINKS: Final[Mapping[type[Origin], str]] = {Payment: "payment", CreditNote: "credit_note"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """What one payment or credit note gives to invoices, as of a day; in minor units."""

    origin: Origin
    applied_on: date
    minor: Mapping[UUID, int]

    @property
    def leave_credit(self) -> bool:
        """Say whether something of the origin is left over."""
        return sum(self.minor.values()) < self.origin.unapplied.minor


def apply_shares(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    given: Sequence[Shares],
    invoices: Mapping[UUID, Invoice],
) -> list[Invoice]:
    """Apply payments or credit notes to locked invoices, and do what follows.

    `invoices` are all locked ones of their accounts: credit that is left over may hold any of them.
    Returns those that were applied to, as they are now, in the order of their ids.
    """
    _insert(given, now)
    touched = {invoice_id for shares in given for invoice_id in shares.minor}
    with_credit = {
        (shares.origin.customer_id, shares.origin.currency)
        for shares in given
        if shares.leave_credit
    }
    held = {
        pk
        for pk, invoice in invoices.items()
        if pk not in touched and (invoice.customer_id, invoice.currency) in with_credit
    }
    if held:
        raise_chase_versions(invoice_ids=held)
    return follow_balances(
        organization=organization,
        actor=actor,
        now=now,
        before=[invoices[pk] for pk in sorted(touched)],
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
    back = {pk: -share for pk, share in shares.items()}
    _insert([Shares(origin=origin, applied_on=taken_on, minor=back)], now)
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


def _insert(given: Sequence[Shares], now: datetime) -> None:
    """Insert applications; the database adds them up in the same statement."""
    Application.objects.bulk_create(
        Application(
            organization_id=shares.origin.organization_id,
            invoice_id=invoice_id,
            amount_minor=minor,
            applied_on=shares.applied_on,
            recorded_at=now,
            **{_LINKS[type(shares.origin)]: shares.origin},
        )
        for shares in given
        for invoice_id, minor in shares.minor.items()
    )
