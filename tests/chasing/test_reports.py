"""What a customer's page shows after a provider told what became of a message."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dunwell.chasing.models import PlannedSend
from dunwell.chasing.operations import schedules
from dunwell.flows import receive_report
from dunwell.flows.receive_report import next_waiting, take_waiting
from dunwell.inbox.models import Delivery, ReceivedReport
from dunwell.ledger.models import Activity, Contact, Invoice, Suppression
from dunwell.ledger.operations import ContactInput, block_contact, save_contacts
from dunwell.ports.incoming import DeliveryReport, Report
from dunwell.tenancy.models import Event, Organization
from tests.chasing.desk import Desk, after_due, on_issue


@pytest.fixture
def sent(desk: Desk) -> Delivery:
    desk.invoice([on_issue(), after_due(3)])
    desk.advance("2026-03-03 12:00")
    return Delivery.objects.get()


def told(delivery: Delivery, report: Report, **more: Any) -> DeliveryReport:
    given = {"provider": "email_test", "at": delivery.at, "delivery_id": delivery.pk}
    return DeliveryReport(report=report, **{**given, **more})


def tell(desk: Desk, *reports: DeliveryReport) -> list[bool]:
    organization = Organization.objects.get(pk=desk.organization.pk)
    return [
        receive_report(organization=organization, report=report, now=desk.now) for report in reports
    ]


def outcome(delivery: Delivery) -> tuple[str, str, str]:
    fresh = Delivery.objects.get(pk=delivery.pk)
    send = desk_send(fresh)
    return fresh.state, send.state, send.reason


def desk_send(delivery: Delivery) -> Any:
    return PlannedSend.objects.get(pk=str(delivery.planned_send_id))


def test_a_delivered_message_is_shown_delivered(desk: Desk, sent: Delivery) -> None:
    assert tell(desk, told(sent, Report.DELIVERED)) == [True]
    assert outcome(sent) == ("delivered", "sent", "")
    assert tell(desk, told(sent, Report.DELIVERED)) == [False]
    assert Event.objects.filter(kind="message.delivered").count() == 1


def test_a_bounce_fails_the_send_and_blocks_the_address(desk: Desk, sent: Delivery) -> None:
    before = Invoice.objects.get().chase_version
    tell(desk, told(sent, Report.BOUNCED, detail="550 5.1.1 no such user"))
    assert outcome(sent) == ("bounced", "failed", "bounced")
    contact = Contact.objects.get()
    assert contact.email_blocked == "address_bounced"
    kept = Suppression.objects.get()
    assert (kept.address, kept.by, kept.detail) == (
        "jo@proseware.example",
        "Dunwell",
        "550 5.1.1 no such user",
    )
    assert Invoice.objects.get().chase_version > before
    kinds = list(Activity.objects.values_list("kind", flat=True))
    assert "delivery_report" in kinds
    assert "address_blocked" in kinds


def test_a_delivery_told_after_a_bounce_changes_nothing(desk: Desk, sent: Delivery) -> None:
    tell(desk, told(sent, Report.BOUNCED), told(sent, Report.FAILED), told(sent, Report.DELIVERED))
    assert outcome(sent) == ("bounced", "failed", "bounced")


def test_a_message_that_only_failed_leaves_the_address_alone(desk: Desk, sent: Delivery) -> None:
    tell(desk, told(sent, Report.FAILED, detail="mailbox full"))
    assert outcome(sent) == ("failed", "failed", "not_delivered")
    assert Contact.objects.get().email_blocked == ""


def test_a_complaint_stops_mail_but_the_message_had_arrived(desk: Desk, sent: Delivery) -> None:
    tell(desk, told(sent, Report.COMPLAINED))
    assert outcome(sent) == ("delivered", "sent", "")
    assert Contact.objects.get().email_blocked == "complained"
    desk.advance("2026-04-10 12:00")
    assert [d.reason for d in Delivery.objects.order_by("at")][1:] == ["complained"]


def test_opening_is_noted_only_where_switched_on(desk: Desk, sent: Delivery) -> None:
    assert tell(desk, told(sent, Report.OPENED)) == [False]
    Organization.objects.filter(pk=desk.organization.pk).update(track_opened=True)
    assert tell(desk, told(sent, Report.OPENED)) == [True]
    assert Delivery.objects.get().opened_at is not None


@pytest.mark.parametrize("name", ["message_id", "reference"])
def test_a_report_finds_its_message_by_any_name(desk: Desk, sent: Delivery, name: str) -> None:
    Delivery.objects.update(provider_reference="prov-1")
    value = f"<{sent.pk}@proseware.example>" if name == "message_id" else "prov-1"
    tell(desk, told(sent, Report.BOUNCED, delivery_id=None, **{name: value}))
    assert outcome(sent)[0] == "bounced"


def test_a_report_that_comes_before_the_sender_wrote_waits_for_it(
    desk: Desk,
    sent: Delivery,
) -> None:
    report = DeliveryReport(
        report=Report.DELIVERED, provider="email_test", at=sent.at, reference="prov-2"
    )
    assert tell(desk, report) == [True]
    assert outcome(sent)[0] == "sent"
    assert next_waiting(organization=desk.organization, after=desk.now) == desk.now + timedelta(1)
    Delivery.objects.update(provider_reference="prov-2")
    assert next_waiting(organization=desk.organization, after=desk.now) == desk.now
    assert take_waiting(organization=desk.organization, at=desk.now) == 1
    assert outcome(sent)[0] == "delivered"
    assert next_waiting(organization=desk.organization, after=desk.now) is None


def test_a_report_about_nobodys_message_is_given_up_after_a_day(desk: Desk, sent: Delivery) -> None:
    tell(desk, told(sent, Report.DELIVERED, delivery_id=None, reference="strange"))
    desk.advance("2026-03-05 12:00")
    assert ReceivedReport.objects.get().taken_at is not None


def test_an_address_on_the_invoices_own_list_is_not_used_after_it_bounced(desk: Desk) -> None:
    invoice = desk.invoice([on_issue(), after_due(3)], issue=False)
    schedules.set_contacts(
        **desk.here,
        invoice_id=invoice.pk,
        contacts=["Ap@Acme.example"],
    )
    desk.issue(invoice)
    desk.advance("2026-03-03 12:00")
    tell(desk, told(Delivery.objects.get(), Report.BOUNCED))
    desk.advance("2026-04-10 12:00")
    assert [d.reason for d in Delivery.objects.order_by("at")] == ["bounced", "address_bounced"]


def test_a_member_lifts_the_block_and_the_address_is_used_again(desk: Desk, sent: Delivery) -> None:
    tell(desk, told(sent, Report.BOUNCED))
    contact = Contact.objects.get()
    block_contact(actor=desk.actor, now=desk.now, contact_id=contact.pk, channel="email", reason="")
    assert not Suppression.objects.exists()
    desk.advance("2026-04-10 12:00")
    assert [d.state for d in Delivery.objects.order_by("at")] == ["bounced", "sent"]


def test_a_new_contact_with_a_bounced_address_is_blocked_too(desk: Desk, sent: Delivery) -> None:
    tell(desk, told(sent, Report.BOUNCED))
    other = desk.customer(
        contacts=[ContactInput(name="J", email="JO@proseware.example")], name="Other"
    )
    assert Contact.objects.get(customer=other).email_blocked == "address_bounced"
    save_contacts(
        **desk.here,
        customer_id=other.pk,
        contacts=[ContactInput(name="J", email="new@other.example")],
        replace=True,
    )
    assert Contact.objects.get(customer=other).email_blocked == ""


def test_the_same_report_with_another_time_is_not_taken_twice(desk: Desk, sent: Delivery) -> None:
    report = told(sent, Report.BOUNCED)
    later = replace(report, at=report.at + timedelta(hours=1))
    assert tell(desk, report, later) == [True, False]
    assert Activity.objects.filter(kind="delivery_report").count() == 1


def test_a_bounce_of_our_own_copy_is_none_of_the_customers(desk: Desk, sent: Delivery) -> None:
    Organization.objects.filter(pk=desk.organization.pk).update(copy_address="us@fjord.example")
    tell(desk, told(sent, Report.BOUNCED, address="Us@fjord.example"))
    assert outcome(sent) == ("sent", "sent", "")
    assert Contact.objects.get().email_blocked == ""
    tell(desk, told(sent, Report.BOUNCED, address="jo.forwarded@elsewhere.example"))
    assert outcome(sent)[0] == "bounced"
