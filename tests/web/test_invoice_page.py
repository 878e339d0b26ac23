"""The page of one invoice and what is done on it, as a member without scripts sees it."""

import re
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from dunwell import flows
from dunwell.chasing.models import PlannedSend
from dunwell.inbox.models import Delivery
from dunwell.ledger.models import Invoice, InvoiceDocument, Payment, Promise
from dunwell.ledger.operations import ContactInput
from tests.chasing.desk import Desk, after_due, before_due, on_issue, repeat

STEPS = [on_issue(), before_due(7), after_due(3, 10, channels=["email", "sms"]), repeat(10, 2, 10)]


def words(answer: Any) -> str:
    """Return a page's words as a person reads them, gaps as one blank."""
    text = re.sub(
        r"<(script|style)\b.*?</\1>|<[^>]+>", " ", answer.content.decode(), flags=re.DOTALL
    )
    return " ".join(unescape(text).split())


def shown(client: Client, invoice: Invoice, below: str = "", **query: str) -> str:
    answer = client.get(f"/invoices/{invoice.pk}/{below}", query)
    assert answer.status_code == 200, answer.content[:2000]
    return words(answer)


def act(client: Client, invoice: Invoice, name: str, **given: Any) -> str:
    """Send an act's form and return the words of the page it leads to."""
    answer = client.post(f"/invoices/{invoice.pk}/{name}/", given, follow=True)
    assert answer.status_code in (200, 422), answer.status_code
    return words(answer)


def fresh(invoice: Invoice) -> Invoice:
    return Invoice.objects.get(pk=invoice.pk)


@pytest.fixture
def invoice(desk: Desk) -> Invoice:
    return desk.invoice(STEPS, number="INV-7", purchase_order="PO-88")


def test_it_says_what_is_owed_and_how_the_due_date_came_about(
    owner: Client, invoice: Invoice
) -> None:
    page = shown(owner, invoice)
    assert "INV-7" in page
    assert "€100.00" in page
    assert "PO-88" in page
    assert "net 30 from the invoice date March 2, 2026 → due April 1, 2026" in page
    assert "Due in 30 days" in page


def test_the_schedule_has_local_times_states_and_today(
    desk: Desk, owner: Client, invoice: Invoice
) -> None:
    desk.advance("2026-04-05 12:00")
    page = shown(owner, invoice)
    assert "When issued Mon, Mar 2, 2026, 9:00\u202fAM".replace("\u202f", " ") in page.replace(
        "\u202f", " "
    )
    assert "3 days after due Sat, Apr 4, 2026, 10:00 AM" in page
    assert "Failed: no phone number" in page
    assert "Every 10 days, 1 of 2 Tue, Apr 14, 2026, 10:00 AM" in page
    assert page.index("3 days after due Sat") < page.index("Today, Apr 5, 2026")
    assert page.index("Today, Apr 5, 2026") < page.index("Every 10 days, 1 of 2")
    assert "Overdue by 4 days" in page


def test_every_message_stands_in_the_conversation(
    desk: Desk, owner: Client, invoice: Invoice
) -> None:
    desk.advance("2026-03-02 10:00")
    page = shown(owner, invoice)
    assert "to Jo Park <jo@proseware.example>" in page
    assert "Here is our invoice INV-7" in page


def test_markup_in_a_message_is_only_text(desk: Desk, owner: Client, invoice: Invoice) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    flows.open_dispute(**desk.here, invoice_id=invoice.pk, reason=hostile)
    answer = owner.get(f"/invoices/{invoice.pk}/")
    assert b"<img src=x" not in answer.content
    assert hostile in unescape(answer.content.decode())


def test_a_payment_cancels_what_was_planned(owner: Client, desk: Desk, invoice: Invoice) -> None:
    page = act(owner, invoice, "payment", **_payment())
    assert "The invoice is paid; nothing more goes out." in page
    assert {state for _at, state in desk.sends(invoice)} == {"cancelled: paid"}
    assert "Cancelled: the invoice is paid" in page


def _payment(amount: str = "100.00", key: str = "018f3c4e-0000-7000-8000-000000000001") -> Any:
    return {"amount": amount, "received_on": "2026-03-02", "key": key}


def test_a_payment_sent_twice_counts_once(owner: Client, invoice: Invoice) -> None:
    act(owner, invoice, "payment", **_payment("40"))
    act(owner, invoice, "payment", **_payment("40"))
    assert fresh(invoice).balance.text == "60.00"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "This field is required."),
        ("ten", "“ten” is not an amount"),
        ("-5", "The amount must be greater than zero."),
        ("1.234", "EUR"),
    ],
)
def test_an_amount_that_cannot_be_read_is_told_at_its_field(
    owner: Client, invoice: Invoice, typed: str, told: str
) -> None:
    assert told in act(owner, invoice, "payment", **_payment(typed))
    assert not Payment.objects.exists()


def test_an_amount_may_have_thousands_as_the_locale_writes_them(
    owner: Client, invoice: Invoice
) -> None:
    act(owner, invoice, "payment", **_payment("1,100.00"))
    assert fresh(invoice).balance.minor == 0
    assert Payment.objects.get().unapplied.text == "1000.00"


def test_a_reversed_payment_opens_the_invoice_again(owner: Client, invoice: Invoice) -> None:
    act(owner, invoice, "payment", **_payment())
    payment = Payment.objects.get()
    answer = owner.post(
        f"/invoices/{invoice.pk}/reverse/{payment.pk}/",
        {"amount": "100", "reversed_on": "2026-03-02", "reason": "bounced"},
        follow=True,
    )
    assert "the invoice is open again" in words(answer)
    assert fresh(invoice).balance.text == "100.00"


def test_a_promise_holds_and_says_until_when(owner: Client, invoice: Invoice) -> None:
    page = act(owner, invoice, "promise", promised_on="2026-04-20", amount="100.00", note="Friday")
    assert "On hold: they promised to pay, until Apr 24, 2026" in page
    assert "Will be skipped: they promised to pay" in page
    assert "“Friday”" in page or "Friday" in page
    assert Promise.objects.get().promised_on == date(2026, 4, 20)


def test_a_pause_holds_and_is_lifted(owner: Client, desk: Desk, invoice: Invoice) -> None:
    page = act(owner, invoice, "pause", until="2026-05-01", reason="they move house")
    assert "On hold: paused, until May 1, 2026" in page
    assert "they move house" in page
    assert "Next: email" in act(owner, invoice, "resume")


def test_a_pause_into_the_past_is_refused_at_its_field(owner: Client, invoice: Invoice) -> None:
    page = act(owner, invoice, "pause", until="2026-03-01")
    assert "The resume date must be after today." in page


def test_a_dispute_of_a_part_does_not_hold(owner: Client, invoice: Invoice) -> None:
    page = act(owner, invoice, "dispute", reason="one hour too many", amount="20")
    assert "one hour too many" in page
    assert "On hold" not in page
    assert "Next: email" in page


def test_amending_the_due_date_moves_the_steps(owner: Client, desk: Desk, invoice: Invoice) -> None:
    given = _amendment(due_date="2026-05-01")
    answer = owner.post(f"/invoices/{invoice.pk}/amend/", given, follow=True)
    page = words(answer)
    assert "the steps that lie ahead follow the new due date" in page
    assert "7 days before due Fri, Apr 24, 2026, 9:00 AM" in page
    assert "due date set by hand → due May 1, 2026" in page


def _amendment(**changed: str) -> dict[str, str]:
    start = {
        "invoice_date": "2026-03-02",
        "terms_anchor": "invoice_date",
        "purchase_order": "PO-88",
        "total": "100.00",
    }
    return start | changed


def test_amending_lines_changes_the_total(owner: Client, invoice: Invoice) -> None:
    given: dict[str, Any] = _amendment(total="")
    given |= {
        "line_description": ["Design", ""],
        "line_quantity": ["2", ""],
        "line_unit_price": ["75.50", ""],
        "line_tax_rate": ["", ""],
    }
    answer = owner.post(f"/invoices/{invoice.pk}/amend/", given, follow=True)
    assert answer.status_code == 200
    assert fresh(invoice).total.text == "151.00"
    assert "75.50" in owner.get(f"/invoices/{invoice.pk}/amend/").content.decode()


def test_amending_nothing_leaves_no_trace(owner: Client, invoice: Invoice) -> None:
    owner.post(f"/invoices/{invoice.pk}/amend/", _amendment())
    assert "Amended" not in shown(owner, invoice, tab="activity")


def test_steps_of_its_own(owner: Client, desk: Desk, invoice: Invoice) -> None:
    given = {
        "steps-TOTAL_FORMS": "1",
        "steps-INITIAL_FORMS": "0",
        "steps-0-type": "after_due",
        "steps-0-days": "5",
        "steps-0-hour": "16",
        "steps-0-channels": "email",
        "steps-0-roles": "Managing director",
        "act": "save",
    }
    answer = owner.post(f"/invoices/{invoice.pk}/steps/", given, follow=True)
    page = words(answer)
    assert "steps of its own" in page
    assert "5 days after due Mon, Apr 6, 2026, 4:00 PM" in page
    assert "to Managing director" in page


def test_a_draft_shows_a_preview_and_is_issued(owner: Client, desk: Desk) -> None:
    draft = desk.invoice(STEPS, issue=False)
    page = shown(owner, draft)
    assert "A preview: it starts when the invoice is issued." in page
    assert "Wed, Mar 25, 2026, 9:00 AM" in page
    assert "is issued." in act(owner, draft, "issue")
    assert fresh(draft).issued_at is not None


def test_a_draft_is_deleted_after_being_named(owner: Client, desk: Desk) -> None:
    draft = desk.invoice(STEPS, issue=False, number="D-1")
    assert "D-1 for Proseware goes" in shown(owner, draft, "delete/")
    assert "D-1 is deleted." in act(owner, draft, "delete")
    assert not Invoice.objects.filter(pk=draft.pk).exists()


def test_closing_and_reopening(owner: Client, invoice: Invoice) -> None:
    assert "Written off" in act(owner, invoice, "close", reason="write_off", note="insolvent")
    assert "Due in 30 days" in act(owner, invoice, "reopen")


def test_send_now_asks_before_writing_twice_a_day(
    owner: Client, desk: Desk, invoice: Invoice
) -> None:
    desk.advance("2026-03-02 10:00")
    page = act(owner, invoice, "send", channels=["email"])
    assert "This invoice already went out on this channel today." in page
    assert "Yes, send it again today" in page
    act(owner, invoice, "send", channels=["email"], confirmed="on")
    desk.advance("2026-03-02 11:00")
    assert len(desk.went_out(invoice)) == 2


def test_send_now_shows_the_words_beforehand(owner: Client, invoice: Invoice) -> None:
    page = shown(owner, invoice, "send/")
    assert "Jo Park (jo@proseware.example)" in page
    assert "Here is our invoice INV-7" in page


def test_a_failed_send_is_tried_again(owner: Client, desk: Desk) -> None:
    customer = desk.customer(contacts=[ContactInput(name="Jo Park", phone="+49 30 1234")])
    invoice = desk.invoice([on_issue()], customer=customer)
    desk.advance("2026-03-02 10:00")
    page = shown(owner, invoice)
    assert "“When issued” failed" in page
    assert "no email address" in page
    failed = desk.rows(invoice)[0]
    answer = owner.post(f"/invoices/{invoice.pk}/retry/{failed.pk}/", {"hour": "9"}, follow=True)
    assert "Another attempt is planned." in words(answer)


def test_what_may_have_arrived_is_tried_again_only_with_a_confirmation(
    owner: Client, desk: Desk, invoice: Invoice
) -> None:
    desk.advance("2026-03-02 10:00")
    sent = desk.rows(invoice)[0]
    # As the sweep leaves a hand-over whose sender died.
    Delivery.objects.filter(planned_send_id=sent.pk).update(state="uncertain", reason="uncertain")
    PlannedSend.objects.filter(pk=sent.pk).update(state="failed", reason="uncertain")
    assert "“When issued” may have arrived" in shown(owner, invoice)
    again = f"/invoices/{invoice.pk}/retry/{sent.pk}/"
    assert "it may have arrived" in words(owner.get(again))
    assert "Please confirm this." in words(owner.post(again, {"hour": "9"}))
    answer = owner.post(again, {"hour": "9", "sure": "on"}, follow=True)
    assert "Another attempt is planned." in words(answer)


def test_a_customer_nobody_chases_is_named(owner: Client, desk: Desk) -> None:
    customer = desk.customer(do_not_chase=True, do_not_chase_reason="Family of the founder.")
    page = shown(owner, desk.invoice(STEPS, customer=customer))
    assert "Proseware is not chased. Family of the founder." in page


def test_an_invoice_without_a_schedule_offers_one(owner: Client, desk: Desk) -> None:
    page = shown(owner, desk.invoice(None))
    assert "Nobody reminds this customer yet." in page
    assert "Choose a cadence" in page


def test_who_gets_it_refuses_what_is_no_address(owner: Client, invoice: Invoice) -> None:
    assert "“nobody” is not an email address." in act(owner, invoice, "contacts", contacts="nobody")
    page = act(owner, invoice, "contacts", contacts="a@x.example\nb@x.example")
    assert "Goes to a@x.example, b@x.example" in page


def test_switching_off_and_on(owner: Client, desk: Desk, invoice: Invoice) -> None:
    assert "Cancelled: chasing was switched off" in act(owner, invoice, "off")
    assert "Next: email" in act(owner, invoice, "on")


def test_another_cadence(owner: Client, desk: Desk, invoice: Invoice) -> None:
    gentle = desk.cadence([on_issue(), after_due(14, 15)], name="Gentle")
    page = act(owner, invoice, "cadence", cadence_id=str(gentle.pk))
    assert "· Gentle" in page
    assert "14 days after due Wed, Apr 15, 2026, 3:00 PM" in page


def test_the_pdf_and_the_original(owner: Client, invoice: Invoice) -> None:
    drawn = owner.get(f"/invoices/{invoice.pk}/pdf/")
    assert drawn.content.startswith(b"%PDF-")
    file = SimpleUploadedFile("Rechnung 7.pdf", b"%PDF-1.7 of their own", "application/pdf")
    act(owner, invoice, "attach", file=file, original="on")
    stored = InvoiceDocument.objects.defer("data").get(invoice=invoice)
    back = owner.get(f"/invoices/{invoice.pk}/files/{stored.pk}/")
    assert back.content == b"%PDF-1.7 of their own"
    assert "original, goes out" in shown(owner, invoice, tab="documents")


def test_an_attached_page_is_saved_not_shown(owner: Client, invoice: Invoice) -> None:
    file = SimpleUploadedFile("x.html", b"<script>alert(1)</script>", "text/html")
    act(owner, invoice, "attach", file=file)
    stored = InvoiceDocument.objects.get(invoice=invoice)
    back = owner.get(f"/invoices/{invoice.pk}/files/{stored.pk}/")
    assert back.headers["Content-Type"] == "application/octet-stream"
    assert back.headers["Content-Disposition"].startswith("attachment")


def test_what_happened_is_logged(owner: Client, invoice: Invoice) -> None:
    act(owner, invoice, "log", kind="call", outcome="no answer", next_on="2026-03-09")
    page = shown(owner, invoice, tab="activity")
    assert "Call no answer · Next on Mar 9, 2026" in page


def test_a_viewer_reads_and_sees_no_button(viewer: Client, invoice: Invoice) -> None:
    page = viewer.get(f"/invoices/{invoice.pk}/").content.decode()
    assert "INV-7" in page
    for name in ("payment", "promise", "log", "send", "close", "pause", "cadence", "off"):
        assert f"/invoices/{invoice.pk}/{name}/" not in page
        assert viewer.post(f"/invoices/{invoice.pk}/{name}/").status_code == 403
    assert viewer.get(f"/invoices/{invoice.pk}/amend/").status_code == 403
    assert viewer.get(f"/invoices/{invoice.pk}/steps/").status_code == 403


def test_the_invoice_of_another_company_is_not_there(invoice: Invoice, house: None) -> None:
    from dunwell.tenancy.scope import _scope
    from tests.chasing.desk import new_desk
    from tests.web.conftest import signed_in

    outside = _scope.set("")
    try:
        with new_desk() as other:
            stranger = signed_in(other)
            for below in ("", "pdf/", "payment/", "amend/", "steps/"):
                assert stranger.get(f"/invoices/{invoice.pk}/{below}").status_code == 404
    finally:
        _scope.reset(outside)


def test_a_dialog_gets_the_form_alone_and_then_goes_on(owner: Client, invoice: Invoice) -> None:
    htmx = {"HX-Request": "true"}
    form = owner.get(f"/invoices/{invoice.pk}/log/", headers=htmx).content.decode()
    assert "<html" not in form
    refused = owner.post(f"/invoices/{invoice.pk}/log/", {}, headers=htmx)
    assert refused.status_code == 422
    done = owner.post(f"/invoices/{invoice.pk}/log/", {"kind": "note", "text": "Hm."}, headers=htmx)
    assert done.headers["HX-Redirect"].startswith(f"/invoices/{invoice.pk}/")


def test_a_member_asks_why_nothing_was_sent_on_a_day(owner: Client, desk: Desk) -> None:
    invoice = desk.invoice([on_issue(9), after_due(5)])
    desk.advance("2026-03-10 12:00")
    desk.pause(invoice, "2026-04-10")
    desk.advance("2026-04-12 00:00")
    address = f"/invoices/{invoice.pk}/"
    assert "Why was nothing sent on that day?" in words(owner.get(address))
    page = words(owner.get(address + "?why=2026-04-06"))
    assert "Chasing was held: paused from Tue, Mar 10, 2026, 12:00 PM" in page
    assert "Enter a valid date." in words(owner.get(address + "?why=yesterday"))
