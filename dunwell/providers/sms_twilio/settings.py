"""An account at Twilio and how messages of it are signed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from django.utils.translation import gettext as _

from dunwell.ports.errors import NotConfigured

API: Final = "https://api.twilio.com"
_ACCOUNT: Final = re.compile(r"AC[0-9a-fA-F]{32}")
_SERVICE: Final = re.compile(r"MG[0-9a-fA-F]{32}")
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_NAME: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &+_-]{1,11}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioSettings:
    """`sender` is a messaging service (MG…), a number (+49…) or a name of up to 11 characters.

    `callback` is the address Twilio tells what became of a message; empty: what its console says.
    `deadline` in seconds is for one call.
    """

    account_sid: str
    auth_token: str = field(repr=False)
    sender: str
    callback: str = ""
    api: str = API
    deadline: float = 20.0

    @classmethod
    def from_mapping(cls, given: Mapping[str, object]) -> Self:
        """Read settings as stored or typed. Raises NotConfigured, naming what is wrong."""
        account, token, sender = (
            str(given.get(name) or "") for name in ("account_sid", "auth_token", "sender")
        )
        if not _ACCOUNT.fullmatch(account):
            raise NotConfigured(what=_("the account SID is AC and 32 digits and letters a to f"))
        if not token:
            raise NotConfigured(what=_("the auth token is missing"))
        if not (_SERVICE.fullmatch(sender) or _NUMBER.fullmatch(sender) or _NAME.fullmatch(sender)):
            raise NotConfigured(
                what=_("the sender is a number like +4930123456, a service (MG…) or a short name")
            )
        return cls(
            account_sid=account,
            auth_token=token,
            sender=sender,
            callback=str(given.get("callback") or ""),
            api=str(given.get("api") or API),
            deadline=float(str(given.get("deadline") or 20)),
        )

    @property
    def from_field(self) -> tuple[str, str]:
        """Name the sender as the API wants it: a parameter and its value."""
        of = "MessagingServiceSid" if _SERVICE.fullmatch(self.sender) else "From"
        return of, self.sender


def is_number(text: str) -> bool:
    """Tell whether this is a number in E.164 form, such as +4930123456."""
    return _NUMBER.fullmatch(text) is not None
