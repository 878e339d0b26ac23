"""Email over SMTP: pipelined where the server offers it, on connections that are used again."""

from dunwell.providers.email_smtp.provider import SmtpProvider
from dunwell.providers.email_smtp.settings import SmtpSettings

__all__ = ["SmtpProvider", "SmtpSettings"]
