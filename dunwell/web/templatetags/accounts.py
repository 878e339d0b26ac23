"""Tags of the account pages."""

from django import template
from django.forms import BoundField, Form

register = template.Library()


@register.filter
def bare(form: Form) -> list[BoundField]:
    """List a form's visible fields without placeholders that only repeat their labels."""
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)
    return form.visible_fields()
