"""How django-allauth fits Dunwell."""

from smtplib import SMTPException
from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib import messages
from django.utils.translation import gettext as _

from dunwell.tenancy import secrets

log = structlog.get_logger("dunwell.web")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Keeps allauth's flows; a mail server that is down is told, not a crash."""

    def send_mail(self, template_prefix: str, email: str, context_data: dict[str, Any]) -> None:
        """Send one mail about an account; when that fails, say so on the page and in the log."""
        try:
            super().send_mail(template_prefix, email, context_data)
        except (OSError, SMTPException) as error:
            log.exception("account_mail_failed", template=template_prefix)
            message = _("The email could not be sent: %(why)s")
            messages.error(context.request, message % {"why": error})


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth is untyped
    """Keeps the secrets of authenticator apps encrypted."""

    def encrypt(self, text: str) -> str:
        """Return the secret as it is stored."""
        return secrets.encrypt(text=text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret as it was made."""
        return secrets.decrypt(sealed=encrypted_text)
