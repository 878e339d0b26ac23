"""The accounts that customers pay to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from dunwell.tenancy import events, iban, scope
from dunwell.tenancy.errors import FieldProblem, InvalidInput, NotFound
from dunwell.tenancy.models import BankAccount
from dunwell.tenancy.operations import checks
from dunwell.tenancy.roles import Actor, Permission


def _iban(field: str, value: Any) -> str:
    number = iban.compact(str(value or ""))
    if number and not iban.is_valid(number):
        raise InvalidInput.at(field, _("This is not a valid IBAN; compare it digit by digit."))
    return number


def _currency(field: str, value: Any) -> str:
    return str(checks.currency(field, value)) if value else ""


CHECKS: Final[dict[str, checks.Check]] = {
    "holder": checks.text(200),
    "bank": checks.text(200),
    "iban": _iban,
    "bic": checks.text(11),
    "account_number": checks.text(40),
    "routing_number": checks.text(40),
    "currency": _currency,
}


def add_bank_account(*, values: Mapping[str, Any], actor: Actor, now: datetime) -> BankAccount:
    """Add an account; it needs an IBAN or an account number. Raises InvalidInput, NotAllowed."""
    actor.require(Permission.SETTINGS)
    account = BankAccount(organization_id=scope.organization_id(), **checks.checked(values, CHECKS))
    _require_number(account)
    with transaction.atomic():
        account.save(force_insert=True)
        _audit(
            account, "added", {name: [None, getattr(account, name)] for name in values}, actor, now
        )
    return account


def change_bank_account(
    *, account_id: UUID, values: Mapping[str, Any], actor: Actor, now: datetime
) -> BankAccount:
    """Change an account. Raises InvalidInput, NotFound, NotAllowed."""
    actor.require(Permission.SETTINGS)
    new = checks.checked(values, CHECKS)
    with transaction.atomic():
        account = _locked(account_id)
        changes = {
            name: [getattr(account, name), value]
            for name, value in new.items()
            if getattr(account, name) != value
        }
        for name, (_old, value) in changes.items():
            setattr(account, name, value)
        _require_number(account)
        if changes:
            account.save(update_fields=list(changes))
            _audit(account, "changed", changes, actor, now)
    return account


def remove_bank_account(*, account_id: UUID, actor: Actor, now: datetime) -> None:
    """Remove an account; what was sent keeps showing it. Raises NotFound, NotAllowed."""
    actor.require(Permission.SETTINGS)
    with transaction.atomic():
        account = _locked(account_id)
        _audit(account, "removed", {"number": [str(account), None]}, actor, now)
        account.delete()


def _locked(account_id: UUID) -> BankAccount:
    account = BankAccount.objects.select_for_update().filter(pk=account_id).first()
    if account is None:
        raise NotFound(_("There is no such bank account."))
    return account


def _require_number(account: BankAccount) -> None:
    if not account.iban and not account.account_number:
        message = _("Enter an IBAN or an account number.")
        raise InvalidInput(message, problems=[FieldProblem("iban", message)])


def _audit(
    account: BankAccount, what: str, changes: Mapping[str, Any], actor: Actor, now: datetime
) -> None:
    events.audit(
        actor=actor,
        at=now,
        action=f"bank_account.{what}",
        object_type="bank_account",
        object_id=account.pk,
        changes=changes,
    )
