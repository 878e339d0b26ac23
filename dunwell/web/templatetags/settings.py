"""Tags of the settings pages."""

from datetime import datetime
from typing import Any

from django import template
from django.forms import Form
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from dunwell.tenancy import locale
from dunwell.tenancy.iban import grouped

register = template.Library()

_ROLES = {"owner": _("Owner"), "admin": _("Admin"), "member": _("Member"), "viewer": _("Viewer")}


@register.filter
def groups(form: Form) -> list[dict[str, Any]]:
    """List a form's fields by the groups its class names."""
    named = getattr(form, "GROUPS", ())
    return [{"title": title, "fields": [form[name] for name in names]} for title, names in named]


@register.filter
def iban(number: str) -> str:
    """Write an IBAN in groups of four."""
    return grouped(number)


@register.filter
def role_name(role: str) -> str:
    """Name a member's role."""
    return str(_ROLES.get(role, role))


@register.simple_tag(takes_context=True)
def ago(context: Any, value: datetime, wall: datetime) -> str:
    """Say how long ago by the real clock, which tokens go by also in a sandbox."""
    tag = context["here"].organization.locale
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(),
        locale.instant(value, context["here"].organization.zone, tag),
        locale.relative(value, wall, tag),
    )
