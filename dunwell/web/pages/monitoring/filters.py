"""The filters of the Chasing page: channel, owner, cadence, customer; read from the address."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dunwell.chasing import queries
from dunwell.ledger.models import Customer
from dunwell.overview.monitoring.sends import SendFilter
from dunwell.tenancy.models import Member
from dunwell.web.pages import sentences

NAMES = ("channel", "owner", "cadence", "customer")


def _channels() -> list[tuple[str, Any]]:
    return [("", _("Every channel")), *sentences.CHANNELS.items()]


def _owners() -> list[tuple[str, str]]:
    rows = Member.objects.filter(active=True).order_by("name").values_list("id", "name")
    return [("", _("Everyone")), *((str(pk), name) for pk, name in rows)]


def _cadences() -> list[tuple[str, str]]:
    return [("", _("Every cadence")), *((str(c.pk), c.name) for c in queries.cadences())]


class FilterForm(forms.Form):
    """What may be chosen; all of it is optional. A customer is chosen by name."""

    use_required_attribute = False
    channel = forms.ChoiceField(label=gettext_lazy("Channel"), required=False, choices=_channels)
    owner = forms.ChoiceField(label=gettext_lazy("Owner"), required=False, choices=_owners)
    cadence = forms.ChoiceField(label=gettext_lazy("Cadence"), required=False, choices=_cadences)
    customer = forms.CharField(
        label=gettext_lazy("Customer"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_customer(self) -> Customer | None:
        """Find the customer by name; the id of one stands in links."""
        text = str(self.cleaned_data["customer"] or "").strip()
        if not text:
            return None
        found = Customer.objects.filter(name=text).order_by("id").first()
        if found is None:
            raise forms.ValidationError(_("There is no customer of this name."))
        return found


@dataclass(frozen=True, slots=True)
class Chosen:
    """The filters of a request; `query` keeps them in links (empty or ending with “&”)."""

    filter: SendFilter
    form: FilterForm
    query: str

    @property
    def any(self) -> bool:
        """Say whether something is chosen."""
        return self.filter != SendFilter()


def read(given: QueryDict) -> Chosen:
    """Read the filters; what cannot be read is left out and told at its field."""
    form = FilterForm(given)
    form.is_valid()
    values: dict[str, Any] = form.cleaned_data
    customer = values.get("customer")
    chosen = SendFilter(
        channel=values.get("channel", ""),
        owner_id=_uuid(values.get("owner")),
        cadence_id=_uuid(values.get("cadence")),
        customer_id=customer.pk if customer else None,
    )
    kept = QueryDict(mutable=True)
    for name in NAMES:
        if given.get(name):
            kept[name] = str(given[name])
    return Chosen(chosen, form, f"{kept.urlencode()}&" if kept else "")


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None
