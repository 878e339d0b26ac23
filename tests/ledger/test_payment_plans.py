"""Payment plans: installments kept and missed (Rule: chasing, Customer chasing)."""

import threading

import pytest
from django.db import connection

from dunwell.core.installments import InstallmentState
from dunwell.ledger import operations
from dunwell.ledger.errors import HasPlan, PlanEnded
from dunwell.ledger.invariants import INVARIANTS, violations
from dunwell.ledger.models import Invoice, PaymentPlan
from dunwell.ledger.operations import InstallmentInput
from dunwell.ledger.queries.payment_plans import PlanView, get_plan, installments_due
from dunwell.tenancy.errors import InvalidInput
from dunwell.tenancy.scope import organization_scope
from tests.ledger.conftest import Desk, day, euros

KEPT, MISSED, OPEN = InstallmentState.KEPT, InstallmentState.MISSED, InstallmentState.OPEN
THREE = (("2026-03-10", "100.00"), ("2026-04-10", "100.00"), ("2026-05-10", "100.00"))


def _parts(*parts: tuple[str, str]) -> list[InstallmentInput]:
    return [InstallmentInput(due_date=day(on), amount=euros(amount)) for on, amount in parts]


def _plan(desk: Desk, invoice: Invoice, *parts: tuple[str, str]) -> PaymentPlan:
    return operations.create_plan(
        **desk.here, invoice_id=invoice.pk, installments=_parts(*(parts or THREE))
    )


def _seen(plan: PaymentPlan, on: str) -> PlanView:
    return get_plan(plan_id=plan.pk, today=day(on))


def _states(plan: PaymentPlan, on: str) -> list[InstallmentState]:
    return [each.state for each in _seen(plan, on).installments]


def test_installments_must_sum_to_the_balance(desk: Desk) -> None:
    invoice = desk.invoice(desk.customer(), "300.00")
    with pytest.raises(InvalidInput, match=r"sum to .*299"):
        _plan(desk, invoice, ("2026-03-10", "100.00"), ("2026-04-10", "199.00"))
    assert _plan(desk, invoice).installments.count() == 3


def test_payments_fill_the_oldest_installment_first(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer, "300.00")
    plan = _plan(desk, invoice)
    desk.pay(customer, "150.00")
    first, second, third = _seen(plan, "2026-03-11").installments
    assert (first.state, second.state, third.state) == (KEPT, OPEN, OPEN)
    assert second.received == euros("50.00")
    assert second.left == euros("50.00")


def test_an_installment_is_missed_from_the_day_after_its_due_date(desk: Desk) -> None:
    plan = _plan(desk, desk.invoice(desk.customer(), "300.00"))
    assert _states(plan, "2026-03-10") == [OPEN, OPEN, OPEN]
    assert _states(plan, "2026-03-11") == [MISSED, OPEN, OPEN]


def test_what_came_before_the_plan_fills_nothing_of_it(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer, "400.00")
    desk.pay(customer, "100.00")
    plan = _plan(desk, invoice)
    assert _states(plan, "2026-03-02") == [OPEN, OPEN, OPEN]


def test_a_plan_is_paid_with_its_invoice_and_lives_again_when_money_is_taken_back(
    desk: Desk,
) -> None:
    customer = desk.customer()
    plan = _plan(desk, desk.invoice(customer, "300.00"))
    paid = desk.pay(customer, "300.00")
    assert _seen(plan, "2026-03-02").state == "paid"
    operations.reverse_payment(**desk.here, payment_id=paid.payment.pk)
    assert _seen(plan, "2026-03-02").state == "active"


def test_a_changed_plan_keeps_what_came_and_parts_the_present_balance(desk: Desk) -> None:
    customer = desk.customer()
    plan = _plan(desk, desk.invoice(customer, "300.00"))
    desk.pay(customer, "150.00")
    new = _parts(("2026-06-01", "75.00"), ("2026-07-01", "75.00"))
    operations.change_plan(**desk.here, plan_id=plan.pk, installments=new)
    seen = _seen(plan, "2026-05-11")
    assert [each.amount.text for each in seen.installments] == ["100.00", "50.00", "75.00", "75.00"]
    assert [each.state for each in seen.installments] == [KEPT, KEPT, OPEN, OPEN]


def test_a_plan_ends_when_the_invoice_is_amended(desk: Desk) -> None:
    invoice = desk.invoice(desk.customer(), "300.00")
    plan = _plan(desk, invoice)
    operations.amend_invoice(**desk.here, invoice_id=invoice.pk, changes={"total": "250.00"})
    assert _seen(plan, "2026-03-02").state == "amended"


def test_a_plan_ends_when_money_from_before_it_is_taken_back(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer, "400.00")
    before = desk.pay(customer, "100.00")
    plan = _plan(desk, invoice)
    operations.reverse_payment(**desk.here, payment_id=before.payment.pk)
    assert _seen(plan, "2026-03-02").state == "amended"


def test_a_cancelled_plan_makes_room_for_another(desk: Desk) -> None:
    invoice = desk.invoice(desk.customer(), "300.00")
    plan = _plan(desk, invoice)
    with pytest.raises(HasPlan):
        _plan(desk, invoice)
    operations.cancel_plan(**desk.here, plan_id=plan.pk)
    assert _seen(plan, "2026-03-02").state == "cancelled"
    with pytest.raises(PlanEnded):
        operations.cancel_plan(**desk.here, plan_id=plan.pk)
    assert _seen(_plan(desk, invoice), "2026-03-02").state == "active"


def test_a_plan_tells_senders_to_think_again(desk: Desk) -> None:
    invoice = desk.invoice(desk.customer(), "300.00")
    version = desk.fresh(invoice).chase_version
    plan = _plan(desk, invoice)
    assert desk.fresh(invoice).chase_version > version
    version = desk.fresh(invoice).chase_version
    operations.cancel_plan(**desk.here, plan_id=plan.pk)
    assert desk.fresh(invoice).chase_version > version


def test_installments_due_now_count_for_the_account(desk: Desk) -> None:
    customer = desk.customer()
    _plan(desk, desk.invoice(customer, "300.00"))
    desk.pay(customer, "30.00")
    with connection.cursor() as cursor:
        due = installments_due(
            cursor=cursor, organization_id=desk.organization.pk, today=day("2026-04-10")
        )
    assert [(each.due_date, each.left_minor) for each in due] == [
        (day("2026-03-10"), 7000),
        (day("2026-04-10"), 10000),
    ]
    assert due[0].customer_id == customer.pk


@pytest.mark.django_db(transaction=True)
def test_a_payment_at_the_same_moment_never_leaves_a_plan_that_does_not_sum(desk: Desk) -> None:
    customer = desk.customer()
    invoices = [desk.invoice(customer, "300.00") for _ in range(8)]

    def agree() -> None:
        with organization_scope(desk.organization):
            for invoice in invoices:
                try:
                    _plan(desk, invoice)
                except InvalidInput:
                    continue  # the payment was first
        connection.close()

    agreeing = threading.Thread(target=agree)
    agreeing.start()
    for invoice in invoices:
        share = operations.ApplicationInput(invoice_id=invoice.pk, amount=euros("40.00"))
        desk.pay(customer, "40.00", applications=[share])
    agreeing.join()
    assert sum(map(violations, INVARIANTS)) == 0
