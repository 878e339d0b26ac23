"""Company and sending: settings of the whole organization."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dunwell.flows import settings as flows
from dunwell.ports.errors import HandOverError
from dunwell.tenancy import queries
from dunwell.tenancy.errors import DunwellError
from dunwell.tenancy.models import BankAccount
from dunwell.tenancy.operations import add_bank_account, change_bank_account, remove_bank_account
from dunwell.tenancy.roles import Permission
from dunwell.web.doors import member_page
from dunwell.web.pages.settings.door import done, read_only
from dunwell.web.pages.settings.forms import (
    BankAccountForm,
    CompanyForm,
    SendingForm,
    SendTestForm,
    sending_initial,
)
from dunwell.web.requests import here


@member_page
@require_http_methods(["GET", "POST"])
def company(request: HttpRequest) -> HttpResponse:
    """Show and change who the company is."""
    at = here(request)
    initial = {name: getattr(at.organization, name) for name in CompanyForm.base_fields}
    form = CompanyForm(request.POST or None, initial=initial)
    if not at.actor.may(Permission.SETTINGS):
        read_only(form)
    if request.method == "POST" and form.is_valid():
        changed = {name: form.cleaned_data[name] for name in form.changed_data}
        if done(form, lambda: flows.change_settings(changes=changed, actor=at.actor, now=at.now)):
            messages.success(request, _saved(again="time_zone" in changed))
            return redirect("settings")
    context = {"form": form, "accounts": queries.bank_accounts(), "may": _may(request)}
    return render(request, "settings/company.html", context, status=422 if form.errors else 200)


def _saved(*, again: bool) -> str:
    return _("Saved; all open schedules were planned again.") if again else _("Saved.")


def _may(request: HttpRequest) -> bool:
    return here(request).actor.may(Permission.SETTINGS)


@member_page
@require_http_methods(["GET", "POST"])
def sending(request: HttpRequest) -> HttpResponse:
    """Show and change how messages leave."""
    at = here(request)
    form = SendingForm(request.POST or None, initial=sending_initial(at.organization))
    if not at.actor.may(Permission.SETTINGS):
        read_only(form)
    if (
        request.method == "POST"
        and form.is_valid()
        and done(
            form, lambda: flows.change_settings(changes=form.changes(), actor=at.actor, now=at.now)
        )
    ):
        messages.success(request, _("Saved."))
        return redirect("settings_sending")
    test = SendTestForm(initial={"to": getattr(request.user, "email", "")})
    context = {"form": form, "test": test, "may": _may(request)}
    return render(request, "settings/sending.html", context, status=422 if form.errors else 200)


@member_page
@require_POST
def send_test(request: HttpRequest) -> HttpResponse:
    """Send a test mail by the saved settings and show the server's exact answer."""
    at = here(request)
    try:
        receipt = flows.send_test_email(
            organization=at.organization,
            to=request.POST.get("to", ""),
            actor=at.actor,
            now=at.now,
        )
        messages.success(request, _("The server took it: %(reply)s") % {"reply": receipt.reply})
    except HandOverError as error:
        messages.error(request, error.sentence)
    except DunwellError as error:
        if error.status == 403:
            raise
        messages.error(request, error.detail)
    return redirect("settings_sending")


@member_page
@require_http_methods(["GET", "POST"])
def bank_account(request: HttpRequest, account_id: UUID | None = None) -> HttpResponse:
    """Add or change an account that customers pay to."""
    at = here(request)
    at.actor.require(Permission.SETTINGS)
    account = _account(account_id)
    initial = {name: getattr(account, name) for name in BankAccountForm.base_fields}
    form = BankAccountForm(request.POST or None, initial=initial if account_id else None)
    if request.method == "POST" and form.is_valid():

        def save() -> None:
            if account_id is None:
                add_bank_account(values=form.cleaned_data, actor=at.actor, now=at.now)
            else:
                change_bank_account(
                    account_id=account_id, values=form.cleaned_data, actor=at.actor, now=at.now
                )

        if done(form, save):
            messages.success(request, _("Saved."))
            return redirect("settings")
    context = {"form": form, "account": account if account_id else None}
    return render(
        request, "settings/bank_account.html", context, status=422 if form.errors else 200
    )


def _account(account_id: UUID | None) -> BankAccount:
    return queries.bank_account(account_id=account_id) if account_id else BankAccount()


@member_page
@require_POST
def remove_account(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Remove an account."""
    at = here(request)
    remove_bank_account(account_id=account_id, actor=at.actor, now=at.now)
    messages.success(request, _("The account was removed."))
    return redirect("settings")


@member_page
@require_GET
def account(request: HttpRequest) -> HttpResponse:
    """Show what belongs to the person, not to the organization."""
    return render(request, "settings/account.html")
