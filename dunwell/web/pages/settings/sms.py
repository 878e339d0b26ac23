"""Through whom text messages leave, and when they wait for the morning."""

from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from dunwell.flows import mail_settings
from dunwell.flows import settings as flows
from dunwell.flows.send_test_text import send_test_text
from dunwell.ports.errors import HandOverError
from dunwell.tenancy.errors import DunwellError
from dunwell.tenancy.operations.channels import ChannelSettings, channel_settings, remove_channel
from dunwell.tenancy.roles import Permission
from dunwell.web.doors import member_page
from dunwell.web.pages.settings.door import done
from dunwell.web.requests import here

PROVIDER: Final = "sms_twilio"
_HOURS: Final = [("", "–"), *((str(hour), f"{hour:02}:00") for hour in range(24))]


class TwilioForm(forms.Form):
    """An account at Twilio; an auth token that is left empty stays as it was."""

    account_sid = forms.CharField(label=gettext_lazy("Account SID"), max_length=34)
    auth_token = forms.CharField(
        label=gettext_lazy("Auth token"),
        max_length=200,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Kept encrypted. Leave empty to keep the present one."),
    )
    sender = forms.CharField(
        label=gettext_lazy("Sender"),
        max_length=40,
        help_text=gettext_lazy(
            "Your number (+4930123456), a messaging service (MG…), or a name of up to 11 letters,"
            " to which nobody can reply."
        ),
    )


class QuietForm(forms.Form):
    """When text messages wait, in each contact's own time zone."""

    sms_quiet_from = forms.ChoiceField(
        label=gettext_lazy("No text messages from"), choices=_HOURS, required=False
    )
    sms_quiet_until = forms.ChoiceField(label=gettext_lazy("until"), choices=_HOURS, required=False)

    def clean(self) -> dict[str, Any]:
        """Want both hours or none."""
        cleaned: dict[str, Any] = super().clean() or {}
        if bool(cleaned.get("sms_quiet_from")) != bool(cleaned.get("sms_quiet_until")):
            raise forms.ValidationError(_("Choose both hours, or none."))
        return cleaned


class NumberForm(forms.Form):
    """Where a test goes."""

    to = forms.CharField(label=gettext_lazy("Send a test to"), max_length=40)


@member_page
@require_http_methods(["GET", "POST"])
def sms(request: HttpRequest) -> HttpResponse:
    """Show and choose the account that text messages leave through."""
    at = here(request)
    at.actor.require(Permission.SETTINGS)
    chosen = channel_settings(channel="sms")
    known = dict(chosen.options) if chosen is not None and chosen.provider == PROVIDER else {}
    form = TwilioForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        options = {name: form.cleaned_data[name] for name in ("account_sid", "sender")}
        if not settings.URL:
            options["base"] = request.build_absolute_uri("/").rstrip("/")

        def save() -> None:
            mail_settings.choose_provider(
                channel="sms",
                provider=PROVIDER,
                options=options,
                secret_values={"auth_token": form.cleaned_data["auth_token"]},
                actor=at.actor,
                now=at.now,
            )

        if done(form, save):
            messages.success(request, _("Saved. Text messages leave through Twilio now."))
            return redirect("settings_sms")
    return _page(request, form, chosen)


def _page(
    request: HttpRequest,
    form: forms.Form,
    chosen: ChannelSettings | None,
    hours: QuietForm | None = None,
) -> HttpResponse:
    organization = here(request).organization
    initial = {name: getattr(organization, name) for name in QuietForm.base_fields}
    path = f"/hooks/{chosen.hook}" if chosen else ""
    context = {
        "form": form,
        "chosen": chosen,
        "quiet": hours or QuietForm(initial=initial),
        "test": NumberForm(),
        "hook": f"{settings.URL}{path}" if settings.URL else request.build_absolute_uri(path),
    }
    wrong = form.errors or (hours and hours.errors)
    return render(request, "settings/sms.html", context, status=422 if wrong else 200)


@member_page
@require_POST
def quiet(request: HttpRequest) -> HttpResponse:
    """Change the quiet hours."""
    at = here(request)
    at.actor.require(Permission.SETTINGS)
    form = QuietForm(request.POST)
    if form.is_valid() and done(
        form,
        lambda: flows.change_settings(changes=form.cleaned_data, actor=at.actor, now=at.now),
    ):
        messages.success(request, _("Saved."))
        return redirect("settings_sms")
    chosen = channel_settings(channel="sms")
    known = dict(chosen.options) if chosen else {}
    return _page(request, TwilioForm(initial=known), chosen, form)


@member_page
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """Send no more text messages."""
    at = here(request)
    remove_channel(channel="sms", actor=at.actor, now=at.now)
    messages.success(request, _("No text messages are sent any more."))
    return redirect("settings_sms")


@member_page
@require_POST
def send_test(request: HttpRequest) -> HttpResponse:
    """Send a test by the saved settings and show the service's own answer."""
    at = here(request)
    try:
        receipt = send_test_text(
            organization=at.organization,
            to=request.POST.get("to", ""),
            actor=at.actor,
            now=at.now,
        )
        messages.success(request, _("Twilio took it: %(reply)s") % {"reply": receipt.reply})
    except HandOverError as error:
        messages.error(request, error.sentence)
    except DunwellError as error:
        if error.status == 403:
            raise
        messages.error(request, error.detail)
    return redirect("settings_sms")
