"""The letters in the box: friendly, short, in four languages, for email, SMS and post.

They stand in `templates/LANGUAGE.toml`, one table per channel and template, and beside them the
captions of an invoice document. An organization changes them by saving templates of its own.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from dunwell.chasing.wording.errors import NoSuchTemplate

NEW_INVOICE = "new_invoice"
INVOICE_REMINDER = "invoice_reminder"
PAST_DUE_INVOICE = "past_due_invoice"
RECEIPT = "receipt"
ACCOUNT_REMINDER = "account_reminder"

TEMPLATE_NAMES = (NEW_INVOICE, INVOICE_REMINDER, PAST_DUE_INVOICE, RECEIPT, ACCOUNT_REMINDER)
LANGUAGES = ("en", "de", "fr", "es")


@dataclass(frozen=True, slots=True)
class BuiltinTemplate:
    """One letter of the box, in the form in which a member's own is kept."""

    name: str
    channel: str
    language: str
    subject: str
    text: str


def language_for(tag: str) -> str:
    """Choose the language of the box for a tag such as "de-AT"; English where there is none."""
    base = tag.replace("_", "-").partition("-")[0].lower()
    return base if base in LANGUAGES else "en"


@cache
def builtin(*, name: str, channel: str = "email", language: str = "en") -> BuiltinTemplate:
    """Find a letter of the box. Raises NoSuchTemplate (receipts: by email only)."""
    chosen = language_for(language)
    entry = _box(chosen).get(channel, {}).get(name)
    if entry is None:
        raise NoSuchTemplate(f"no built-in {channel} template {name!r}")
    text = entry["text"].strip() + "\n"
    return BuiltinTemplate(name, channel, chosen, entry["subject"], text)


@cache
def document_labels(*, language: str) -> Mapping[str, str]:
    """Give the captions of an invoice document (see `ports.documents`) in a language."""
    return dict(_box(language_for(language))["document"])


@cache
def statement_labels(*, language: str) -> Mapping[str, str]:
    """Give the captions and notes of a statement of account in a language."""
    return dict(_box(language_for(language))["statement"])


@cache
def _box(language: str) -> dict[str, Any]:
    path = files("dunwell.chasing.wording") / "templates" / f"{language}.toml"
    return tomllib.loads(path.read_text("utf-8"))
