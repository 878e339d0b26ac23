"""Addresses that lead an answer back to its thread: billing+TOKEN@example.com.

A token names an invoice, an account or a conversation and bears a signature, so that nobody can
put words into a thread by guessing, and nothing has to be stored before a message goes out.
"""

import hmac
from base64 import b32decode, b32encode
from binascii import Error
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import UUID

_ID_LENGTH: Final = 26  # 16 bytes in base32 without padding
_SIGNATURE_LENGTH: Final = 16  # 80 bits
_LENGTH: Final = 1 + _ID_LENGTH + _SIGNATURE_LENGTH
_LOCAL_PART: Final = 64  # RFC 5321, 4.5.3.1.1


class Thread(StrEnum):
    """What kind of thread a token names."""

    INVOICE = "i"
    CUSTOMER = "c"
    CONVERSATION = "t"


@dataclass(frozen=True, slots=True)
class Named:
    """The thread that a token names."""

    thread: Thread
    id: UUID


def token(*, thread: Thread, id: UUID, key: bytes) -> str:  # noqa: A002  # what it is
    """Make the token of a thread: 43 lower-case letters and digits, always the same."""
    name = b32encode(id.bytes).decode().rstrip("=").lower()
    return f"{thread}{name}{_signature(thread, id, key)}"


def read_token(*, text: str, keys: Iterable[bytes]) -> Named | None:
    """Return what a token names; None unless one of the keys signed it. Case does not matter."""
    text = text.lower()
    if len(text) != _LENGTH or text[0] not in set(Thread):
        return None
    try:
        id_ = UUID(bytes=b32decode(text[1 : 1 + _ID_LENGTH].upper() + "======"))
    except (Error, ValueError):
        return None
    thread, signature = Thread(text[0]), text[1 + _ID_LENGTH :]
    for key in keys:
        if hmac.compare_digest(signature.encode(), _signature(thread, id_, key).encode()):
            return Named(thread, id_)
    return None


def reply_address(*, base: str, token: str) -> str:
    """Put a token into an address; empty if the address then is longer than mail allows."""
    local, _at, domain = base.rpartition("@")
    made = f"{local}+{token}"
    return f"{made}@{domain}" if local and len(made) <= _LOCAL_PART else ""


def named_by(*, addresses: Iterable[str], keys: Sequence[bytes]) -> Named | None:
    """Return the thread that the first address with a valid token names."""
    for address in addresses:
        _base, plus, text = address.rpartition("@")[0].rpartition("+")
        found = read_token(text=text, keys=keys) if plus else None
        if found is not None:
            return found
    return None


def _signature(thread: Thread, id_: UUID, key: bytes) -> str:
    digest = hmac.new(key, thread.encode() + id_.bytes, sha256).digest()
    return b32encode(digest[:10]).decode().lower()
