"""Through which service mails leave, and the key they are signed with."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from dunwell.flows import mail_settings
from dunwell.ports.carriers import Service, services_of
from dunwell.tenancy.operations import dkim
from dunwell.tenancy.operations.channels import ChannelSettings, channel_settings, remove_channel
from dunwell.tenancy.roles import Permission
from dunwell.web.doors import member_page
from dunwell.web.pages.settings.door import done
from dunwell.web.requests import here

PROVIDER: Final = "email_anymail"
_LABELS: Final = {
    "server_token": gettext_lazy("Server token"),
    "api_key": gettext_lazy("API key"),
    "secret_key": gettext_lazy("Secret key"),
    "message_stream": gettext_lazy("Message stream"),
    "sender_domain": gettext_lazy("Sending domain"),
    "webhook_signing_key": gettext_lazy("Key of its webhooks"),
    "tracking_webhook_secret": gettext_lazy("Secret of its webhooks"),
    "webhook_secret": gettext_lazy("Password of its webhooks"),
    "api_url": gettext_lazy("Other address of its API"),
}


class ServiceForm(forms.Form):
    """The keys of one service; a secret that is left empty stays as it was."""

    def __init__(
        self, *args: Any, service: Service, known: Mapping[str, Any], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for name in (*service.options, "api_url"):
            self.fields[name] = forms.CharField(
                label=_LABELS.get(name, name),
                required=False,
                max_length=300,
                initial=known.get(name, ""),
            )
        for name in (*service.secrets, *service.hook, "webhook_secret"):
            kept = name in known
            self.fields[name] = forms.CharField(
                label=_LABELS.get(name, name),
                required=name in service.secrets and not kept,
                max_length=5000,
                widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
                help_text=_secret_help(name, kept=kept),
            )


def _secret_help(name: str, *, kept: bool) -> str:
    if name == "webhook_secret":
        return _("Optional: name:password, if the service can send one.")
    return _("Kept encrypted. Leave empty to keep the present one.") if kept else ""


class DkimForm(forms.Form):
    """For which domain mails are signed."""

    dkim_domain = forms.CharField(label=_LABELS["sender_domain"], max_length=253)
    dkim_selector = forms.CharField(
        label=gettext_lazy("Selector"), max_length=63, initial="dunwell"
    )


@member_page
@require_http_methods(["GET", "POST"])
def email(request: HttpRequest) -> HttpResponse:
    """Show and choose the service, and the key; `?service=` shows the fields of another."""
    at = here(request)
    at.actor.require(Permission.SETTINGS)
    chosen = channel_settings(channel="email")
    services = services_of(provider=PROVIDER)
    present = str(chosen.options.get("service", "")) if chosen else ""
    name = request.GET.get("service", present)
    form = _form(request, services, name, chosen if name == present else None)
    if request.method == "POST" and form is not None and form.is_valid():
        secrets = {*services[name].secrets, *services[name].hook, "webhook_secret"}
        options = {k: v for k, v in form.cleaned_data.items() if v and k not in secrets}
        given = {k: v for k, v in form.cleaned_data.items() if v and k in secrets}

        def save() -> None:
            mail_settings.choose_provider(
                channel="email",
                provider=PROVIDER,
                options={"service": name, **options},
                secret_values=given,
                actor=at.actor,
                now=at.now,
            )

        if done(form, save):
            messages.success(
                request,
                _("Saved. Mails leave through %(name)s now.") % {"name": services[name].title},
            )
            return redirect("settings_email")
    return _page(request, form, name, chosen)


def _form(
    request: HttpRequest,
    services: Mapping[str, Service],
    name: str,
    chosen: ChannelSettings | None,
) -> ServiceForm | None:
    if name not in services:
        return None
    known = {**chosen.options, **dict.fromkeys(chosen.secrets, "…")} if chosen else {}
    return ServiceForm(request.POST or None, service=services[name], known=known)


def _page(
    request: HttpRequest, form: ServiceForm | None, name: str, chosen: ChannelSettings | None
) -> HttpResponse:
    organization = here(request).organization
    domain = organization.sender_email.rpartition("@")[2]
    context = {
        "form": form,
        "services": services_of(provider=PROVIDER),
        "name": name,
        "chosen": chosen,
        "hook": _hook(request, chosen) if chosen else "",
        "record": dkim.dkim_record(organization=organization),
        "dkim": DkimForm(
            initial={"dkim_domain": organization.dkim_domain or domain, "dkim_selector": "dunwell"}
        ),
    }
    bad = form is not None and form.errors
    return render(request, "settings/email.html", context, status=422 if bad else 200)


def _hook(request: HttpRequest, chosen: ChannelSettings) -> str:
    path = reverse("hook", args=[chosen.hook])
    return f"{settings.URL}{path}" if settings.URL else request.build_absolute_uri(path)


@member_page
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """Go back to the SMTP server."""
    at = here(request)
    remove_channel(channel="email", actor=at.actor, now=at.now)
    messages.success(request, _("Mails leave through the SMTP server again."))
    return redirect("settings_email")


@member_page
@require_POST
def sign(request: HttpRequest) -> HttpResponse:
    """Make a new key to sign mails with."""
    at = here(request)
    form = DkimForm(request.POST)
    if form.is_valid() and done(
        form,
        lambda: dkim.make_dkim_key(
            domain=form.cleaned_data["dkim_domain"],
            selector=form.cleaned_data["dkim_selector"],
            actor=at.actor,
            now=at.now,
        ),
    ):
        messages.success(request, _("A new key was made. Publish the record below."))
        return redirect("settings_email")
    for problems in form.errors.values():
        messages.error(request, str(problems[0]))
    return redirect("settings_email")


@member_page
@require_POST
def unsign(request: HttpRequest) -> HttpResponse:
    """Sign no more."""
    at = here(request)
    dkim.remove_dkim_key(actor=at.actor, now=at.now)
    messages.success(request, _("Mails are no longer signed."))
    return redirect("settings_email")
