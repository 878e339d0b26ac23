"""Tags of the pages about chasing: channels, days with their weekday."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel.dates import format_date, format_skeleton, format_time
from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

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


@register.filter
def send_state(name: str) -> str:
    """Name the state of a planned send."""
    return str(sentences.STATES.get(name, name))


@register.simple_tag(takes_context=True)
def month_name(context: Mapping[str, Any], value: date) -> str:
    """Write a month with its year."""
    tag = babel_locale(context["here"].organization.locale)
    return format_skeleton("yMMMM", value, locale=tag)


@register.simple_tag(takes_context=True)
def weekday_name(context: Mapping[str, Any], value: date) -> str:
    """Write the short name of a day of the week."""
    return format_date(value, "EEE", locale=babel_locale(context["here"].organization.locale))


@register.simple_tag
def share_bar(part: int, whole: int) -> SafeString:
    """Draw a part of a whole as a bar; the figure stands beside it."""
    width = round(100 * part / whole) if whole else 0
    return format_html(
        '<svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect width="{}" height="8"></rect></svg>',
        width,
    )


@register.simple_tag
def signed(number: int) -> str:
    """Write a difference with its sign."""
    return f"+{number}" if number > 0 else f"−{-number}" if number else "±0"


@register.simple_tag(takes_context=True)
def week_chart(context: Mapping[str, Any], bars: Sequence[Any], edited: bool) -> SafeString:  # noqa: FBT001  # a template's call
    """Draw the messages of each week as columns; the numbers stand in the table below."""
    tag = context["here"].organization.locale
    most = max([1, *(max(bar.saved, bar.edited) for bar in bars)])
    drawn = []
    for n, bar in enumerate(bars):
        left, day = 46 * n, format_skeleton("MMMd", bar.day, locale=babel_locale(tag))
        columns = [("b", bar.saved, 0), ("a", bar.edited, 18)] if edited else [("a", bar.edited, 9)]
        for css, count, aside in columns:
            height = round(110 * count / most)
            drawn.append(
                format_html(
                    '<rect class="{}" x="{}" y="{}" width="16" height="{}" rx="2"></rect>',
                    css, left + aside, 126 - height, height,
                )
            )  # fmt: skip
        drawn.append(format_html('<text x="{}" y="142">{}</text>', left, day))
    label = _("Messages of each week, at most %(n)d") % {"n": most}
    return format_html(
        '<svg class="chart" viewBox="0 0 {} 146" role="img" aria-label="{}">{}</svg>',
        46 * len(bars), label, format_html_join("", "{}", ((each,) for each in drawn)),
    )  # fmt: skip


@register.simple_tag
def step_chart(steps: Sequence[tuple[str, Any]]) -> SafeString:
    """Draw how many invoices were paid after each step as bars: within a week, and later."""
    most = max([1, *(step.all.count for _words, step in steps)])
    drawn = []
    for n, (words, step) in enumerate(steps[:10]):
        top, soon = 24 * n, step.within[0].count + step.within[1].count
        whole, part = round(360 * step.all.count / most), round(360 * soon / most)
        drawn.append(
            format_html(
                '<text x="0" y="{}">{}</text>'
                '<rect class="b" x="230" y="{}" width="{}" height="14" rx="2"></rect>'
                '<rect class="a" x="230" y="{}" width="{}" height="14" rx="2"></rect>'
                '<text class="figure" x="{}" y="{}">{}</text>',
                top + 15, words[:38], top + 4, whole, top + 4, part, 236 + whole, top + 15,
                step.all.count,
            )
        )  # fmt: skip
    label = _("Invoices paid after each step; the dark part within a week")
    return format_html(
        '<svg class="chart" viewBox="0 0 640 {}" role="img" aria-label="{}">{}</svg>',
        24 * len(drawn) + 4, label, format_html_join("", "{}", ((each,) for each in drawn)),
    )  # fmt: skip
