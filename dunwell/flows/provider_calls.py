"""What a provider tells by calling us: reports about messages of ours, and messages to us."""

import hashlib
from datetime import datetime

from dunwell.flows.receive_message import receive_message
from dunwell.flows.receive_report import receive_report
from dunwell.inbox.models import HookCall
from dunwell.ports.incoming import DeliveryReport
from dunwell.ports.webhooks import HookRequest, Told, hook_reader
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.models import Organization
from dunwell.tenancy.operations.channels import ChannelSettings


def take_call(
    *, organization: Organization, settings: ChannelSettings, request: HookRequest, now: datetime
) -> int:
    """Read one call of a channel's provider and take in what it tells; return how much was new.

    A call that was read before is not read again; each report and message is taken in once
    besides, so that a call that ended half way may be repeated. Raises NotFound where the
    provider calls nobody, and HookRefused for a wrong signature.
    """
    reader = hook_reader(channel=settings.channel, name=settings.provider)
    if reader is None:
        raise NotFound
    told = reader.read(request, settings={**settings.options, **settings.secrets})
    digest = hashlib.sha256(request.url.encode() + b"\n" + request.body).hexdigest()
    if HookCall.objects.filter(provider=settings.provider, body_hash=digest).exists():
        return 0
    taken = sum(_take(each, organization, now) for each in told)
    HookCall.objects.bulk_create(
        [
            HookCall(
                organization=organization,
                provider=settings.provider,
                body_hash=digest,
                at=request.at,
            )
        ],
        ignore_conflicts=True,
    )
    return taken


def _take(told: Told, organization: Organization, now: datetime) -> bool:
    if isinstance(told, DeliveryReport):
        return receive_report(organization=organization, report=told, now=now)
    return receive_message(organization=organization, incoming=told, now=now).new
