"""Cadences: named lists of steps that are copied onto invoices."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from dunwell.chasing.errors import NameTaken, TooManyCadences, WrongSteps
from dunwell.chasing.models import Cadence, MessageTemplate
from dunwell.chasing.wording.builtin import TEMPLATE_NAMES
from dunwell.core.cadence import Limits, Step, validate
from dunwell.core.errors import MalformedStep
from dunwell.core.ids import uuid7
from dunwell.ledger.models import ContactRole
from dunwell.tenancy import scope
from dunwell.tenancy.errors import FieldProblem, InvalidInput, NotFound
from dunwell.tenancy.events import audit
from dunwell.tenancy.roles import Actor

LIMITS = Limits()


def read_steps(*, data: Sequence[Mapping[str, Any]]) -> list[Step]:
    """Read steps in the API's form: contact roles by name or id, templates by name.

    Naming a contact role creates it. Keys are given in order from 1. Raises WrongSteps with the
    path of each wrong field (`steps.2.trigger.days`).
    """
    problems: list[FieldProblem] = []
    steps: list[Step] = []
    for position, item in enumerate(data):
        try:
            steps.append(
                Step.from_json({k: v for k, v in item.items() if k != "key"}, key=position + 1)
            )
        except MalformedStep as error:
            field = f"steps.{position}.{error.values['field']}"
            problems.append(FieldProblem(field, _(str(error.values["message"]))))
    problems += [
        FieldProblem(e.field, _(e.template) % dict(e.values)) for e in validate(steps, LIMITS)
    ]
    problems += _unknown_templates(steps)
    if not steps and not problems:
        problems = [FieldProblem("steps", _("Add at least one step."))]
    if problems:
        raise WrongSteps(problems[0].message, problems=problems)
    return _with_role_ids(steps)


def _unknown_templates(steps: Sequence[Step]) -> list[FieldProblem]:
    wanted = {step.template for step in steps if step.template}
    known = set(TEMPLATE_NAMES)
    if wanted - known:
        known |= set(MessageTemplate.objects.values_list("name", flat=True))
    return [
        FieldProblem(f"steps.{n}.template", _("There is no template of this name."))
        for n, step in enumerate(steps)
        if step.template and step.template not in known
    ]


def _with_role_ids(steps: Sequence[Step]) -> list[Step]:
    """Put role ids in the place of role names."""
    names = {name for step in steps for name in step.contact_roles}
    if not names:
        return list(steps)
    ids = role_ids(names=sorted(names))
    return [
        Step(
            key=step.key,
            trigger=step.trigger,
            hour=step.hour,
            channels=step.channels,
            contact_roles=tuple(dict.fromkeys(str(ids[name]) for name in step.contact_roles)),
            template=step.template,
        )
        for step in steps
    ]


def role_ids(*, names: Sequence[str]) -> dict[str, UUID]:
    """Map names or ids of contact roles to ids; unknown names become new roles."""
    found: dict[str, UUID] = {}
    organization_id = scope.organization_id()
    for name in names:
        label = name.strip()
        if not label or len(label) > 60:
            raise InvalidInput.at("contact_roles", _("A contact role has 1 to 60 characters."))
        by_id = _role_by_id(label)
        if by_id is None:
            role, _created = ContactRole.objects.get_or_create(
                organization_id=organization_id, key=label.lower(), defaults={"name": label}
            )
            by_id = role.pk
        found[name] = by_id
    return found


def _role_by_id(text: str) -> UUID | None:
    try:
        wanted = UUID(text)
    except ValueError:
        return None
    return ContactRole.objects.filter(pk=wanted).values_list("id", flat=True).first()


def create_cadence(
    *, name: str, steps: Sequence[Mapping[str, Any]], default: bool, actor: Actor, now: datetime
) -> Cadence:
    """Create a cadence. Raises WrongSteps, NameTaken, TooManyCadences, InvalidInput."""
    name = _name(name)
    read = read_steps(data=steps)
    with transaction.atomic():
        if Cadence.objects.count() >= LIMITS.cadences:
            raise TooManyCadences(
                _("There can be at most %(n)d cadences.") % {"n": LIMITS.cadences}
            )
        cadence = Cadence(
            id=uuid7(),
            organization_id=scope.organization_id(),
            name=name,
            key=name.lower(),
            steps=[step.to_json() for step in read],
            created_at=now,
            updated_at=now,
        )
        _save(cadence, default=default)
        audit(
            actor=actor,
            at=now,
            action="cadence.created",
            object_type="cadence",
            object_id=cadence.pk,
            changes={"name": [None, name], "steps": [None, cadence.steps]},
        )
    return cadence


def update_cadence(
    *,
    cadence_id: UUID,
    name: str,
    steps: Sequence[Mapping[str, Any]],
    default: bool,
    actor: Actor,
    now: datetime,
) -> Cadence:
    """Change a cadence for later applications; existing schedules keep their copy."""
    name = _name(name)
    read = [step.to_json() for step in read_steps(data=steps)]
    with transaction.atomic():
        cadence = _locked(cadence_id)
        before = {"name": cadence.name, "steps": cadence.steps, "default": cadence.default}
        cadence.name, cadence.key, cadence.steps = name, name.lower(), read
        cadence.updated_at = now
        _save(cadence, default=default)
        after = {"name": name, "steps": read, "default": default}
        changes = {k: [before[k], after[k]] for k in after if before[k] != after[k]}
        audit(
            actor=actor,
            at=now,
            action="cadence.changed",
            object_type="cadence",
            object_id=cadence.pk,
            changes=changes,
        )
    return cadence


def delete_cadence(*, cadence_id: UUID, actor: Actor, now: datetime) -> None:
    """Delete a cadence; schedules made from it keep their steps."""
    with transaction.atomic():
        cadence = _locked(cadence_id)
        audit(
            actor=actor,
            at=now,
            action="cadence.deleted",
            object_type="cadence",
            object_id=cadence.pk,
            changes={"name": [cadence.name, None]},
        )
        cadence.delete()


def _name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 100:
        raise InvalidInput.at("name", _("A cadence's name has 1 to 100 characters."))
    return name


def _locked(cadence_id: UUID) -> Cadence:
    cadence = Cadence.objects.select_for_update().filter(pk=cadence_id).first()
    if cadence is None:
        raise NotFound(_("There is no such cadence."))
    return cadence


def _save(cadence: Cadence, *, default: bool) -> None:
    if default:
        Cadence.objects.filter(default=True).exclude(pk=cadence.pk).update(default=False)
    cadence.default = default
    try:
        with transaction.atomic():
            cadence.save()
    except IntegrityError as error:
        raise NameTaken(_("There is a cadence of this name already.")) from error
