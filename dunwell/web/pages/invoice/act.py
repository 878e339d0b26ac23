"""What every act on an invoice has: a form with its words, a permission, and one call.

An act is a form class. The page shows it in a dialog; without scripts it is a page of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dunwell.ledger.models import Contact, Invoice
from dunwell.tenancy.roles import Permission
from dunwell.web.pages.fields import MoneyField
from dunwell.web.requests import Here

type Words = str | Promise


@dataclass(frozen=True, slots=True)
class Case:
    """The invoice that is acted on, where and by whom; `object_id` names a row of it."""

    at: Here
    invoice: Invoice
    object_id: UUID | None = None

    @property
    def doing(self) -> dict[str, Any]:
        """Give what every operation takes."""
        return {
            "organization": self.at.organization,
            "actor": self.at.actor,
            "now": self.at.now,
        }


class ActForm(forms.Form):
    """One act. `run` does it and returns the sentence that tells so."""

    use_required_attribute = False
    title: ClassVar[Words]
    button: ClassVar[Words] = _("Save")
    permission: ClassVar[Permission] = Permission.LEDGER_WRITE
    danger: ClassVar[bool] = False
    beside: ClassVar[bool] = False  # show the last conversation, promise and dispute beside it
    tab: ClassVar[str] = ""

    def __init__(self, case: Case, data: Any = None, files: Any = None) -> None:
        self.case = case
        super().__init__(data, files, initial=self.start(case))
        for field in self.fields.values():
            if isinstance(field, MoneyField):
                field.currency = case.invoice.currency
                field.tag = case.at.organization.locale
        self.prepare()

    @classmethod
    def start(cls, case: Case) -> dict[str, Any]:
        """Give the values the form begins with."""
        del case
        return {}

    def prepare(self) -> None:
        """Fill in choices that depend on the invoice."""

    def intro(self) -> Sequence[str]:
        """Say what the act means, in short sentences above the form."""
        return ()

    def extra(self) -> dict[str, Any]:
        """Give what the act's own part of the template shows."""
        return {}

    def run(self) -> str:
        """Do it; return the sentence that tells so. Raises errors of the floors below."""
        raise NotImplementedError

    def after(self) -> str:
        """Return the address to go on to."""
        address = reverse("invoice", args=[self.case.invoice.pk])
        return f"{address}?tab={self.tab}#more" if self.tab else address


def contact_choices(case: Case) -> list[tuple[str, Words]]:
    """List the customer's contacts for a form."""
    rows = Contact.objects.filter(customer_id=case.invoice.customer_id).order_by("-billing", "name")
    return [("", _("nobody in particular")), *((str(each.pk), str(each)) for each in rows)]
