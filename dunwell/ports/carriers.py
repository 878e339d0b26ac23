"""The services that one provider of a channel can speak to, and what each needs to be told."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service: its name, its settings for sending, and those its calls are checked with.

    `secrets` must be given to send; `options` may be; `hook` are secrets that its webhooks are
    signed with, if it signs them.
    """

    title: str
    secrets: tuple[str, ...]
    options: tuple[str, ...] = ()
    hook: tuple[str, ...] = ()


_services: dict[str, Mapping[str, Service]] = {}


def register_services(*, provider: str, services: Mapping[str, Service]) -> None:
    """Make the services of a provider known; the last registration holds."""
    _services[provider] = services


def services_of(*, provider: str) -> Mapping[str, Service]:
    """List the services of a provider by name; none where it speaks to one place only."""
    return _services.get(provider, {})
