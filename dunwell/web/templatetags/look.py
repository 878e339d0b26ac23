"""Tags of the look: `{% load look %}` in every template that extends base.html."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, Form
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from dunwell.core.money import Money
from dunwell.core.states import State
from dunwell.tenancy import locale
from dunwell.web import icons, words
from dunwell.web.requests import Here

register = template.Library()
_DEFAULT_LOCALE = "en"

# The whole navigation: name of the address, label, icon, and whether a phone folds it under “More”.
_NAVIGATION = (
    ("board", gettext_lazy("Board"), "view-columns", False),
    ("invoices", gettext_lazy("Invoices"), "document-text", False),
    ("customers", gettext_lazy("Customers"), "building-office-2", False),
    ("chasing", gettext_lazy("Chasing"), "paper-airplane", False),
    ("payments", gettext_lazy("Payments"), "banknotes", True),
    ("imports", gettext_lazy("Imports"), "arrow-up-tray", True),
    ("settings", gettext_lazy("Settings"), "cog-6-tooth", True),
)


def _here(context: Mapping[str, Any]) -> Here | None:
    found: Here | None = context.get("here")
    return found


def _locale(context: Mapping[str, Any]) -> str:
    here = _here(context)
    return here.organization.locale if here else _DEFAULT_LOCALE


@register.simple_tag
def icon(name: str, size: int = 18, label: str = "") -> SafeString:
    """Draw an outline icon; without a label it is hidden from screen readers."""
    return icons.draw(str(name), size, str(label))


@register.simple_tag(takes_context=True)
def money(context: Mapping[str, Any], amount: Money | None) -> str:
    """Write an amount with its currency in the organization's locale; a dash for none."""
    return "–" if amount is None else locale.money(amount, _locale(context))


@register.simple_tag(takes_context=True)
def day(context: Mapping[str, Any], value: date | None) -> str:
    """Write a calendar day; a dash for none."""
    if value is None:
        return "–"
    return format_html(
        '<time datetime="{}">{}</time>',
        value.isoformat(),
        locale.day_short(value, _locale(context)),
    )


@register.simple_tag(takes_context=True)
def near_day(context: Mapping[str, Any], value: date | None) -> str:
    """Write a day as its distance from today, with the exact day on hover and read aloud."""
    here = _here(context)
    if value is None or here is None:
        return day(context, value)
    return _near(
        value.isoformat(),
        locale.day_short(value, here.organization.locale),
        words.near_day(value, today=here.today),
    )


@register.simple_tag(takes_context=True)
def near(context: Mapping[str, Any], value: datetime | None) -> str:
    """Write an instant as its distance from now, with the exact local time on hover and read."""
    here = _here(context)
    if value is None or here is None:
        return "–" if value is None else value.isoformat()
    return _near(
        value.isoformat(),
        words.exact_instant(value, here=here),
        words.near_instant(value, here=here),
    )


def _near(machine: str, exact: str, spoken: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}">{}<span class="visually-hidden"> ({})</span></time>',
        machine,
        exact,
        spoken,
        exact,
    )


@register.simple_tag(takes_context=True)
def instant(context: Mapping[str, Any], value: datetime | None) -> str:
    """Write an instant's exact local day and time."""
    here = _here(context)
    if value is None or here is None:
        return "–" if value is None else value.isoformat()
    return format_html(
        '<time datetime="{}">{}</time>', value.isoformat(), words.exact_instant(value, here=here)
    )


@register.simple_tag(takes_context=True)
def state(context: Mapping[str, Any], value: State, due: date | None = None) -> SafeString:
    """Draw a state with its shape; given the due date, with the days (“Overdue by 3 days”)."""
    here = _here(context)
    if due is None or here is None:
        text = words.state_name(value)
    else:
        text = words.state_sentence(value, due=due, today=here.today)
    return format_html('<span class="state {}">{}</span>', value.value, text)


@register.filter
def initials(name: str) -> str:
    """Shorten a person's name to at most two letters."""
    return words.initials(str(name))


@register.inclusion_tag("partials/field.html")
def field(bound: BoundField, css: str = "") -> dict[str, Any]:
    """Draw a form field: label above, help and errors below, told to screen readers."""
    described = [f"{bound.auto_id}_help"] if bound.help_text else []
    described += [f"{bound.auto_id}_errors"] if bound.errors else []
    attributes: dict[str, Any] = {}
    if described:
        attributes["aria-describedby"] = " ".join(described)
    if bound.errors:
        attributes["aria-invalid"] = "true"
    return {
        "bound": bound,
        "css": css,
        "control": bound.as_widget(attrs=attributes),
        "checkbox": isinstance(bound.field.widget, CheckboxInput),
        "group": bound.field.widget.use_fieldset,
    }


@register.inclusion_tag("partials/form_errors.html")
def form_errors(form: Form) -> dict[str, Any]:
    """Sum up a form's errors on top, each with a link to its field."""
    return {
        "general": form.non_field_errors(),
        "fields": [bound for bound in form if bound.errors],
    }


@register.simple_tag(takes_context=True)
def navigation(context: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the pages of the frame that exist, and which of them is open."""
    request = context.get("request")
    path = request.path if request else ""
    entries = []
    for name, label, picture, minor in _NAVIGATION:
        try:
            address = reverse(name)
        except NoReverseMatch:
            continue  # a page of a part that is not installed here
        entries.append(
            {
                "address": address,
                "label": label,
                "icon": picture,
                "minor": minor,
                "current": path.startswith(address),
            }
        )
    return entries
