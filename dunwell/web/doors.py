"""Who may see a page, and how an operation's refusal comes back to its form."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, cast

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from dunwell.core.errors import CoreError
from dunwell.tenancy.errors import Conflict, InvalidInput


def member_page[**P](
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Let signed-in members in; others sign in first, or found or choose an organization."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if getattr(request, "here", None) is None:
            return redirect("organizations")
        return view(request, *args, **kwargs)

    return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", login_required(guarded))


def attempt[T](form: forms.Form, act: Callable[[], T]) -> T | None:
    """Do what a valid form asks for; None with the errors at their fields if it is refused.

    A problem of a field the form has not (such as `lines.2.unit_price`) stands on top.
    """
    try:
        return act()
    except CoreError as error:
        form.add_error(None, _(error.sentence) % error.values)
    except (InvalidInput, Conflict) as error:
        for problem in error.problems:
            form.add_error(problem.field if problem.field in form.fields else None, problem.message)
        if not error.problems:
            form.add_error(None, error.detail)
    return None


def way_back(request: HttpRequest, default: str) -> str:
    """Return the page of ours that the form names as `next`, else the default."""
    wanted = request.POST.get("next", "") or request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return wanted
    return default
