"""Midnight makes invoices due and overdue, and tells it once."""

from datetime import datetime

import pytest

from dunwell.ledger import operations
from dunwell.ledger.models import Activity
from dunwell.tenancy import timers
from dunwell.tenancy.models import Event
from dunwell.tenancy.scope import organization_scope
from tests.ledger.conftest import Desk, day, make_organization


def told(desk: Desk) -> list[tuple[str, datetime]]:
    kinds = ("invoice.due", "invoice.overdue")
    return list(Event.objects.filter(kind__in=kinds).order_by("id").values_list("kind", "at"))


def cross(desk: Desk) -> int:
    return operations.cross_midnights(organization=desk.organization, at=desk.now)


def test_each_boundary_is_told_at_its_local_midnight_once(desk: Desk) -> None:
    desk.invoice(desk.customer(), due_date=day("2026-03-29"))  # the clocks go forward that night
    due, overdue = desk.at(2026, 3, 28, 23), desk.at(2026, 3, 29, 22)
    assert operations.next_crossing(organization=desk.organization, after=desk.now) == due.now
    assert cross(desk.at(2026, 3, 28, 22, 59)) == 0
    assert cross(due) == 1
    assert cross(due) == 0
    assert operations.next_crossing(organization=desk.organization, after=due.now) == overdue.now
    assert cross(desk.at(2026, 3, 29, 21, 59)) == 0
    assert cross(overdue) == 1
    assert operations.next_crossing(organization=desk.organization, after=overdue.now) is None
    assert told(desk) == [("invoice.due", due.now), ("invoice.overdue", overdue.now)]
    kinds = list(
        Activity.objects.filter(counts=False).order_by("id").values_list("kind", flat=True)
    )
    assert kinds[-2:] == ["due", "overdue"]


def test_after_a_long_outage_everything_is_told_in_order_of_time(desk: Desk) -> None:
    customer = desk.customer()
    desk.invoice(customer, due_date=day("2026-03-20"))
    desk.invoice(customer, due_date=day("2026-03-10"))
    assert cross(desk.at(2026, 4, 1)) == 4
    instants = [at for _kind, at in told(desk)]
    assert instants == sorted(instants)


def test_paid_closed_and_draft_invoices_cross_nothing(desk: Desk) -> None:
    customer = desk.customer()
    desk.invoice(customer)
    desk.pay(customer, "100.00")
    closed = desk.invoice(customer)
    operations.close_invoice(**desk.here, invoice_id=closed.pk, reason="void")
    desk.invoice(customer, issue=False)
    assert operations.next_crossing(organization=desk.organization, after=desk.now) is None
    assert cross(desk.at(2026, 6, 1)) == 0


def test_what_issuing_has_told_midnight_does_not_tell_again(desk: Desk) -> None:
    desk.invoice(desk.customer(), invoice_date=day("2026-02-01"), due_date=day("2026-02-15"))
    assert [kind for kind, _at in told(desk)] == ["invoice.overdue"]
    assert cross(desk.at(2026, 4, 1)) == 0


def test_an_invoice_issued_on_its_due_date_becomes_overdue_at_midnight(desk: Desk) -> None:
    desk.invoice(desk.customer(), due_date=day("2026-03-02"))
    assert cross(desk.at(2026, 3, 3)) == 1
    assert told(desk) == [
        ("invoice.due", desk.now),
        ("invoice.overdue", desk.at(2026, 3, 2, 23).now),
    ]


def test_a_due_date_moved_ahead_is_crossed_again(desk: Desk) -> None:
    invoice = desk.invoice(desk.customer(), due_date=day("2026-03-10"))
    later = desk.at(2026, 3, 11, 12)
    assert cross(later) == 2
    operations.amend_invoice(
        **later.here, invoice_id=invoice.pk, changes={"due_date": day("2026-03-20")}
    )
    assert cross(desk.at(2026, 3, 21, 12)) == 2


def test_what_was_reopened_late_tells_no_past_midnights(desk: Desk) -> None:
    customer = desk.customer()
    desk.invoice(customer, due_date=day("2026-03-10"))
    payment = desk.pay(customer, "100.00").payment
    later = desk.at(2026, 3, 15, 12)
    operations.reverse_payment(**later.here, payment_id=payment.pk)
    assert Event.objects.get(kind="invoice.reopened").data["state"] == "overdue"
    assert cross(desk.at(2026, 3, 16, 12)) == 0


@pytest.mark.django_db
def test_a_new_organization_starts_at_its_own_beginning() -> None:
    organization = make_organization("kiwi", time_zone="Pacific/Auckland")
    with organization_scope(organization):
        desk = Desk(organization)
        desk.invoice(desk.customer(), due_date=day("2026-03-04"))
        # 4 March begins in Auckland at 11:00 UTC of the 3rd.
        assert cross(desk.at(2026, 3, 3, 10, 59)) == 0
        assert cross(desk.at(2026, 3, 3, 11)) == 1


def test_the_rules_of_time_are_registered(desk: Desk) -> None:
    assert {"crossings", "promises"} <= {timer.name for timer in timers.all_timers()}
    invoice = desk.invoice(desk.customer(), due_date=day("2026-03-20"))
    operations.record_promise(**desk.here, invoice_id=invoice.pk, promised_on=day("2026-03-05"))
    first = timers.next_due(organization=desk.organization, after=desk.now)
    assert first == desk.at(2026, 3, 8, 23).now  # the promise breaks before the invoice is due
