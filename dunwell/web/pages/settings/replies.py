"""Replies: the mailbox that answers of customers are fetched from."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from dunwell.flows import mailboxes
from dunwell.inbox.models import MailboxState
from dunwell.tenancy import clock
from dunwell.tenancy.errors import Conflict
from dunwell.tenancy.operations import channel_settings
from dunwell.tenancy.roles import Permission
from dunwell.web.doors import member_page
from dunwell.web.pages.settings.door import done, read_only
from dunwell.web.requests import here


class MailboxForm(forms.Form):
    """Where replies arrive."""

    address = forms.EmailField(
        label=_lazy("Address that replies go to"),
        help_text=_lazy("Every mail about an invoice asks for answers to this address."),
    )
    plus = forms.BooleanField(
        label=_lazy("The server takes mail for address+anything@…"),
        required=False,
        help_text=_lazy("Then each answer names its invoice, whatever else is in it."),
    )
    host = forms.CharField(label=_lazy("IMAP server"), max_length=255)
    port = forms.IntegerField(label=_lazy("Port"), min_value=1, max_value=65535, initial=993)
    security = forms.ChoiceField(
        label=_lazy("Security"),
        choices=[("tls", "TLS"), ("starttls", "STARTTLS"), ("none", _lazy("none"))],
    )
    user = forms.CharField(label=_lazy("User name"), max_length=255)
    password = forms.CharField(
        label=_lazy("Password"),
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_lazy("Kept encrypted. Leave empty to keep the present one."),
    )
    folder = forms.CharField(label=_lazy("Folder"), max_length=200, initial="INBOX")
    done_folder = forms.CharField(
        label=_lazy("Move what was taken in to"),
        max_length=200,
        required=False,
        help_text=_lazy("Leave empty to let mails stay where they are."),
    )

    GROUPS = (
        (_lazy("Address"), ("address", "plus")),
        (_lazy("Mailbox"), ("host", "port", "security", "user", "password")),
        (_lazy("Folders"), ("folder", "done_folder")),
    )

    def options(self) -> dict[str, Any]:
        """Return the form as `flows.mailboxes.set_mailbox` takes it."""
        return {name: value for name, value in self.cleaned_data.items() if name != "password"}


@member_page
@require_http_methods(["GET", "POST"])
def mailbox(request: HttpRequest) -> HttpResponse:
    """Show and change the mailbox, and say how fetching goes."""
    at = here(request)
    saved = channel_settings(channel=mailboxes.CHANNEL)
    form = MailboxForm(request.POST or None, initial=dict(saved.options) if saved else None)
    may = at.actor.may(Permission.SETTINGS)
    if not may:
        read_only(form)
    if request.method == "POST" and form.is_valid():

        def save() -> None:
            mailboxes.set_mailbox(
                organization=at.organization,
                options=form.options(),
                password=form.cleaned_data["password"],
                actor=at.actor,
                now=at.now,
                wall=clock.wall(),
            )

        if done(form, save):
            messages.success(request, _("Saved. Try it before you rely on it."))
            return redirect("settings_replies")
    state = MailboxState.objects.first()
    context = {"form": form, "may": may, "saved": saved is not None, "state": state}
    return render(request, "settings/replies.html", context, status=422 if form.errors else 200)


@member_page
@require_POST
def try_now(request: HttpRequest) -> HttpResponse:
    """Sign in to the saved mailbox and say what is there."""
    try:
        count = mailboxes.try_mailbox(actor=here(request).actor)
        told = ngettext(
            "It works: there is %(count)d mail in the folder.",
            "It works: there are %(count)d mails in the folder.",
            count,
        )
        messages.success(request, told % {"count": count})
    except Conflict as error:
        messages.error(request, error.detail)
    return redirect("settings_replies")


@member_page
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """Fetch no more replies."""
    at = here(request)
    mailboxes.remove_mailbox(actor=at.actor, now=at.now)
    messages.success(request, _("Replies are not fetched any more."))
    return redirect("settings_replies")
