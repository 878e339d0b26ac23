"""The addresses of one message as the wire wants them."""

import idna
from django.utils.translation import gettext as _

from dunwell.core import mime
from dunwell.core.mime import Address
from dunwell.ports.errors import NotConfigured, Refused
from dunwell.ports.messages import Envelope


class Route:
    """Who sends to whom, as the wire wants it: domains in ASCII, nothing that breaks a line."""

    __slots__ = ("copies", "opening", "reply_to", "sender", "to", "utf8")

    def __init__(
        self,
        sender: Address,
        to: Address,
        reply_to: Address | None,
        copies: tuple[Address, ...] = (),
    ) -> None:
        self.copies = copies
        self.sender = sender
        self.to = to
        self.reply_to = reply_to
        emails = sender.email + to.email + (reply_to.email if reply_to else "")
        self.utf8 = not emails.isascii()
        # What opens its envelope where the server takes several commands at once.
        self.opening = b"" if self.utf8 or copies else opening_of(*self.lines())

    def lines(self, extra: bytes = b"") -> tuple[bytes, bytes]:
        """Write the commands that name sender and recipient."""
        sender, to = self.sender.email.encode(), self.to.email.encode()
        return b"MAIL FROM:<" + sender + b">" + extra, b"RCPT TO:<" + to + b">"

    @classmethod
    def of(cls, envelope: Envelope) -> "Route":
        """Check the addresses before anyone is asked. Raises Refused or NotConfigured."""
        to = wire_address(envelope.to)
        if to is None:
            why = _("“%(email)s” is not an email address") % {"email": envelope.to.email}
            raise Refused(code=0, text=why, recipient_bad=True)
        sender = wire_address(envelope.sender)
        reply_to = None if envelope.reply_to is None else wire_address(envelope.reply_to)
        if sender is None or (envelope.reply_to is not None and reply_to is None):
            raise NotConfigured(what=_("the sender's or reply address is not an email address"))
        copies = (wire_address(copy) for copy in envelope.copies)
        return cls(sender, to, reply_to, tuple(copy for copy in copies if copy is not None))


def opening_of(mail: bytes, rcpt: bytes) -> bytes:
    """Return the commands that open an envelope, for one packet."""
    return b"".join((mail, b"\r\n", rcpt, b"\r\nDATA\r\n"))


def wire_address(address: Address) -> Address | None:
    """Write the domain of an address in ASCII; None if it is no address."""
    email = address.email
    if not mime.is_address(email):
        return None
    if email.isascii():
        return address
    local, _at, domain = email.rpartition("@")
    try:
        ascii_domain = idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return None
    return Address(address.name, f"{local}@{ascii_domain}")
