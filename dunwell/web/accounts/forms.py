"""The forms of signing up and of founding another organization."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.core import context
from django import forms
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from dunwell.tenancy import clock
from dunwell.tenancy.models import Organization, User
from dunwell.tenancy.operations import create_organization
from dunwell.web.accounts import choices, invitations
from dunwell.web.accounts.guess import guess


class CompanyFields(forms.Form):
    """What a new organization must know at once; the rest has settings."""

    company = forms.CharField(
        label=_("Company"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        help_text=_("Reminders go out by this clock."),
        choices=choices.time_zones,
        widget=forms.Select(attrs={"data-own-zone": ""}),
    )
    currency = forms.ChoiceField(label=_("Currency"))

    def offer(self, accept_language: str) -> None:
        """Fill in what the browser's language suggests."""
        suggested = guess(accept_language)
        self.locale = suggested.locale
        self.fields["time_zone"].initial = suggested.time_zone
        self.fields["currency"].initial = suggested.currency
        currencies = forms.ChoiceField(choices=choices.currencies(get_language() or "en")).choices
        self.fields["currency"].choices = currencies  # type: ignore[attr-defined]  # a ChoiceField

    def found(self, owner: User) -> Organization:
        """Create the organization that the form describes."""
        return create_organization(
            name=self.cleaned_data["company"],
            time_zone=self.cleaned_data["time_zone"],
            currency=self.cleaned_data["currency"],
            locale=self.locale,
            owner=owner,
            now=clock.wall(),
        )


class SignupForm(AllauthSignupForm, CompanyFields):  # type: ignore[misc]  # allauth is untyped
    """Makes a user and an organization, or a member of the organization that invited."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True}),
    )
    field_order = ("name", "email", "password1", "company", "time_zone", "currency")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer(context.request.headers.get("Accept-Language", ""))
        for bare in ("email", "password1"):
            self.fields[bare].widget.attrs.pop("placeholder", None)
        self.invitation = invitations.waiting(context.request)
        if self.invitation is not None:
            for needless in ("company", "time_zone", "currency"):
                del self.fields[needless]
            self.fields["email"].initial = self.invitation.email

    def try_save(self, request: HttpRequest) -> Any:
        """Make user and organization together or not at all."""
        with transaction.atomic():
            return super().try_save(request)

    def save(self, request: HttpRequest) -> User:
        """Make the user, then found or join the organization."""
        if self.invitation is not None and self.cleaned_data["email"] == self.invitation.email:
            # The link went to this very address.
            get_adapter().stash_verified_email(request, self.invitation.email)
        user: User = super().save(request)
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])
        if self.invitation is not None:
            invitations.join(request, invitation=self.invitation, user=user)
        else:
            request.session["organization"] = str(self.found(user).pk)
        return user
