"""The word in a link by which one person asks one organization for no more mail (RFC 8058)."""

from uuid import UUID

from django.core import signing


def unsubscribe_token(*, organization_id: UUID, address: str) -> str:
    """Sign whose mail to which address the link is about; it holds for ever."""
    return signing.dumps([str(organization_id), address.lower()], salt="unsubscribe")


def read_unsubscribe_token(*, token: str) -> tuple[UUID, str] | None:
    """Read a signed link again; None if we never made it."""
    try:
        organization, address = signing.loads(token, salt="unsubscribe")
        return UUID(organization), str(address)
    except (signing.BadSignature, ValueError, TypeError):
        return None
