"""Saved views: filters and order of a page under a name."""

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dunwell.overview import operations
from dunwell.overview.models import SavedView
from dunwell.tenancy.roles import Actor
from dunwell.web.doors import member_page, way_back
from dunwell.web.requests import here


def saved_views(page: str, actor: Actor) -> Sequence[SavedView]:
    """List the views of one page that a member sees: own and shared ones."""
    mine = Q(member_id=actor.member_id) | Q(shared=True)
    return list(SavedView.objects.filter(mine, page=page).order_by("name", "id"))


@require_POST
@member_page
def save(request: HttpRequest) -> HttpResponse:
    """Save the filters that are on, and show them under their name."""
    at = here(request)
    view = operations.save_view(
        page=request.POST.get("page", ""),
        name=request.POST.get("name", ""),
        query=request.POST.get("query", ""),
        shared=request.POST.get("shared") == "on",
        actor=at.actor,
        now=at.now,
    )
    messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
    return redirect(f"{reverse(view.page)}?{view.query}")


@require_POST
@member_page
def delete(request: HttpRequest, view_id: UUID) -> HttpResponse:
    """Delete one's own view."""
    operations.delete_view(view_id=view_id, actor=here(request).actor)
    messages.success(request, _("The view is deleted."))
    return redirect(way_back(request, reverse("board")))


urlpatterns = [
    path("views/save", save, name="view_save"),
    path("views/<uuid:view_id>/delete", delete, name="view_delete"),
]
