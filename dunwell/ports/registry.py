"""Which providers there are. Config fills it at start; everybody else only asks."""

from collections.abc import Callable, Mapping

from dunwell.ports.channels import ChannelProvider
from dunwell.ports.documents import DocumentRenderer
from dunwell.ports.errors import UnknownProvider
from dunwell.ports.mailboxes import Mailbox
from dunwell.ports.messages import Channel

type Settings = Mapping[str, object]
type ChannelFactory = Callable[[Settings], ChannelProvider]

_channels: dict[tuple[Channel, str], ChannelFactory] = {}
_documents: dict[str, DocumentRenderer] = {}
_mailboxes: dict[str, Mailbox] = {}


def register_channel(*, channel: Channel, name: str, factory: ChannelFactory) -> None:
    """Make a provider known under its channel and name; the last registration holds."""
    _channels[channel, name] = factory


def register_documents(*, name: str, renderer: DocumentRenderer) -> None:
    """Make a document renderer known under its name; the last registration holds."""
    _documents[name] = renderer


def channel_providers(*, channel: Channel) -> tuple[str, ...]:
    """List the names of the providers of a channel, sorted."""
    return tuple(sorted(name for of, name in _channels if of == channel))


def open_channel(*, channel: Channel, name: str, settings: Settings) -> ChannelProvider:
    """Open a provider of a channel with its settings.

    Raises UnknownProvider, and NotConfigured when the settings do not fit.
    """
    factory = _channels.get((channel, name))
    if factory is None:
        raise UnknownProvider(channel=channel, name=name, known=channel_providers(channel=channel))
    return factory(settings)


def document_renderer(*, name: str) -> DocumentRenderer:
    """Find a document renderer by name. Raises UnknownProvider."""
    renderer = _documents.get(name)
    if renderer is None:
        raise UnknownProvider(channel="document", name=name, known=tuple(sorted(_documents)))
    return renderer


def register_mailbox(*, name: str, mailbox: Mailbox) -> None:
    """Make a kind of mailbox known under its name; the last registration holds."""
    _mailboxes[name] = mailbox


def mailbox(*, name: str) -> Mailbox:
    """Find a kind of mailbox by name. Raises UnknownProvider."""
    found = _mailboxes.get(name)
    if found is None:
        raise UnknownProvider(channel="inbox", name=name, known=tuple(sorted(_mailboxes)))
    return found
