"""Runs of customer cadences: the sentences of “Customer chasing” that are pure reckoning."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.core.account_steps import AccountStep, Action, Age, check_steps
from dunwell.core.accounts import (
    Cycles,
    Next,
    Owed,
    Run,
    Standing,
    StepState,
    Why,
    decide_run,
    next_run_day,
    next_step,
    standing,
)
from dunwell.core.cadence import Channel, Limits
from dunwell.core.errors import MalformedStep

TODAY = date(2026, 6, 15)


def step(age: Age, days: int, action: Action = Action.MESSAGE) -> AccountStep:
    channels = (Channel.EMAIL,) if action is Action.MESSAGE else ()
    assignee = "m" if action is Action.ESCALATE else None
    return AccountStep(age, days, action, channels, assignee=assignee)


P10, P20, P30 = (step(Age.PAST_DUE, days) for days in (10, 20, 30))
A40 = step(Age.ACCOUNT, 40)
STEPS = [P10, P20, P30]


def owed(minor: int, since: int, due: int) -> Owed:
    """Describe an item by how many days ago its invoice date and due date were."""
    return Owed(minor, TODAY - timedelta(days=since), TODAY - timedelta(days=due))


def past_due(days: int, balance: int = 100) -> Standing:
    return standing(owed=[owed(balance, days + 30, days)], credit=0, today=TODAY)


def run(now: Standing, cycles: Cycles | None = None, steps: list[AccountStep] | None = None) -> Run:
    return decide_run(steps=steps or STEPS, now=now, cycles=cycles or {}, minimum=0)


def test_ages_count_from_the_oldest_invoice_date_and_the_oldest_due_date() -> None:
    found = standing(
        owed=[owed(100, 50, 20), owed(50, 60, 5), owed(7, 3, -27)], credit=0, today=TODAY
    )
    assert found == Standing(157, 150, {Age.ACCOUNT: 60, Age.PAST_DUE: 20})


def test_unapplied_credit_lowers_what_is_due_and_past_due() -> None:
    found = standing(owed=[owed(100, 50, 20), owed(50, 10, -20)], credit=100, today=TODAY)
    assert (found.balance, found.past_due, dict(found.ages)) == (50, 0, {Age.ACCOUNT: 50})


def test_an_invoice_is_not_past_due_on_its_due_date() -> None:
    assert standing(owed=[owed(100, 30, 0)], credit=0, today=TODAY).past_due == 0


def test_no_due_items_no_past_due_steps() -> None:
    found = run(standing(owed=[owed(100, 50, -5)], credit=0, today=TODAY))
    assert (found.performs, found.why) == (None, Why.ALL_DONE)


def test_a_run_performs_the_furthest_step_reached_and_passes_over_the_earlier_ones() -> None:
    found = run(past_due(25))
    assert found.performs == P20
    assert found.superseded == [(Age.PAST_DUE, P10.key)]
    assert found.opens == {Age.PAST_DUE}


def test_a_step_runs_once_per_cycle() -> None:
    done = {Age.PAST_DUE: {P10.key: StepState.SUPERSEDED, P20.key: StepState.DONE}}
    assert run(past_due(25), done).why is Why.NOT_REACHED
    assert run(past_due(30), done).performs == P30


def test_when_the_age_falls_the_steps_above_it_are_ready_again() -> None:
    done = {
        Age.PAST_DUE: {P10.key: StepState.DONE, P20.key: StepState.DONE, P30.key: StepState.DONE}
    }
    found = run(past_due(12), done)
    assert found.again == [(Age.PAST_DUE, P20.key), (Age.PAST_DUE, P30.key)]
    assert found.performs is None


def test_a_cycle_ends_at_zero_and_the_next_begins_with_the_first_step() -> None:
    done = {Age.PAST_DUE: {P10.key: StepState.DONE}}
    assert run(Standing(50, 0, {Age.ACCOUNT: 5}), done).ends == {Age.PAST_DUE}
    assert run(past_due(10)).performs == P10


def test_an_account_age_cycle_goes_on_while_anything_is_open() -> None:
    cycles: Cycles = {Age.ACCOUNT: {A40.key: StepState.DONE}, Age.PAST_DUE: {}}
    assert run(Standing(50, 0, {Age.ACCOUNT: 45}), cycles, [A40, P10]).ends == {Age.PAST_DUE}
    assert run(Standing(), cycles, [A40, P10]).ends == {Age.ACCOUNT, Age.PAST_DUE}


def test_of_steps_by_both_ages_the_one_reached_last_is_the_furthest() -> None:
    now = standing(owed=[owed(100, 45, 11)], credit=0, today=TODAY)
    found = run(now, steps=[A40, P10])
    assert (found.performs, found.superseded) == (P10, [(Age.ACCOUNT, A40.key)])


def test_two_steps_of_one_day_follow_each_other_from_run_to_run() -> None:
    call = step(Age.PAST_DUE, 10, Action.TASK)
    first = run(past_due(10), steps=[P10, call])
    assert (first.performs, first.superseded) == (P10, [])
    done: Cycles = {Age.PAST_DUE: {P10.key: StepState.DONE}}
    assert run(past_due(11), done, [P10, call]).performs == call


def test_one_communication_at_a_time() -> None:
    assert run(past_due(25), {Age.PAST_DUE: {P10.key: StepState.PLANNED}}).why is Why.UNDER_WAY


def test_below_the_minimum_nothing_is_chased() -> None:
    found = decide_run(steps=STEPS, now=past_due(25, balance=99), cycles={}, minimum=100)
    assert (found.performs, found.why) == (None, Why.BELOW_MINIMUM)


def test_what_comes_next_has_its_day() -> None:
    answer = next_step(steps=STEPS, now=past_due(5), cycles={}, minimum=0, today=TODAY)
    assert answer == Next(P10, TODAY + timedelta(days=5))
    done: Cycles = {Age.PAST_DUE: {each.key: StepState.DONE for each in STEPS}}
    assert (
        next_step(steps=STEPS, now=past_due(50), cycles=done, minimum=0, today=TODAY)
        is Why.ALL_DONE
    )


def test_a_run_waits_for_its_weekday() -> None:
    assert next_run_day(day=date(2026, 6, 20), weekdays=[0, 3]) == date(2026, 6, 22)
    assert next_run_day(day=date(2026, 6, 22), weekdays=[0, 3]) == date(2026, 6, 22)


items = st.lists(
    st.builds(owed, st.integers(0, 500), st.integers(0, 90), st.integers(-30, 60)), max_size=6
)


@given(st.lists(st.tuples(items, st.integers(0, 400)), min_size=1, max_size=30))
def test_over_any_story_a_step_runs_once_a_cycle_unless_the_age_fell_below_it(
    story: list[tuple[list[Owed], int]],
) -> None:
    steps = [A40, *STEPS, step(Age.PAST_DUE, 20, Action.TASK)]
    cycles: dict[Age, dict[str, StepState]] = {}
    performed: dict[Age, set[str]] = {}
    for found, credit in story:
        now = standing(owed=found, credit=credit, today=TODAY)
        made = decide_run(steps=steps, now=now, cycles=cycles, minimum=0)
        for age in made.ends:
            del cycles[age]
        for age in made.opens:
            cycles[age], performed[age] = {}, set()
        for age, key in made.again:
            days = next(each.days for each in steps if each.key == key)
            assert days > now.ages[age]
            cycles[age][key] = StepState.READY
            performed[age].discard(key)
        for age, key in made.superseded:
            cycles[age][key] = StepState.SUPERSEDED
        if made.performs is None:
            # Nobody is left behind: what is reached was done or passed over in this cycle.
            for each in steps:
                if each.age in now.ages and each.days <= now.ages[each.age]:
                    assert cycles[each.age].get(each.key, StepState.READY) is not StepState.READY
            continue
        chosen = made.performs
        assert chosen.days <= now.ages[chosen.age]
        assert chosen.key not in performed[chosen.age]
        performed[chosen.age].add(chosen.key)
        cycles[chosen.age][chosen.key] = StepState.DONE
        assert all(now.of(age) for age in cycles)


# --- the form


def test_a_step_reads_and_writes_the_form_of_the_api() -> None:
    data = {
        "trigger": {"type": "past_due_age", "days": 15},
        "action": "message",
        "channels": ["email", "letter"],
        "contact_roles": ["AP"],
        "template": "account_reminder",
        "assignee": None,
        "statement": "balance_forward",
    }
    assert AccountStep.from_json(data).to_json() == data


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"trigger": {"type": "on_issue", "days": 1}}, "trigger.type"),
        ({"trigger": {"type": "account_age"}}, "trigger.days"),
        ({"action": "shout"}, "action"),
        ({"statement": "haiku"}, "statement"),
        ({"hour": 9}, "step.hour"),
    ],
)
def test_a_malformed_step_names_its_field(change: dict[str, object], field: str) -> None:
    data = {**step(Age.ACCOUNT, 1).to_json(), **change}
    with pytest.raises(MalformedStep) as caught:
        AccountStep.from_json(data)
    assert caught.value.values["field"] == field


def test_what_is_not_allowed_is_named() -> None:
    wrong = [
        AccountStep(Age.ACCOUNT, 5, Action.MESSAGE),
        AccountStep(Age.ACCOUNT, 5, Action.MESSAGE, (Channel.EMAIL,), assignee="m"),
        AccountStep(Age.ACCOUNT, 9999, Action.TASK, (Channel.EMAIL,)),
        AccountStep(Age.ACCOUNT, 6, Action.ESCALATE),
    ]
    assert [error.field for error in check_steps(wrong, Limits())] == [
        "steps.0.channels",
        "steps.1.assignee",
        "steps.1.trigger",
        "steps.2.trigger.days",
        "steps.2.channels",
        "steps.3.assignee",
    ]
