"""The step editor: rows of a form and the steps they stand for, in cadences and schedules."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _

from dunwell.chasing.models import MessageTemplate
from dunwell.chasing.operations.cadences import LIMITS
from dunwell.core.cadence import Step, Trigger, TriggerType
from dunwell.core.errors import MalformedStep
from dunwell.ledger.models import ContactRole
from dunwell.tenancy.errors import DunwellError
from dunwell.web.pages import sentences
from dunwell.web.pages.acting import refusals
from dunwell.web.pages.fields import DayField
from dunwell.web.pages.rows import changed_rows, wants_rows

PREFIX: Final = "steps"
_TRIGGERS: Final = [
    (TriggerType.ON_ISSUE.value, _("when issued")),
    (TriggerType.AFTER_ISSUE.value, _("days after the invoice date")),
    (TriggerType.BEFORE_DUE.value, _("days before due")),
    (TriggerType.AFTER_DUE.value, _("days after due")),
    (TriggerType.ON_DATE.value, _("on a date")),
    (TriggerType.REPEAT.value, _("repeat every … days")),
]
_WITH_DAYS: Final = frozenset({"after_issue", "before_due", "after_due", "repeat"})
# The order in which steps of one kind lie on an invoice's way.
_PHASES: Final = ("on_issue", "after_issue", "before_due", "after_due", "on_date", "repeat")
NEW_STEP: Final[Mapping[str, Any]] = {
    "type": "after_due",
    "days": 7,
    "hour": 9,
    "channels": ["email"],
}


def _hours() -> list[tuple[int, str]]:
    return [(hour, f"{hour:02}:00") for hour in range(24)]


class StepForm(forms.Form):
    """One step: trigger, hour, channels, contact roles, template."""

    use_required_attribute = False
    type = forms.ChoiceField(label=_("When"), choices=_TRIGGERS)
    days = forms.IntegerField(
        label=_("Days"),
        min_value=0,
        max_value=LIMITS.days,
        required=False,
        widget=forms.NumberInput(attrs={"class": "num", "inputmode": "numeric"}),
    )
    date = DayField(label=_("Date"), required=False)
    times = forms.IntegerField(
        label=_("Times"),
        min_value=1,
        max_value=LIMITS.repeats,
        required=False,
        widget=forms.NumberInput(attrs={"class": "num", "inputmode": "numeric"}),
    )
    hour = forms.TypedChoiceField(label=_("At"), coerce=int, choices=_hours)
    channels = forms.MultipleChoiceField(
        label=_("By"),
        choices=list(sentences.CHANNELS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one channel.")},
    )
    roles = forms.CharField(
        label=_("To the role"),
        required=False,
        max_length=400,
        widget=forms.TextInput(
            attrs={"list": "contact-roles", "autocomplete": "off", "placeholder": _("everyone")}
        ),
    )
    template = forms.ChoiceField(label=_("Wording"), required=False)

    def __init__(self, *args: Any, templates: Sequence[tuple[str, Any]] = (), **more: Any) -> None:
        super().__init__(*args, **more)
        choices = [("", _("automatic")), *templates]
        self.fields["template"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> dict[str, Any]:
        """Ask for the parts that the chosen trigger needs."""
        data: dict[str, Any] = super().clean() or {}
        kind = data.get("type")
        needed = {"days": kind in _WITH_DAYS, "date": kind == "on_date", "times": kind == "repeat"}
        for name, is_needed in needed.items():
            if is_needed and data.get(name) is None and name not in self.errors:
                self.add_error(name, _("This is needed here."))
        return data

    def json(self) -> dict[str, Any]:
        """Give the step in the API's form, roles by name."""
        data = self.cleaned_data
        kind = data["type"]
        trigger: dict[str, Any] = {"type": kind}
        if kind in _WITH_DAYS:
            trigger["days"] = data["days"]
        if kind == "on_date":
            trigger["date"] = data["date"].isoformat()
        if kind == "repeat":
            trigger["times"] = data["times"]
        roles = [" ".join(name.split()) for name in data["roles"].split(",")]
        return {
            "trigger": trigger,
            "hour": data["hour"],
            "channels": data["channels"],
            "contact_roles": [name for name in roles if name],
            "template": data["template"] or None,
        }


class Steps:
    """The rows of steps on one page, bound to what was posted or to stored steps."""

    def __init__(self, request: HttpRequest, stored: Sequence[Mapping[str, Any]]) -> None:
        self.roles = {str(r.pk): r.name for r in ContactRole.objects.order_by("name")}
        kind = forms.formset_factory(
            StepForm, extra=0, max_num=LIMITS.steps, absolute_max=LIMITS.steps
        )
        named: dict[str, Any] = {
            "prefix": PREFIX,
            "form_kwargs": {"templates": template_choices()},
        }
        self.refused = False
        self.stored = in_order(stored)
        if request.method != "POST":
            initial = [_initial(step, self.roles) for step in self.stored]
            self.formset = kind(initial=initial or [dict(NEW_STEP)], **named)
            return
        self.formset = kind(_posted(request.POST), **named)

    @property
    def added(self) -> int:
        """Give the position of a row that was just added, -1 if none was."""
        fresh = self.formset.is_bound and self.formset.data.get("rows") == "add"
        return len(self.formset.forms) - 1 if fresh else -1

    def is_valid(self) -> bool:
        """Say whether every row can be read and nothing was refused."""
        return self.formset.is_valid() and not self.refused

    def json(self) -> list[dict[str, Any]]:
        """Give the steps in the order of an invoice's way."""
        return [self.formset.forms[n].json() for n in self._order()]

    def _order(self) -> list[int]:
        rows = [form.json() for form in self.formset.forms]
        return sorted(range(len(rows)), key=lambda n: _place(rows[n]))

    def refuse(self, form: forms.Form, error: DunwellError) -> None:
        """Put what an operation refused to the rows and fields it is about."""
        order = self._order()
        self.refused = True
        for path, message in refusals(error):
            _start, _dot, rest = path.partition(f"{PREFIX}.")
            row, _dot, name = rest.partition(".")
            name = {"contact_roles": "roles"}.get(name, name.removeprefix("trigger."))
            if row.isdecimal() and name in StepForm.base_fields:
                self.formset.forms[order[int(row)]].add_error(name, message)
            else:
                form.add_error(path if path in form.fields else None, message)

    def stored_steps(self) -> list[Step]:
        """Give the steps the page began with."""
        return [Step.from_json(step, key=n + 1) for n, step in enumerate(self.stored)]

    def for_preview(self) -> list[Step]:
        """Read the steps without storing anything; a role that is new stands for itself."""
        ids = {name.casefold(): pk for pk, name in self.roles.items()}
        found = []
        for position, row in enumerate(self.json()):
            named = [ids.get(name.casefold(), name) for name in row["contact_roles"]]
            try:
                found.append(Step.from_json(row | {"contact_roles": named}, key=position + 1))
            except MalformedStep:
                continue  # saving names the field; a preview shows the rest
        return found


def template_choices() -> list[tuple[str, Any]]:
    """List the templates a step may name: those of the box for chasing, then one's own."""
    box = [(name, sentences.TEMPLATES[name]) for name in list(sentences.TEMPLATES)[:3]]
    rows = MessageTemplate.objects.exclude(name__in=sentences.TEMPLATES).order_by("name")
    own = {name: title or name for name, title in rows.values_list("name", "title")}
    return [*box, *own.items()]


def in_order(steps: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Sort steps as they lie on an invoice's way, from issue to the last repeat."""
    return sorted(steps, key=_place)


def _place(step: Mapping[str, Any]) -> tuple[int, int, str, int]:
    trigger = step["trigger"]
    days = int(trigger.get("days") or 0)
    kind = str(trigger["type"])
    offset = -days if kind == "before_due" else days
    return _PHASES.index(kind), offset, str(trigger.get("date", "")), int(step["hour"])


def _initial(step: Mapping[str, Any], roles: Mapping[str, str]) -> dict[str, Any]:
    trigger = Trigger.from_json(step["trigger"])
    return {
        "type": trigger.type.value,
        "days": trigger.days,
        "date": trigger.date,
        "times": trigger.times,
        "hour": step["hour"],
        "channels": step["channels"],
        "roles": ", ".join(roles.get(role, role) for role in step.get("contact_roles", ())),
        "template": step.get("template") or "",
    }


def _posted(post: QueryDict) -> QueryDict:
    """Return the posted rows; a row just added has its usual values."""
    if not wants_rows(post):
        return post
    before = int(post.get(f"{PREFIX}-TOTAL_FORMS") or 0)
    data = changed_rows(post, prefix=PREFIX, most=LIMITS.steps)
    if int(str(data[f"{PREFIX}-TOTAL_FORMS"])) > before:
        for name, value in NEW_STEP.items():
            values = value if isinstance(value, list) else [str(value)]
            data.setlist(f"{PREFIX}-{before}-{name}", values)
    return data
