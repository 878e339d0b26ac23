"""What an organization may ask of a customer who pays late: interest and a fixed fee."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from dunwell.core.interest import (
    LAWS,
    Interest,
    Law,
    RateOn,
    RateUnknown,
    agreed,
    entered,
    fixed_fee,
    late_interest,
    statutory,
)
from dunwell.tenancy.database.rows import uuids

_HISTORY = """
SELECT invoice_id, applied_on, sum(amount_minor)::bigint FROM ledger_application
WHERE organization_id = ANY(%s) AND invoice_id = ANY(%s) GROUP BY 1, 2 ORDER BY 1, 2
"""

type History = Mapping[UUID, Sequence[tuple[date, int]]]


@dataclass(frozen=True, slots=True)
class LateTerms:
    """How an organization reckons: the rate, and the law whose fixed fee it asks (None: no fee)."""

    rate: RateOn | None
    fee_of: Law | None


@dataclass(frozen=True, slots=True)
class LateClaim:
    """Interest and fee of one invoice on one day, in minor units of the invoice's currency."""

    interest: Interest
    fee_minor: int


def late_terms(
    *, interest: str, rate: str, fee: bool, country: str, newer: Mapping[str, str]
) -> LateTerms | None:
    """Read the organization's settings; None where it asks for nothing."""
    law = LAWS.get(country)
    rates: RateOn | None = None
    if interest == "agreed" and rate:
        rates = agreed(percent=Decimal(rate))
    elif interest == "statutory" and law is not None:
        rates = statutory(law=law, own=entered(rates=newer))
    fee_of = law if fee else None
    return LateTerms(rates, fee_of) if rates or fee_of else None


def load_history(
    cursor: Any, *, organizations: Sequence[UUID], invoices: Sequence[UUID]
) -> History:
    """Load per invoice what was put against it, by day of receipt."""
    found: dict[UUID, list[tuple[date, int]]] = defaultdict(list)
    if organizations:
        asked = [uuids(organizations), uuids(invoices)]
        for invoice, day, minor in cursor.execute(_HISTORY, asked).fetchall():
            found[invoice].append((day, minor))
    return found


def late_claim(
    *,
    terms: LateTerms,
    currency: str,
    total_minor: int,
    dates: tuple[date, date],
    applied: Sequence[tuple[date, int]],
    today: date,
) -> LateClaim | None:
    """Reckon what may be asked today; None before the due date has passed, or if a rate is missing.

    `dates` are invoice date and due date. The fee is asked in the law's own currency only.
    """
    invoice_date, due_date = dates
    if today <= due_date:
        return None
    balances, open_minor = [(min(invoice_date, due_date), total_minor)], total_minor
    for day, minor in applied:
        open_minor -= minor
        balances.append((day, open_minor))
    interest = Interest(0)
    if terms.rate is not None:
        try:
            interest = late_interest(
                rate=terms.rate, due_date=due_date, today=today, balances=balances
            )
        except RateUnknown:
            return None
    law = terms.fee_of
    fee = fixed_fee(law=law, debt_minor=open_minor) if law and law.currency == currency else 0
    return LateClaim(interest, fee) if interest.minor or fee else None
