"""Email by the APIs of Postmark, Mailgun, Brevo, Mailjet, SparkPost and Resend."""

from dunwell.providers.email_anymail.carriers import SERVICES
from dunwell.providers.email_anymail.hooks import AnymailHooks
from dunwell.providers.email_anymail.provider import AnymailProvider

__all__ = ["SERVICES", "AnymailHooks", "AnymailProvider"]
