"""Amending an invoice: dates, terms, lines, order, engagement, owner."""

from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from dunwell import flows
from dunwell.core.money import CURRENCIES, digits_of
from dunwell.core.terms import Anchor, Terms
from dunwell.ledger import queries
from dunwell.ledger.models import Invoice
from dunwell.ledger.operations import InvoiceChanges, LineInput
from dunwell.tenancy.models import Member
from dunwell.tenancy.roles import Permission
from dunwell.web.doors import attempt
from dunwell.web.pages.acting import acting, posted
from dunwell.web.pages.fields import DayField
from dunwell.web.requests import here

BLANK_LINES: Final = 2
COLUMNS: Final = ("description", "quantity", "unit_price", "tax_rate")
_ANCHORS: Final = (
    (Anchor.INVOICE_DATE.value, gettext_lazy("from the invoice date")),
    (Anchor.DELIVERY_DATE.value, gettext_lazy("from delivery")),
    (Anchor.END_OF_MONTH.value, gettext_lazy("from the end of the month")),
)


class AmendForm(forms.Form):
    """The facts of one invoice; number and currency only while it is a draft."""

    use_required_attribute = False
    number = forms.CharField(label=gettext_lazy("Number"), max_length=100)
    currency = forms.ChoiceField(
        label=gettext_lazy("Currency"), choices=[(code, code) for code in CURRENCIES]
    )
    invoice_date = DayField(label=gettext_lazy("Invoice date"))
    delivery_date = DayField(label=gettext_lazy("Delivery date"), required=False)
    terms_days = forms.IntegerField(
        label=gettext_lazy("Terms: net days"),
        required=False,
        min_value=0,
        max_value=3650,
        help_text=gettext_lazy("Empty: as agreed with the customer."),
    )
    terms_anchor = forms.ChoiceField(
        label=gettext_lazy("Counted"), required=False, choices=_ANCHORS
    )
    due_date = DayField(
        label=gettext_lazy("Due date by hand"),
        required=False,
        help_text=gettext_lazy("Empty: the terms give it."),
    )
    purchase_order = forms.CharField(
        label=gettext_lazy("Order number"), required=False, max_length=100
    )
    engagement = forms.CharField(
        label=gettext_lazy("Engagement"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("Project, retainer, milestone …"),
    )
    owner = forms.ChoiceField(label=gettext_lazy("Owner"), required=False)
    total = forms.CharField(
        label=gettext_lazy("Total"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "num"}),
        help_text=gettext_lazy("Only where there are no lines."),
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, data: QueryDict | None, *, invoice: Invoice) -> None:
        self.invoice = invoice
        self.stored = [_row(line, invoice.currency) for line in invoice.lines.all()]
        super().__init__(data, initial=_start(invoice, has_lines=bool(self.stored)))
        owners = Member.objects.filter(active=True).order_by("name").values_list("id", "name")
        self.fields["owner"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            ("", _("The customer's owner")),
            *((str(pk), name) for pk, name in owners),
        ]
        if invoice.issued_at is not None:
            del self.fields["number"], self.fields["currency"]

    def rows(self) -> list[dict[str, str]]:
        """Give the lines as stored or typed, and some blank ones."""
        shown = self._typed() if self.is_bound else self.stored
        return [*shown, *({} for _n in range(BLANK_LINES))]

    def _typed(self) -> list[dict[str, str]]:
        if not isinstance(self.data, QueryDict):
            return []
        lists = [[text.strip() for text in self.data.getlist(f"line_{n}")] for n in COLUMNS]
        typed = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*lists, strict=False)]
        return [row for row in typed if row["description"] or row["unit_price"]]

    def changes(self) -> InvoiceChanges:
        """Give the fields that were changed, as the ledger names them."""
        values, changed = self.cleaned_data, set(self.changed_data)
        plain = changed & {
            *("number", "currency", "invoice_date", "delivery_date", "due_date"),
            *("purchase_order", "engagement", "note"),
        }
        found: dict[str, Any] = {name: values[name] for name in plain}
        if changed & {"terms_days", "terms_anchor"}:
            found["terms"] = self._terms()
        if "owner" in changed:
            found["owner_id"] = UUID(values["owner"]) if values["owner"] else None
        typed = self._typed()
        if typed != self.stored:
            found["lines"] = [_line(row) for row in typed]
        if not typed and (self.stored or "total" in changed):
            found["total"] = values["total"].strip() or None
        return found  # type: ignore[return-value]  # built key by key from its own names

    def _terms(self) -> Terms | None:
        days = self.cleaned_data["terms_days"]
        if days is None:
            return None
        return Terms(days=days, anchor=Anchor(self.cleaned_data["terms_anchor"]))


def _start(invoice: Invoice, *, has_lines: bool) -> dict[str, Any]:
    plain = ("number", "currency", "invoice_date", "delivery_date", "terms_days")
    texts = ("purchase_order", "engagement", "note")
    return {
        **{name: getattr(invoice, name) for name in (*plain, *texts)},
        "terms_anchor": invoice.terms_anchor or Anchor.INVOICE_DATE.value,
        "due_date": invoice.explicit_due_date,
        "owner": str(invoice.owner_id or ""),
        "total": "" if has_lines else invoice.total.text,
    }


def _row(line: Any, currency: str) -> dict[str, str]:
    return {
        "description": line.description,
        "quantity": _plain(line.quantity),
        "unit_price": _price(line.unit_price, currency),
        "tax_rate": "" if line.tax_rate is None else _plain(line.tax_rate),
    }


def _plain(number: Any) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _price(number: Any, currency: str) -> str:
    """Write a price with at least the digits of its currency."""
    whole, _point, rest = _plain(number).partition(".")
    digits = rest.ljust(digits_of(currency), "0")
    return f"{whole}.{digits}" if digits else whole


def _line(row: dict[str, str]) -> LineInput:
    return LineInput(
        description=row["description"],
        quantity=row["quantity"] or "1",
        unit_price=row["unit_price"] or "0",
        tax_rate=row["tax_rate"] or None,
    )


@require_http_methods(["GET", "POST"])
@acting(Permission.LEDGER_WRITE)
def amend(request: HttpRequest, invoice_id: UUID) -> HttpResponse:
    """Show an invoice's facts to be changed, and change them; its schedule follows."""
    at = here(request)
    invoice = queries.get_invoice(invoice_id=invoice_id)
    form = AmendForm(posted(request), invoice=invoice)
    if request.method == "POST" and form.is_valid():
        changed = attempt(
            form,
            lambda: flows.amend_invoice(
                organization=at.organization,
                actor=at.actor,
                now=at.now,
                invoice_id=invoice_id,
                changes=form.changes(),
            ),
        )
        if changed is not None:
            messages.success(request, _told(invoice, changed))
            return redirect("invoice", invoice_id)
    context = {
        "form": form,
        "invoice": invoice,
        "explained": queries.due_explained(invoice=invoice, locale=at.organization.locale),
    }
    return render(request, "invoice/amend.html", context, status=422 if form.errors else 200)


def _told(before: Invoice, after: Invoice) -> str:
    if before.due_date != after.due_date and after.issued_at is not None:
        return _("Saved; the steps that lie ahead follow the new due date.")
    return _("Saved.")
