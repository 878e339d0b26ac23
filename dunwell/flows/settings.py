"""Changing an organization's settings, where that touches more than the organization."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from dunwell.chasing.models import Cadence, Schedule
from dunwell.chasing.operations.planning import replan
from dunwell.chasing.queries import chased_invoice_ids
from dunwell.chasing.sender.transport import installation_smtp
from dunwell.core import mime
from dunwell.core.ids import uuid7
from dunwell.core.mime import Address
from dunwell.core.schedule import PlanMode
from dunwell.ledger.models import ContactRole, Customer, Invoice
from dunwell.ledger.operations import ensure_roles, role_key
from dunwell.ports.messages import Content, Envelope, Receipt, ready
from dunwell.ports.registry import open_channel
from dunwell.tenancy import events, operations
from dunwell.tenancy.errors import Conflict, InvalidInput, NotFound
from dunwell.tenancy.models import Member, Organization
from dunwell.tenancy.operations import checks, update_organization
from dunwell.tenancy.roles import Actor, Permission
from dunwell.tenancy.secrets import decrypt


def change_settings(*, changes: Mapping[str, Any], actor: Actor, now: datetime) -> Organization:
    """Change settings and, where schedules are reckoned with them, plan those again.

    Rule: chasing, Planning again. Raises what `tenancy.operations.update_organization` raises.
    """
    with transaction.atomic():
        updated = update_organization(changes=changes, actor=actor, now=now)
        if updated.plan_again:
            replan(
                organization=updated.organization,
                invoice_ids=chased_invoice_ids(),
                now=now,
                mode=PlanMode.CATCH_UP_MOVE,
            )
    return updated.organization


def deactivate_member(
    *, member_id: UUID, successor_id: UUID, actor: Actor, now: datetime, wall: datetime
) -> Member:
    """Shut a member out and hand their customers and invoices over to another.

    Raises what `tenancy.operations.deactivate_member` raises.
    """
    actor.require(Permission.MEMBERS)
    with transaction.atomic():
        # Invoices before the organization's row, in order of their ids, as everywhere.
        ids = list(
            Invoice.objects.filter(owner_id=member_id)
            .order_by("pk")
            .select_for_update(no_key=True)
            .values_list("pk", flat=True)
        )
        member = operations.deactivate_member(
            member_id=member_id, successor_id=successor_id, actor=actor, now=now, wall=wall
        )
        Invoice.objects.filter(pk__in=ids).update(owner_id=successor_id)
        Customer.objects.filter(owner_id=member_id).update(owner_id=successor_id)
    return member


def send_test_email(*, organization: Organization, to: str, actor: Actor, now: datetime) -> Receipt:
    """Hand one mail over by the organization's own settings and bring back the server's word.

    Raises Conflict where nothing can go out, InvalidInput, NotAllowed, and the tree of
    `ports.errors` with the server's exact answer.
    """
    actor.require(Permission.SETTINGS)
    address = checks.required_email("to", to)
    if not organization.sender_email:
        raise Conflict(_("Enter the sender's email address first and save it."))
    provider = open_channel(channel="email", name="email_smtp", settings=_way_out(organization))
    delivery = uuid7()
    domain = organization.sender_email.rpartition("@")[2]
    envelope = Envelope(
        delivery_id=delivery,
        message_id=mime.message_id(delivery_id=delivery, domain=domain),
        channel="email",
        sender=Address(organization.sender_name, organization.sender_email),
        to=Address("", address),
        date=now,
        language=organization.locale,
    )
    content = Content(
        subject=_("Test from %(name)s") % {"name": organization.name},
        text=_("This is how mails of %(name)s leave Dunwell.\n") % {"name": organization.name},
    )
    try:
        return provider.hand_over(ready(envelope=envelope, content=content), go=lambda: True)
    finally:
        provider.close()


def _way_out(organization: Organization) -> dict[str, object]:
    if organization.sandbox:
        if not organization.smtp_sink:
            raise Conflict(
                _("This is a sandbox: its messages go to its outbox and to nobody else.")
            )
        host, _colon, port = organization.smtp_sink.rpartition(":")
        return {"host": host.strip("[]"), "port": int(port), "security": "none"}
    if organization.smtp_host:
        return {
            "host": organization.smtp_host,
            "port": organization.smtp_port,
            "user": organization.smtp_user,
            "password": decrypt(sealed=organization.smtp_secret),
            "security": organization.smtp_security,
        }
    if own := installation_smtp():
        return dict(own)
    raise Conflict(_("Enter an SMTP server first and save it."))


def add_contact_role(
    *, organization: Organization, name: str, actor: Actor, now: datetime
) -> ContactRole:
    """Add a role for contacts. Raises InvalidInput, Conflict if it is there, NotAllowed."""
    actor.require(Permission.SETTINGS)
    with transaction.atomic():
        if ContactRole.objects.filter(key=role_key(name)).exists():
            raise _name_taken(name)
        role = ensure_roles(organization=organization, names=[name])[role_key(name)]
        _audit("added", role, [None, role.name], actor, now)
    return role


def rename_contact_role(*, role_id: UUID, name: str, actor: Actor, now: datetime) -> ContactRole:
    """Give a role another name; steps and contacts keep it. Raises as add_contact_role does."""
    actor.require(Permission.SETTINGS)
    cleaned = str(checks.text(60, required=True)("name", " ".join(name.split())))
    try:
        with transaction.atomic():
            role = _locked(role_id)
            old, role.name, role.key = role.name, cleaned, role_key(cleaned)
            role.save(update_fields=["name", "key"])
            _audit("renamed", role, [old, cleaned], actor, now)
    except IntegrityError as error:
        raise _name_taken(cleaned) from error
    return role


def remove_contact_role(*, role_id: UUID, actor: Actor, now: datetime) -> None:
    """Remove a role that no contact has and no step names.

    Raises Conflict, NotFound, NotAllowed.
    """
    actor.require(Permission.SETTINGS)
    with transaction.atomic():
        role = _locked(role_id)
        named = {"steps__contains": [{"contact_roles": [str(role.pk)]}]}
        if role.assignments.exists():
            raise Conflict(_("Contacts have this role; take it from them first."))
        if Cadence.objects.filter(**named).exists() or Schedule.objects.filter(**named).exists():
            raise Conflict(_("A step of a cadence or schedule goes to this role."))
        _audit("removed", role, [role.name, None], actor, now)
        role.delete()


def _locked(role_id: UUID) -> ContactRole:
    role = ContactRole.objects.select_for_update().filter(pk=role_id).first()
    if role is None:
        raise NotFound(_("There is no such role."))
    return role


def _name_taken(name: str) -> InvalidInput:
    return InvalidInput.at("name", _("There is a role “%(name)s” already.") % {"name": name[:60]})


def _audit(what: str, role: ContactRole, names: list[Any], actor: Actor, now: datetime) -> None:
    events.audit(
        actor=actor,
        at=now,
        action=f"contact_role.{what}",
        object_type="contact_role",
        object_id=role.pk,
        changes={"name": names},
    )
