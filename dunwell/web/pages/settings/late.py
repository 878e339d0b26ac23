"""Late payment: what is asked beside the balance of who pays late."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods

from dunwell.core.calendar import local_date
from dunwell.core.interest import KNOWN_THROUGH, LAWS, RateUnknown, entered, rate_on
from dunwell.flows import settings as flows
from dunwell.tenancy import locale
from dunwell.tenancy.roles import Permission
from dunwell.web.accounts import choices
from dunwell.web.doors import member_page
from dunwell.web.pages.settings.door import done, read_only
from dunwell.web.requests import Here, here


class LateForm(forms.Form):
    """Interest and fee that past due messages name."""

    late_interest = forms.ChoiceField(
        label=_lazy("Interest"),
        choices=[
            ("off", _lazy("none")),
            ("statutory", _lazy("at the rate of the law")),
            ("agreed", _lazy("at the rate agreed with customers")),
        ],
    )
    late_rate = forms.CharField(
        label=_lazy("Agreed rate a year, in percent"), max_length=20, required=False
    )
    late_law = forms.ChoiceField(label=_lazy("Law of"), required=False)
    late_fee = forms.BooleanField(label=_lazy("Ask for the fixed fee of that law"), required=False)
    reference_rates = forms.CharField(
        label=_lazy("Newer reference rates"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_lazy("One a line: first day of the half-year and percent, “2026-07-01 2.15”."),
    )

    GROUPS = (
        (_lazy("Interest"), ("late_interest", "late_rate")),
        (_lazy("By law"), ("late_law", "late_fee", "reference_rates")),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = choices.territories(get_language() or "en")
        laws = sorted((names.get(code, code), code) for code in LAWS)
        field = self.fields["late_law"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # narrows for the type checker
        field.choices = [
            ("", _("your own country")),
            *((code, f"{name}: {LAWS[code].source}") for name, code in laws),
        ]

    def clean(self) -> dict[str, Any]:
        """Ask for the rate where one was agreed."""
        found = super().clean() or {}
        if found.get("late_interest") == "agreed" and not found.get("late_rate"):
            self.add_error("late_rate", _("Enter the rate that was agreed."))
        return found

    def clean_reference_rates(self) -> dict[str, str]:
        """Read one day and rate a line."""
        found: dict[str, str] = {}
        for line in self.cleaned_data["reference_rates"].splitlines():
            words = line.replace("%", " ").split()
            if words and len(words) != 2:
                raise forms.ValidationError(
                    _("Write “%(line)s” like 2026-07-01 2.15."), params={"line": line.strip()[:40]}
                )
            if words:
                found[words[0]] = words[1]
        return found


def _initial(at: Here) -> dict[str, Any]:
    names = ("late_interest", "late_rate", "late_law", "late_fee")
    rates = sorted(at.organization.reference_rates.items())
    return {
        **{name: getattr(at.organization, name) for name in names},
        "reference_rates": "\n".join(f"{day} {rate}" for day, rate in rates),
    }


def _standing(at: Here) -> str:
    """Say which rate the law gives today, or why none is asked."""
    organization = at.organization
    if organization.late_interest != "statutory":
        return ""
    law = LAWS.get(organization.late_law or organization.country)
    if law is None:
        return _("The law of your country is not known here: choose another, or agree on a rate.")
    rates = entered(rates=organization.reference_rates)
    try:
        rate, _last = rate_on(law=law, day=local_date(at.now, organization.zone), own=rates)
    except RateUnknown:
        known = locale.day(KNOWN_THROUGH, organization.locale)
        sentence = _(
            "Reference rates are known here up to %(day)s. Until you enter the newer one, messages "
            "name neither interest nor fee."
        )
        return sentence % {"day": known}
    return _("Today: %(rate)s %% a year (%(source)s).") % {"rate": rate, "source": law.source}


@member_page
@require_http_methods(["GET", "POST"])
def late_payment(request: HttpRequest) -> HttpResponse:
    """Show and change what is asked of who pays late."""
    at = here(request)
    form = LateForm(request.POST or None, initial=_initial(at))
    may = at.actor.may(Permission.SETTINGS)
    if not may:
        read_only(form)
    if request.method == "POST" and form.is_valid():
        changes = form.cleaned_data
        if done(form, lambda: flows.change_settings(changes=changes, actor=at.actor, now=at.now)):
            messages.success(request, _("Saved."))
            return redirect("settings_late")
    context = {"form": form, "may": may, "standing": _standing(at)}
    return render(request, "settings/late.html", context, status=422 if form.errors else 200)
