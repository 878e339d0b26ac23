"""Signing a message for its sender's domain (RFC 6376), so that it is known to be ours."""

from typing import Final

from django.utils.translation import gettext as _

from dunwell.ports.errors import NotConfigured

# RFC 6376, 5.4.1; From twice, so that nobody can add another.
_SIGNED: Final = (
    b"from", b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"in-reply-to",
    b"references", b"mime-version", b"content-type", b"list-unsubscribe", b"list-unsubscribe-post",
)  # fmt: skip


def signed(raw: bytes, *, domain: str, selector: str, key: str) -> bytes:
    """Return the message with its signature before it. Raises NotConfigured for a wrong key."""
    import dkim  # noqa: PLC0415 - only who signs pays for it

    there = {line.partition(b":")[0].lower() for line in _head(raw)}
    try:
        header: bytes = dkim.sign(
            raw,
            selector.encode(),
            domain.encode("idna"),
            key.encode(),
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[name for name in _SIGNED if name in there],
        )
    except (dkim.DKIMException, ValueError) as error:
        raise NotConfigured(what=_("the DKIM key cannot sign: %(why)s") % {"why": error}) from error
    return header + raw


def _head(raw: bytes) -> list[bytes]:
    return [line for line in raw.partition(b"\r\n\r\n")[0].split(b"\r\n") if b":" in line]
