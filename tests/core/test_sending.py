from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.core.cadence import Channel
from dunwell.core.holds import Hold, HoldKind
from dunwell.core.outcomes import DeliveryState, Reason
from dunwell.core.recipients import ContactFacts
from dunwell.core.sending import (
    Cancel,
    ChaseRules,
    Decision,
    DeliveryFacts,
    InvoiceFacts,
    PlannedFacts,
    Send,
    Skip,
    decide_due,
    judge,
    template_for,
)

EMAIL, SMS = Channel.EMAIL, Channel.SMS
RULES = ChaseRules(ZoneInfo("Europe/Berlin"))
NOW = datetime(2026, 4, 10, 7, tzinfo=UTC)
DUE = date(2026, 4, 1)
ANNA = ContactFacts(uuid4(), "anna@customer.test", "+491", receives_invoices=True)
BORA = ContactFacts(uuid4(), "bora@customer.test", receives_invoices=True)
INVOICE = InvoiceFacts(balance_minor=1000, due_date=DUE, ever_sent=True, contacts=(ANNA, BORA))
NEVER_SENT = replace(INVOICE, ever_sent=False)
OTHER = uuid4()


def due(
    *,
    hours_late: float = 0,
    channels: tuple[Channel, ...] = (EMAIL,),
    roles: tuple[str, ...] = (),
    template: str | None = None,
    on_issue: bool = False,
    retry_of: UUID | None = None,
    only: frozenset[tuple[Channel, UUID | str]] | None = None,
) -> PlannedFacts:
    return PlannedFacts(
        id=uuid4(),
        at=NOW - timedelta(hours=hours_late),
        channels=channels,
        contact_roles=roles,
        template=template,
        on_issue=on_issue,
        retry_of=retry_of,
        only=only,
    )


def decided(send: PlannedFacts, invoice: InvoiceFacts = INVOICE) -> Decision:
    return decide_due(sends=(send,), invoice=invoice, rules=RULES, now=NOW)[send.id]


def hours(count: float) -> datetime:
    return NOW - timedelta(hours=count)


def test_a_due_send_goes_out_to_everyone_once() -> None:
    decision = decided(due())
    assert isinstance(decision, Send)
    assert decision.template == "past_due_invoice"
    assert [one.address for one in decision.recipients[EMAIL]] == [ANNA.email, BORA.email]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"balance_minor": 0}, "paid"),
        ({"closed": True}, "closed"),
        ({"closed": True, "balance_minor": 0}, "closed"),
        ({"chasing_on": False}, "disabled"),
    ],
)
def test_what_is_settled_is_cancelled(change: dict[str, int], reason: str) -> None:
    invoice = replace(INVOICE, **change)  # type: ignore[arg-type]  # one field of its type each
    assert decided(due(), invoice) == Cancel(Reason(reason))


@pytest.mark.parametrize(
    ("hold", "late", "is_held"),
    [
        (Hold(HoldKind.DISPUTE, since=hours(1)), 0, True),
        # its planned instant lay in a hold, though that has ended
        (Hold(HoldKind.DISPUTE, since=hours(9), ended=hours(2)), 5, True),
        # the hold was lifted before the instant
        (Hold(HoldKind.DISPUTE, since=hours(9), ended=hours(6)), 5, False),
        # not yet held at its instant, but now
        (Hold(HoldKind.DISPUTE, since=hours(2)), 5, True),
        (Hold(HoldKind.PAUSE, until=date(2026, 4, 10)), 0, False),
        (Hold(HoldKind.PAUSE, until=date(2026, 4, 11)), 0, True),
    ],
)
def test_a_send_is_paused_by_a_hold_then_or_now(hold: Hold, late: float, is_held: bool) -> None:
    decision = decided(due(hours_late=late), replace(INVOICE, holds=(hold,)))
    if is_held:
        assert decision == Skip(Reason.PAUSED, hold=hold)
    else:
        assert isinstance(decision, Send)


@pytest.mark.parametrize(
    ("minutes", "reason"), [(0, None), (24 * 60, None), (24 * 60 + 1, Reason.MISSED)]
)
def test_a_send_found_late_is_sent_within_the_window(minutes: int, reason: Reason | None) -> None:
    decision = decided(due(hours_late=minutes / 60))
    assert (decision.reason if isinstance(decision, Skip) else None) is reason


def test_of_several_late_sends_the_latest_wins_whatever_its_channel() -> None:
    first, second = due(hours_late=9), due(hours_late=5)
    latest, old = due(hours_late=1, channels=(SMS,)), due(hours_late=30)
    decisions = decide_due(
        sends=[old, first, second, latest], invoice=INVOICE, rules=RULES, now=NOW
    )
    assert decisions[old.id] == Skip(Reason.MISSED)
    assert decisions[first.id] == decisions[second.id] == Skip(Reason.SUPERSEDED, ref=latest.id)
    assert isinstance(decisions[latest.id], Send)


def test_sends_of_one_instant_go_out_together() -> None:
    mail, text = due(), due(channels=(SMS,))
    decisions = decide_due(sends=[mail, text], invoice=INVOICE, rules=RULES, now=NOW)
    assert all(isinstance(decision, Send) for decision in decisions.values())


def test_a_paused_send_supersedes_nothing() -> None:
    hold = Hold(HoldKind.DISPUTE, since=hours(2), ended=hours(0.5))
    early, paused = due(hours_late=5), due(hours_late=1)
    invoice = replace(INVOICE, holds=(hold,))
    decisions = decide_due(sends=[early, paused], invoice=invoice, rules=RULES, now=NOW)
    assert isinstance(decisions[early.id], Send)
    assert decisions[paused.id] == Skip(Reason.PAUSED, hold=hold)


def test_on_issue_is_never_lost() -> None:
    issue, reminder = due(on_issue=True, hours_late=90), due(hours_late=1)
    invoice = replace(NEVER_SENT, minimum_minor=5000)
    assert isinstance(decided(issue, invoice), Send)
    decisions = decide_due(sends=[issue, reminder], invoice=NEVER_SENT, rules=RULES, now=NOW)
    assert isinstance(decisions[issue.id], Send)
    assert decisions[reminder.id] == Skip(Reason.SUPERSEDED, ref=issue.id)


def test_on_issue_is_skipped_if_anything_sent_the_invoice_meanwhile() -> None:
    assert decided(due(on_issue=True)) == Skip(Reason.ALREADY_SENT)


@pytest.mark.parametrize(("minimum", "goes"), [(0, True), (1000, True), (1001, False)])
def test_a_balance_below_the_minimum_is_not_chased(minimum: int, goes: bool) -> None:
    decision = decided(due(), replace(INVOICE, minimum_minor=minimum))
    assert decision == Skip(Reason.BELOW_MINIMUM) or goes
    assert isinstance(decision, Send) is goes


def test_a_role_that_nobody_has_skips_the_send() -> None:
    assert decided(due(roles=("cfo",))) == Skip(Reason.NO_CONTACT_WITH_ROLE)


def test_people_reached_today_are_left_out() -> None:
    reached: dict[tuple[Channel, UUID | str], UUID] = {(EMAIL, ANNA.id): OTHER}
    decision = decided(due(channels=(EMAIL, SMS)), replace(INVOICE, reached=reached))
    assert isinstance(decision, Send)
    assert [one.contact_id for one in decision.recipients[EMAIL]] == [BORA.id]
    assert [one.contact_id for one in decision.recipients[SMS]] == [ANNA.id]
    assert [one.contact_id for one in decision.left_out[EMAIL]] == [ANNA.id]


def test_if_nobody_is_left_the_send_is_skipped_and_points_at_the_first() -> None:
    reached: dict[tuple[Channel, UUID | str], UUID] = {
        (EMAIL, ANNA.id): OTHER,
        (EMAIL, "bora@customer.test"): uuid4(),
    }
    invoice = replace(INVOICE, reached=reached)
    assert decided(due(), invoice) == Skip(Reason.DAILY_LIMIT, ref=OTHER)


def test_a_members_retry_obeys_only_paid_closed_and_holds() -> None:
    only = frozenset({(EMAIL, "bora@customer.test"), (SMS, "gone@customer.test")})
    retry = due(on_issue=True, retry_of=OTHER, only=only, channels=(EMAIL, SMS))
    reached: dict[tuple[Channel, UUID | str], UUID] = {(EMAIL, BORA.id): OTHER}
    free = replace(INVOICE, chasing_on=False, minimum_minor=9999, reached=reached)
    decision = decided(retry, free)
    assert isinstance(decision, Send)
    assert [(channel, len(people)) for channel, people in decision.recipients.items()] == [
        (EMAIL, 1)
    ]
    assert decided(retry, replace(free, balance_minor=0)) == Cancel(Reason.PAID)
    hold = Hold(HoldKind.DISPUTE)
    assert decided(retry, replace(free, holds=(hold,))) == Skip(Reason.PAUSED, hold=hold)
    gone = replace(retry, only=frozenset({(EMAIL, "gone@customer.test")}))
    assert decided(gone, free) == Skip(Reason.NO_RECIPIENT)


@pytest.mark.parametrize(
    ("ever_sent", "today", "own", "expected"),
    [
        (False, date(2026, 5, 1), None, "new_invoice"),
        (False, date(2026, 5, 1), "own", "new_invoice"),
        (True, date(2026, 4, 2), None, "past_due_invoice"),
        (True, DUE, None, "invoice_reminder"),
        (True, date(2026, 3, 1), None, "invoice_reminder"),
        (True, date(2026, 5, 1), "own", "own"),
    ],
)
def test_the_template_follows_the_invoices_condition(
    ever_sent: bool, today: date, own: str | None, expected: str
) -> None:
    chosen = template_for(ever_sent=ever_sent, due_date=DUE, today=today, own_template=own)
    assert chosen == expected


SENT, FAILED = DeliveryState.SENT, DeliveryState.FAILED
UNCERTAIN, BOUNCED = DeliveryState.UNCERTAIN, DeliveryState.BOUNCED


@pytest.mark.parametrize(
    ("deliveries", "expected"),
    [
        ([(EMAIL, SENT, None)], ("sent", None)),
        ([(EMAIL, SENT, None), (EMAIL, FAILED, "refused")], ("sent", None)),
        ([(EMAIL, SENT, None), (SMS, FAILED, "opted_out")], ("failed", "opted_out")),
        ([(EMAIL, FAILED, "no_email_address")], ("failed", "no_email_address")),
        ([(EMAIL, SENT, None), (EMAIL, UNCERTAIN, None)], ("failed", "uncertain")),
        ([(EMAIL, UNCERTAIN, None), (SMS, FAILED, "refused")], ("failed", "refused")),
        # a later bounce judges it again
        ([(EMAIL, BOUNCED, None)], ("failed", "bounced")),
        ([(EMAIL, BOUNCED, None), (EMAIL, DeliveryState.DELIVERED, None)], ("sent", None)),
        ([(EMAIL, SENT, None), (SMS, DeliveryState.QUEUED, None)], ("sending", None)),
    ],
)
def test_a_planned_send_is_judged_by_its_deliveries(
    deliveries: list[tuple[Channel, DeliveryState, str | None]],
    expected: tuple[str, str | None],
) -> None:
    assert judge(DeliveryFacts(*one) for one in deliveries) == expected


def test_a_send_without_deliveries_cannot_be_judged() -> None:
    with pytest.raises(ValueError, match="deliveries"):
        judge([])


@given(st.lists(st.integers(0, 60), min_size=1, max_size=8, unique=True), st.booleans())
def test_an_outage_never_ends_in_a_burst(late: list[int], with_issue: bool) -> None:
    sends = [due(hours_late=count) for count in late]
    if with_issue:
        sends.append(due(hours_late=70, on_issue=True))
    invoice = NEVER_SENT if with_issue else INVOICE
    decisions = decide_due(sends=sends, invoice=invoice, rules=RULES, now=NOW)
    assert decisions.keys() == {send.id for send in sends}
    going = [one for one in decisions.values() if isinstance(one, Send)]
    assert len(going) == (1 if with_issue or min(late) <= 24 else 0)
