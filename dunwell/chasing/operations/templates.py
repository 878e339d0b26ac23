"""An organization's own wording of the message templates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from dunwell.chasing.errors import WrongTemplate
from dunwell.chasing.models import MessageTemplate
from dunwell.chasing.wording import LANGUAGES, TEMPLATE_NAMES, builtin, check
from dunwell.chasing.wording.errors import NoSuchTemplate
from dunwell.core.cadence import Channel
from dunwell.core.ids import uuid7
from dunwell.tenancy import scope
from dunwell.tenancy.errors import FieldProblem, InvalidInput, NotFound
from dunwell.tenancy.events import audit
from dunwell.tenancy.roles import Actor


@dataclass(frozen=True, slots=True)
class TemplateView:
    """One template for one channel and language: the organization's own, or the one in the box."""

    name: str
    title: str
    channel: str
    language: str
    subject: str
    text: str
    html: str
    own: bool
    version: int


def save_template(
    *,
    name: str,
    channel: str,
    language: str,
    subject: str,
    text: str,
    html: str,
    title: str,
    actor: Actor,
    now: datetime,
) -> MessageTemplate:
    """Store the organization's own wording, checked against the catalogue of variables.

    Raises WrongTemplate with the field and line of every mistake (an unknown variable among
    them), and InvalidInput for an unknown channel or language.
    """
    name = _checked(name=name, channel=channel, language=language)
    _check_words(subject=subject, text=text, html=html)
    with transaction.atomic():
        found = (
            MessageTemplate.objects.select_for_update()
            .filter(name=name, channel=channel, language=language)
            .first()
        )
        template = found or MessageTemplate(
            id=uuid7(),
            organization_id=scope.organization_id(),
            name=name,
            channel=channel,
            language=language,
            version=0,
        )
        before = {"subject": template.subject, "text": template.text, "html": template.html}
        template.title, template.subject = title[:100], subject
        template.text, template.html = text, html
        template.version += 1
        template.updated_at = now
        template.save(force_insert=found is None)
        after = {"subject": subject, "text": text, "html": html}
        audit(
            actor=actor,
            at=now,
            action="template.saved",
            object_type="template",
            object_id=template.pk,
            changes={k: [before[k], after[k]] for k in after if before[k] != after[k]},
        )
    return template


def _check_words(*, subject: str, text: str, html: str) -> None:
    problems = [
        FieldProblem(
            error.field,
            _("Line %(line)d: %(message)s") % {"line": error.line, "message": error.message},
        )
        for error in check(subject=subject, text=text, html=html or None)
    ]
    if problems:
        raise WrongTemplate(problems[0].message, problems=problems)


def reset_template(*, name: str, channel: str, language: str, actor: Actor, now: datetime) -> None:
    """Go back to the wording in the box. Raises NotFound where there is no own one."""
    with transaction.atomic():
        found = MessageTemplate.objects.filter(
            name=name, channel=channel, language=language
        ).first()
        if found is None:
            raise NotFound(_("There is no wording of your own to remove."))
        audit(
            actor=actor,
            at=now,
            action="template.reset",
            object_type="template",
            object_id=found.pk,
            changes={"text": [found.text, None]},
        )
        found.delete()


def templates() -> Sequence[TemplateView]:
    """List every template by name, channel and language, own ones in the place of the box's."""
    own = {(t.name, t.channel, t.language): t for t in MessageTemplate.objects.all()}
    keys = {
        (name, channel.value, language)
        for name in TEMPLATE_NAMES
        for channel in Channel
        for language in LANGUAGES
    } | set(own)
    views = (_view(key, own.get(key)) for key in sorted(keys))
    return [view for view in views if view is not None]


def get_template(*, name: str, channel: str, language: str) -> TemplateView:
    """Return one template; raise NotFound."""
    own = MessageTemplate.objects.filter(name=name, channel=channel, language=language).first()
    view = _view((name, channel, language), own)
    if view is None:
        raise NotFound(_("There is no such template."))
    return view


def _view(key: tuple[str, str, str], own: MessageTemplate | None) -> TemplateView | None:
    name, channel, language = key
    if own is not None:
        return TemplateView(
            name,
            own.title or name,
            channel,
            language,
            own.subject,
            own.text,
            own.html,
            own=True,
            version=own.version,
        )
    if language not in LANGUAGES:
        return None
    try:
        box = builtin(name=name, channel=channel, language=language)
    except NoSuchTemplate:
        return None
    return TemplateView(
        name, name, channel, language, box.subject, box.text, "", own=False, version=0
    )


def _checked(*, name: str, channel: str, language: str) -> str:
    name = name.strip()
    if not name or len(name) > 40 or not name.replace("_", "").replace("-", "").isalnum():
        raise InvalidInput.at("name", _("A template's name has letters, digits, - and _."))
    if channel not in {c.value for c in Channel}:
        raise InvalidInput.at("channel", _("Choose email, sms or letter."))
    if not language or len(language) > 16:
        raise InvalidInput.at("language", _("Choose a language."))
    return name
