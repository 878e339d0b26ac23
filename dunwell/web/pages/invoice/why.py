"""“Why was nothing sent on that day?”: the question and its answer below the schedule."""

from collections.abc import Mapping
from dataclasses import dataclass

from django import forms
from django.utils.translation import gettext_lazy as _

from dunwell.ledger.models import Invoice
from dunwell.overview.why import Explained, why_of
from dunwell.web.pages.fields import DayField
from dunwell.web.requests import Here


class DayForm(forms.Form):
    """The day that is asked about."""

    use_required_attribute = False
    why = DayField(label=_("Day"))


@dataclass(frozen=True, slots=True)
class Asked:
    """The form, and the answer once a day was chosen."""

    form: DayForm
    answer: Explained | None = None


def asked_day(given: Mapping[str, str], invoice: Invoice, *, at: Here) -> Asked:
    """Answer what the address asks (`?why=2026-03-31`), past or future."""
    if "why" not in given:
        return Asked(DayForm(initial={"why": at.today}))
    form = DayForm(given)
    if not form.is_valid():
        return Asked(form)
    answer = why_of(
        organization=at.organization, invoice=invoice, day=form.cleaned_data["why"], now=at.now
    )
    return Asked(form, answer)
