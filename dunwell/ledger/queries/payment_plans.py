"""Payment plans as they stand on a day (Rule: chasing, Customer chasing).

Invoice chasing ignores plans: an invoice's age is its own. Customer chasing leaves out invoices
with a plan (HAS_PLAN) and counts what of their installments is due (installments_due).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from dunwell.core.installments import InstallmentState, Part, fill
from dunwell.core.money import Money
from dunwell.ledger.models import Installment, Invoice, PaymentPlan
from dunwell.tenancy.database.rows import uuids
from dunwell.tenancy.errors import NotFound

HAS_PLAN: Final = """EXISTS (SELECT FROM ledger_paymentplan plan
  WHERE plan.organization_id = i.organization_id AND plan.invoice_id = i.id
    AND plan.ended_at IS NULL)"""
"""SQL: the invoice `i` has a payment plan that was not ended."""

_DUE: Final = """
SELECT customer_id, invoice_id, currency, due_date, left_minor FROM (
  SELECT i.customer_id, i.id AS invoice_id, i.currency, n.due_date, n.position,
    least(n.amount_minor, greatest(0,
      sum(n.amount_minor) OVER (PARTITION BY n.plan_id ORDER BY n.position)
      - (i.applied_minor - p.applied_before_minor)))::bigint AS left_minor
  FROM ledger_invoice i
  JOIN ledger_paymentplan p ON p.organization_id = i.organization_id AND p.invoice_id = i.id
    AND p.ended_at IS NULL
  JOIN ledger_installment n ON n.organization_id = p.organization_id AND n.plan_id = p.id
  WHERE i.organization_id = %(org)s AND (%(all)s OR i.customer_id = ANY(%(customers)s))
    AND i.issued_at IS NOT NULL AND i.closed_at IS NULL AND i.balance_minor > 0
) installment
WHERE due_date <= %(today)s AND left_minor > 0
ORDER BY customer_id, due_date, invoice_id, position
"""


@dataclass(frozen=True, slots=True)
class InstallmentDue:
    """What is due now of an installment; it counts from `due_date` for both ages."""

    customer_id: UUID
    invoice_id: UUID
    currency: str
    due_date: date
    left_minor: int


def installments_due(
    *,
    cursor: Any,
    organization_id: UUID,
    today: date,
    customer_ids: Iterable[UUID] | None = None,
) -> list[InstallmentDue]:
    """Return the installments due by `today` and not filled, of some customers or all.

    One statement however many customers; `cursor` is Django's or the sender's own. The oldest of
    a customer comes first.
    """
    found = cursor.execute(
        _DUE,
        {
            "org": organization_id,
            "today": today,
            "all": customer_ids is None,
            "customers": uuids(customer_ids or ()),
        },
    ).fetchall()
    return [InstallmentDue(*row) for row in found]


@dataclass(frozen=True, slots=True)
class InstallmentView:
    """One installment on a day; `received` came for it, `left` is still to come."""

    id: UUID
    due_date: date
    amount: Money
    received: Money
    left: Money
    state: InstallmentState


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan on a day. `state`: active, paid, closed (its invoice was), cancelled or amended."""

    plan: PaymentPlan
    invoice: Invoice
    state: str
    installments: Sequence[InstallmentView]

    def of_state(self, state: InstallmentState) -> list[InstallmentView]:
        """List the installments of one state."""
        return [each for each in self.installments if each.state is state]

    @property
    def kept(self) -> list[InstallmentView]:
        """List what was kept."""
        return self.of_state(InstallmentState.KEPT)

    @property
    def missed(self) -> list[InstallmentView]:
        """List what was missed."""
        return self.of_state(InstallmentState.MISSED)

    @property
    def next(self) -> InstallmentView | None:
        """Return the first installment that is not filled, None where all are."""
        return next((each for each in self.installments if each.left), None)


def plan_views(*, plans: Iterable[PaymentPlan], today: date) -> list[PlanView]:
    """Show plans as they stand on a day; `plans` have their invoices loaded."""
    shown = list(plans)
    rows: dict[UUID, list[Installment]] = defaultdict(list)
    for row in Installment.objects.filter(plan__in=shown).order_by("plan_id", "position"):
        rows[row.plan_id].append(row)
    return [_view(plan, rows[plan.pk], today) for plan in shown]


def live_plans(*, invoice_ids: Iterable[UUID], today: date) -> dict[UUID, PlanView]:
    """Return the plan of each invoice that has one which was not ended."""
    plans = PaymentPlan.objects.filter(invoice__in=set(invoice_ids), ended_at__isnull=True)
    found = plan_views(plans=plans.select_related("invoice"), today=today)
    return {each.invoice.pk: each for each in found}


def get_plan(*, plan_id: UUID, today: date) -> PlanView:
    """Return a plan as it stands on a day; raises NotFound."""
    plans = PaymentPlan.objects.filter(pk=plan_id).select_related("invoice")
    found = plan_views(plans=plans, today=today)
    if not found:
        raise NotFound
    return found[0]


def _view(plan: PaymentPlan, rows: Sequence[Installment], today: date) -> PlanView:
    invoice = plan.invoice
    received = invoice.applied_minor - plan.applied_before_minor
    parts = [Part(row.due_date, row.amount_minor) for row in rows]

    def money(minor: int) -> Money:
        return Money(minor, invoice.currency)

    return PlanView(
        plan=plan,
        invoice=invoice,
        state=_state(plan, invoice),
        installments=[
            InstallmentView(
                id=row.pk,
                due_date=row.due_date,
                amount=money(row.amount_minor),
                received=money(each.filled_minor),
                left=money(each.left_minor),
                state=each.state,
            )
            for row, each in zip(
                rows, fill(parts, received_minor=received, today=today), strict=True
            )
        ],
    )


def _state(plan: PaymentPlan, invoice: Invoice) -> str:
    if plan.ended_at is not None:
        return plan.end_reason
    if invoice.closed_at is not None:
        return "closed"
    return "paid" if invoice.balance.minor <= 0 else "active"
