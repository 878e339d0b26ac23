"""Loads all that deciding and rendering need, for many invoices with a handful of queries.

Each invoice's chase_version is read first: whatever changes afterwards raises it, and the check
under the row lock sees that.
"""

from dunwell.chasing.sender.facts.account import AccountSubject, Section, load_account_subjects
from dunwell.chasing.sender.facts.around import Line
from dunwell.chasing.sender.facts.organization import (
    OrganizationFacts,
    OwnTemplate,
    address_lines,
    load_organizations,
)
from dunwell.chasing.sender.facts.subject import Subject, load_subjects

__all__ = [
    "AccountSubject",
    "Line",
    "OrganizationFacts",
    "OwnTemplate",
    "Section",
    "Subject",
    "address_lines",
    "load_account_subjects",
    "load_organizations",
    "load_subjects",
]
