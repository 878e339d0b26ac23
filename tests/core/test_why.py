"""Why nothing was sent on a day: one row per reason."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from dunwell.core.holds import Hold, HoldKind
from dunwell.core.outcomes import Reason, SendState
from dunwell.core.why import Answer, Facts, Moved, Planned, Span, Why, explain

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 4, 20, 8, tzinfo=UTC)
ID, OTHER = uuid4(), uuid4()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


NINE = at("2026-04-06 09:00")
DAY = date(2026, 4, 6)
SEND = Planned(ID, NINE, SendState.SENT, changed_at=NINE)


def facts(*sends: Planned, **more: Any) -> Facts:
    given: dict[str, Any] = {
        "day": DAY, "now": NOW, "zone": BERLIN, "grace_days": 3, "balance_minor": 100,
        "issued_on": date(2026, 3, 2), "scheduled": True, "sends": sends,
    }  # fmt: skip
    return Facts(**given | more)


def skipped(reason: str, **more: Any) -> Planned:
    return replace(SEND, state=SendState.SKIPPED, reason=reason, **more)


def cancelled(reason: str, **more: Any) -> Planned:
    return replace(SEND, state=SendState.CANCELLED, reason=reason, **more)


def only(found: Facts) -> Answer:
    (answer,) = explain(found)
    return answer


PAUSE = Hold(HoldKind.PAUSE, since=at("2026-04-01 10:00"), until=date(2026, 4, 10))
PROMISE = Hold(HoldKind.PROMISE, since=at("2026-04-02 10:00"), until=date(2026, 4, 30))
OFF = Span(at("2026-04-03 12:00"), at("2026-04-08 12:00"), by="Ada")
LASTING = Span(at("2026-04-03 12:00"), by="Ada")
LATER = Planned(OTHER, NINE + timedelta(hours=4), SendState.SENT)
FUTURE = at("2026-04-25 09:00")


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (facts(), Why.NO_STEP),
        (facts(day=date(2026, 3, 1)), Why.NOT_ISSUED),
        (facts(issued_on=None), Why.NOT_ISSUED),
        (facts(scheduled=False), Why.NO_SCHEDULE),
        (facts(moved=[Moved(1, 1, DAY, date(2026, 4, 7))]), Why.MOVED),
        (facts(closed=[LASTING]), Reason.CLOSED),
        (facts(paid=[LASTING]), Reason.PAID),
        (facts(off=[LASTING]), Reason.DISABLED),
        (facts(barred=[LASTING]), Why.DO_NOT_CHASE),
        (facts(SEND), Why.SENT),
        (facts(replace(SEND, state=SendState.SENDING)), Why.SENDING),
        (facts(skipped("backdated")), Reason.BACKDATED),
        (facts(skipped("backdated"), off=[OFF]), Reason.DISABLED),
        (facts(skipped("backdated"), paid=[OFF]), Reason.PAID),
        (facts(skipped("backdated"), closed=[OFF]), Reason.CLOSED),
        (facts(skipped("already_sent")), Reason.ALREADY_SENT),
        (facts(skipped("paused", detail="pause"), holds=[PAUSE]), Reason.PAUSED),
        (facts(skipped("superseded", points_at=OTHER)), Reason.SUPERSEDED),
        (facts(skipped("missed")), Reason.MISSED),
        (facts(skipped("daily_limit")), Reason.DAILY_LIMIT),
        (facts(skipped("below_minimum")), Reason.BELOW_MINIMUM),
        (facts(skipped("no_contact_with_role")), Reason.NO_CONTACT_WITH_ROLE),
        (facts(skipped("no_recipient")), Reason.NO_RECIPIENT),
        (facts(skipped("folded")), Reason.FOLDED),
        (facts(cancelled("paid"), paid=[LASTING]), Reason.PAID),
        (facts(cancelled("closed"), closed=[LASTING]), Reason.CLOSED),
        (facts(cancelled("disabled"), off=[LASTING]), Reason.DISABLED),
        (facts(cancelled("disabled"), barred=[LASTING]), Why.DO_NOT_CHASE),
        (facts(cancelled("rescheduled")), Reason.RESCHEDULED),
        (facts(replace(SEND, state=SendState.FAILED, reason="no_email_address")),
         Reason.NO_EMAIL_ADDRESS),
        (facts(replace(SEND, state=SendState.FAILED, reason="uncertain")), Reason.UNCERTAIN),
        (facts(replace(SEND, state=SendState.PLANNED, at=FUTURE), day=date(2026, 4, 25)),
         Why.PLANNED),
        (facts(replace(SEND, state=SendState.PLANNED, at=FUTURE), day=date(2026, 4, 25),
               holds=[PROMISE]), Why.WILL_BE_HELD),
        (facts(replace(SEND, state=SendState.PLANNED)), Why.WAITING),
        (facts(replace(SEND, at=FUTURE, state=SendState.PLANNED), day=date(2026, 4, 26)),
         Why.NO_STEP),
    ],
)  # fmt: skip
def test_every_reason_has_its_answer(found: Facts, why: str) -> None:
    assert only(found).why == why


def test_a_hold_is_named_with_its_times() -> None:
    held = skipped("paused", detail="pause")
    assert only(facts(held, holds=[PROMISE, PAUSE])).hold is PAUSE


def test_a_promise_counts_its_grace_days() -> None:
    promised = Hold(HoldKind.PROMISE, since=at("2026-03-20 10:00"), until=date(2026, 4, 4))
    assert only(facts(skipped("paused", detail="promise"), holds=[promised])).hold is promised


def test_the_superseding_step_is_pointed_at() -> None:
    found = explain(facts(skipped("superseded", points_at=OTHER), LATER))
    assert [answer.why for answer in found] == [Reason.SUPERSEDED, Why.SENT]
    assert found[0].other is LATER


def test_a_missed_step_names_the_times_without_a_worker() -> None:
    down = Span(at("2026-04-06 08:00"), at("2026-04-08 11:00"))
    before = Span(at("2026-04-01 08:00"), at("2026-04-02 11:00"))
    missed = skipped("missed", changed_at=at("2026-04-08 11:00"))
    assert list(only(facts(missed, outages=[before, down])).outages) == [down]


def test_who_switched_it_off_is_named() -> None:
    answer = only(facts(cancelled("disabled"), off=[LASTING]))
    assert answer.span == LASTING


def test_a_day_without_a_step_names_its_neighbours() -> None:
    before = replace(SEND, at=at("2026-04-01 09:00"))
    after = replace(SEND, id=OTHER, at=at("2026-04-10 09:00"))
    answer = only(facts(before, after))
    assert (answer.before, answer.after) == (before, after)


def test_a_send_caught_up_the_next_day_answers_for_both_days() -> None:
    late = replace(SEND, went_out=frozenset({date(2026, 4, 7)}))
    for day in (DAY, date(2026, 4, 7)):
        assert only(facts(late, day=day)).why == Why.SENT


def test_the_day_of_a_payment_taken_back_is_free_again() -> None:
    paid = Span(at("2026-04-03 12:00"), at("2026-04-06 12:00"))
    assert only(facts(paid=[paid])).why == Why.NO_STEP
    assert only(facts(paid=[paid], day=date(2026, 4, 5))).why == Reason.PAID


def test_every_reason_of_a_send_is_answered_by_itself() -> None:
    explained: set[str] = set()
    for reason in Reason:
        explained.add(only(facts(skipped(reason))).why)
    assert explained == set(Reason)


def test_ids_are_what_the_answers_point_at() -> None:
    answer = only(facts(SEND))
    assert answer.send is not None
    assert isinstance(answer.send.id, UUID)
