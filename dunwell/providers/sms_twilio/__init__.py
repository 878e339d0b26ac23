"""Text messages through Twilio: its Messages API, and what it tells by webhook."""

from dunwell.providers.sms_twilio.hooks import TwilioHooks
from dunwell.providers.sms_twilio.provider import TwilioProvider
from dunwell.providers.sms_twilio.settings import TwilioSettings

__all__ = ["TwilioHooks", "TwilioProvider", "TwilioSettings"]
