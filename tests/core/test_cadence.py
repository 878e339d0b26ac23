from datetime import date

import pytest

from dunwell.core.cadence import (
    Channel,
    Limits,
    Step,
    Trigger,
    TriggerType,
    keep_keys,
    validate,
)
from dunwell.core.errors import MalformedStep

EMAIL = (Channel.EMAIL,)
TRIGGERS: list[dict[str, object]] = [
    {"type": "on_issue"},
    {"type": "after_issue", "days": 3},
    {"type": "before_due", "days": 1},
    {"type": "after_due", "days": 0},
    {"type": "on_date", "date": "2026-03-31"},
    {"type": "repeat", "days": 7, "times": 3},
]


def step(trigger: Trigger | None = None, *, key: int = 1, hour: int = 9) -> Step:
    return Step(key, trigger or Trigger(TriggerType.ON_ISSUE), hour, EMAIL)


@pytest.mark.parametrize("form", TRIGGERS)
def test_triggers_keep_the_form_of_the_api(form: dict[str, object]) -> None:
    assert Trigger.from_json(form).to_json() == form


def test_a_step_keeps_the_form_of_the_api() -> None:
    form = {
        "key": 4,
        "trigger": {"type": "after_due", "days": 7},
        "hour": 10,
        "channels": ["email", "letter"],
        "contact_roles": ["role-id"],
        "template": "past_due_invoice",
    }
    assert Step.from_json(form).to_json() == form
    assert Step.from_json(form, key=9).key == 9


def test_roles_and_template_may_be_absent() -> None:
    form = {"trigger": {"type": "on_issue"}, "hour": 9, "channels": ["email"]}
    assert Step.from_json(form, key=1) == step()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"hour": "9"}, "hour"),
        ({"hour": True}, "hour"),
        ({"hour": None}, "hour"),
        ({"channels": ["fax"]}, "channels"),
        ({"channels": "email"}, "channels"),
        ({"contact_roles": [1]}, "contact_roles"),
        ({"template": 3}, "template"),
        ({"extra": 1}, "step.extra"),
        ({"trigger": None}, "trigger"),
        ({"trigger": {"type": "sometime"}}, "trigger.type"),
        ({"trigger": {"type": "after_due"}}, "trigger.days"),
        ({"trigger": {"type": "after_due", "days": 1.5}}, "trigger.days"),
        ({"trigger": {"type": "on_issue", "days": 1}}, "trigger.days"),
        ({"trigger": {"type": "repeat", "days": 7}}, "trigger.times"),
        ({"trigger": {"type": "on_date", "date": "20260331"}}, "trigger.date"),
        ({"trigger": {"type": "on_date", "date": "2026-02-30"}}, "trigger.date"),
        ({"trigger": {"type": "on_date"}}, "trigger.date"),
    ],
)
def test_a_malformed_step_names_its_field(change: dict[str, object], field: str) -> None:
    form = {"trigger": {"type": "on_issue"}, "hour": 9, "channels": ["email"], **change}
    with pytest.raises(MalformedStep) as caught:
        Step.from_json(form, key=1)
    assert caught.value.values["field"] == field


def test_a_usual_cadence_is_allowed() -> None:
    steps = [step(Trigger.from_json(form), key=n) for n, form in enumerate(TRIGGERS)]
    assert validate(steps, Limits()) == []


@pytest.mark.parametrize(
    ("steps", "field"),
    [
        ([step(hour=24)], "steps.0.hour"),
        ([step(hour=-1)], "steps.0.hour"),
        ([Step(1, Trigger(TriggerType.ON_ISSUE), 9, ())], "steps.0.channels"),
        ([Step(1, Trigger(TriggerType.ON_ISSUE), 9, EMAIL * 2)], "steps.0.channels"),
        ([step(), step(Trigger(TriggerType.AFTER_DUE, days=-1), key=2)], "steps.1.trigger.days"),
        ([step(Trigger(TriggerType.BEFORE_DUE, days=0))], "steps.0.trigger.days"),
        ([step(Trigger(TriggerType.AFTER_DUE, days=99_999))], "steps.0.trigger.days"),
        ([step(Trigger(TriggerType.REPEAT, days=0, times=1))], "steps.0.trigger.days"),
        ([step(Trigger(TriggerType.REPEAT, days=1, times=0))], "steps.0.trigger.times"),
        ([step(Trigger(TriggerType.REPEAT, days=1, times=11))], "steps.0.trigger.times"),
        ([step(Trigger(TriggerType.ON_DATE, date=date.max))], "steps.0.trigger.date"),
        ([step(key=n) for n in range(101)], "steps"),
        ([step(Trigger(TriggerType.REPEAT, days=1, times=1), key=n) for n in (1, 2)], "steps"),
        ([step(), step()], "steps"),
    ],
)
def test_what_lies_beyond_the_limits_is_named(steps: list[Step], field: str) -> None:
    errors = validate(steps, Limits())
    assert [error.field for error in errors] == [field]
    assert "%" not in errors[0].message


def test_a_hundred_steps_and_ten_repeats_are_within_the_limits() -> None:
    steps = [step(key=n) for n in range(99)]
    steps.append(step(Trigger(TriggerType.REPEAT, days=1, times=10), key=99))
    assert validate(steps, Limits()) == []


def test_a_schedule_set_again_keeps_the_keys_of_its_unchanged_steps() -> None:
    due = Trigger(TriggerType.AFTER_DUE, days=0)
    previous = [step(key=3), step(due, key=5)]
    wanted = [step(due, key=0), step(due, key=0, hour=12), step(key=0), step(key=0)]
    kept = keep_keys(steps=wanted, previous=previous, first_free_key=8)
    assert [one.key for one in kept] == [5, 8, 3, 9]
