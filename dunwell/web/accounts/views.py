"""Pages between signing in and an organization: its list, a new one, an invitation."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dunwell.tenancy import doors
from dunwell.tenancy.errors import DunwellError
from dunwell.tenancy.models import Organization, User
from dunwell.tenancy.scope import system_scope
from dunwell.web.accounts import invitations
from dunwell.web.accounts.forms import CompanyFields


@login_required
@require_http_methods(["GET", "POST"])
def organizations(request: HttpRequest) -> HttpResponse:
    """List the organizations of the signed-in person; a POST moves to one of them."""
    ids = [each.organization_id for each in doors.of_user(user_id=_user(request).pk)]
    if request.method == "POST":
        chosen = request.POST.get("organization", "")
        if chosen not in map(str, ids):
            messages.error(request, _("You are not a member of this organization."))
            return redirect("organizations")
        request.session["organization"] = chosen
        return redirect("/")
    with system_scope("list the names of all organizations one belongs to"):
        found = list(Organization.objects.filter(pk__in=ids).order_by("name", "id"))
    return render(request, "account/organizations.html", {"organizations": found})


@login_required
@require_http_methods(["GET", "POST"])
def new_organization(request: HttpRequest) -> HttpResponse:
    """Found another organization, owned by the signed-in person."""
    form = CompanyFields(request.POST or None)
    form.offer(request.headers.get("Accept-Language", ""))
    if request.method == "POST" and form.is_valid():
        request.session["organization"] = str(form.found(_user(request)).pk)
        return redirect("/")
    return render(request, "account/new_organization.html", {"form": form}, status=_status(form))


@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Show an invitation; signed in, a POST accepts it, else it leads to sign-in or sign-up."""
    invited = invitations.find(secret)
    if invited is None:
        return render(request, "account/invitation_closed.html", status=404)
    if request.user.is_authenticated and request.method == "POST":
        try:
            invitations.join(request, invitation=invited, user=_user(request))
        except DunwellError as error:
            messages.error(request, error.detail)
            return redirect("organizations")
        return redirect("/")
    invitations.keep(request, invitation=invited)
    has_account = User.objects.filter(email=invited.email).exists()
    sign_in = f"{reverse('account_login')}?{urlencode({'next': request.path})}"
    return render(
        request,
        "account/invitation.html",
        {"invited": invited, "has_account": has_account, "sign_in": sign_in},
    )


def _user(request: HttpRequest) -> User:
    return cast("User", request.user)


def _status(form: CompanyFields) -> int:
    return 422 if form.errors else 200
