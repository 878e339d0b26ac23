"""What a member sends by hand, and tries again after a failure."""

import pytest

from dunwell.chasing.errors import NotChaseable, NothingToRetry, SentToday
from dunwell.chasing.models import PlannedSend
from dunwell.chasing.operations.by_hand import retry, send_now
from dunwell.inbox.models import Delivery
from dunwell.ledger.models import Invoice
from dunwell.ledger.operations import ContactInput, save_contacts
from tests.chasing.desk import Desk, after_due, on_issue

JO, BO = "jo@proseware.example", "bo@proseware.example"


def by_hand(desk: Desk, invoice: Invoice, *, confirmed: bool = False) -> PlannedSend:
    return send_now(**desk.here, invoice_id=invoice.pk, channels=["email"], confirmed=confirmed)


def again(desk: Desk, send: PlannedSend, at: str | None = None) -> PlannedSend:
    return retry(**desk.here, planned_send_id=send.pk, at=None if at is None else desk.instant(at))


def test_sending_now_goes_out_at_once_even_where_chasing_is_off(desk: Desk) -> None:
    invoice = desk.invoice([on_issue(20)])
    desk.switch(invoice, on=False)
    by_hand(desk, invoice)
    desk.advance("2026-03-02 08:00")
    assert desk.times(invoice) == ["2026-03-02 08:00"]


def test_sending_twice_a_day_asks_first(desk: Desk) -> None:
    invoice = desk.invoice([on_issue(9)])
    desk.advance("2026-03-02 10:00")
    with pytest.raises(SentToday):
        by_hand(desk, invoice)
    by_hand(desk, invoice, confirmed=True)
    desk.advance("2026-03-02 10:00")
    assert desk.times(invoice) == ["2026-03-02 09:00", "2026-03-02 10:00"]


def test_a_member_cannot_send_a_draft_or_a_paid_invoice(desk: Desk) -> None:
    draft = desk.invoice([on_issue()], issue=False)
    with pytest.raises(NotChaseable):
        by_hand(desk, draft)
    paid = desk.invoice([on_issue()])
    desk.pay(paid)
    with pytest.raises(NotChaseable):
        by_hand(desk, paid)


def test_a_members_message_obeys_a_hold(desk: Desk) -> None:
    invoice = desk.invoice([on_issue(20)])
    desk.pause(invoice, "2026-04-01")
    by_hand(desk, invoice)
    desk.advance("2026-03-02 09:00")
    assert desk.times(invoice) == []


@pytest.fixture
def failed(desk: Desk) -> Invoice:
    """Give an invoice whose first send failed: its customer has no address."""
    customer = desk.customer(contacts=[ContactInput(name="Jo")])
    invoice = desk.invoice([on_issue(9)], customer=customer)
    desk.advance("2026-03-02 09:00")
    assert [state for _at, state in desk.sends(invoice)] == ["failed: no_email_address"]
    return invoice


def test_a_failure_is_not_tried_again_by_itself(desk: Desk, failed: Invoice) -> None:
    save_contacts(
        **desk.here, customer_id=failed.customer_id, contacts=[ContactInput(name="Bo", email=BO)]
    )
    desk.advance("2026-06-01 00:00")
    assert desk.times(failed) == []


@pytest.mark.parametrize("at", [None, "2026-03-05 14:00"])
def test_a_member_tries_again_now_or_later(desk: Desk, failed: Invoice, at: str | None) -> None:
    save_contacts(
        **desk.here,
        customer_id=failed.customer_id,
        contacts=[ContactInput(name="Jo", email=JO, receives_invoices=True)],
    )
    desk.advance("2026-03-04 11:00")
    attempt = again(desk, desk.rows(failed)[0], at)
    desk.advance("2026-03-10 00:00")
    attempt.refresh_from_db()
    assert (attempt.state, attempt.kind) == ("sent", "retry")
    assert desk.times(failed) == [at or "2026-03-04 11:00"]
    assert desk.sends(failed)[0] == ("2026-03-02 09:00", "failed: no_email_address")


def test_only_a_failed_send_is_tried_again_and_once_at_a_time(desk: Desk, failed: Invoice) -> None:
    first = desk.rows(failed)[0]
    again(desk, first, "2026-03-05 14:00")
    with pytest.raises(NothingToRetry):
        again(desk, first)
    sent = desk.invoice([on_issue(9)], customer=desk.customer(JO, name="Other"))
    desk.advance("2026-03-02 10:00")
    with pytest.raises(NothingToRetry):
        again(desk, desk.rows(sent)[0])


def test_a_payment_cancels_a_planned_attempt(desk: Desk, failed: Invoice) -> None:
    again(desk, desk.rows(failed)[0], "2026-03-05 14:00")
    desk.pay(failed)
    desk.advance("2026-03-10 00:00")
    assert [state for _at, state in desk.sends(failed)][-1] == "cancelled: paid"


def test_attempts_go_to_those_who_were_not_reached_on_the_channel_that_failed(desk: Desk) -> None:
    def contacts(**phones: str) -> list[ContactInput]:
        return [
            ContactInput(name=email, email=email, receives_invoices=True, phone=phones.get(who, ""))
            for who, email in (("jo", JO), ("bo", BO))
        ]

    customer = desk.customer(contacts=contacts())
    invoice = desk.invoice([on_issue(9, channels=["email", "sms"])], customer=customer)
    desk.advance("2026-03-02 09:00")
    assert [state for _at, state in desk.sends(invoice)] == ["failed: no_phone_number"]
    first = again(desk, desk.rows(invoice)[0])
    desk.advance("2026-03-02 10:00")
    first.refresh_from_db()
    assert (first.state, first.reason) == ("failed", "no_phone_number")
    save_contacts(**desk.here, customer_id=customer.pk, contacts=contacts(bo="+4930231250"))
    again(desk, first)
    desk.advance("2026-03-02 11:00")
    # both got their mail in the very first attempt, and no second one
    out = Delivery.objects.filter(invoice=invoice, state="sent").order_by("id")
    assert [(d.channel, d.to_address) for d in out] == [
        ("email", JO),
        ("email", BO),
        ("sms", "+4930231250"),
    ]


def test_chasing_goes_on_by_its_plan_after_a_failure(desk: Desk) -> None:
    customer = desk.customer(contacts=[ContactInput(name="Jo")])
    invoice = desk.invoice([on_issue(9), after_due(3)], customer=customer)
    desk.advance("2026-03-10 00:00")
    save_contacts(
        **desk.here,
        customer_id=customer.pk,
        contacts=[ContactInput(name="Jo", email=JO, receives_invoices=True)],
    )
    desk.advance("2026-05-01 00:00")
    assert desk.went_out(invoice) == [("2026-04-04 09:00", "new_invoice", JO)]
