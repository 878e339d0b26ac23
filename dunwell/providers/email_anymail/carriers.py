"""The services that django-anymail speaks, and what each needs to be told.

Amazon SES is not among them: its API needs boto3, a package larger than Dunwell. Its SMTP
interface works with `email_smtp`, as does that of SendGrid, which anymail no longer tends.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

from django.utils.translation import gettext as _

from dunwell.ports.carriers import Service
from dunwell.ports.errors import NotConfigured

SERVICES: Final[Mapping[str, Service]] = {
    "postmark": Service(title="Postmark", secrets=("server_token",), options=("message_stream",)),
    "mailgun": Service(
        title="Mailgun",
        secrets=("api_key",),
        options=("sender_domain",),
        hook=("webhook_signing_key",),
    ),
    "brevo": Service(title="Brevo", secrets=("api_key",)),
    "mailjet": Service(title="Mailjet", secrets=("api_key", "secret_key")),
    "sparkpost": Service(title="SparkPost", secrets=("api_key",)),
    "resend": Service(title="Resend", secrets=("api_key",), hook=("tracking_webhook_secret",)),
}


def service_of(settings: Mapping[str, object]) -> tuple[str, Service]:
    """Return the chosen service. Raises NotConfigured for one that is not there."""
    name = str(settings.get("service") or "")
    if name not in SERVICES:
        raise NotConfigured(what=_("There is no email service “%(name)s”.") % {"name": name})
    return name, SERVICES[name]


def open_backend(settings: Mapping[str, object]) -> Any:
    """Make anymail's backend of the chosen service. Raises NotConfigured."""
    name, service = service_of(settings)
    given: dict[str, object] = {}
    for key in service.secrets:
        if not settings.get(key):
            what = _("%(service)s needs its “%(key)s”.") % {"service": service.title, "key": key}
            raise NotConfigured(what=what)
        given[key] = settings[key]
    given |= {key: settings[key] for key in service.options if settings.get(key)}
    if settings.get("api_url"):
        given["api_url"] = settings["api_url"]
    module = import_module(f"anymail.backends.{name}")
    # What a service cannot do (say, tracking switched off by message) is left out silently.
    return module.EmailBackend(ignore_unsupported_features=True, **given)
