"""Assignment rules: which customers a customer cadence takes by itself.

`assign_when` of a cadence: `{tags, terms: {days, anchor}, language, currency, amount}`, each
optional; all that are given must hold, of the tags any. Rule: chasing, Customer chasing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from dunwell.chasing.models import AccountChasing, CustomerCadence
from dunwell.core.errors import CoreError
from dunwell.core.money import Money
from dunwell.core.terms import Anchor
from dunwell.ledger.models import Customer, Invoice
from dunwell.ledger.queries.states import OPEN
from dunwell.tenancy.errors import InvalidInput
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import SYSTEM_ACTOR

_KNOWN = {"tags", "terms", "language", "currency", "amount"}


def read_rule(*, data: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Check an assignment rule in the API's form; None or an empty one is no rule.

    Raises InvalidInput naming the field.
    """
    given = {name: value for name, value in (data or {}).items() if value}
    for name in given.keys() - _KNOWN:
        raise InvalidInput.at(f"assign_when.{name}", _("There is no such field."))
    for name, read in _READERS.items():
        if name in given:
            given[name] = read(given[name])
    return given or None


def _tags(value: Any) -> list[str]:
    tags = [value] if isinstance(value, str) else value
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise InvalidInput.at("assign_when.tags", _("This must be a list of texts."))
    return tags


def _terms(value: Any) -> dict[str, Any]:
    try:
        anchor = value.get("anchor")
        return {"days": int(value["days"]), "anchor": Anchor(anchor).value if anchor else None}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InvalidInput.at("assign_when.terms", _("These are no payment terms.")) from None


def _word(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 16:
        raise InvalidInput.at("assign_when", _("This must be text."))
    return value


def _amount(value: Any) -> dict[str, str]:
    try:
        money = Money.parse(value["amount"], value["currency"])
    except (CoreError, KeyError, TypeError):
        raise InvalidInput.at("assign_when.amount", _("This is not an amount.")) from None
    return {"amount": money.text, "currency": money.currency}


_READERS = {
    "tags": _tags,
    "terms": _terms,
    "language": _word,
    "currency": _word,
    "amount": _amount,
}


def caught(*, organization: Organization, rule: Mapping[str, Any]) -> QuerySet[Customer]:
    """Find the customers that a rule catches, whoever chases them now.

    Where a customer has no terms, language or currency of its own the organization's hold.
    """
    found = Customer.objects.all()
    if rule.get("tags"):
        found = found.filter(tags__overlap=rule["tags"])
    if rule.get("terms"):
        found = found.filter(_with_terms(organization, rule["terms"]))
    for name, own in (("language", organization.locale), ("currency", organization.currency)):
        if rule.get(name):
            matches = Q(**{name: rule[name]})
            found = found.filter(matches | Q(**{name: ""}) if own == rule[name] else matches)
    if rule.get("amount"):
        found = found.filter(pk__in=_owing(rule["amount"]))
    return found


def _with_terms(organization: Organization, terms: Mapping[str, Any]) -> Q:
    own = Q(terms_days=terms["days"])
    standard = organization.terms_days == terms["days"]
    if terms.get("anchor"):
        own &= Q(terms_anchor=terms["anchor"])
        standard = standard and organization.terms_anchor == terms["anchor"]
    return own | Q(terms_days__isnull=True) if standard else own


def _owing(amount: Mapping[str, str]) -> QuerySet[Invoice, UUID]:
    least = Money.parse(amount["amount"], amount["currency"])
    return (
        Invoice.objects.filter(OPEN, currency=least.currency)
        .values("customer_id")
        .annotate(owed=Sum("balance_minor"))
        .filter(owed__gte=least.minor)
        .values_list("customer_id", flat=True)
    )


def assign(*, organization: Organization, now: datetime) -> int:
    """Let the rules take their customers, the oldest cadence first; return how many are taken.

    What a member chose stays, also that a customer is not chased.
    """
    taken: dict[UUID, UUID] = {}
    by_hand = AccountChasing.objects.filter(customer=OuterRef("pk"), by_hand=True)
    for cadence in CustomerCadence.objects.filter(assign_when__isnull=False).order_by("id"):
        rows = caught(organization=organization, rule=cadence.assign_when or {})
        for customer in rows.filter(~Exists(by_hand)).values_list("pk", flat=True):
            taken.setdefault(customer, cadence.pk)
    ruled = AccountChasing.objects.filter(by_hand=False)
    known = dict(ruled.values_list("customer_id", "cadence_id"))
    wrong = [c for c, cadence in known.items() if taken.get(c) != cadence]
    ruled.filter(customer__in=wrong).delete()
    AccountChasing.objects.bulk_create(
        [
            AccountChasing(
                organization=organization,
                customer_id=customer,
                cadence_id=cadence,
                by_hand=False,
                since=now,
                by=SYSTEM_ACTOR.label,
            )
            for customer, cadence in taken.items()
            if known.get(customer) != cadence
        ],
        ignore_conflicts=True,
    )
    return len(taken)
