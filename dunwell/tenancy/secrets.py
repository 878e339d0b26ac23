"""Keeps what must be read again, such as an SMTP password, encrypted in the database.

What need not be read again (tokens, invitation links) is only ever stored as a hash.
"""

from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.translation import gettext as _

from dunwell.tenancy.errors import Conflict


class SecretUnreadable(Conflict):
    """A stored secret was encrypted with another installation's key."""

    title = "Secret unreadable"


def encrypt(*, text: str) -> str:
    """Return the text encrypted and authenticated with the installation's key; "" stays ""."""
    if not text:
        return ""
    return _box(_keys()).encrypt(text.encode()).decode()


def decrypt(*, sealed: str) -> str:
    """Return what `encrypt` was given. Raises SecretUnreadable after the key was lost."""
    if not sealed:
        return ""
    try:
        return _box(_keys()).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SecretUnreadable(
            _("A stored password cannot be read with this installation's key; enter it again.")
        ) from None


def _keys() -> tuple[str, ...]:
    return (settings.SECRET_KEY, *map(str, settings.SECRET_KEY_FALLBACKS))


def reply_keys() -> tuple[bytes, ...]:
    """Return the keys that sign reply addresses: the present one first, then those before it."""
    return tuple(_reply_key(key) for key in _keys())


@lru_cache(maxsize=4)
def _reply_key(key: str) -> bytes:
    made = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"dunwell reply addresses")
    return made.derive(key.encode())


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    """Derive a key for this use alone, so that cookies and passwords never share one."""
    return MultiFernet([Fernet(urlsafe_b64encode(_derived(key))) for key in keys])


def _derived(key: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"dunwell stored secrets").derive(
        key.encode()
    )
