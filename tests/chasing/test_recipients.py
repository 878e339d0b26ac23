"""Who gets a planned send, and in which words."""

from collections.abc import Sequence

import pytest

from dunwell.chasing.errors import WrongTemplate
from dunwell.chasing.operations.schedules import set_contacts
from dunwell.chasing.operations.templates import save_template
from dunwell.inbox.models import Delivery
from dunwell.ledger.models import Contact, Invoice
from dunwell.ledger.operations import ContactInput, block_contact
from tests.chasing.desk import Desk, after_due, before_due, on_issue

JO, BO, CY = "jo@proseware.example", "bo@proseware.example", "cy@proseware.example"


def contact(email: str = "", **given: object) -> ContactInput:
    return ContactInput(name=email.partition("@")[0].title() or "Nobody", email=email, **given)  # type: ignore[arg-type]  # by name


def deliveries(invoice: Invoice) -> list[tuple[str, str, str]]:
    found = Delivery.objects.filter(invoice=invoice).order_by("id")
    return [(d.channel, d.to_address, f"{d.state} {d.reason}".strip()) for d in found]


@pytest.mark.parametrize(
    ("contacts", "own_list", "reached"),
    [
        # those marked to receive invoices, all of them
        ([contact(JO, receives_invoices=True), contact(BO, receives_invoices=True), contact(CY)],
         [], [JO, BO]),
        # else the billing contact
        ([contact(JO), contact(BO, billing=True)], [], [BO]),
        # the invoice's own list before both, also addresses of nobody we know
        ([contact(JO, receives_invoices=True), contact(BO)], [BO, "x@y.example"],
         [BO, "x@y.example"]),
        # each person once, in whatever case their address is written
        ([contact(JO)], [JO, JO.upper()], [JO]),
    ],
)  # fmt: skip
def test_a_step_without_roles_goes_to(
    desk: Desk, contacts: list[ContactInput], own_list: list[str], reached: list[str]
) -> None:
    customer = desk.customer(contacts=contacts)
    invoice = desk.invoice([on_issue(9)], customer=customer)
    set_contacts(**desk.here, invoice_id=invoice.pk, contacts=own_list)
    desk.advance("2026-03-03 00:00")
    assert sorted(to for _c, to, _s in deliveries(invoice)) == sorted(reached)
    assert [state for _at, state in desk.sends(invoice)] == ["sent"]


def test_a_step_with_roles_goes_to_everyone_who_has_one_and_to_nobody_else(desk: Desk) -> None:
    customer = desk.customer(
        contacts=[
            contact(JO, receives_invoices=True),
            contact(BO, roles=["Boss"]),
            contact(CY, roles=["Legal", "Boss"]),
        ]
    )
    steps = [on_issue(9, contact_roles=["Boss", "Legal"])]
    invoice = desk.invoice(steps, customer=customer)
    desk.advance("2026-03-03 00:00")
    assert [to for _c, to, _s in deliveries(invoice)] == [BO, CY]


def test_a_role_nobody_has_yet_skips_the_step_until_somebody_has_it(desk: Desk) -> None:
    from dunwell.ledger.operations import save_contacts

    customer = desk.customer(JO)
    steps = [before_due(7, contact_roles=["Boss"]), after_due(3, contact_roles=["Boss"])]
    invoice = desk.invoice(steps, customer=customer)
    desk.advance("2026-03-26 00:00")
    save_contacts(**desk.here, customer_id=customer.pk, contacts=[contact(BO, roles=["Boss"])])
    desk.advance("2026-04-05 00:00")
    assert [state for _at, state in desk.sends(invoice)] == [
        "skipped: no_contact_with_role",
        "sent",
    ]


@pytest.mark.parametrize(
    ("contacts", "reason"),
    [
        ([contact()], "no_email_address"),
        ([], "no_email_address"),
    ],
)
def test_a_customer_without_an_address_is_a_failure_that_says_so(
    desk: Desk, contacts: Sequence[ContactInput], reason: str
) -> None:
    invoice = desk.invoice([on_issue(9)], customer=desk.customer(contacts=contacts))
    desk.advance("2026-03-03 00:00")
    assert [state for _at, state in desk.sends(invoice)] == [f"failed: {reason}"]


def test_an_address_that_bounced_is_not_used_and_others_are(desk: Desk) -> None:
    customer = desk.customer(JO, BO)
    blocked = Contact.objects.get(email=JO)
    block_contact(
        actor=desk.actor, now=desk.now, contact_id=blocked.pk, channel="email",
        reason="address_bounced",
    )  # fmt: skip
    invoice = desk.invoice([on_issue(9)], customer=customer)
    desk.advance("2026-03-03 00:00")
    assert deliveries(invoice) == [
        ("email", JO, "failed address_bounced"),
        ("email", BO, "sent"),
    ]
    assert [state for _at, state in desk.sends(invoice)] == ["sent"]


def test_one_channel_that_reaches_nobody_makes_the_send_failed_and_the_other_stays_sent(
    desk: Desk,
) -> None:
    invoice = desk.invoice([on_issue(9, channels=["email", "sms"])], customer=desk.customer(JO))
    desk.advance("2026-03-03 00:00")
    assert [state for _at, state in desk.sends(invoice)] == ["failed: no_phone_number"]
    assert sorted(deliveries(invoice)) == [
        ("email", JO, "sent"),
        ("sms", "", "failed no_phone_number"),
    ]


def test_an_sms_goes_to_who_has_a_phone(desk: Desk) -> None:
    customer = desk.customer(
        contacts=[
            contact(JO, receives_invoices=True, phone="+4930231250"),
            contact(BO, receives_invoices=True),
        ]
    )
    invoice = desk.invoice([on_issue(9, channels=["sms"])], customer=customer)
    desk.advance("2026-03-03 00:00")
    assert deliveries(invoice) == [("sms", "+4930231250", "sent")]


# --- which template


def test_the_words_follow_the_invoices_condition(desk: Desk) -> None:
    invoice = desk.invoice([on_issue(), before_due(7), after_due(0), after_due(1)])
    desk.advance("2026-05-01 00:00")
    assert [(at[:10], template) for at, template, _to in desk.went_out(invoice)] == [
        ("2026-03-02", "new_invoice"),
        ("2026-03-25", "invoice_reminder"),
        ("2026-04-01", "invoice_reminder"),  # on the due date it is not past due
        ("2026-04-02", "past_due_invoice"),
    ]


def test_a_steps_own_template_wins_except_for_the_first_send(desk: Desk) -> None:
    save_template(
        name="final", channel="email", language="en", subject="Last call {{ invoice.number }}",
        text="Pay {{ amounts.due_now }} now, {{ contact.first_name }}.", html="", title="Final",
        actor=desk.actor, now=desk.now,
    )  # fmt: skip
    invoice = desk.invoice([on_issue(template="final"), after_due(3, template="final")])
    desk.advance("2026-05-01 00:00")
    assert [template for _at, template, _to in desk.went_out(invoice)] == ["new_invoice", "final"]
    assert desk.texts(invoice)[1] == f"Last call {invoice.number}\nPay €100.00 now, Jo.\n"


def test_an_unknown_variable_is_an_error_on_saving(desk: Desk) -> None:
    with pytest.raises(WrongTemplate) as refused:
        save_template(
            name="invoice_reminder", channel="email", language="en", subject="Hello",
            text="Line one\n{{ invoice.nmber }}", html="", title="", actor=desk.actor, now=desk.now,
        )  # fmt: skip
    assert [problem.field for problem in refused.value.problems] == ["text"]


def test_a_customer_is_written_to_in_their_language(desk: Desk) -> None:
    customer = desk.customer(JO, language="de")
    invoice = desk.invoice([on_issue(9)], customer=customer)
    desk.advance("2026-03-03 00:00")
    assert "100,00" in desk.texts(invoice)[0]
