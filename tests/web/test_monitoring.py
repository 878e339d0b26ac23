"""The Chasing page and what lies below it, as a member without scripts sees them."""

from datetime import date
from typing import Any

import pytest
from django.test import Client

from dunwell.chasing.models import PlannedSend
from dunwell.inbox.models import Delivery
from dunwell.ledger.models import Invoice
from dunwell.ledger.operations import ContactInput
from dunwell.overview.models import SendCount
from dunwell.overview.monitoring.sends import SendFilter, counts
from dunwell.overview.operations import fold_send_counts
from tests.chasing.desk import Desk, after_due, on_issue
from tests.web.test_invoice_page import words

STEPS = [on_issue(9), after_due(5, 10)]


def unreachable(desk: Desk, name: str = "Fabrikam") -> Invoice:
    contacts = [ContactInput(name="No Mail", billing=True)]
    invoice = desk.invoice([on_issue(9)], customer=desk.customer(name=name, contacts=contacts))
    desk.advance("2026-03-02 10:00")
    return invoice


def uncertain(desk: Desk) -> Invoice:
    invoice = unreachable(desk, "Contoso")
    PlannedSend.objects.filter(invoice=invoice).update(reason="uncertain")
    Delivery.objects.filter(invoice=invoice).update(
        state="uncertain", reason="", detail="connection lost after the last byte",
        to_address="jo@contoso.example",
    )  # fmt: skip
    return invoice


def test_today_shows_what_went_out_and_what_is_to_come(owner: Client, desk: Desk) -> None:
    desk.invoice([on_issue(9)], number="INV-1")
    desk.invoice([on_issue(18)], number="INV-2")
    desk.advance("2026-03-02 10:00")
    page = words(owner.get("/chasing/"))
    assert "1 sent, 1 to come" in page
    assert page.index("To come") < page.index("INV-2") < page.index("Done") < page.index("INV-1")


def test_the_next_days_are_counted_per_channel(owner: Client, desk: Desk) -> None:
    desk.invoice([after_due(0), after_due(0, 15, channels=["email", "letter"])],
                 due_date="2026-03-05")  # fmt: skip
    page = words(owner.get("/chasing/"))
    assert "The next 7 days" in page
    assert "Thu, Mar 5, 2026 2 1 3" in page


def test_an_empty_page_says_what_to_do(owner: Client, desk: Desk) -> None:
    page = words(owner.get("/chasing/"))
    assert "Nothing goes out in the next 7 days" in page
    assert "Write a cadence" in page


def test_late_messages_are_told(owner: Client, desk: Desk) -> None:
    desk.invoice([on_issue(9)])
    desk.oversleep("2026-03-02 12:00")
    assert "1 message is late" in words(owner.get("/chasing/"))


def test_what_is_held_is_counted_by_kind_with_its_end(owner: Client, desk: Desk) -> None:
    held = desk.invoice(STEPS, number="INV-7")
    desk.invoice(STEPS, number="INV-8")
    desk.pause(held, "2026-03-20")
    page = words(owner.get("/chasing/held/"))
    assert "INV-7" in page
    assert "INV-8" not in page
    assert "paused, until Mar 20, 2026" in page
    assert "INV-7" not in words(owner.get("/chasing/held/?kind=promise"))


def test_the_calendar_counts_days_and_leads_to_one(owner: Client, desk: Desk) -> None:
    desk.invoice(STEPS, due_date="2026-03-20")
    desk.advance("2026-03-02 10:00")
    page = owner.get("/chasing/calendar/?month=2026-03")
    assert "Mon, Mar 2, 2026 2 Mon sent 1" in words(page)
    assert "Wed, Mar 25, 2026 25 Wed planned 1" in words(page)
    assert "/chasing/day/2026-03-25/" in page.content.decode()
    day = words(owner.get("/chasing/day/2026-03-25/"))
    assert "Planned 1" in day
    assert "5 days after due" in day


@pytest.mark.parametrize("address", ["/chasing/day/2026-02-30/", "/chasing/calendar/?month=x"])
def test_a_day_that_cannot_be_is_not_found(owner: Client, desk: Desk, address: str) -> None:
    assert owner.get(address).status_code == 404


def test_filters_narrow_every_list(owner: Client, desk: Desk) -> None:
    cadence = desk.cadence([on_issue(18)], default=False)
    proseware = desk.customer(name="Proseware")
    fabrikam = desk.customer(name="Fabrikam")
    desk.invoice([on_issue(18)], customer=proseware, number="INV-P")
    desk.invoice([on_issue(18, channels=["letter"])], customer=fabrikam, number="INV-F")
    asks = {
        "customer=Proseware": ("INV-P", "INV-F"),
        "channel=letter": ("INV-F", "INV-P"),
        f"cadence={cadence.pk}": ("Nothing today", "INV-P"),
    }
    for query, (there, not_there) in asks.items():
        page = words(owner.get(f"/chasing/?{query}"))
        assert there in page, query
        assert not_there not in page, query
    page = words(owner.get("/chasing/?customer=Nobody"))
    assert "There is no customer of this name." in page


def test_failed_messages_are_chosen_looked_at_and_tried_again(owner: Client, desk: Desk) -> None:
    invoices = [unreachable(desk, name) for name in ("Fabrikam", "Trey")]
    sends = PlannedSend.objects.filter(state="failed")
    page = words(owner.get("/chasing/failed/"))
    assert page.count("Failed: no email address") == 2
    ids = [str(send.pk) for send in sends]
    shown = words(owner.post("/chasing/failed/retry/", {"send": ids}))
    assert "2 messages go out now" in shown
    assert "No Mail · failed: no email address" in shown
    assert not PlannedSend.objects.filter(kind="retry").exists()
    done = owner.post("/chasing/failed/retry/", {"send": ids, "act": "confirm"}, follow=True)
    assert "2 messages are tried again." in words(done)
    assert {row.invoice_id for row in PlannedSend.objects.filter(kind="retry")} == {
        invoice.pk for invoice in invoices
    }
    assert "Nothing failed" in words(done)


def test_uncertain_messages_are_asked_about_separately(owner: Client, desk: Desk) -> None:
    uncertain(desk)
    (send,) = PlannedSend.objects.filter(state="failed")
    shown = words(owner.post("/chasing/failed/retry/", {"send": [str(send.pk)]}))
    assert "These may have arrived" in shown
    assert "connection lost after the last byte" in shown
    given = {"send": [str(send.pk)], "act": "confirm"}
    told = words(owner.post("/chasing/failed/retry/", given, follow=True))
    assert "Nothing was confirmed, so nothing is tried again." in told
    owner.post("/chasing/failed/retry/", given | {"sure": [str(send.pk)]})
    assert PlannedSend.objects.filter(retry_of=send).count() == 1


def test_one_that_was_paid_meanwhile_leaves_the_others_alone(owner: Client, desk: Desk) -> None:
    first, second = unreachable(desk), unreachable(desk, "Trey")
    ids = [str(send.pk) for send in PlannedSend.objects.filter(state="failed")]
    desk.pay(first)
    given = {"send": ids, "act": "confirm"}
    assert "1 message is tried again." in words(
        owner.post("/chasing/failed/retry/", given, follow=True)
    )
    assert [r.invoice_id for r in PlannedSend.objects.filter(kind="retry")] == [second.pk]


def test_a_viewer_sees_failures_and_tries_none_again(viewer: Client, desk: Desk) -> None:
    unreachable(desk)
    assert "Try the chosen again" not in words(viewer.get("/chasing/failed/"))
    assert viewer.post("/chasing/failed/retry/", {}).status_code == 403


def test_the_roll_up_agrees_with_the_rows_also_after_folding(owner: Client, desk: Desk) -> None:
    customer = desk.customer()
    invoices = [desk.invoice(STEPS, customer=customer) for _ in range(3)]
    desk.advance("2026-03-10 12:00")
    desk.pay(invoices[0])
    desk.amend(invoices[1], due_date="2026-05-01")
    asked: dict[str, Any] = {
        "first": date(2026, 3, 1), "last": date(2026, 6, 1), "organization": desk.organization,
    }  # fmt: skip
    by_row = counts(chosen=SendFilter(customer_id=customer.pk), **asked)
    for _ in range(2):
        rolled = counts(chosen=SendFilter(), **asked)
        for states in (("planned",), ("sent", "sending"), ("skipped",), ("failed",)):
            assert [d.of(*states) for d in rolled] == [d.of(*states) for d in by_row]
        fold_send_counts()
    assert not SendCount.objects.filter(count=0).exists()
