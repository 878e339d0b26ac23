"""Customer chasing: the sentences of its section, one by one, as they are seen from outside."""

from datetime import date

import pytest

from dunwell import flows
from dunwell.chasing.accounts.views import chasing_of
from dunwell.chasing.models import AccountCycle, AccountItem, PlannedSend, Task
from dunwell.chasing.operations.customer_cadences import stop_chasing_account
from dunwell.core.accounts import Why
from dunwell.core.money import Money
from dunwell.inbox.models import Delivery
from dunwell.ledger.models import Contact, Customer, Invoice
from dunwell.ledger.operations import ContactInput, InstallmentInput, create_plan
from dunwell.tenancy.models import Event
from tests.chasing.accounts import (
    account_age,
    account_mails,
    account_sends,
    chase,
    customer_cadence,
    past_due,
    step_states,
    tasks,
    texts,
)
from tests.chasing.desk import Desk, after_due, on_date, on_issue

# The desk's day is Monday 2 March 2026, 08:00 in Berlin.


def test_several_overdue_invoices_make_one_message_that_names_all_open_items(desk: Desk) -> None:
    customer = desk.customer()
    for number, due in (("A-1", "2026-03-10"), ("A-2", "2026-03-12"), ("A-3", "2026-05-01")):
        desk.invoice(customer=customer, number=number, due_date=due)
    chase(desk, customer, customer_cadence(desk, [past_due(5)]))
    desk.advance("2026-03-20 00:00")
    assert account_mails(desk, customer) == [("2026-03-15 10:00", "jo@proseware.example")]
    [text] = texts(customer)
    assert all(number in text for number in ("A-1", "A-2", "A-3"))
    assert "€300.00" in text
    assert "5 days past due" in text
    assert "3 days past due" in text


def test_it_works_without_any_schedule_of_the_invoices(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice([after_due(30)], customer=customer, due_date="2026-03-10")
    desk.switch(invoice, on=False)
    chase(desk, customer, customer_cadence(desk, [past_due(5)]))
    desk.advance("2026-03-20 00:00")
    assert account_mails(desk, customer) == [("2026-03-15 10:00", "jo@proseware.example")]


def test_do_not_chase_on_the_customer_stops_both(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice([after_due(3)], customer=customer, due_date="2026-03-10")
    chase(desk, customer, customer_cadence(desk, [past_due(5)]))
    flows.update_customer(**desk.here, customer_id=customer.pk, changes={"do_not_chase": True})
    desk.advance("2026-03-20 00:00")
    assert desk.sends(invoice) == [("2026-03-13 09:00", "cancelled: disabled")]
    assert account_sends(desk, customer) == []


def test_the_message_of_a_day_is_seen_from_its_midnight_on(desk: Desk) -> None:
    customer = desk.customer()
    desk.invoice(customer=customer, due_date="2026-03-10")
    chase(desk, customer, customer_cadence(desk, [past_due(5)]))
    desk.advance("2026-03-14 23:59")
    assert account_sends(desk, customer) == []
    desk.advance("2026-03-15 00:00")
    assert account_sends(desk, customer) == [("2026-03-15 10:00", "planned")]


def test_what_is_reached_between_midnight_and_the_run_is_added(desk: Desk) -> None:
    customer = desk.customer()
    cadence = customer_cadence(desk, [past_due(5)])
    desk.advance("2026-03-20 08:00")
    desk.invoice(customer=customer, invoice_date="2026-03-01", due_date="2026-03-10")
    chase(desk, customer, cadence)
    desk.advance("2026-03-20 12:00")
    assert account_sends(desk, customer) == [("2026-03-20 10:00", "sent")]


def test_a_cadence_has_run_times_of_its_own(desk: Desk) -> None:
    customer = desk.customer()
    desk.invoice(customer=customer, due_date="2026-03-10")  # 5 days past due on a Sunday
    chase(desk, customer, customer_cadence(desk, [past_due(5)], weekdays=[1, 3], hour=15))
    desk.advance("2026-03-20 00:00")
    assert account_sends(desk, customer) == [("2026-03-17 15:00", "sent")]


def test_a_run_performs_the_furthest_step_and_passes_over_the_earlier_ones(desk: Desk) -> None:
    customer = desk.customer()
    desk.invoice(customer=customer, invoice_date="2026-01-01", due_date="2026-02-01")
    chase(desk, customer, customer_cadence(desk, [past_due(5), past_due(15), past_due(60)]))
    desk.advance("2026-03-05 00:00")
    assert account_sends(desk, customer) == [("2026-03-02 10:00", "sent")]
    assert step_states(customer) == {
        "EUR past_due_age:5:message": "superseded",
        "EUR past_due_age:15:message": "done",
    }
    desk.advance("2026-05-05 00:00")
    assert account_sends(desk, customer)[1:] == [("2026-04-02 10:00", "sent")]


def test_a_cycle_ends_with_the_payment_and_the_next_begins_with_the_first_step(desk: Desk) -> None:
    customer = desk.customer()
    first = desk.invoice(customer=customer, due_date="2026-03-10")
    chase(desk, customer, customer_cadence(desk, [past_due(5), past_due(20, "task")]))
    desk.advance("2026-03-31 00:00")
    assert tasks(customer) == [("2026-03-30", "call", "open")]
    desk.pay(first)
    assert tasks(customer) == [("2026-03-30", "call", "cancelled")]
    assert AccountCycle.objects.get().ended_at == desk.now
    desk.invoice(customer=customer, due_date="2026-04-10")
    desk.advance("2026-05-15 00:00")
    assert account_sends(desk, customer) == [
        ("2026-03-15 10:00", "sent"),
        ("2026-04-15 10:00", "sent"),
    ]
    assert tasks(customer)[1:] == [("2026-04-30", "call", "open")]


def test_steps_by_account_age_begin_before_anything_is_due(desk: Desk) -> None:
    customer = desk.customer()
    desk.invoice(customer=customer, due_date="2026-06-01")
    chase(desk, customer, customer_cadence(desk, [account_age(20), past_due(5)]))
    desk.advance("2026-06-10 00:00")
    assert account_sends(desk, customer) == [
        ("2026-03-22 10:00", "sent"),
        ("2026-06-06 10:00", "sent"),
    ]


def test_when_the_oldest_is_paid_and_the_age_falls_later_steps_are_ready_again(desk: Desk) -> None:
    customer = desk.customer()
    old = desk.invoice(customer=customer, due_date="2026-03-10")
    desk.invoice(customer=customer, due_date="2026-03-20")
    chase(desk, customer, customer_cadence(desk, [past_due(5), past_due(12)]))
    desk.advance("2026-03-24 00:00")
    desk.pay(old)
    desk.advance("2026-04-30 00:00")
    assert account_sends(desk, customer) == [
        ("2026-03-15 10:00", "sent"),
        ("2026-03-22 10:00", "sent"),
        ("2026-03-25 10:00", "sent"),  # the first step again: its age had fallen below it
        ("2026-04-01 10:00", "sent"),
    ]


def test_a_task_asks_a_member_for_a_call_and_an_escalation_names_one(desk: Desk) -> None:
    owner = desk.organization.default_owner
    assert owner is not None
    customer = desk.customer()
    desk.invoice(customer=customer, due_date="2026-03-10")
    steps = [past_due(5, "task"), past_due(9, "escalate", assignee=str(owner.pk))]
    chase(desk, customer, customer_cadence(desk, steps))
    desk.advance("2026-03-25 00:00")
    assert tasks(customer) == [
        ("2026-03-15", "call", "open"),
        ("2026-03-19", "escalate", "open"),
    ]
    assert {task.assignee for task in Task.objects.all()} == {owner}
    kinds = Event.objects.filter(customer_id=customer.pk).values_list("kind", flat=True)
    assert {"task.opened", "account.escalated"} <= set(kinds)
    assert account_mails(desk, customer) == []


def test_below_its_minimum_an_account_is_not_chased_in_other_currencies_it_is(desk: Desk) -> None:
    small, large, foreign = (desk.customer(name=name) for name in ("S", "L", "F"))
    cadence = customer_cadence(desk, [past_due(5)], minimum="150.00")
    for customer, currency, count in ((small, "EUR", 1), (large, "EUR", 2), (foreign, "USD", 1)):
        for _number in range(count):
            desk.invoice(customer=customer, currency=currency, due_date="2026-03-10")
        chase(desk, customer, cadence)
    desk.advance("2026-03-20 00:00")
    assert account_sends(desk, small) == []
    assert account_sends(desk, large) == [("2026-03-15 10:00", "sent")]
    assert account_sends(desk, foreign) == [("2026-03-15 10:00", "sent")]


def test_steps_of_two_currencies_on_one_day_go_in_one_message_with_a_section_each(
    desk: Desk,
) -> None:
    customer = desk.customer()
    desk.invoice(customer=customer, number="E", total="80.00", due_date="2026-03-10")
    desk.invoice(
        customer=customer, number="U", total="70.00", currency="USD", due_date="2026-03-10"
    )
    chase(desk, customer, customer_cadence(desk, [past_due(5)]))
    desk.advance("2026-03-20 00:00")
    assert account_mails(desk, customer) == [("2026-03-15 10:00", "jo@proseware.example")]
    [text] = texts(customer)
    assert "€80.00" in text
    assert "$70.00" in text
    assert "150" not in text


def test_unapplied_credit_of_that_currency_is_taken_off(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer=customer, due_date="2026-03-10")
    desk.pay(invoice, "40.00", applications=[])
    chase(desk, customer, customer_cadence(desk, [past_due(5)], minimum="61.00"))
    desk.advance("2026-03-20 00:00")
    assert account_sends(desk, customer) == []


def test_a_disputed_part_is_not_counted_and_is_noted_in_the_message(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer=customer, due_date="2026-03-10")
    flows.open_dispute(**desk.here, invoice_id=invoice.pk, amount=Money.parse("30.00", "EUR"))
    chase(desk, customer, customer_cadence(desk, [past_due(5)], minimum="70.00"))
    desk.advance("2026-03-20 00:00")
    [text] = texts(customer)
    assert "under discussion: €30.00" in text


def test_what_is_held_or_paid_by_autopay_is_named_with_a_note_but_does_not_count(
    desk: Desk,
) -> None:
    customer = desk.customer()
    promised = desk.invoice(customer=customer, number="P", due_date="2026-03-05")
    automatic = desk.invoice(customer=customer, number="A", due_date="2026-03-05")
    automatic.autopay = True
    automatic.save(update_fields=["autopay"])
    desk.invoice(customer=customer, number="O", due_date="2026-03-10")
    flows.record_promise(**desk.here, invoice_id=promised.pk, promised_on=date(2026, 4, 1))
    chase(desk, customer, customer_cadence(desk, [past_due(5)]))
    desk.advance("2026-03-20 00:00")
    assert account_mails(desk, customer) == [("2026-03-15 10:00", "jo@proseware.example")]
    [text] = texts(customer)
    assert "payment promised" in text
    assert "paid automatically" in text


def test_a_payment_before_the_hour_cancels_the_message(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer=customer, due_date="2026-03-10")
    chase(desk, customer, customer_cadence(desk, [past_due(5)]))
    desk.advance("2026-03-15 08:00")
    desk.pay(invoice)
    desk.advance("2026-03-16 00:00")
    assert account_sends(desk, customer) == [("2026-03-15 10:00", "cancelled: paid")]


def test_a_hold_on_everything_skips_the_message_and_the_step_waits(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer=customer, due_date="2026-03-10")
    chase(desk, customer, customer_cadence(desk, [past_due(5)]))
    desk.advance("2026-03-15 08:00")
    desk.pause(invoice, "2026-03-18")
    desk.advance("2026-03-20 00:00")
    assert account_sends(desk, customer) == [
        ("2026-03-15 10:00", "skipped: paused"),
        ("2026-03-18 10:00", "sent"),
    ]


def test_stopping_cancels_what_is_planned_and_no_rule_takes_it_up(desk: Desk) -> None:
    customer = desk.customer(tags=["slow"])
    desk.invoice(customer=customer, due_date="2026-03-10")
    customer_cadence(desk, [past_due(5), past_due(6)], assign_when={"tags": ["slow"]})
    desk.advance("2026-03-15 08:00")
    stop_chasing_account(**desk.here, customer_id=customer.pk)
    desk.advance("2026-03-20 00:00")
    assert account_sends(desk, customer) == [("2026-03-15 10:00", "cancelled: disabled")]


@pytest.mark.parametrize(
    ("rule", "caught"),
    [
        ({"tags": ["slow"]}, True),
        ({"tags": ["quick"]}, False),
        ({"terms": {"days": 30}}, True),
        ({"terms": {"days": 60}}, False),
        ({"language": "de"}, True),
        ({"language": "fr"}, False),
        ({"currency": "EUR"}, True),
        ({"currency": "USD"}, False),
        ({"amount": {"amount": "100.00", "currency": "EUR"}}, True),
        ({"amount": {"amount": "100.01", "currency": "EUR"}}, False),
        ({"tags": ["slow"], "language": "fr"}, False),
    ],
)
def test_a_rule_takes_the_customers_it_catches(
    desk: Desk, rule: dict[str, object], caught: bool
) -> None:
    customer = desk.customer(tags=["slow"], language="de")
    desk.invoice(customer=customer, due_date="2026-03-10")
    customer_cadence(desk, [past_due(5)], assign_when=rule)
    desk.advance("2026-03-20 00:00")
    assert bool(account_sends(desk, customer)) is caught


def test_what_a_member_chose_wins_over_a_rule(desk: Desk) -> None:
    customer = desk.customer(tags=["slow"])
    desk.invoice(customer=customer, due_date="2026-03-10")
    customer_cadence(desk, [past_due(5)], assign_when={"tags": ["slow"]})
    chase(desk, customer, customer_cadence(desk, [past_due(7)], name="By hand"))
    desk.advance("2026-03-30 00:00")
    assert account_sends(desk, customer) == [("2026-03-17 10:00", "sent")]


# --- who gets it


def test_a_step_with_roles_goes_to_everyone_who_has_one(desk: Desk) -> None:
    contacts = [
        ContactInput(name="Jo", email="jo@a.example", receives_invoices=True),
        ContactInput(name="Kim", email="kim@a.example", roles=["Executive"]),
    ]
    customer = desk.customer(contacts=contacts)
    desk.invoice(customer=customer, due_date="2026-03-10")
    steps = [past_due(5), past_due(8, contact_roles=["Executive"])]
    chase(desk, customer, customer_cadence(desk, steps))
    desk.advance("2026-03-30 00:00")
    assert account_mails(desk, customer) == [
        ("2026-03-15 10:00", "jo@a.example"),
        ("2026-03-18 10:00", "kim@a.example"),
    ]


def test_an_outage_ends_in_one_message_and_not_in_a_heap(desk: Desk) -> None:
    customer = desk.customer()
    desk.invoice(customer=customer, due_date="2026-03-10")
    chase(desk, customer, customer_cadence(desk, [past_due(2), past_due(5), past_due(9)]))
    desk.oversleep("2026-03-25 12:00")
    desk.advance("2026-03-27 00:00")
    assert account_sends(desk, customer) == [("2026-03-25 10:00", "sent")]


# --- folding


def _two(
    desk: Desk, reminder_hour: int, *, roles: list[str] | None = None
) -> tuple[Customer, PlannedSend]:
    contacts = [
        ContactInput(name="Jo", email="jo@a.example", receives_invoices=True),
        ContactInput(name="Kim", email="kim@a.example", roles=["Executive"]),
    ]
    customer = desk.customer(contacts=contacts)
    reminder = on_date("2026-03-15", reminder_hour, contact_roles=roles or [])
    invoice = desk.invoice([on_issue(9), reminder], customer=customer, due_date="2026-03-10")
    chase(desk, customer, customer_cadence(desk, [past_due(5)]))
    return customer, desk.rows(invoice)[1]


@pytest.mark.parametrize("hour", [9, 10, 14])
def test_a_reminder_folds_into_the_days_message_whichever_falls_due_first(
    desk: Desk, hour: int
) -> None:
    customer, reminder = _two(desk, hour)
    desk.advance("2026-03-15 10:30")
    reminder.refresh_from_db()
    assert (reminder.state, reminder.reason) == ("skipped", "folded")
    assert reminder.points_at == PlannedSend.objects.get(customer=customer)
    desk.advance("2026-03-16 12:00")
    assert account_mails(desk, customer) == [("2026-03-15 10:00", "jo@a.example")]
    assert [to for at, _t, to in desk.went_out() if at.startswith("2026-03-15")] == ["jo@a.example"]


def test_a_role_step_for_other_people_is_not_folded(desk: Desk) -> None:
    _customer, reminder = _two(desk, 14, roles=["Executive"])
    desk.advance("2026-03-16 12:00")
    reminder.refresh_from_db()
    assert reminder.state == "sent"


def test_a_first_send_is_never_folded(desk: Desk) -> None:
    customer = desk.customer()
    desk.invoice([on_issue(9)], customer=customer, due_date="2026-03-10")
    chase(desk, customer, customer_cadence(desk, [past_due(5)]))
    desk.advance("2026-03-15 08:00")
    late = desk.invoice([on_issue(11)], customer=customer, due_date="2026-04-10")
    desk.advance("2026-03-16 12:00")
    assert desk.sends(late) == [("2026-03-15 11:00", "sent")]
    assert len(account_mails(desk, customer)) == 1


@pytest.mark.parametrize(("hour", "at"), [(9, "2026-03-15 09:30"), (14, "2026-03-15 14:00")])
def test_if_the_account_message_is_not_sent_the_reminder_goes_out_after_all(
    desk: Desk, hour: int, at: str
) -> None:
    customer, reminder = _two(desk, hour)
    desk.advance("2026-03-15 09:30")
    stop_chasing_account(**desk.here, customer_id=customer.pk)
    desk.advance("2026-03-16 12:00")
    reminder.refresh_from_db()
    assert reminder.state == "sent"
    assert account_mails(desk, customer) == []
    assert desk.went_out()[-1][0] == at


def test_the_contact_cap_leaves_a_person_no_more_messages_a_day(desk: Desk) -> None:
    desk.organization.contact_cap = 2
    desk.organization.save(update_fields=["contact_cap"])
    customer = desk.customer()
    made = [
        desk.invoice([on_issue(9), on_date("2026-03-15", 9 + n)], customer=customer)
        for n in range(4)
    ]
    desk.advance("2026-03-16 00:00")
    assert [desk.sends(each)[0][1] for each in made] == ["sent"] * 4  # never a first send
    assert [desk.sends(each)[1][1] for each in made] == ["sent", "sent"] + ["skipped: folded"] * 2


# --- the message itself


def test_the_message_lists_its_invoices_and_stands_in_a_thread_of_the_customer(desk: Desk) -> None:
    customer = desk.customer()
    desk.customer(name="Other")
    invoices = [desk.invoice(customer=customer, due_date="2026-03-10") for _n in range(3)]
    chase(desk, customer, customer_cadence(desk, [past_due(5)]))
    desk.advance("2026-03-16 00:00")
    send = PlannedSend.objects.get(customer=customer)
    listed = AccountItem.objects.filter(planned_send=send).values_list("invoice_id", flat=True)
    assert set(listed) == {invoice.pk for invoice in invoices}
    [delivery] = Delivery.objects.filter(planned_send_id=send.pk)
    assert (delivery.invoice_id, delivery.template) == (None, "account_reminder")
    assert delivery.message.conversation.customer == customer


def test_nobody_with_the_role_is_said_and_the_next_run_tries_again(desk: Desk) -> None:
    customer = desk.customer()
    desk.invoice(customer=customer, due_date="2026-03-10")
    steps = [past_due(5, contact_roles=["CFO"])]
    chase(desk, customer, customer_cadence(desk, steps))
    desk.advance("2026-03-16 00:00")
    assert account_sends(desk, customer) == [
        ("2026-03-15 10:00", "skipped: no_contact_with_role"),
        ("2026-03-16 10:00", "planned"),
    ]
    assert Contact.objects.count() == 1


def _agree(desk: Desk, invoice: Invoice, *parts: tuple[str, str]) -> None:
    installments = [
        InstallmentInput(
            due_date=date.fromisoformat(day), amount=Money.parse(amount, invoice.currency)
        )
        for day, amount in parts
    ]
    create_plan(**desk.here, invoice_id=invoice.pk, installments=installments)


def test_an_invoice_with_a_payment_plan_is_chased_for_what_is_due_of_it_alone(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer=customer, invoice_date="2026-01-01", due_date="2026-02-01")
    _agree(desk, invoice, ("2026-03-10", "40.00"), ("2026-04-10", "60.00"))
    chase(desk, customer, customer_cadence(desk, [past_due(5)]))
    desk.advance("2026-03-14 00:00")
    assert account_sends(desk, customer) == []  # a month past due, but for the plan
    desk.advance("2026-03-16 00:00")
    assert account_sends(desk, customer) == [("2026-03-15 10:00", "sent")]
    [text] = texts(customer)
    assert "€40.00" in text


def test_an_installment_that_was_paid_or_is_held_is_not_chased(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer=customer, invoice_date="2026-01-01", due_date="2026-02-01")
    _agree(desk, invoice, ("2026-03-10", "40.00"), ("2026-04-10", "60.00"))
    chase(desk, customer, customer_cadence(desk, [past_due(5)]))
    desk.advance("2026-03-11 08:00")
    desk.pay(invoice, "40.00")
    desk.advance("2026-04-11 08:00")
    assert account_sends(desk, customer) == []
    desk.pause(invoice, "2026-04-30")
    desk.advance("2026-04-29 00:00")
    assert account_sends(desk, customer) == []
    desk.advance("2026-05-01 00:00")
    assert [state for _at, state in account_sends(desk, customer)] == ["sent"]


def test_while_a_plan_runs_and_nothing_is_due_the_account_says_so(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer=customer, invoice_date="2026-01-01", due_date="2026-02-01")
    _agree(desk, invoice, ("2026-03-10", "40.00"), ("2026-04-10", "60.00"))
    chase(desk, customer, customer_cadence(desk, [past_due(5)]))
    [view] = chasing_of(organization=desk.organization, customer=customer, now=desk.now).accounts
    assert view.next is Why.PLAN
