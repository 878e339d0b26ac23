"""Which provider carries an organization's messages of a channel, and open providers to use."""

import json
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings

from dunwell.chasing.sender.facts import OrganizationFacts
from dunwell.core.cadence import Channel
from dunwell.ports.channels import ChannelProvider
from dunwell.ports.registry import open_channel
from dunwell.tenancy.secrets import decrypt

type Setting = str | int

TRAY = "letter_pdf"
"""The print tray: letters wait there until a member has posted them."""


@dataclass(frozen=True, slots=True)
class Route:
    """A provider with its settings; messages of one route share a batch and a connection.

    `failure` says why nothing can go this way (a reason of a delivery); empty = it can.
    """

    channel: str
    name: str
    options: tuple[tuple[str, Setting], ...] = ()
    failure: str = ""


def route(organization: OrganizationFacts, channel: Channel) -> Route:
    """Choose the route: a sandbox's outbox or its own sink, else the organization's provider."""
    if channel is Channel.LETTER and _tray(organization):
        return Route(channel, TRAY)
    if organization.sandbox and not (organization.smtp_sink and channel is Channel.EMAIL):
        return Route(channel, "sandbox_outbox")
    if organization.sandbox:
        host, _, port = organization.smtp_sink.rpartition(":")
        options: dict[str, Setting] = {
            "host": host.strip("[]"),
            "port": int(port),
            "security": "none",
        }
    elif channel in organization.channels:
        return _chosen(organization, channel)
    elif channel is not Channel.EMAIL:
        return Route(channel, "", failure="channel_not_set_up")
    else:
        options = _own(organization) or installation_smtp()
    if not options or not organization.sender_email:
        return Route(channel, "", failure="sender_not_set_up")
    options = {**options, **_signature(organization)}
    return Route(channel, "email_smtp", tuple(sorted(options.items())))


def _tray(organization: OrganizationFacts) -> bool:
    """Tell whether letters wait in the print tray: unless another way was chosen.

    In a sandbox only where the tray was chosen, since its messages are accepted at once.
    """
    chosen = organization.channels.get(Channel.LETTER)
    return not organization.sandbox if chosen is None else chosen.provider == TRAY


def _chosen(organization: OrganizationFacts, channel: Channel) -> Route:
    """Go through the provider the organization chose, with its options and secrets."""
    if channel is Channel.EMAIL and not organization.sender_email:
        return Route(channel, "", failure="sender_not_set_up")
    chosen = organization.channels[channel]
    options = {**chosen.options, **_opened(chosen.sealed)}
    if channel is Channel.EMAIL and organization.mail.track_opened:
        options["track_opens"] = 1
    if channel is not Channel.EMAIL and (base := settings.URL or options.pop("base", "")):
        options["callback"] = f"{base}/hooks/{_hook(chosen.sealed_hook)}"
    return Route(channel, chosen.provider, tuple(sorted(options.items())))


@lru_cache(maxsize=256)
def _opened(sealed: str) -> dict[str, str]:
    """Decrypt a provider's secrets, once for as long as they stay the same."""
    return dict(json.loads(decrypt(sealed=sealed) or "{}"))


def _signature(organization: OrganizationFacts) -> dict[str, Setting]:
    """Return how to sign by DKIM; nothing where no key was made, or for another domain."""
    mail = organization.mail
    domain = organization.sender_email.rpartition("@")[2].lower()
    ours = domain == mail.dkim_domain or domain.endswith(f".{mail.dkim_domain}")
    if not mail.dkim_secret or not ours:
        return {}
    return {
        "dkim_domain": mail.dkim_domain,
        "dkim_selector": mail.dkim_selector,
        "dkim_key": decrypt(sealed=mail.dkim_secret),
    }


@lru_cache(maxsize=256)
def _hook(sealed: str) -> str:
    return decrypt(sealed=sealed)


def _own(organization: OrganizationFacts) -> dict[str, Setting]:
    host, port, user, secret, security = organization.smtp
    if not host:
        return {}
    return {
        "host": host,
        "port": port,
        "user": user,
        "password": decrypt(sealed=secret) if secret else "",
        "security": security,
    }


def installation_smtp() -> dict[str, Setting]:
    """Read the installation's server from DUNWELL_SMTP_URL (smtp://user:pass@host:port?security=tls)."""
    if not settings.SMTP_URL:
        return {}
    parts = urlsplit(settings.SMTP_URL)
    query = parse_qs(parts.query)
    return {
        "host": parts.hostname or "",
        "port": parts.port or 587,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "security": query.get("security", ["starttls"])[-1],
    }


class Providers:
    """Open providers, one per route, kept for their connections."""

    def __init__(self) -> None:
        self._open: dict[Route, ChannelProvider] = {}

    def of(self, way: Route) -> ChannelProvider:
        """Return the provider of a route. Raises NotConfigured or UnknownProvider."""
        provider = self._open.get(way)
        if provider is None:
            provider = self._open[way] = open_channel(
                channel=Channel(way.channel).value, name=way.name, settings=dict(way.options)
            )
        return provider

    def close(self) -> None:
        """Let go of all connections."""
        for provider in self._open.values():
            provider.close()
        self._open.clear()
