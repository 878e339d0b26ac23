"""Payment plans: agreed, changed and ended (Rule: chasing, Customer chasing).

What an installment received is never stored: payments fill the oldest first. The invoice's row
is locked throughout, so that no payment comes between the balance and its installments.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from dunwell.core.calendar import local_date
from dunwell.core.money import Money
from dunwell.ledger.checks import Checks
from dunwell.ledger.errors import HasPlan, PlanEnded
from dunwell.ledger.models import Installment, Invoice, PaymentPlan
from dunwell.ledger.models.plan import AMENDED, CANCELLED
from dunwell.ledger.operations import history
from dunwell.ledger.operations.locks import lock_invoice, raise_chase_versions
from dunwell.ledger.operations.promises import require_open
from dunwell.tenancy.errors import InvalidInput, NotFound
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor

MOST_INSTALLMENTS: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallmentInput:
    """One installment to be agreed."""

    due_date: date
    amount: Money


@transaction.atomic
def create_plan(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    invoice_id: UUID,
    installments: Sequence[InstallmentInput],
    note: str = "",
) -> PaymentPlan:
    """Agree on installments that sum to the invoice's balance.

    They are kept in the order of their due dates. Raises NotFound, IsDraft, ClosedInvoice,
    NothingOwed, HasPlan, and InvalidInput for another sum, another currency or nothing.
    """
    invoice = require_open(invoice_id=invoice_id)
    if PaymentPlan.objects.filter(invoice=invoice, ended_at__isnull=True).exists():
        raise HasPlan(number=invoice.number)
    checked, note = _checked(invoice, installments, note)
    plan = PaymentPlan(
        organization=organization,
        invoice=invoice,
        applied_before_minor=invoice.applied_minor,
        note=note,
        started_at=now,
        started_on=local_date(now, organization.zone),
        started_by=actor.label[:200],
    )
    plan.save(force_insert=True)
    _insert(plan, checked, after=0)
    raise_chase_versions(invoice_ids=[invoice.pk])
    _tell(actor, now, plan, "created", checked)
    return plan


@transaction.atomic
def change_plan(
    *,
    organization: Organization,  # noqa: ARG001 - all writes take the same
    actor: Actor,
    now: datetime,
    plan_id: UUID,
    installments: Sequence[InstallmentInput] | None = None,
    note: str | None = None,
) -> PaymentPlan:
    """Agree anew on what is still open; what was received stays as kept installments.

    `installments` sum to the present balance, None leaves them. Raises NotFound, PlanEnded and
    what create_plan raises.
    """
    plan = _locked(plan_id)
    invoice = plan.invoice
    checked: Sequence[InstallmentInput] = ()
    if installments is not None:
        checked, _note = _checked(require_open(invoice_id=invoice.pk), installments, "")
        _insert(plan, checked, after=_keep_received(plan))
    if note is not None:
        checks = Checks()
        plan.note = checks.text("note", note, limit=5000)
        checks.done()
    plan.changed_at = now
    plan.save(update_fields=["note", "changed_at"])
    raise_chase_versions(invoice_ids=[invoice.pk])
    _tell(actor, now, plan, "changed", checked)
    return plan


@transaction.atomic
def cancel_plan(
    *,
    organization: Organization,  # noqa: ARG001 - all writes take the same
    actor: Actor,
    now: datetime,
    plan_id: UUID,
) -> PaymentPlan:
    """End a plan; the whole balance is due by the invoice's own date. NotFound, PlanEnded."""
    plan = _locked(plan_id)
    _end(actor, now, plan, CANCELLED)
    raise_chase_versions(invoice_ids=[plan.invoice_id])
    return plan


def follow_plans(*, actor: Actor, now: datetime, invoices: Sequence[Invoice]) -> None:
    """End the plans of locked invoices whose balance changed by other things than payments.

    That is another total, or money taken back that had come before the plan. Raising the chase
    versions is the caller's.
    """
    by_id = {invoice.pk: invoice for invoice in invoices}
    plans = PaymentPlan.objects.filter(invoice__in=by_id, ended_at__isnull=True)
    for plan in plans.annotate(agreed=Sum("installments__amount_minor")).order_by("id"):
        invoice = plan.invoice = by_id[plan.invoice_id]
        fits = plan.agreed == invoice.total_minor - plan.applied_before_minor
        if not fits or invoice.applied_minor < plan.applied_before_minor:
            _end(actor, now, plan, AMENDED)


def _locked(plan_id: UUID) -> PaymentPlan:
    """Lock the plan's invoice and return a plan that has not ended."""
    invoice_id = PaymentPlan.objects.filter(pk=plan_id).values_list("invoice_id", flat=True).first()
    if invoice_id is None:
        raise NotFound
    invoice = lock_invoice(invoice_id=invoice_id)
    plan = PaymentPlan.objects.get(pk=plan_id)
    plan.invoice = invoice
    if plan.ended_at is not None:
        raise PlanEnded
    return plan


def _checked(
    invoice: Invoice, installments: Sequence[InstallmentInput], note: str
) -> tuple[list[InstallmentInput], str]:
    checks = Checks()
    note = checks.text("note", note, limit=5000)
    if not 1 <= len(installments) <= MOST_INSTALLMENTS:
        checks.add(
            "installments",
            _("Give from 1 to %(n)d installments.") % {"n": MOST_INSTALLMENTS},
        )
    for n, each in enumerate(installments):
        checks.day(f"installments.{n}.due_date", each.due_date)
        if each.amount.currency != invoice.currency:
            checks.add(
                f"installments.{n}.amount",
                _("The amount is in %(given)s, but this is in %(needed)s.")
                % {"given": each.amount.currency, "needed": invoice.currency},
            )
        elif each.amount.minor <= 0:
            checks.add(f"installments.{n}.amount", _("The amount must be greater than zero."))
    checks.done()
    agreed = sum((each.amount for each in installments), Money.zero(invoice.currency))
    if agreed != invoice.balance:
        raise InvalidInput.at(
            "installments",
            _("The installments sum to %(agreed)s, but %(balance)s are owed.")
            % {"agreed": agreed, "balance": invoice.balance},
        )
    return sorted(installments, key=lambda each: each.due_date), note


def _insert(plan: PaymentPlan, installments: Sequence[InstallmentInput], *, after: int) -> None:
    Installment.objects.bulk_create(
        Installment(
            organization_id=plan.organization_id,
            plan=plan,
            position=after + n,
            due_date=each.due_date,
            amount_minor=each.amount.minor,
        )
        for n, each in enumerate(installments, start=1)
    )


def _keep_received(plan: PaymentPlan) -> int:
    """Cut the plan down to what was received; return the position of the last one kept."""
    received, last = plan.invoice.applied_minor - plan.applied_before_minor, 0
    for row in Installment.objects.filter(plan=plan).order_by("position"):
        kept = min(received, row.amount_minor)
        received -= kept
        if not kept:
            row.delete()
            continue
        last = row.position
        if kept < row.amount_minor:
            Installment.objects.filter(pk=row.pk).update(amount_minor=kept)
    return last


def _end(actor: Actor, now: datetime, plan: PaymentPlan, reason: str) -> None:
    plan.ended_at, plan.end_reason = now, reason
    plan.save(update_fields=["ended_at", "end_reason"])
    _tell(actor, now, plan, reason, ())


def _tell(
    actor: Actor,
    now: datetime,
    plan: PaymentPlan,
    happened: str,
    installments: Sequence[InstallmentInput],
) -> None:
    data = {
        "payment_plan_id": str(plan.pk),
        "installments": [
            {"due_date": each.due_date.isoformat(), "amount": history.money_json(each.amount)}
            for each in installments
        ],
    }
    history.happened(
        actor=actor,
        now=now,
        kind=f"payment_plan_{happened}",
        event=f"payment_plan.{happened}",
        invoice=plan.invoice,
        text=plan.note if happened == "created" else "",
        data=data,
    )
    history.audited(
        actor=actor,
        now=now,
        action=f"payment_plan.{happened}",
        row=plan,
        changes={"installments": [None, data["installments"]]} if installments else None,
    )
