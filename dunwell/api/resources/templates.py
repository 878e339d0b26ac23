"""The wording of messages: built in, or the organization's own."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from django.db import connection
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Body, Router, Status
from pydantic import BaseModel, Field

from dunwell.api import shapes
from dunwell.api.door import Here, here
from dunwell.api.resources import invoices
from dunwell.chasing.operations import templates as operations
from dunwell.chasing.operations.templates import TemplateView
from dunwell.chasing.sender.facts import load_subjects
from dunwell.chasing.sender.values import values
from dunwell.chasing.wording import (
    Compiled,
    Values,
    WordingRefused,
    compile,  # noqa: A004  # the wording's own name
    language_for,
    render,
    sample_values,
)
from dunwell.tenancy.errors import Conflict, FieldProblem, InvalidInput
from dunwell.tenancy.roles import Permission

router = Router(tags=["templates"])

_ADDRESS = "/{template_id}"


class Wording(shapes.Body):
    """Subject, text and optionally HTML, with variables as `{{ invoice.number }}`."""

    title: Annotated[str, Field(max_length=100)] = ""
    subject: shapes.Line = ""
    text: Annotated[str, Field(max_length=100_000)] = ""
    html: Annotated[str | None, Field(max_length=100_000)] = None


class TemplateIn(Wording):
    """A template of the organization's own making."""

    name: Annotated[str, Field(max_length=40)]
    channel: shapes.Channel = "email"
    language: Annotated[str, Field(max_length=16)] = ""


class PreviewIn(shapes.Body):
    """Words to try instead of the saved ones, and the invoice to fill them in with."""

    invoice_id: UUID | None = None
    subject: shapes.Line = ""
    text: Annotated[str, Field(max_length=100_000)] = ""
    html: Annotated[str | None, Field(max_length=100_000)] = None


class PreviewOut(BaseModel):
    """The words as a customer would get them."""

    subject: str
    text: str
    html: str


class TemplateOut(BaseModel):
    """A template for one channel and language; `id` is `name.channel.language`."""

    id: str
    name: str
    title: str
    channel: shapes.Channel
    language: str
    subject: str
    text: str
    html: str
    own: Annotated[bool, Field(description="False: the wording in the box")]
    version: int


class TemplatesOut(BaseModel):
    """All templates."""

    items: list[TemplateOut]
    next: None


@router.get("", response=TemplatesOut)
def find(request: HttpRequest) -> Any:
    """List templates."""
    here(request)
    return {"items": [_present(each) for each in operations.templates()], "next": None}


@router.post("", response={201: TemplateOut})
def create(request: HttpRequest, data: TemplateIn) -> Any:
    """Create a template."""
    place = here(request, Permission.SETTINGS)
    key = (data.name.strip(), data.channel, data.language or _language(place))
    return Status(201, _save(place, key, data.model_dump()))


@router.get(_ADDRESS, response=TemplateOut)
def read(request: HttpRequest, template_id: str) -> Any:
    """Read a template by `name`, `name.channel` or `name.channel.language`."""
    return _present(_get(_key(here(request), template_id)))


@router.patch(_ADDRESS, response=TemplateOut)
def change(request: HttpRequest, template_id: str, data: Wording) -> Any:
    """Save a wording of the organization's own; unknown variables are refused by field and line."""
    place = here(request, Permission.SETTINGS)
    key = _key(place, template_id)
    known = _get(key)
    kept = {"title": known.title, "subject": known.subject, "text": known.text, "html": known.html}
    return _save(place, key, {**kept, **data.given()})


@router.delete(_ADDRESS, response={204: None})
def reset(request: HttpRequest, template_id: str) -> Any:
    """Go back to the wording in the box."""
    place = here(request, Permission.SETTINGS)
    name, channel, language = _key(place, template_id)
    operations.reset_template(
        name=name, channel=channel, language=language, actor=place.actor, now=place.now
    )
    return Status(204, None)


@router.post(_ADDRESS + "/preview", response=PreviewOut)
def preview(
    request: HttpRequest, template_id: str, data: Annotated[PreviewIn | None, Body()] = None
) -> Any:
    """Fill a template in, with a real invoice or with samples; nothing is saved or sent."""
    place = here(request)
    known = _get(_key(place, template_id))
    kept = {"subject": known.subject, "text": known.text, "html": known.html}
    words = {**kept, **(data.given() if data else {})}
    invoice_id = words.pop("invoice_id", None)
    filled = render(
        _compiled(words, known.language),
        _values(place, invoice_id) if invoice_id else sample_values(),
    )
    return {"subject": filled.subject, "text": filled.text, "html": filled.html or ""}


def _compiled(words: Mapping[str, Any], language: str) -> Compiled:
    """Compile a wording. Raises InvalidInput with the field and line of every mistake."""
    try:
        return compile(
            subject=words["subject"],
            text=words["text"],
            html=words["html"] or None,
            language=language,
        )
    except WordingRefused as error:
        problems = [
            FieldProblem(each.field, _("Line %(n)d: %(m)s") % {"n": each.line, "m": each.message})
            for each in error.errors
        ]
        raise InvalidInput(error.sentence, problems=problems) from error


def _values(place: Here, invoice_id: UUID) -> Values:
    """Give the variables of a real invoice. Raises NotFound, Conflict without a due date."""
    if invoices.require(invoice_id).due_date is None:
        raise Conflict(_("This draft has no due date yet."))
    with connection.cursor() as cursor:
        subjects = load_subjects(cursor, invoice_ids=[invoice_id], since=place.now, now=place.now)
    return values(subjects[invoice_id], now=place.now)


def _key(place: Here, template_id: str) -> tuple[str, str, str]:
    name, channel, language = (*template_id.split(".", 2), "", "")[:3]
    return name, channel or "email", language or _language(place)


def _language(place: Here) -> str:
    return language_for(place.organization.locale)


def _get(key: tuple[str, str, str]) -> TemplateView:
    name, channel, language = key
    return operations.get_template(name=name, channel=channel, language=language)


def _save(place: Here, key: tuple[str, str, str], words: Mapping[str, Any]) -> dict[str, Any]:
    name, channel, language = key
    operations.save_template(
        name=name,
        channel=channel,
        language=language,
        subject=words["subject"],
        text=words["text"],
        html=words["html"] or "",
        title=words["title"],
        actor=place.actor,
        now=place.now,
    )
    return _present(_get(key))


def _present(each: TemplateView) -> dict[str, Any]:
    return {
        "id": f"{each.name}.{each.channel}.{each.language}",
        "name": each.name,
        "title": each.title,
        "channel": each.channel,
        "language": each.language,
        "subject": each.subject,
        "text": each.text,
        "html": each.html,
        "own": each.own,
        "version": each.version,
    }
