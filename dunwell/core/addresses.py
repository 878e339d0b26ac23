"""What tells whether two addresses are one."""

import re
from typing import Final

_NOT_DIALLED: Final = re.compile(r"[^0-9+]")


def folded(*, channel: str, address: str) -> str:
    """Return an address so that equal ones are equal text: lower case, or digits of a phone."""
    return address.strip().lower() if channel == "email" else _NOT_DIALLED.sub("", address)
