"""Customer cadences: steps by the age of an account, their run times and assignment rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from dunwell.chasing.accounts.rules import assign, read_rule
from dunwell.chasing.errors import NameTaken, TooManyCadences, WrongSteps
from dunwell.chasing.models import AccountChasing, CustomerCadence, MessageTemplate, PlannedSend
from dunwell.chasing.operations.cadences import LIMITS, role_ids
from dunwell.chasing.wording.builtin import TEMPLATE_NAMES
from dunwell.core.account_steps import AccountStep, check_steps
from dunwell.core.calendar import add_days, instant_at, local_date
from dunwell.core.errors import MalformedStep
from dunwell.core.ids import uuid7
from dunwell.core.money import Money
from dunwell.core.outcomes import Reason, SendState
from dunwell.ledger.models import Invoice
from dunwell.ledger.operations.locks import raise_chase_versions
from dunwell.ledger.queries.states import OPEN
from dunwell.tenancy.errors import FieldProblem, InvalidInput, NotFound
from dunwell.tenancy.events import audit
from dunwell.tenancy.models import Member, Organization
from dunwell.tenancy.roles import Actor, Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerCadenceInput:
    """A customer cadence in the API's form; `minimum` None chases any balance above zero."""

    name: str
    weekdays: Sequence[int]
    hour: int
    steps: Sequence[Mapping[str, Any]]
    minimum: Money | None = None
    assign_when: Mapping[str, Any] | None = None


def create_customer_cadence(
    *, organization: Organization, data: CustomerCadenceInput, actor: Actor, now: datetime
) -> CustomerCadence:
    """Create a customer cadence; its rule takes its customers at once.

    Its first run is the next one to come. Raises WrongSteps, NameTaken, TooManyCadences,
    InvalidInput.
    """
    actor.require(Permission.CHASING_WRITE)
    columns = _read(data)
    before = _last_past(organization, data.hour, now)
    with transaction.atomic():
        if CustomerCadence.objects.count() >= LIMITS.cadences:
            raise TooManyCadences(
                _("There can be at most %(n)d cadences.") % {"n": LIMITS.cadences}
            )
        cadence = CustomerCadence(
            id=uuid7(),
            organization=organization,
            planned_through=before,
            ran_through=before,
            created_at=now,
            updated_at=now,
            **columns,
        )
        _save(cadence)
        _audit(actor, now, "created", cadence, {k: [None, v] for k, v in columns.items()})
        assign(organization=organization, now=now)
    return cadence


def update_customer_cadence(
    *,
    organization: Organization,
    cadence_id: UUID,
    data: CustomerCadenceInput,
    actor: Actor,
    now: datetime,
) -> CustomerCadence:
    """Change a customer cadence; it holds for its accounts from the next run on.

    A step that stays what it is stays done where it was done in the present cycle.
    """
    actor.require(Permission.CHASING_WRITE)
    columns = _read(data)
    with transaction.atomic():
        cadence = _locked(cadence_id)
        changes = {
            name: [getattr(cadence, name), value]
            for name, value in columns.items()
            if getattr(cadence, name) != value
        }
        for name, value in columns.items():
            setattr(cadence, name, value)
        cadence.updated_at = now
        _save(cadence)
        _audit(actor, now, "changed", cadence, changes)
        assign(organization=organization, now=now)
    return cadence


def delete_customer_cadence(
    *, organization: Organization, cadence_id: UUID, actor: Actor, now: datetime
) -> None:
    """Delete a customer cadence; its accounts are no longer chased by it."""
    actor.require(Permission.CHASING_WRITE)
    with transaction.atomic():
        cadence = _locked(cadence_id)
        chased = AccountChasing.objects.filter(cadence=cadence)
        withdraw(customer_ids=list(chased.values_list("customer_id", flat=True)), now=now)
        _audit(actor, now, "deleted", cadence, {"name": [cadence.name, None]})
        cadence.delete()
        assign(organization=organization, now=now)


def chase_account(
    *,
    organization: Organization,
    customer_id: UUID,
    cadence_id: UUID,
    actor: Actor,
    now: datetime,
) -> AccountChasing:
    """Chase a customer's account with a cadence of a member's choice; it wins over every rule."""
    actor.require(Permission.CHASING_WRITE)
    with transaction.atomic():
        cadence = CustomerCadence.objects.select_for_update().filter(pk=cadence_id).first()
        if cadence is None:
            raise InvalidInput.at("cadence_id", _("There is no such cadence."))
        _wake(organization, cadence, now)
        row = _chosen(organization, customer_id, cadence_id, actor, now)
        audit(
            actor=actor,
            at=now,
            action="account_chasing.set",
            object_type="customer",
            object_id=customer_id,
            changes={"cadence": [None, str(cadence_id)]},
        )
    return row


def stop_chasing_account(
    *, organization: Organization, customer_id: UUID, actor: Actor, now: datetime
) -> None:
    """Stop chasing a customer's account for good; what is planned is cancelled.

    No rule takes it up again.
    """
    actor.require(Permission.CHASING_WRITE)
    with transaction.atomic():
        _chosen(organization, customer_id, None, actor, now)
        withdraw(customer_ids=[customer_id], now=now)
        audit(
            actor=actor,
            at=now,
            action="account_chasing.stopped",
            object_type="customer",
            object_id=customer_id,
        )


def _last_past(organization: Organization, hour: int, now: datetime) -> date:
    """Return the last local day on which a run at this hour would be past."""
    today = local_date(now, organization.zone)
    over = instant_at(today, hour, organization.zone) < now
    return today if over else add_days(today, -1)


def _wake(organization: Organization, cadence: CustomerCadence, now: datetime) -> None:
    """Let a cadence without accounts begin with the next run, not with those it stood idle for."""
    if AccountChasing.objects.filter(cadence=cadence, enabled=True).exists():
        return
    before = _last_past(organization, cadence.hour, now)
    cadence.planned_through = cadence.ran_through = before
    cadence.save(update_fields=["planned_through", "ran_through"])


def _chosen(
    organization: Organization,
    customer_id: UUID,
    cadence_id: UUID | None,
    actor: Actor,
    now: datetime,
) -> AccountChasing:
    row, _made = AccountChasing.objects.update_or_create(
        organization=organization,
        customer_id=customer_id,
        defaults={
            "cadence_id": cadence_id,
            "by_hand": True,
            "enabled": cadence_id is not None,
            "since": now,
            "by": actor.label,
        },
    )
    return row


def withdraw(*, customer_ids: Sequence[UUID], now: datetime) -> None:
    """Cancel the account messages planned for customers: chasing was switched off.

    One that is in the making is thought over before it goes out (docs/decisions/0004).
    """
    planned = PlannedSend.objects.filter(customer__in=list(customer_ids), state=SendState.PLANNED)
    planned.update(state=SendState.CANCELLED, reason=Reason.DISABLED, changed_at=now)
    open_ones = Invoice.objects.filter(OPEN, customer__in=list(customer_ids))
    raise_chase_versions(invoice_ids=open_ones.values_list("id", flat=True))


def read_account_steps(*, data: Sequence[Mapping[str, Any]]) -> list[AccountStep]:
    """Read steps in the API's form: contact roles by name or id, assignees by id.

    Naming a contact role creates it. Raises WrongSteps with the path of each wrong field.
    """
    problems: list[FieldProblem] = []
    steps: list[AccountStep] = []
    for position, item in enumerate(data):
        try:
            steps.append(AccountStep.from_json(item))
        except MalformedStep as error:
            path = f"steps.{position}.{error.values['field']}"
            problems.append(FieldProblem(path, _(str(error.values["message"]))))
    problems += [
        FieldProblem(e.field, _(e.template) % dict(e.values)) for e in check_steps(steps, LIMITS)
    ]
    problems += [*_unknown_templates(steps), *_unknown_members(steps)]
    if not steps and not problems:
        problems = [FieldProblem("steps", _("Add at least one step."))]
    if problems:
        raise WrongSteps(problems[0].message, problems=problems)
    names = sorted({name for step in steps for name in step.contact_roles})
    ids = role_ids(names=names) if names else {}
    return [
        step.with_roles(list(dict.fromkeys(str(ids[name]) for name in step.contact_roles)))
        for step in steps
    ]


def _unknown_templates(steps: Sequence[AccountStep]) -> list[FieldProblem]:
    known = {*TEMPLATE_NAMES, *MessageTemplate.objects.values_list("name", flat=True)}
    return [
        FieldProblem(f"steps.{n}.template", _("There is no template of this name."))
        for n, step in enumerate(steps)
        if step.template and step.template not in known
    ]


def _unknown_members(steps: Sequence[AccountStep]) -> list[FieldProblem]:
    known = {str(pk) for pk in Member.objects.filter(active=True).values_list("pk", flat=True)}
    return [
        FieldProblem(f"steps.{n}.assignee", _("There is no such member."))
        for n, step in enumerate(steps)
        if step.assignee and step.assignee not in known
    ]


def _read(data: CustomerCadenceInput) -> dict[str, Any]:
    """Check a cadence's columns."""
    name = data.name.strip()
    if not 1 <= len(name) <= 100:
        raise InvalidInput.at("name", _("A cadence's name has 1 to 100 characters."))
    weekdays = sorted(set(data.weekdays))
    if not weekdays or not set(weekdays) <= set(range(7)):
        raise InvalidInput.at("run.weekdays", _("Choose at least one day of the week."))
    if not 0 <= data.hour <= 23:
        raise InvalidInput.at("run.hour", _("Choose an hour from 0 to 23."))
    if data.minimum is not None and data.minimum.minor < 0:
        raise InvalidInput.at("minimum_balance", _("The minimum cannot be below zero."))
    return {
        "name": name,
        "key": name.lower(),
        "weekdays": weekdays,
        "hour": data.hour,
        "minimum_minor": data.minimum.minor if data.minimum else 0,
        "minimum_currency": data.minimum.currency if data.minimum else "",
        "steps": [step.to_json() for step in read_account_steps(data=data.steps)],
        "assign_when": read_rule(data=data.assign_when),
    }


def _locked(cadence_id: UUID) -> CustomerCadence:
    cadence = CustomerCadence.objects.select_for_update().filter(pk=cadence_id).first()
    if cadence is None:
        raise NotFound(_("There is no such cadence."))
    return cadence


def _save(cadence: CustomerCadence) -> None:
    try:
        with transaction.atomic():
            cadence.save()
    except IntegrityError as error:
        raise NameTaken(_("There is a cadence of this name already.")) from error


def _audit(
    actor: Actor, now: datetime, what: str, cadence: CustomerCadence, changes: Mapping[str, Any]
) -> None:
    audit(
        actor=actor,
        at=now,
        action=f"customer_cadence.{what}",
        object_type="customer_cadence",
        object_id=cadence.pk,
        changes=changes,
    )
