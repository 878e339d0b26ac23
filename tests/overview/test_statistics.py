"""What was paid after which step, against a computation of its own."""

from collections import defaultdict
from datetime import date

from django.test import Client

from dunwell.chasing.models import PlannedSend, Schedule
from dunwell.ledger.models import Invoice
from dunwell.overview.monitoring.statistics import WITHIN, statistics
from tests.chasing.desk import Desk, after_due, before_due, on_issue
from tests.web.conftest import owner
from tests.web.test_invoice_page import words

__all__ = ["owner"]
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)


def settled(desk: Desk) -> None:
    """Let customers pay at all stages, in two currencies and under two cadences."""
    desk.cadence([on_issue(9), before_due(3), after_due(3)], name="Usual")
    invoices = [desk.invoice(due_date="2026-03-20", total=f"{100 + n}.00") for n in range(6)]
    desk.cadence([on_issue(9), after_due(1)], name="Firm")
    invoices += [desk.invoice(due_date="2026-03-20", currency="USD") for _ in range(3)]
    invoices.append(desk.invoice([after_due(5)], due_date="2026-03-20"))
    days = ["2026-03-02 08:30", "2026-03-10 12:00", "2026-03-18 12:00", "2026-03-24 12:00",
            "2026-04-20 12:00"]  # fmt: skip
    for n, day in enumerate(days):
        desk.advance(day)
        for invoice in invoices[n :: len(days)]:
            desk.pay(invoice, invoice.total.text)


def by_hand() -> dict[tuple[str, str], list[int]]:
    """Walk over every paid invoice: count per cadence and trigger, by days after it."""
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * (len(WITHIN) + 1))
    for invoice in Invoice.objects.filter(balance_minor__lte=0):
        assert invoice.paid_on is not None
        schedule = Schedule.objects.get(invoice=invoice)
        sent = PlannedSend.objects.filter(
            invoice=invoice, state="sent", day__lte=invoice.paid_on
        ).order_by("at")
        last = list(sent)[-1] if sent else None
        name = schedule.cadence.name if schedule.cadence else ""
        if last is None:
            found[name, ""][0] += 1
            continue
        took = (invoice.paid_on - last.day).days
        group = sum(1 for bound in WITHIN if took > bound)
        found[name, f"{last.trigger['type']}{last.trigger.get('days', '')}"][group] += 1
    return found


def test_the_figures_agree_with_a_walk_over_all_invoices(desk: Desk) -> None:
    settled(desk)
    overall, *per_cadence = statistics(organization=desk.organization, first=FIRST, last=LAST)
    names = {s.cadence_id: s.cadence.name for s in Schedule.objects.filter(cadence__isnull=False)}
    found = {}
    for each in per_cadence:
        for step in each.steps.values():
            name = names.get(each.cadence_id, "")
            counts = [paid.count for paid in step.within]
            if not step.trigger:
                counts = [step.all.count, *counts[1:]]
            key = f"{step.trigger.get('type', '')}{step.trigger.get('days', '')}"
            found[name, key] = counts
    assert found == dict(by_hand())
    assert overall.all.count == 10
    assert sum(each.all.count for each in per_cadence) == 10
    unreminded = sum(
        sum(counts) for (_name, key), counts in by_hand().items() if key in ("", "on_issue")
    )
    assert overall.unreminded.count == unreminded > 0


def test_currencies_are_never_added_up(desk: Desk) -> None:
    settled(desk)
    overall = statistics(organization=desk.organization, first=FIRST, last=LAST)[0]
    assert {amount.currency: amount.minor for amount in overall.all.amounts} == {
        "EUR": sum(10_000 + 100 * n for n in range(6)) + 10_000,
        "USD": 30_000,
    }


def test_only_what_was_paid_in_the_time_counts(desk: Desk) -> None:
    settled(desk)
    few = statistics(
        organization=desk.organization, first=date(2026, 4, 20), last=date(2026, 4, 20)
    )[0]
    assert few.all.count == 2


def test_the_page_has_the_numbers_in_a_table(owner: Client, desk: Desk) -> None:
    assert "No invoice was paid in this time" in words(owner.get("/chasing/statistics/"))
    settled(desk)
    page = words(owner.get("/chasing/statistics/?days=90"))
    assert "All cadences together" in page
    assert "were paid before any reminder" in page
    assert "Usual" in page
    assert "Firm" in page
