"""What all settings pages share."""

from collections.abc import Callable
from typing import Any

from django import forms

from dunwell.web.doors import attempt


def done(form: forms.Form, act: Callable[[], Any]) -> bool:
    """Do what a valid form asks for; False with the errors at their fields if it is refused."""
    attempt(form, act)
    return form.is_valid()


def read_only(form: forms.Form) -> None:
    """Show a form to those who may not change it."""
    for field in form.fields.values():
        field.disabled = True
