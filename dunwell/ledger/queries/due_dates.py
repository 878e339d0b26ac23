"""Explains a due date (Rule: tracking, Dates and terms)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from dunwell.core.terms import Anchor, Blocked, DueRule, Source, explanation
from dunwell.ledger.models import Invoice
from dunwell.tenancy.locale import day


def due_explained(*, invoice: Invoice, locale: str) -> str:
    """Say how the due date came about, in the locale's language.

    "net 60 from delivery on March 3, 2026 → due May 2, 2026"; for a draft without one, what is
    missing.
    """
    rule = rule_of(invoice.due_rule)
    with translation.override(locale):
        if invoice.due_date is None:
            return _blocked(invoice.due_rule.get("blocked"))
        if rule is None:
            return ""
        pieces = explanation(rule, invoice.due_date)
        values = {
            name: day(value, locale) if isinstance(value, date) else value
            for name, value in pieces.values.items()
        }
        return _(pieces.template) % values


def _blocked(reason: str | None) -> str:
    if reason == Blocked.NO_DELIVERY_DATE:
        return _("no due date yet: the terms count from a delivery that has no date")
    return _("no due date yet: neither a date nor payment terms are given")


def rule_of(stored: Mapping[str, Any]) -> DueRule | None:
    """Read back which rule gave a due date; None if none was found."""
    if not stored.get("source"):
        return None
    anchor, anchor_date = stored.get("anchor"), stored.get("anchor_date")
    return DueRule(
        source=Source(stored["source"]),
        days=stored.get("days"),
        anchor=Anchor(anchor) if anchor else None,
        anchor_date=date.fromisoformat(anchor_date) if anchor_date else None,
        moved=bool(stored.get("moved")),
    )
