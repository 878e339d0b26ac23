"""Finds out whose a reply address is: the one look-up of this floor outside a scope.

It gives back an id only, and only for an address that bears our signature.
"""

from collections.abc import Sequence
from uuid import UUID

from dunwell.core.mail.reply_address import Thread, named_by
from dunwell.inbox.models import Conversation
from dunwell.ledger.models import Customer, Invoice
from dunwell.tenancy.scope import system_scope

_MODELS = {
    Thread.INVOICE: Invoice,
    Thread.CUSTOMER: Customer,
    Thread.CONVERSATION: Conversation,
}


def by_reply_address(*, address: str, keys: Sequence[bytes]) -> UUID | None:
    """Resolve an address with a token to its organization; None if nobody signed it."""
    named = named_by(addresses=[address], keys=keys)
    if named is None:
        return None
    with system_scope("resolve a reply address"):
        rows = _MODELS[named.thread]._default_manager.filter(pk=named.id)  # noqa: SLF001 (public)
        return rows.values_list("organization_id", flat=True).first()
