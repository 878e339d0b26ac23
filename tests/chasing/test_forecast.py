"""The effect of a cadence on all open invoices, against each invoice's own plan."""

from collections import Counter
from datetime import date
from typing import Any

import pytest

from dunwell.chasing.forecast import forecast, open_groups
from dunwell.chasing.operations.planning import preview
from dunwell.core.cadence import Step
from dunwell.core.calendar import local_date, midnight
from dunwell.ledger.models import Invoice
from tests.chasing.desk import Desk, after_due, before_due, on_issue, repeat

STEPS = [on_issue(9), before_due(3), after_due(2, 10, channels=["email", "letter"]), repeat(7, 2)]


def steps(data: list[dict[str, Any]]) -> list[Step]:
    return [Step.from_json(step, key=n + 1) for n, step in enumerate(data)]


def one_by_one(desk: Desk, chosen: list[Step], last: date) -> Counter[tuple[date, str]]:
    """Count by laying the steps on every single invoice."""
    found: Counter[tuple[date, str]] = Counter()
    today = local_date(desk.now, desk.organization.zone)
    for invoice in Invoice.objects.filter(issued_at__isnull=False, balance_minor__gt=0):
        if invoice.issued_at is None or invoice.due_date is None or invoice.closed_at:
            continue
        for each in preview(
            organization=desk.organization,
            steps=chosen,
            invoice_date=invoice.invoice_date,
            issue_day=local_date(invoice.issued_at, desk.organization.zone),
            due_date=invoice.due_date,
            first_set_on=today,
        ):
            if desk.now <= each.at < midnight(last, desk.organization.zone):
                for channel in each.step.channels:
                    found[each.day, channel.value] += 1
    return found


@pytest.mark.parametrize("business_days", [False, True])
def test_all_invoices_together_are_the_sum_of_each(desk: Desk, business_days: bool) -> None:
    desk.change_settings(business_days_only=business_days, holiday_calendar="DE")
    for n in range(8):
        desk.invoice([on_issue(8)], due_date=f"2026-03-{10 + n % 4:02}")
    desk.invoice([on_issue(8)], issue=False)
    paid = desk.invoice([on_issue(8)])
    desk.advance("2026-03-05 12:00")
    desk.pay(paid)
    found = forecast(
        organization=desk.organization,
        steps=steps(STEPS),
        groups=open_groups(organization=desk.organization),
        now=desk.now,
        days=90,
    )
    assert dict(found) == dict(one_by_one(desk, steps(STEPS), date(2026, 6, 3)))
    assert sum(group.invoices for group in open_groups(organization=desk.organization)) == 8


def test_an_invoice_never_sent_goes_out_today(desk: Desk) -> None:
    desk.invoice([after_due(30)])
    desk.advance("2026-03-05 12:00")
    found = forecast(
        organization=desk.organization,
        steps=steps([on_issue(9)]),
        groups=open_groups(organization=desk.organization),
        now=desk.now,
    )
    assert found == {(date(2026, 3, 5), "email"): 1}


def test_a_customer_that_is_not_chased_is_left_out(desk: Desk) -> None:
    desk.invoice([on_issue(8)], customer=desk.customer(do_not_chase=True))
    assert open_groups(organization=desk.organization) == []
