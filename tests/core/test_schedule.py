from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.core.cadence import Channel, Step, Trigger, TriggerType
from dunwell.core.calendar import local_date
from dunwell.core.outcomes import FROZEN, SendState
from dunwell.core.schedule import (
    Change,
    ChangeKind,
    Existing,
    Instance,
    PlanMode,
    instances,
    plan,
)

BERLIN = ZoneInfo("Europe/Berlin")
INVOICED, DUE = date(2026, 3, 2), date(2026, 4, 1)
ON_ISSUE = Trigger(TriggerType.ON_ISSUE)
EASTER = frozenset({date(2026, 4, 3), date(2026, 4, 6)})


def after_issue(days: int) -> Trigger:
    return Trigger(TriggerType.AFTER_ISSUE, days=days)


def before_due(days: int) -> Trigger:
    return Trigger(TriggerType.BEFORE_DUE, days=days)


def after_due(days: int) -> Trigger:
    return Trigger(TriggerType.AFTER_DUE, days=days)


def on_date(day: date) -> Trigger:
    return Trigger(TriggerType.ON_DATE, date=day)


def repeat(days: int, times: int) -> Trigger:
    return Trigger(TriggerType.REPEAT, days=days, times=times)


def reckon(
    *triggers: Trigger,
    issued: date = INVOICED,
    invoiced: date = INVOICED,
    due: date = DUE,
    set_on: date = INVOICED,
    zone: ZoneInfo = BERLIN,
    hour: int = 9,
    holidays: frozenset[date] | None = None,
) -> list[Instance]:
    steps = [Step(n, trigger, hour, (Channel.EMAIL,)) for n, trigger in enumerate(triggers, 1)]
    return instances(
        steps=steps,
        invoice_date=invoiced,
        issue_day=issued,
        due_date=due,
        first_set_on=set_on,
        zone=zone,
        holidays=holidays,
    )


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (ON_ISSUE, INVOICED),
        (after_issue(0), INVOICED),
        (after_issue(14), date(2026, 3, 16)),
        (before_due(7), date(2026, 3, 25)),
        (after_due(0), DUE),
        (after_due(10), date(2026, 4, 11)),
        (on_date(date(2026, 5, 5)), date(2026, 5, 5)),
        # never before the invoice date
        (before_due(60), INVOICED),
        (on_date(date(2026, 1, 1)), INVOICED),
    ],
)
def test_each_trigger_has_its_day(trigger: Trigger, expected: date) -> None:
    assert [one.day for one in reckon(trigger)] == [expected]


@pytest.mark.parametrize(
    ("issued", "expected"),
    [(date(2026, 3, 9), date(2026, 3, 9)), (date(2026, 2, 20), INVOICED)],
)
def test_on_issue_is_the_later_of_invoice_date_and_day_of_issue(
    issued: date, expected: date
) -> None:
    assert [one.day for one in reckon(ON_ISSUE, issued=issued)] == [expected]


@pytest.mark.parametrize(
    ("others", "set_on", "anchor"),
    [
        ([before_due(7)], INVOICED, DUE),
        ([after_due(10)], INVOICED, date(2026, 4, 11)),
        ([after_due(10)], date(2026, 6, 1), date(2026, 6, 1)),
        ([on_date(date(2026, 7, 1))], INVOICED, date(2026, 7, 1)),
        ([], INVOICED, DUE),
    ],
)
def test_repeats_count_from_the_latest_of_steps_due_date_and_first_setting(
    others: list[Trigger], set_on: date, anchor: date
) -> None:
    found = reckon(repeat(7, 3), *others, set_on=set_on)
    repeats = [one for one in found if one.step_key == 1]
    assert [one.day for one in repeats] == [anchor + timedelta(days=7 * n) for n in (1, 2, 3)]
    assert [one.occurrence for one in repeats] == [1, 2, 3]


@pytest.mark.parametrize(
    ("trigger", "due", "expected"),
    [
        # Saturday 4 April in the Easter weekend: on to Tuesday
        (after_due(3), DUE, date(2026, 4, 7)),
        # Sunday 22 March, due 1 April: on to Monday
        (before_due(10), DUE, date(2026, 3, 23)),
        # Sunday 5 April, due Monday 6 April, a holiday: the next business day would pass it
        (before_due(1), date(2026, 4, 6), date(2026, 4, 2)),
        # moving back would pass the invoice date
        (before_due(1), date(2026, 3, 1), date(2026, 2, 28)),
    ],
)
def test_business_days_are_kept_when_asked(trigger: Trigger, due: date, expected: date) -> None:
    found = reckon(trigger, due=due, invoiced=min(INVOICED, expected), holidays=EASTER)
    assert [one.day for one in found] == [expected]


def test_on_issue_is_not_shifted_and_the_repeat_anchor_is_unshifted() -> None:
    saturday = date(2026, 4, 4)
    found = reckon(
        ON_ISSUE, repeat(1, 1), issued=saturday, invoiced=saturday, due=saturday, holidays=EASTER
    )
    assert [(one.step_key, one.day) for one in found] == [(1, saturday), (2, date(2026, 4, 7))]


def test_the_hour_is_the_organizations_and_daylight_saving_is_followed() -> None:
    found = reckon(on_date(date(2026, 3, 28)), on_date(date(2026, 3, 29)))
    assert [one.at.hour for one in found] == [8, 7]
    assert reckon(on_date(date(2026, 3, 29)), hour=2)[0].at == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_instances_come_in_order_of_time() -> None:
    found = reckon(after_due(3), ON_ISSUE, before_due(3), after_due(3))
    assert [one.step_key for one in found] == [2, 3, 1, 4]


NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
LATER = reckon(ON_ISSUE, after_issue(3), after_due(1))
ISSUE_AT, PAST_AT, FUTURE_AT = (one.at for one in LATER)


def planned_by(
    existing: list[Existing],
    *,
    mode: PlanMode = PlanMode.AGAIN,
    ever_sent: bool = False,
    now: datetime = NOW,
    found: list[Instance] = LATER,
) -> list[Change]:
    return plan(
        instances=found,
        existing=existing,
        now=now,
        ever_sent=ever_sent,
        zone=BERLIN,
        mode=mode,
    )


def told(changes: list[Change]) -> list[tuple[int, str, str | None]]:
    return [(one.step_key, one.state.value, one.reason) for one in changes]


def applied(existing: list[Existing], changes: list[Change]) -> list[Existing]:
    rows = {(row.step_key, row.occurrence): row for row in existing}
    for one in changes:
        key = (one.step_key, one.occurrence)
        rows[key] = Existing(*key, one.state, one.at, one.reason)
    return list(rows.values())


def test_steps_past_when_set_are_backdated_and_on_issue_is_planned_for_now() -> None:
    changes = planned_by([], mode=PlanMode.SET)
    assert told(changes) == [
        (1, "planned", None),
        (2, "skipped", "backdated"),
        (3, "planned", None),
    ]
    assert {one.kind for one in changes} == {ChangeKind.CREATE}
    assert (changes[0].at, changes[0].day) == (NOW, date(2026, 3, 20))


def test_on_issue_of_an_invoice_already_sent_is_skipped() -> None:
    changes = planned_by([], mode=PlanMode.SET, ever_sent=True)
    assert told(changes)[0] == (1, "skipped", "already_sent")


def test_a_step_due_this_instant_is_not_past() -> None:
    assert told(planned_by([], mode=PlanMode.SET, now=ISSUE_AT))[0] == (1, "planned", None)


@pytest.mark.parametrize("state", sorted(FROZEN))
def test_what_was_handed_over_is_left_alone_even_if_its_step_is_gone(state: SendState) -> None:
    rows = [Existing(3, 1, state, PAST_AT), Existing(9, 1, state, FUTURE_AT)]
    assert 3 not in [one.step_key for one in planned_by(rows)]
    assert 9 not in [one.step_key for one in planned_by(rows)]


@pytest.mark.parametrize(
    ("row", "mode", "expected"),
    [
        # a cancelled one after a reversal: future planned, past backdated
        (Existing(3, 1, SendState.CANCELLED, FUTURE_AT, "paid"), "again", ("planned", None)),
        (Existing(2, 1, SendState.CANCELLED, PAST_AT, "paid"), "again", ("skipped", "backdated")),
        # a skipped one whose date moved into the future
        (Existing(3, 1, SendState.SKIPPED, PAST_AT, "backdated"), "again", ("planned", None)),
        # moved into the past by dates, or by zone and hour
        (Existing(2, 1, SendState.PLANNED, FUTURE_AT), "again", ("skipped", "backdated")),
        (Existing(2, 1, SendState.PLANNED, FUTURE_AT), "catch_up_move", ("planned", None)),
        (Existing(2, 1, SendState.PLANNED, FUTURE_AT), "set", ("skipped", "backdated")),
        (Existing(2, 1, SendState.CANCELLED, PAST_AT), "catch_up_move", ("skipped", "backdated")),
        # late but not moved: catching up decides; set anew it is backdated
        (Existing(2, 1, SendState.PLANNED, PAST_AT), "again", None),
        (Existing(2, 1, SendState.PLANNED, PAST_AT), "set", ("skipped", "backdated")),
        # it keeps the reason that is still true
        (Existing(2, 1, SendState.SKIPPED, PAST_AT, "paused"), "again", None),
        (
            Existing(2, 1, SendState.SKIPPED, FUTURE_AT, "paused"),
            "again",
            ("skipped", "backdated"),
        ),
        # on issue is never lost
        (Existing(1, 1, SendState.SKIPPED, ISSUE_AT, "paused"), "again", ("planned", None)),
        (Existing(1, 1, SendState.CANCELLED, ISSUE_AT, "disabled"), "again", ("planned", None)),
        (Existing(1, 1, SendState.PLANNED, FUTURE_AT), "again", ("planned", None)),
        (Existing(1, 1, SendState.PLANNED, ISSUE_AT), "again", None),
    ],
)
def test_planning_again(row: Existing, mode: str, expected: tuple[str, str | None] | None) -> None:
    changes = planned_by([row], mode=PlanMode(mode))
    found = [one for one in changes if one.step_key == row.step_key]
    assert told(found) == ([] if expected is None else [(row.step_key, *expected)])
    assert all(one.kind is ChangeKind.UPDATE for one in found)
    if row.step_key == 1 and found:
        assert found[0].at == NOW


def test_a_send_whose_step_is_gone_is_dropped_once() -> None:
    rows = [Existing(9, 1, SendState.PLANNED, FUTURE_AT)]
    changes = planned_by(rows)
    dropped = [one for one in changes if one.kind is ChangeKind.DROP]
    assert told(dropped) == [(9, "cancelled", "rescheduled")]
    assert planned_by(applied(rows, changes)) == []


def test_repeats_not_yet_done_follow_the_new_anchor() -> None:
    before = reckon(repeat(7, 3))
    after = reckon(repeat(7, 3), due=DUE + timedelta(days=30))
    rows = [Existing(1, n.occurrence, SendState.PLANNED, n.at) for n in before]
    rows[0] = replace(rows[0], state=SendState.SENT)
    changes = planned_by(rows, found=after, ever_sent=True)
    assert [(one.occurrence, one.day) for one in changes] == [
        (2, date(2026, 5, 15)),
        (3, date(2026, 5, 22)),
    ]


ANY_TRIGGER = st.one_of(
    st.just(ON_ISSUE),
    st.integers(0, 60).map(after_issue),
    st.integers(1, 60).map(before_due),
    st.integers(0, 60).map(after_due),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)).map(on_date),
)
ANY_INSTANCES = st.builds(
    lambda triggers, due, hour, shift: reckon(
        *triggers, repeat(5, 3), due=INVOICED + timedelta(days=due), hour=hour, holidays=shift
    ),
    st.lists(ANY_TRIGGER, max_size=6),
    st.integers(0, 60),
    st.integers(0, 23),
    st.sampled_from([None, EASTER]),
)
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis wants naive bounds
ANY_ROWS = st.lists(
    st.builds(
        Existing,
        st.integers(1, 8),
        st.integers(1, 3),
        st.sampled_from(SendState),
        INSTANTS,
        st.sampled_from([None, "paused", "backdated", "paid"]),
    ),
    max_size=10,
    unique_by=lambda row: (row.step_key, row.occurrence),
)


@given(ANY_INSTANCES, ANY_ROWS, INSTANTS, st.booleans(), st.sampled_from(PlanMode))
def test_planning_twice_changes_nothing_and_nothing_handed_over_is_touched(
    found: list[Instance],
    rows: list[Existing],
    now: datetime,
    ever_sent: bool,
    mode: PlanMode,
) -> None:
    changes = planned_by(rows, found=found, now=now, ever_sent=ever_sent, mode=mode)
    done = {(row.step_key, row.occurrence) for row in rows if row.state in FROZEN}
    assert done.isdisjoint((one.step_key, one.occurrence) for one in changes)
    assert all(one.day == local_date(one.at, BERLIN) for one in changes)
    later = applied(rows, changes)
    assert planned_by(later, found=found, now=now, ever_sent=ever_sent, mode=mode) == []


@given(ANY_INSTANCES)
def test_no_instance_lies_before_the_invoice_date(found: list[Instance]) -> None:
    assert all(one.day >= INVOICED for one in found)
    assert [one.at for one in found] == sorted(one.at for one in found)
