"""Turning checked templates and values into a subject, a text and a page."""

import re
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext as _
from jinja2 import Template

from dunwell.chasing.wording.catalogue import Values, blank_values, sample_values
from dunwell.chasing.wording.checking import WordingEnvironment, check_source
from dunwell.chasing.wording.errors import Field, FieldError, WordingFailed, WordingRefused
from dunwell.chasing.wording.layout import page_of

_TEXT = WordingEnvironment(autoescape=False)
_HTML = WordingEnvironment(autoescape=True)
_WIDE_GAP = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A template that was checked, ready to be rendered many times."""

    subject: Template
    text: Template
    html: Template | None
    language: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """The words of one message."""

    subject: str
    text: str
    html: str


@lru_cache(maxsize=1024)
def compile(  # noqa: A001 - as in re.compile
    *, subject: str, text: str, html: str | None = None, language: str = "en"
) -> Compiled:
    """Check and compile a template; asked again for the same one, give the same object.

    Without `html` the page is made from the text. Raises WordingRefused.
    """
    errors = check_source(subject=subject, text=text, html=html)
    if errors:
        raise WordingRefused(errors=errors)
    return Compiled(
        _compiled(_TEXT, "subject", subject),
        _compiled(_TEXT, "text", text),
        None if html is None else _compiled(_HTML, "html", html),
        language,
    )


def render(compiled: Compiled, values: Values) -> Rendered:
    """Fill a template in. `values` has every variable of the catalogue, formatted already.

    The subject becomes one line, gaps of several empty lines one. Raises WordingFailed when a
    value is missing or is not of its kind.
    """
    try:
        # One context for both: templates read it and can set nothing.
        context = compiled.subject.new_context(dict(values), shared=True)
        subject = " ".join("".join(compiled.subject.root_render_func(context)).split())
        text = _tidy("".join(compiled.text.root_render_func(context)))
        if compiled.html is not None:
            return Rendered(subject, text, compiled.html.render(values))
    except Exception as problem:  # Jinja lets through whatever an expression raises
        raise WordingFailed(why=str(problem)) from problem
    page = page_of(text=text, subject=subject, company=_company(values), language=compiled.language)
    return Rendered(subject, text, page)


def try_samples(*, subject: str, text: str, html: str | None) -> list[FieldError]:
    """Fill a template in with the samples and with as little as there may be; tell what fails."""
    fields: list[tuple[Field, str | None]] = [("subject", subject), ("text", text), ("html", html)]
    errors: list[FieldError] = []
    for name, source in fields:
        if source is not None:
            errors.extend(_try_field(name, source))
    return errors


def _try_field(name: Field, source: str) -> list[FieldError]:
    try:
        template = _compiled(_HTML if name == "html" else _TEXT, name, source)
        template.render(sample_values())
        least = template.render(blank_values())
    except WordingRefused as refused:
        return list(refused.errors)
    except Exception as problem:  # noqa: BLE001 - whatever fails here must not fail on sending
        words = _("This cannot be filled in: %(why)s") % {"why": problem}
        return [FieldError(field=name, line=1, message=words)]
    if least.strip():
        return []
    words = _("Nothing is left of this when optional values are empty.")
    return [FieldError(field=name, line=1, message=words)]


def _compiled(environment: WordingEnvironment, name: Field, source: str) -> Template:
    try:
        return environment.from_string(source)
    except (SyntaxError, RecursionError, MemoryError) as problem:
        words = _("This is nested too deeply.")
        raise WordingRefused(errors=[FieldError(field=name, line=1, message=words)]) from problem


def _tidy(text: str) -> str:
    return _WIDE_GAP.sub("\n\n", text).strip() + "\n"


def _company(values: Values) -> str:
    sender = values["sender"]
    return str(sender["company"]) if isinstance(sender, dict) else ""
