"""How a hand-over can end other than well.

HandOverError                nothing or something went wrong between us and a provider
├── Refused                  for good: the same message would be refused again
├── TemporarilyRefused       not now: may be tried again within the attempt (at most an hour)
│   └── Unreachable          nobody answered, or the talk broke off before anything was handed over
├── Unsure                   all was handed over and no answer came: never tried again by itself
├── Withdrawn                `go()` said no; nothing was handed over
└── NotConfigured            our own settings are wrong (host, password, sender address)
UnknownProvider              no provider of that channel and name is registered

Only `Unsure` leaves open whether the message arrived; with every other error it did not.
Rule: chasing, Outcomes.
"""

from django.utils.translation import gettext as _


class HandOverError(Exception):
    """A hand-over that did not end in a receipt. `status` is the HTTP status a door answers."""

    status = 502

    @property
    def sentence(self) -> str:
        """Say in one sentence, in the reader's language, what happened."""
        return _("The message could not be handed over.")


class Refused(HandOverError):
    """The other side refuses this message for good.

    `code` is its number (SMTP reply or HTTP status, 0 when refused before asking), `text` its
    words, `recipient_bad` whether the address itself is the reason, so that it should not be
    used again; `opted_out` that its owner asked for no more messages.
    """

    status = 422

    def __init__(
        self, *, code: int, text: str, recipient_bad: bool = False, opted_out: bool = False
    ) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text
        self.recipient_bad = recipient_bad
        self.opted_out = opted_out

    @property
    def sentence(self) -> str:
        """Say in one sentence, in the reader's language, what happened."""
        if self.recipient_bad:
            return _("The address was refused: %(why)s") % {"why": self.text}
        return _("The message was refused: %(why)s") % {"why": self.text}


class TemporarilyRefused(HandOverError):
    """The other side cannot take it now.

    `retry_after` is its wish in seconds (0: at once on a fresh connection; None: not said).
    """

    status = 503

    def __init__(self, *, code: int, text: str, retry_after: float | None = None) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text
        self.retry_after = retry_after

    @property
    def sentence(self) -> str:
        """Say in one sentence, in the reader's language, what happened."""
        return _("Not taken for the moment: %(why)s") % {"why": self.text}


class Unreachable(TemporarilyRefused):
    """Nobody answered, or the connection broke before the message was handed over."""

    def __init__(self, *, text: str, retry_after: float | None = None) -> None:
        super().__init__(code=0, text=text, retry_after=retry_after)

    @property
    def sentence(self) -> str:
        """Say in one sentence, in the reader's language, what happened."""
        return _("The server could not be reached: %(why)s") % {"why": self.text}


class Unsure(HandOverError):
    """The whole message was handed over, but whether it was taken is not known.

    `known` says what is; `sha256` and `size` are those of the bytes handed over.
    """

    status = 504

    def __init__(self, *, known: str, sha256: str = "", size: int = 0) -> None:
        super().__init__(known)
        self.known = known
        self.sha256 = sha256
        self.size = size

    @property
    def sentence(self) -> str:
        """Say in one sentence, in the reader's language, what happened."""
        return _("It is uncertain whether the message arrived: %(known)s") % {"known": self.known}


class Withdrawn(HandOverError):
    """`go()` said no: the hand-over was broken off and nothing was delivered."""

    status = 409

    @property
    def sentence(self) -> str:
        """Say in one sentence, in the reader's language, what happened."""
        return _("The message was withdrawn before it was handed over.")


class NotConfigured(HandOverError):
    """Our own settings keep every message of this provider from going out."""

    status = 500

    def __init__(self, *, what: str) -> None:
        super().__init__(what)
        self.what = what

    @property
    def sentence(self) -> str:
        """Say in one sentence, in the reader's language, what happened."""
        return _("Sending is not set up correctly: %(what)s") % {"what": self.what}


class UnknownProvider(LookupError):
    """No provider of that channel and name is registered."""

    def __init__(self, *, channel: str, name: str, known: tuple[str, ...]) -> None:
        there = ", ".join(known) or "none"
        super().__init__(f"no {channel} provider named {name!r}; there are: {there}")
