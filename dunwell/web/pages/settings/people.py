"""Members, tokens and contact roles."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter
from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from dunwell.flows import settings as flows
from dunwell.ledger.models import ContactRole
from dunwell.tenancy import clock, operations, queries
from dunwell.tenancy.errors import Conflict
from dunwell.tenancy.roles import Permission, Role
from dunwell.web.doors import member_page
from dunwell.web.pages.settings.door import done
from dunwell.web.pages.settings.forms import (
    ContactRoleForm,
    DeactivateForm,
    InviteForm,
    RoleForm,
    TokenForm,
)
from dunwell.web.requests import here


@member_page
@require_http_methods(["GET", "POST"])
def members(request: HttpRequest) -> HttpResponse:
    """List members and open invitations; a POST invites."""
    at = here(request)
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made: list[operations.NewInvitation] = []

        def invite() -> None:
            made.append(
                operations.invite_member(
                    email=form.cleaned_data["email"],
                    role=Role(form.cleaned_data["role"]),
                    actor=at.actor,
                    now=at.now,
                    wall=clock.wall(),
                )
            )

        if done(form, invite):
            _mail_invitation(request, made[0])
            return redirect("settings_members")
    context = {
        "form": form,
        "members": queries.members(),
        "invitations": queries.open_invitations(),
        "may": at.actor.may(Permission.MEMBERS),
    }
    return render(request, "settings/members.html", context, status=_status(form))


def _mail_invitation(request: HttpRequest, made: operations.NewInvitation) -> None:
    """Send the link; it is shown too, so that it can be handed over where no mail goes out."""
    link = request.build_absolute_uri(reverse("invitation", args=[made.secret]))
    context = {
        "link": link,
        "organization": here(request).organization.name,
        "invited_by": here(request).actor.label,
    }
    get_adapter().send_mail("account/email/invitation", made.invitation.email, context)
    sentence = _("%(email)s was invited. The link, if you want to hand it over yourself: %(link)s")
    messages.success(request, sentence % {"email": made.invitation.email, "link": link})


@member_page
@require_http_methods(["GET", "POST"])
def member(request: HttpRequest, member_id: UUID) -> HttpResponse:
    """Change a member's role."""
    at = here(request)
    at.actor.require(Permission.MEMBERS)
    found = queries.member(member_id=member_id)
    form = RoleForm(request.POST or None, initial={"role": found.role})
    leave = DeactivateForm(others=_others(found.pk))
    if request.method == "POST" and form.is_valid():
        role = Role(form.cleaned_data["role"])
        act = partial(
            operations.change_role, member_id=member_id, role=role, actor=at.actor, now=at.now
        )
        if done(form, act):
            messages.success(request, _("Saved."))
            return redirect("settings_members")
    context = {"member": found, "form": form, "leave": leave}
    return render(request, "settings/member.html", context, status=_status(form))


@member_page
@require_POST
def deactivate(request: HttpRequest, member_id: UUID) -> HttpResponse:
    """Shut a member out; somebody else takes over."""
    at = here(request)
    at.actor.require(Permission.MEMBERS)
    found = queries.member(member_id=member_id)
    leave = DeactivateForm(request.POST, others=_others(found.pk))
    if leave.is_valid():
        act = partial(
            flows.deactivate_member,
            member_id=member_id,
            successor_id=leave.cleaned_data["successor"],
            actor=at.actor,
            now=at.now,
            wall=clock.wall(),
        )
        if done(leave, act):
            messages.success(request, _("%(name)s has left.") % {"name": found.name})
            return redirect("settings_members")
    context = {"member": found, "form": RoleForm(initial={"role": found.role}), "leave": leave}
    return render(request, "settings/member.html", context, status=422)


def _others(member_id: UUID) -> list[tuple[str, str]]:
    return [
        (str(each.pk), each.name)
        for each in queries.members(active_only=True)
        if each.pk != member_id
    ]


@member_page
@require_POST
def withdraw(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Withdraw an open invitation."""
    at = here(request)
    operations.revoke_invitation(invitation_id=invitation_id, actor=at.actor, now=at.now)
    messages.success(request, _("The invitation was withdrawn."))
    return redirect("settings_members")


@member_page
@never_cache
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """List API tokens; a POST makes one and shows its secret this one time."""
    at = here(request)
    form = TokenForm(request.POST or None)
    made: list[operations.NewToken] = []
    if request.method == "POST" and form.is_valid():

        def create() -> None:
            if at.actor.member_id is None:
                raise Conflict(_("A token acts for a member."))
            made.append(
                operations.create_token(
                    name=form.cleaned_data["name"],
                    member_id=at.actor.member_id,
                    scopes=form.cleaned_data["scopes"],
                    actor=at.actor,
                    now=at.now,
                    wall=clock.wall(),
                )
            )

        if done(form, create):
            form = TokenForm()
    context = {
        "form": form,
        "tokens": queries.tokens(),
        "made": made[0] if made else None,
        "may": at.actor.may(Permission.TOKENS),
        "wall": clock.wall(),
    }
    return render(request, "settings/tokens.html", context, status=_status(form))


@member_page
@require_POST
def revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """Revoke a token."""
    at = here(request)
    operations.revoke_token(token_id=token_id, actor=at.actor, now=at.now, wall=clock.wall())
    messages.success(request, _("The token is revoked."))
    return redirect("settings_tokens")


@member_page
@require_http_methods(["GET", "POST"])
def roles(request: HttpRequest) -> HttpResponse:
    """List the roles that contacts have; a POST adds one."""
    at = here(request)
    form = ContactRoleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        act = partial(
            flows.add_contact_role,
            organization=at.organization,
            name=form.cleaned_data["name"],
            actor=at.actor,
            now=at.now,
        )
        if done(form, act):
            return redirect("settings_roles")
    found = ContactRole.objects.annotate(contacts=Count("assignments")).order_by("key")
    context = {"form": form, "roles": found, "may": at.actor.may(Permission.SETTINGS)}
    return render(request, "settings/roles.html", context, status=_status(form))


@member_page
@require_http_methods(["GET", "POST"])
def role(request: HttpRequest, role_id: UUID) -> HttpResponse:
    """Rename a role, or remove it."""
    at = here(request)
    at.actor.require(Permission.SETTINGS)
    found = ContactRole.objects.filter(pk=role_id).first()
    if found is None:
        return redirect("settings_roles")
    form = ContactRoleForm(request.POST or None, initial={"name": found.name})
    if request.method == "POST" and (form.is_valid() or "remove" in request.POST):
        who: dict[str, Any] = {"role_id": role_id, "actor": at.actor, "now": at.now}
        act: Callable[[], Any] = partial(flows.remove_contact_role, **who)
        if "remove" not in request.POST:
            act = partial(flows.rename_contact_role, name=form.cleaned_data["name"], **who)
        if done(form, act):
            return redirect("settings_roles")
    context = {"form": form, "role": found}
    return render(request, "settings/role.html", context, status=_status(form))


def _status(form: forms.Form) -> int:
    return 422 if form.errors else 200
