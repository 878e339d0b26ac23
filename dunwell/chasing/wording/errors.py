"""What can be wrong with wording.

WordingError
├── WordingRefused     the source is wrong; holds one FieldError per mistake (422)
├── WordingFailed      checked words could not be rendered with these values (500)
└── NoSuchTemplate     no built-in template of that name, channel and language (404)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext as _

type Field = Literal["subject", "text", "html"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One mistake in a template: where it is and what to do, in words for the person who wrote it.

    `line` counts from 1; `variable` is the name as written when an unknown variable is the reason.
    """

    field: Field
    line: int
    message: str
    variable: str = ""


class WordingError(Exception):
    """Something is wrong with words, not with the world."""

    status = 500

    @property
    def sentence(self) -> str:
        """Say in one sentence, in the reader's language, what happened."""
        return _("The wording could not be used.")


class WordingRefused(WordingError):
    """The source of a template has mistakes."""

    status = 422

    def __init__(self, *, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{e.field}:{e.line}: {e.message}" for e in errors))
        self.errors = tuple(errors)

    @property
    def sentence(self) -> str:
        """Say in one sentence, in the reader's language, what happened."""
        return self.errors[0].message


class WordingFailed(WordingError):
    """A template could not be rendered with the values of one message."""

    def __init__(self, *, why: str) -> None:
        super().__init__(why)
        self.why = why

    @property
    def sentence(self) -> str:
        """Say in one sentence, in the reader's language, what happened."""
        return _("The template could not be filled in: %(why)s") % {"why": self.why}


class NoSuchTemplate(WordingError, LookupError):
    """There is no built-in template of that name, channel and language."""

    status = 404
