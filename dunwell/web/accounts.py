"""How sign-up and sign-in (django-allauth) fit Dunwell."""

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Keeps allauth's flows; only addresses and names are ours."""
