"""How to reach one SMTP server."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal, Self

from django.utils.translation import gettext as _

from dunwell.ports.errors import NotConfigured

type Security = Literal["none", "starttls", "tls"]

_SECURITIES = ("none", "starttls", "tls")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """A server, who we are to it, and how long we wait. All times in seconds.

    `connect_timeout` covers connecting, `command_timeout` each answer before the message,
    `data_timeout` writing the message, `final_timeout` the answer to its last dot: after that the
    delivery is uncertain, and so long a payment may have to wait. A connection carries at most
    `max_messages`, lives `max_age` and may rest `max_idle`. `hello` names us in EHLO (default:
    our IP address). `ca_file` is for a private certificate authority; `verify` off accepts any
    certificate. With `dkim_key` (RSA, PEM) every message is signed for `dkim_domain` under
    `dkim_selector` (RFC 6376).
    """

    host: str
    port: int = 587
    user: str = ""
    password: str = field(default="", repr=False)
    security: Security = "starttls"
    verify: bool = True
    ca_file: str = ""
    hello: str = ""
    dkim_domain: str = ""
    dkim_selector: str = ""
    dkim_key: str = field(default="", repr=False)
    connect_timeout: float = 10.0
    command_timeout: float = 30.0
    data_timeout: float = 60.0
    final_timeout: float = 60.0
    max_messages: int = 500
    max_age: float = 300.0
    max_idle: float = 30.0

    @classmethod
    def from_mapping(cls, given: Mapping[str, object]) -> Self:
        """Read settings as stored or typed. Raises NotConfigured, naming what is wrong."""
        known = {each.name: each for each in fields(cls)}
        for name, value in given.items():
            if name not in known:
                raise NotConfigured(what=_("unknown setting “%(name)s”") % {"name": name})
            wanted = _KINDS.get(name, str)
            if not isinstance(value, wanted) or isinstance(value, bool) != (wanted is bool):
                raise NotConfigured(what=_("“%(name)s” has a wrong value") % {"name": name})
        settings = cls(**{"host": "", **given})  # type: ignore[arg-type]  # each value was just checked
        settings.check()
        return settings

    def check(self) -> None:
        """Raise NotConfigured if a value can never work."""
        if not self.host or any(each.isspace() or ord(each) < 33 for each in self.host):
            raise NotConfigured(what=_("the server's name is missing or has blanks"))
        if not 0 < self.port < 65536:
            raise NotConfigured(what=_("the port must be between 1 and 65535"))
        if self.security not in _SECURITIES:
            raise NotConfigured(what=_("the security must be none, starttls or tls"))
        if any(not "!" <= each <= "~" for each in self.hello):
            raise NotConfigured(what=_("our own name has characters that are not allowed"))
        if min(getattr(self, name) for name in _KINDS if _KINDS[name] is _NUMBER) <= 0:
            raise NotConfigured(what=_("time-outs and limits must be above zero"))


_NUMBER = (int, float)
_KINDS: dict[str, type | tuple[type, ...]] = {
    "port": int,
    "verify": bool,
    "connect_timeout": _NUMBER,
    "command_timeout": _NUMBER,
    "data_timeout": _NUMBER,
    "final_timeout": _NUMBER,
    "max_messages": int,
    "max_age": _NUMBER,
    "max_idle": _NUMBER,
}
