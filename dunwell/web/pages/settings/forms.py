"""The forms of the settings pages; the operations hold the rules."""

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from dunwell.core.money import CURRENCIES, Money
from dunwell.core.terms import Anchor
from dunwell.tenancy.holidays import calendars
from dunwell.tenancy.models import ADDRESS_PARTS, Organization
from dunwell.tenancy.roles import Permission, Role
from dunwell.web.accounts import choices

ROLE_LABELS = {
    Role.OWNER: _("Owner: everything, and makes other owners"),
    Role.ADMIN: _("Admin: everything else"),
    Role.MEMBER: _("Member: invoices, payments, chasing, imports"),
    Role.VIEWER: _("Viewer: reads only"),
}
SCOPE_LABELS = {
    Permission.READ: _("Read everything"),
    Permission.LEDGER_WRITE: _("Write customers, invoices, payments"),
    Permission.CHASING_WRITE: _("Write cadences and schedules"),
    Permission.IMPORT: _("Import files"),
    Permission.SETTINGS: _("Change settings"),
    Permission.MEMBERS: _("Invite and change members"),
    Permission.TOKENS: _("Make and revoke tokens"),
    Permission.CLOCK: _("Advance a sandbox's clock"),
}
_ANCHOR_LABELS = {
    Anchor.INVOICE_DATE: _("after the invoice date"),
    Anchor.DELIVERY_DATE: _("after delivery"),
    Anchor.END_OF_MONTH: _("after the end of the month"),
}


def _currencies() -> choices.Choices:
    return choices.currencies(get_language() or "en")


class CompanyForm(forms.Form):
    """Who the company is, as its invoices and letters say it."""

    name = forms.CharField(label=_("Name"), max_length=200)
    legal_name = forms.CharField(label=_("Legal name"), max_length=200, required=False)
    tax_id = forms.CharField(label=_("Tax number"), max_length=50, required=False)
    email = forms.EmailField(label=_("Email"), required=False)
    phone = forms.CharField(label=_("Phone"), max_length=50, required=False)
    line1 = forms.CharField(label=_("Street"), max_length=200, required=False)
    line2 = forms.CharField(label=_("Second line"), max_length=200, required=False)
    postal_code = forms.CharField(label=_("Postal code"), max_length=20, required=False)
    city = forms.CharField(label=_("City"), max_length=100, required=False)
    region = forms.CharField(label=_("Region"), max_length=100, required=False)
    country = forms.CharField(
        label=_("Country"), max_length=2, required=False, help_text=_("Two letters, such as DE.")
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=choices.time_zones,
        help_text=_("Changing it plans all reminders that have not gone out again."),
    )
    currency = forms.ChoiceField(label=_("Currency"), choices=_currencies)
    locale = forms.ChoiceField(
        label=_("Language and formats"),
        choices=choices.locales,
        help_text=_("How dates and amounts are written where a customer has no language."),
    )
    terms_days = forms.IntegerField(
        label=_("Payment terms: days"), min_value=0, max_value=3650, initial=30
    )
    terms_anchor = forms.ChoiceField(
        label=_("counted"), choices=[(each.value, _ANCHOR_LABELS[each]) for each in Anchor]
    )
    invoice_prefix = forms.CharField(
        label=_("Invoice numbers begin with"), max_length=20, required=False
    )

    GROUPS = (
        (_("Company"), ("name", "legal_name", "tax_id", "email", "phone")),
        (_("Address"), ADDRESS_PARTS),
        (_("Time and money"), ("time_zone", "currency", "locale")),
        (_("New invoices"), ("terms_days", "terms_anchor", "invoice_prefix")),
    )


class SendingForm(forms.Form):
    """How messages leave, and when they do not."""

    sender_name = forms.CharField(label=_("Sender's name"), max_length=200, required=False)
    sender_email = forms.EmailField(
        label=_("Sender's email address"),
        required=False,
        help_text=_("Your mail server must be allowed to send for it."),
    )
    reply_to = forms.EmailField(label=_("Replies go to"), required=False)
    smtp_host = forms.CharField(label=_("SMTP server"), max_length=255, required=False)
    smtp_port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535, initial=587)
    smtp_security = forms.ChoiceField(
        label=_("Security"),
        choices=[("starttls", "STARTTLS"), ("tls", "TLS"), ("none", _("none"))],
    )
    smtp_user = forms.CharField(label=_("User name"), max_length=255, required=False)
    smtp_password = forms.CharField(
        label=_("Password"),
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Kept encrypted. Leave empty to keep the present one."),
    )
    copy_to = forms.ChoiceField(
        label=_("A copy of every mail goes to"),
        required=False,
        choices=[
            ("", _("nobody")),
            ("owner", _("the owner of the invoice")),
            ("address", _("this address:")),
        ],
        help_text=_("Unseen by the customer; it counts as no message to them."),
    )
    copy_address = forms.EmailField(label=_("Address for copies"), required=False)
    list_unsubscribe = forms.BooleanField(
        label=_("Let readers of reminders unsubscribe (List-Unsubscribe)"),
        required=False,
        help_text=_("For where the law asks it: reminders are no advertising."),
    )
    track_opened = forms.BooleanField(
        label=_("Note when a mail is opened"),
        required=False,
        help_text=_("Only through an email service, and only where your readers agreed."),
    )
    attach_invoice = forms.BooleanField(label=_("Attach the invoice as PDF"), required=False)
    catch_up_hours = forms.IntegerField(
        label=_("Catch up for hours"),
        min_value=0,
        max_value=168,
        help_text=_("What an outage delayed longer is skipped and flagged, never sent in a heap."),
    )
    promise_grace_days = forms.IntegerField(
        label=_("Grace after a promise, in days"), min_value=0, max_value=60
    )
    stale_after_days = forms.IntegerField(
        label=_("Flag overdue invoices without action after days"), min_value=1, max_value=365
    )
    business_days_only = forms.BooleanField(
        label=_("Move reminders from weekends and holidays to the next business day"),
        required=False,
    )
    holiday_calendar = forms.ChoiceField(label=_("Public holidays of"), required=False)
    minimum_balances = forms.CharField(
        label=_("Do not chase below"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One currency a line, such as “EUR 5.00”."),
    )

    GROUPS = (
        (_("Sender"), ("sender_name", "sender_email", "reply_to")),
        (
            _("Mail server"),
            ("smtp_host", "smtp_port", "smtp_security", "smtp_user", "smtp_password"),
        ),
        (
            _("Copies, opening, unsubscribing"),
            ("copy_to", "copy_address", "track_opened", "list_unsubscribe"),
        ),
        (
            _("Reminders"),
            (
                "catch_up_hours",
                "promise_grace_days",
                "stale_after_days",
                "minimum_balances",
                "holiday_calendar",
                "business_days_only",
                "attach_invoice",
            ),
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        calendar = self.fields["holiday_calendar"]
        assert isinstance(calendar, forms.ChoiceField)  # noqa: S101  # narrows for the type checker
        calendar.choices = [("", _("none")), *_holiday_choices()]

    def clean_minimum_balances(self) -> dict[str, str]:
        """Read one currency and amount a line."""
        found: dict[str, str] = {}
        for line in self.cleaned_data["minimum_balances"].splitlines():
            words = line.split()
            if not words:
                continue
            if len(words) != 2 or words[0].upper() not in CURRENCIES:
                raise forms.ValidationError(
                    _("Write “%(line)s” like EUR 5.00."), params={"line": line.strip()[:40]}
                )
            found[words[0].upper()] = words[1]
        return found

    def changes(self) -> dict[str, Any]:
        """Return the form as `update_organization` takes it."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if not (name == "smtp_password" and not value)
        }


def sending_initial(organization: Organization) -> dict[str, Any]:
    """Fill the sending form with the organization's settings; never with the password."""
    minimum = [
        f"{code} {Money(minor, code).text}"
        for code, minor in sorted(organization.minimum_balances.items())
    ]
    names = [name for name in SendingForm.base_fields if hasattr(organization, name)]
    return {
        **{name: getattr(organization, name) for name in names},
        "minimum_balances": "\n".join(minimum),
    }


def _holiday_choices() -> choices.Choices:
    territories = choices.territories(get_language() or "en")
    known = calendars()
    return sorted(
        (
            (
                code if not part else f"{code}-{part}",
                f"{territories.get(code, code)} {part}".strip(),
            )
            for code, parts in known.items()
            for part in ["", *parts]
        ),
        key=lambda each: each[1],
    )


class BankAccountForm(forms.Form):
    """One account; an IBAN or an account number."""

    holder = forms.CharField(label=_("Account holder"), max_length=200, required=False)
    bank = forms.CharField(label=_("Bank"), max_length=200, required=False)
    iban = forms.CharField(label=_("IBAN"), max_length=50, required=False)
    bic = forms.CharField(label=_("BIC"), max_length=11, required=False)
    account_number = forms.CharField(label=_("Account number"), max_length=40, required=False)
    routing_number = forms.CharField(label=_("Routing number"), max_length=40, required=False)
    currency = forms.ChoiceField(
        label=_("Only for"),
        required=False,
        choices=lambda: [("", _("any currency")), *_currencies()],
    )


class InviteForm(forms.Form):
    """Whom to invite."""

    email = forms.EmailField(label=_("Email"))
    role = forms.ChoiceField(
        label=_("Role"), choices=list(ROLE_LABELS.items()), initial=Role.MEMBER
    )


class RoleForm(forms.Form):
    """Another role for a member."""

    role = forms.ChoiceField(label=_("Role"), choices=list(ROLE_LABELS.items()))


class DeactivateForm(forms.Form):
    """Who takes over what a member owned."""

    successor = forms.UUIDField(label=_("Who takes over"), widget=forms.Select)

    def __init__(self, *args: Any, others: choices.Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["successor"].widget.choices = [("", "–"), *others]


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("The program that will use it.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("It may"),
        choices=list(SCOPE_LABELS.items()),
        initial=[Permission.READ],
        widget=forms.CheckboxSelectMultiple,
    )


class ContactRoleForm(forms.Form):
    """The name of a role that contacts have."""

    name = forms.CharField(label=_("Name"), max_length=60)


class SendTestForm(forms.Form):
    """Where a test mail goes."""

    to = forms.EmailField(label=_("Send a test to"))
