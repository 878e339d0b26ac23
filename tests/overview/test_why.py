"""“Why was nothing sent on that day?” in the words a member and a program read."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from dunwell import flows
from dunwell.chasing.models import PlannedSend
from dunwell.chasing.operations import by_hand
from dunwell.core.outcomes import Reason
from dunwell.core.why import Why
from dunwell.ledger import operations as ledger
from dunwell.ledger.models import Invoice
from dunwell.ledger.queries import get_invoice
from dunwell.overview.why import Explained, why_of
from dunwell.overview.why_words import SENTENCES
from dunwell.tenancy.models import WorkerOutage
from tests.chasing.desk import Desk, after_due, before_due, on_issue

STEPS = [on_issue(9), after_due(5)]  # due on 1 April, so the reminder is due on Monday, the 6th
DAY = "2026-04-06"
type Story = Callable[[Desk], Invoice]


def asked(desk: Desk, invoice: Invoice, day: str = DAY) -> Explained:
    return why_of(
        organization=desk.organization,
        invoice=get_invoice(invoice_id=invoice.pk),
        day=date.fromisoformat(day),
        now=desk.now,
    )


def plain(explained: Explained) -> str:
    lines = [explained.sentence, *(line for each in explained.answers for line in each.evidence)]
    return "\n".join(lines).replace("\u202f", " ")


def no_step(desk: Desk) -> Invoice:
    invoice = desk.invoice([on_issue(9), after_due(4), after_due(10)])
    desk.advance("2026-04-07 00:00")
    return invoice


def draft(desk: Desk) -> Invoice:
    return desk.invoice(STEPS, issue=False)


def no_schedule(desk: Desk) -> Invoice:
    return desk.invoice()


def moved(desk: Desk) -> Invoice:
    desk.change_settings(business_days_only=True, holiday_calendar="DE")
    invoice = desk.invoice(STEPS)  # 6 April 2026 is Easter Monday
    desk.advance("2026-04-08 00:00")
    return invoice


def closed(desk: Desk) -> Invoice:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 12:00")
    flows.close_invoice(**desk.here, invoice_id=invoice.pk, reason="void")
    return invoice


def paid(desk: Desk) -> Invoice:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 12:00")
    desk.pay(invoice)
    return invoice


def paid_and_taken_back(desk: Desk) -> Invoice:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 12:00")
    payment = desk.pay(invoice).payment
    desk.advance("2026-04-15 12:00")
    flows.reverse_payment(**desk.here, payment_id=payment.pk)
    return invoice


def switched_off(desk: Desk) -> Invoice:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 12:00")
    desk.switch(invoice, on=False)
    return invoice


def switched_off_and_on(desk: Desk) -> Invoice:
    invoice = switched_off(desk)
    desk.advance("2026-04-09 12:00")
    desk.switch(invoice, on=True)
    return invoice


def do_not_chase(desk: Desk) -> Invoice:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 12:00")
    flows.update_customer(
        **desk.here,
        customer_id=invoice.customer_id,
        changes={"do_not_chase": True, "do_not_chase_reason": "the CEO's brother"},
    )
    return invoice


def paused(desk: Desk) -> Invoice:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 12:00")
    desk.pause(invoice, "2026-04-10")
    desk.advance("2026-04-12 00:00")
    return invoice


def promised(desk: Desk) -> Invoice:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-04-02 12:00")
    flows.record_promise(**desk.here, invoice_id=invoice.pk, promised_on=date(2026, 4, 8))
    desk.advance("2026-04-07 00:00")
    return invoice


def will_be_held(desk: Desk) -> Invoice:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-03-10 12:00")
    desk.pause(invoice, "2026-04-10")
    return invoice


def superseded(desk: Desk) -> Invoice:
    invoice = desk.invoice([on_issue(9), after_due(5, 9), after_due(5, 15)])
    desk.advance("2026-04-06 08:00")
    desk.oversleep("2026-04-06 16:00")
    desk.advance("2026-04-06 17:00")
    return invoice


def missed(desk: Desk) -> Invoice:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-04-06 08:00")
    desk.oversleep("2026-04-08 11:00")
    desk.advance("2026-04-08 12:00")
    return invoice


def daily_limit(desk: Desk) -> Invoice:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-04-06 07:00")
    by_hand.send_now(**desk.here, invoice_id=invoice.pk, channels=["email"])
    desk.advance("2026-04-06 10:00")
    return invoice


def below_minimum(desk: Desk) -> Invoice:
    desk.change_settings(minimum_balances={"EUR": 50000})
    invoice = desk.invoice(STEPS)
    desk.advance("2026-04-07 00:00")
    return invoice


def failed(desk: Desk) -> Invoice:
    customer = desk.customer(contacts=[ledger.ContactInput(name="Jo Park", billing=True)])
    invoice = desk.invoice(STEPS, customer=customer)
    desk.advance("2026-04-07 00:00")
    return invoice


def backdated(desk: Desk) -> Invoice:
    invoice = desk.invoice([on_issue(9)])
    desk.advance("2026-04-12 10:00")
    desk.set_steps(invoice, STEPS)
    return invoice


def rescheduled(desk: Desk) -> Invoice:
    return backdated(desk)


def sent(desk: Desk) -> Invoice:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-04-07 00:00")
    return invoice


def ahead(desk: Desk) -> Invoice:
    return desk.invoice(STEPS)


ROWS: list[tuple[Story, str, str]] = [
    (no_step, Why.NO_STEP, "No step of the schedule falls on that day."),
    (draft, Why.NOT_ISSUED, "The invoice was not issued yet."),
    (no_schedule, Why.NO_SCHEDULE, "The invoice has no schedule"),
    (moved, Why.MOVED, "weekend or holiday: the step moved to Tue, Apr 7, 2026."),
    (closed, Reason.CLOSED, "The invoice was closed since Tue, Mar 10, 2026, 12:00 PM, by Ada."),
    (paid, Reason.PAID, "the invoice was paid since Tue, Mar 10, 2026, 12:00 PM, by Ada."),
    (paid_and_taken_back, Reason.PAID, "from Tue, Mar 10, 2026, 12:00 PM to Wed, Apr 15, 2026"),
    (switched_off, Reason.DISABLED, "switched off since Tue, Mar 10, 2026, 12:00 PM, by Ada."),
    (switched_off_and_on, Reason.DISABLED, "from Tue, Mar 10, 2026, 12:00 PM to Thu, Apr 9, 2026"),
    (do_not_chase, Why.DO_NOT_CHASE, "by Ada (“the CEO's brother”)."),
    (paused, Reason.PAUSED, "Chasing was held: paused from Tue, Mar 10, 2026, 12:00 PM to Fri"),
    (promised, Reason.PAUSED, "held: they promised to pay from Thu, Apr 2, 2026"),
    (will_be_held, Why.WILL_BE_HELD, "“5 days after due” will be skipped: paused from"),
    (superseded, Reason.SUPERSEDED, "A later step took its place: “5 days after due”, Mon, Apr 6"),
    (missed, Reason.MISSED, "found on Wed, Apr 8, 2026, 11:00 AM, after the catch-up time of 24"),
    (daily_limit, Reason.DAILY_LIMIT, "Everyone it was for had got this invoice that day already"),
    (below_minimum, Reason.BELOW_MINIMUM, "The balance was below your minimum of €500.00."),
    (failed, Reason.NO_EMAIL_ADDRESS, "It failed: no email address. A failure is not tried again"),
    (backdated, Reason.BACKDATED, "was past already when the schedule was planned on Sun, Apr 12"),
    (sent, Why.SENT, "A message went out: “5 days after due”, planned for Mon, Apr 6, 2026"),
    (ahead, Why.PLANNED, "A message will go out: “5 days after due”, at Mon, Apr 6, 2026"),
]  # fmt: skip


@pytest.mark.parametrize(("story", "code", "told"), ROWS, ids=[row[0].__name__ for row in ROWS])
def test_why_nothing_was_sent_on_a_day(desk: Desk, story: Story, code: str, told: str) -> None:
    explained = asked(desk, story(desk))
    assert code in [answer.why for answer in explained.answers]
    assert told in plain(explained)


def test_a_day_before_issue_and_one_far_ahead(desk: Desk) -> None:
    invoice = desk.invoice([on_issue(9), before_due(2), after_due(5)])
    assert "The invoice was not issued yet." in plain(asked(desk, invoice, "2026-02-27"))
    later = plain(asked(desk, invoice, "2027-01-01"))
    assert "No step of the schedule falls on that day." in later
    assert "The step before: “5 days after due”" in later


def test_the_messages_of_that_day_are_the_evidence(desk: Desk) -> None:
    told = plain(asked(desk, sent(desk)))
    assert "Email · Jo Park: sent, Mon, Apr 6, 2026, 9:00 AM" in told


def test_a_missed_send_of_a_live_company_names_the_outage(desk: Desk) -> None:
    invoice = missed(desk)
    WorkerOutage.objects.create(
        began_at=desk.instant("2026-04-06 08:30"), ended_at=desk.instant("2026-04-08 11:00")
    )
    desk.organization.sandbox_now = None  # as a company of the wall clock is read
    told = plain(
        why_of(
            organization=desk.organization,
            invoice=get_invoice(invoice_id=invoice.pk),
            day=date(2026, 4, 6),
            now=desk.instant("2026-04-09 08:00"),
        )
    )
    assert "no worker ran from Mon, Apr 6, 2026, 8:30 AM to Wed, Apr 8, 2026, 11:00 AM." in told


def test_a_message_about_the_account_that_named_the_invoice_is_pointed_at(desk: Desk) -> None:
    invoice = desk.invoice(STEPS)
    desk.advance("2026-04-01 12:00")
    row = PlannedSend.objects.get(invoice=invoice, state="planned")
    account = PlannedSend.objects.create(
        organization=desk.organization, customer_id=invoice.customer_id, kind="account",
        trigger={"type": "account"}, day=row.day, at=row.at - timedelta(hours=1),
        channels=["email"], state="sent", changed_at=row.at, live=False,
    )  # fmt: skip
    PlannedSend.objects.filter(pk=row.pk).update(
        state="skipped", reason="folded", points_at=account, changed_at=row.at
    )
    told = plain(asked(desk, invoice))
    assert "A message about the whole account named this invoice: the message about the" in told


def test_every_reason_that_is_no_failure_has_a_sentence() -> None:
    failures = {
        "no_email_address", "no_phone_number", "no_postal_address", "address_bounced", "opted_out",
        "complained",
    }  # fmt: skip
    assert {*Why, *Reason} - failures <= set(SENTENCES)
