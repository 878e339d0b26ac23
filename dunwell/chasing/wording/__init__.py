"""The words of our messages: which variables there are, checked templates, and built-in letters.

    errors = check(subject=…, text=…, html=…)     when a member saves a template
    compiled = compile(subject=…, text=…)         cached; raises what check finds in the source
    rendered = render(compiled, values)           thousands a second

Rule: chasing, Which template.
"""

from dunwell.chasing.wording.builtin import (
    ACCOUNT_REMINDER,
    INVOICE_REMINDER,
    LANGUAGES,
    NEW_INVOICE,
    PAST_DUE_INVOICE,
    RECEIPT,
    TEMPLATE_NAMES,
    BuiltinTemplate,
    builtin,
    document_labels,
    language_for,
    statement_labels,
)
from dunwell.chasing.wording.catalogue import (
    VARIABLES,
    Kind,
    Values,
    Variable,
    blank_values,
    sample_values,
)
from dunwell.chasing.wording.checking import check
from dunwell.chasing.wording.errors import FieldError, NoSuchTemplate, WordingFailed, WordingRefused
from dunwell.chasing.wording.rendering import Compiled, Rendered, compile, render  # noqa: A004

__all__ = [
    "ACCOUNT_REMINDER",
    "INVOICE_REMINDER",
    "LANGUAGES",
    "NEW_INVOICE",
    "PAST_DUE_INVOICE",
    "RECEIPT",
    "TEMPLATE_NAMES",
    "VARIABLES",
    "BuiltinTemplate",
    "Compiled",
    "FieldError",
    "Kind",
    "NoSuchTemplate",
    "Rendered",
    "Values",
    "Variable",
    "WordingFailed",
    "WordingRefused",
    "blank_values",
    "builtin",
    "check",
    "compile",
    "document_labels",
    "language_for",
    "render",
    "sample_values",
    "statement_labels",
]
