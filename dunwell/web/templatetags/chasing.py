"""Tags of the pages about chasing: channels, days with their weekday."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel.dates import format_time
from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dunwell.core.money import Money
from dunwell.tenancy.locale import babel_locale
from dunwell.web.pages import sentences
from dunwell.web.templatetags.look import icon, money

register = template.Library()


@register.simple_tag
def channels(names: Iterable[str], size: int = 16) -> SafeString:
    """Draw the icons of channels; each is named for screen readers and on hover."""
    return format_html_join(
        "",
        '<span class="channel" title="{}">{}</span>',
        (
            (
                sentences.channel_name(name),
                icon(
                    sentences.CHANNEL_ICONS.get(name, "chat-bubble-left"),
                    size,
                    sentences.channel_name(name),
                ),
            )
            for name in names
        ),
    )


@register.filter
def channel_name(name: str) -> str:
    """Name a channel."""
    return sentences.channel_name(name)


@register.filter
def language_name(tag: str) -> str:
    """Name a language in itself."""
    return sentences.LANGUAGES.get(tag, tag)


@register.simple_tag(takes_context=True)
def weekday(context: Mapping[str, Any], value: datetime | date) -> SafeString:
    """Write a day or an instant with its weekday in the organization's zone and locale."""
    organization = context["here"].organization
    if isinstance(value, datetime):
        words = sentences.weekday_instant(value, zone=organization.zone, tag=organization.locale)
    else:
        words = sentences.weekday_day(value, organization.locale)
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), words)


@register.filter
def make_list_of(name: str) -> list[str]:
    """Give one channel as a list, for the tag that draws several."""
    return [name] if name else []


@register.filter
def trimmed(number: Decimal) -> str:
    """Write a decimal without the zeros at its end."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


@register.simple_tag(takes_context=True)
def minor(context: Mapping[str, Any], value: int, currency: str) -> str:
    """Write minor units of a currency as money."""
    return money(context, Money(value, currency))


@register.simple_tag(takes_context=True)
def local_time(context: Mapping[str, Any], value: datetime) -> SafeString:
    """Write the local time of an instant, where the day stands above it."""
    organization = context["here"].organization
    tag = organization.locale
    words = format_time(value.astimezone(organization.zone), "short", locale=babel_locale(tag))
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), words)
