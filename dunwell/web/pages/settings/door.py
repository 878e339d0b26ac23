"""What all settings pages share: who may come in, and how errors reach the form."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, cast

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from dunwell.tenancy.errors import Conflict, InvalidInput, NotAllowed, NotFound


def settings_page[**P](
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Let signed-in members of an organization in; errors of permission become pages."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if getattr(request, "here", None) is None:
            return redirect("organizations")
        try:
            return view(request, *args, **kwargs)
        except NotAllowed as error:
            return render(request, "settings/not_allowed.html", {"error": error}, status=403)
        except NotFound as error:
            raise Http404(error.detail) from error

    return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", login_required(guarded))


def attempt(form: forms.Form, act: Callable[[], Any]) -> bool:
    """Do what a valid form asks for; False with the errors at their fields if it is refused."""
    try:
        act()
    except InvalidInput as error:
        for problem in error.problems:
            form.add_error(problem.field if problem.field in form.fields else None, problem.message)
        if not error.problems:
            form.add_error(None, error.detail)
    except Conflict as error:
        form.add_error(None, error.detail)
    return form.is_valid()


def read_only(form: forms.Form) -> None:
    """Show a form to those who may not change it."""
    for field in form.fields.values():
        field.disabled = True
