"""The forms of a new invoice and of pausing chasing."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dunwell.chasing import queries as chasing
from dunwell.flows import CadenceChoice
from dunwell.ledger.operations import InvoiceInput, LineInput
from dunwell.web.pages.forms.parts import (
    CustomerField,
    DayField,
    TermsForm,
    amount_field,
    currency_choices,
    member_choices,
)
from dunwell.web.requests import Here

BLANK_LINES: Final = 3
_NO_CADENCE: Final = "none"


class InvoiceForm(TermsForm):
    """A new invoice: lines, or a total alone."""

    customer = CustomerField(label=gettext_lazy("Customer"))
    number = forms.CharField(
        label=gettext_lazy("Number"), required=False, max_length=100,
        help_text=gettext_lazy("Left empty, the next number is taken."),
    )  # fmt: skip
    invoice_date = DayField(label=gettext_lazy("Invoice date"))
    delivery_date = DayField(label=gettext_lazy("Delivery date"), required=False)
    due_date = DayField(
        label=gettext_lazy("Due date"), required=False,
        help_text=gettext_lazy("Left empty, the terms give it."),
    )  # fmt: skip
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), required=False)
    total = amount_field(
        label=gettext_lazy("Total"), required=False,
        help_text=gettext_lazy("Only where there are no lines."),
    )  # fmt: skip
    engagement = forms.CharField(
        label=gettext_lazy("Engagement"), required=False, max_length=100,
        help_text=gettext_lazy("Project, retainer, milestone …"),
    )  # fmt: skip
    purchase_order = forms.CharField(
        label=gettext_lazy("Purchase order"), required=False, max_length=100
    )
    owner = forms.ChoiceField(label=gettext_lazy("Owner"), required=False)
    cadence = forms.ChoiceField(label=gettext_lazy("Chased by"), required=False)
    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, max_length=5000, widget=forms.Textarea
    )

    def __init__(self, data: QueryDict | None, *, here: Here, initial: Mapping[str, Any]) -> None:
        super().__init__(data, initial={"invoice_date": here.today, **initial})
        self.fields["currency"].choices = currency_choices(_("The customer's"))  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["owner"].choices = [("", _("The customer's owner")), *member_choices()]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["cadence"].choices = _cadences()  # type: ignore[attr-defined]  # a ChoiceField

    @property
    def lines(self) -> list[dict[str, str]]:
        """Give the lines as they were typed, and some blank ones."""
        return [*self._typed(), *({} for _n in range(BLANK_LINES))]

    def _typed(self) -> list[dict[str, str]]:
        if not isinstance(self.data, QueryDict):
            return []
        columns = ("description", "quantity", "unit_price", "tax_rate")
        rows = zip(*(self.data.getlist(f"line_{name}") for name in columns), strict=False)
        typed = [dict(zip(columns, row, strict=True)) for row in rows]
        return [row for row in typed if row["description"].strip() or row["unit_price"].strip()]

    def invoice_input(self) -> InvoiceInput:
        """Give what the ledger needs."""
        values = self.cleaned_data
        return InvoiceInput(
            customer_id=values["customer"].pk,
            number=values["number"],
            currency=values["currency"],
            lines=[_line(row) for row in self._typed()],
            total=values["total"] or None,
            invoice_date=values["invoice_date"],
            delivery_date=values["delivery_date"],
            terms=self.terms(),
            due_date=values["due_date"],
            engagement=values["engagement"],
            purchase_order=values["purchase_order"],
            note=values["note"],
            owner_id=UUID(values["owner"]) if values["owner"] else None,
        )

    def cadence_choice(self) -> UUID | CadenceChoice | None:
        """Give the cadence, the default, or none."""
        chosen = self.cleaned_data["cadence"]
        if chosen == _NO_CADENCE:
            return None
        return UUID(chosen) if chosen else CadenceChoice.DEFAULT


def _line(row: Mapping[str, str]) -> LineInput:
    return LineInput(
        description=row["description"],
        quantity=row["quantity"].strip() or "1",
        unit_price=row["unit_price"].strip() or "0",
        tax_rate=row["tax_rate"].strip() or None,
    )


def _cadences() -> list[tuple[str, str]]:
    known = [(str(each.pk), each.name) for each in chasing.cadences()]
    return [("", _("The default cadence")), *known, (_NO_CADENCE, _("Nothing: do not chase it"))]


class PauseForm(forms.Form):
    """Until when chasing rests, and why."""

    until = DayField(label=gettext_lazy("Chasing goes on on"))
    reason = forms.CharField(label=gettext_lazy("Reason"), required=False, max_length=200)
