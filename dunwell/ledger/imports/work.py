"""What an import works with, and what it asks of the floors above."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Protocol
from uuid import UUID

from dunwell.core.calendar import local_date
from dunwell.core.errors import CurrencyMismatch
from dunwell.core.money import Money
from dunwell.ledger.imports.reading import Complain, Known, Values
from dunwell.ledger.models import Import
from dunwell.ledger.operations.invoice_input import InvoiceChanges
from dunwell.ledger.operations.payments import PaymentInput
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor

BATCH: Final = 5000


class Consequences(Protocol):
    """What follows on the floors above; called inside each batch's transaction."""

    def arrived(
        self, *, marked_sent: Sequence[UUID], cadences: Mapping[UUID, Sequence[UUID]]
    ) -> None:
        """Note invoices that were sent before, and apply cadences to others."""

    def amend(self, *, invoice_id: UUID, changes: InvoiceChanges) -> None:
        """Amend an invoice with all that follows."""

    def pay(self, *, payments: Sequence[PaymentInput]) -> list[UUID]:
        """Record payments with all that follows and give their ids in the same order."""

    def take_back(self, *, payment_id: UUID) -> None:
        """Reverse a payment in full with all that follows."""

    def sends_now(self, *, cadence_id: UUID, fresh: int, known: Sequence[UUID]) -> int:
        """Count the messages that go out now for fresh and for known invoices."""

    def sent(self, *, invoice_ids: Sequence[UUID]) -> set[UUID]:
        """Say which of these were handed over to anybody."""

    def withdraw(self, *, invoice_ids: Sequence[UUID]) -> None:
        """Remove all that was planned for these, for they are about to be deleted."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """One import at work: for whom, by whom, when, with what choices."""

    import_: Import
    organization: Organization
    actor: Actor
    now: datetime
    known: Known
    consequences: Consequences
    cadence_id: UUID | None = None  # for created invoices whose row names none

    @property
    def today(self) -> date:
        """Return the organization's local day."""
        return local_date(self.now, self.organization.zone)

    @property
    def parameters(self) -> dict[str, Any]:
        """Give what every statement may name."""
        return {
            "organization": self.organization.pk,
            "import": self.import_.pk,
            "now": self.now,
            "today": self.today,
            "by": self.actor.label[:200],
            "member": self.actor.member_id,
        }


@dataclass(slots=True)
class Tally:
    """What a checked file comes to, in rows of its kind."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    counts: dict[str, Any] = field(default_factory=dict)


class Kind(Protocol):
    """One kind of import: how rows are staged, checked and written."""

    @property
    def columns(self) -> Mapping[str, str]:
        """Name the staged columns with their types, in the order of `stage`."""

    @property
    def reckoned(self) -> Mapping[str, str]:
        """Name the further columns that `check` fills."""

    def stage(self, values: Values, complain: Complain) -> tuple[Any, ...] | None:
        """Give a row as it is staged, None to leave it out."""

    def check(self) -> None:
        """Find out, set by set, what each staged row means; note problems in the row."""

    def tally(self) -> Tally:
        """Count what would be done."""

    def write(self, *, after: int, through: int) -> None:
        """Write the valid rows numbered from `after` (without) to `through` (with)."""


def read_money(*, amount: tuple[str, str], stated: str | None, default: str) -> Money:
    """Read an amount in the row's currency: the column's, else the one beside it, else the default.

    Raises MoneyError, CurrencyMismatch where the column and the cell name different ones.
    """
    plain, beside = amount
    currency = stated or beside or default
    if beside and beside != currency:
        raise CurrencyMismatch(left=currency, right=beside)
    return Money.parse(plain, currency)
