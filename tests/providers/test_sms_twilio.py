"""Twilio: the contract of the SMS channel, its published contract, settings and webhooks."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest

from dunwell.ports import registry
from dunwell.ports.errors import NotConfigured
from dunwell.ports.incoming import DeliveryReport, Incoming, Report
from dunwell.ports.webhooks import HookRefused, HookRequest
from dunwell.providers.sms_twilio import TwilioHooks, TwilioProvider
from tests.contracts.published import Request, Response, basic, contract
from tests.contracts.scripted_http import Answer, Call, ScriptedHttp
from tests.contracts.sms_channel import SmsContract, text_message, yes

ACCOUNT = "AC" + "0123456789abcdef" * 2
SERVICE = "MG" + "0123456789abcdef" * 2
SID = "SM" + "fedcba9876543210" * 2
TOKEN = "a secret token"
CALLBACK = "https://dunwell.fjord.test/hooks/abc"
TAKEN = {
    "account_sid": ACCOUNT,
    "api_version": "2010-04-01",
    "body": "Hello",
    "direction": "outbound-api",
    "error_code": None,
    "error_message": None,
    "num_media": "0",
    "num_segments": "1",
    "sid": SID,
    "status": "queued",
    "to": "+4915112345678",
}


def problem(status: int, code: int, message: str, **headers: str) -> Answer:
    """Answer as Twilio does when it refuses."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": message, "more_info": more, "status": status}
    return Answer(status, body, headers)


def quick(url: str, **given: Any) -> TwilioProvider:
    settings: dict[str, Any] = {
        "account_sid": ACCOUNT,
        "auth_token": TOKEN,
        "sender": "+15005550006",
        "callback": CALLBACK,
        "api": url,
        "deadline": "1.5",
    }
    return TwilioProvider.open(settings | given)


class TestTwilio(SmsContract):
    accepted = Answer(201, TAKEN)
    reference = SID
    refusals = (
        (problem(400, 21211, "The 'To' number +15005550001 is not valid."), True, False),
        (problem(400, 21614, "'To' number is not a valid mobile number"), True, False),
        (problem(400, 21610, "Attempt to send to unsubscribed recipient"), True, True),
        (problem(400, 21408, "Permission to send an SMS has not been enabled"), False, False),
        (problem(400, 21617, "The concatenated message body exceeds the limit"), False, False),
    )
    misconfigured = (
        problem(401, 20003, "Authenticate"),
        problem(404, 20404, "The requested resource was not found"),
        problem(400, 21606, "The From phone number is not a valid, SMS-capable one"),
    )
    busy = Answer(
        429, {"code": 20429, "message": "Too Many Requests", "status": 429}, {"Retry-After": "7"}
    )
    silent = Answer(500, {"code": 20500, "message": "Internal Server Error", "status": 500})

    def provider(self, url: str) -> TwilioProvider:
        return quick(url)


@pytest.mark.parametrize("document", ["twilio.json", "twilio_messages.json"])
@pytest.mark.parametrize("sender", ["+15005550006", SERVICE, "Fjord"])
def test_the_request_and_the_answers_keep_to_twilios_contract(document: str, sender: str) -> None:
    spec = contract(document)

    def checked(call: Call) -> Answer:
        assert call.headers["authorization"] == basic(ACCOUNT, TOKEN)
        request = Request(
            "https://api.twilio.com",
            call.path,
            call.method.lower(),
            call.headers["content-type"],
            call.body,
            call.headers,
        )
        spec.validate_request(request)
        answer = Answer(201, TAKEN)
        spec.validate_response(request, Response(201, answer.raw.partition(b"\r\n\r\n")[2]))
        return answer

    with ScriptedHttp((checked,)) as server:
        provider = quick(server.url, sender=sender)
        provider.hand_over(text_message(), go=yes)
        provider.close()
    (call,) = server.settled().calls
    fields = parse_qs(call.body.decode())
    assert fields["To"] == ["+4915112345678"]
    assert fields["StatusCallback"] == [CALLBACK]
    assert fields["MessagingServiceSid" if sender == SERVICE else "From"] == [sender]


@pytest.mark.parametrize(
    "wrong",
    [
        {"account_sid": "AC1"},
        {"auth_token": ""},
        {"sender": ""},
        {"sender": "A name that is too long"},
        {"sender": "12345678901"},
    ],
)
def test_settings_that_can_never_work_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(NotConfigured):
        quick("http://127.0.0.1:1", **wrong)


def test_the_provider_is_registered() -> None:
    assert "sms_twilio" in registry.channel_providers(channel="sms")


# --- webhooks ---------------------------------------------------------------------------------


def called(
    url: str = CALLBACK, signed: str | None = None, token: str = TOKEN, **form: str
) -> HookRequest:
    """Make a call of Twilio's, signed as it signs."""
    text = (signed or url) + "".join(f"{name}{form[name]}" for name in sorted(form))
    made = base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest())
    return HookRequest(
        method="POST",
        url=url,
        headers={"x-twilio-signature": made.decode()},
        body=urlencode(form).encode(),
        at=datetime(2026, 11, 2, tzinfo=UTC),
        form={name: [value] for name, value in form.items()},
    )


SETTINGS = {"auth_token": TOKEN, "callback": CALLBACK}


def read(request: HookRequest) -> list[Any]:
    return list(TwilioHooks().read(request, settings=SETTINGS))


def test_twilios_own_example_of_a_signature_is_taken() -> None:
    url = "https://example.com/myapp.php?foo=1&bar=2"
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    request = called(url, token="12345", **form)
    known = {"x-twilio-signature": "L/OH5YylLD5NRKLltdqwSvS0BnU="}
    told = HookRequest(
        method="POST", url=url, headers=known, body=b"", at=request.at, form=request.form
    )
    assert list(TwilioHooks().read(told, settings={"auth_token": "12345"})) == []


@pytest.mark.parametrize(
    ("status", "code", "report"),
    [
        ("delivered", "", Report.DELIVERED),
        ("undelivered", "30005", Report.BOUNCED),
        ("undelivered", "30006", Report.BOUNCED),
        ("undelivered", "30003", Report.FAILED),
        ("failed", "21610", Report.OPTED_OUT),
    ],
)
def test_a_status_becomes_a_report_about_our_message(
    status: str, code: str, report: Report
) -> None:
    (told,) = read(
        called(MessageSid=SID, MessageStatus=status, ErrorCode=code, To="+4915112345678")
    )
    assert isinstance(told, DeliveryReport)
    assert (told.report, told.reference) == (report, SID)


@pytest.mark.parametrize("status", ["queued", "sending", "sent"])
def test_a_message_on_its_way_is_no_news(status: str) -> None:
    assert read(called(MessageSid=SID, MessageStatus=status)) == []


def test_a_reply_becomes_a_message() -> None:
    (told,) = read(
        called(MessageSid=SID, SmsStatus="received", From="+4915112345678", To="+1", Body="Paid!")
    )
    assert isinstance(told, Incoming)
    assert (told.sender.email, told.text, told.external_id) == ("+4915112345678", "Paid!", SID)
    assert not told.automatic


@pytest.mark.parametrize(
    ("word", "report"),
    [
        ("STOP", Report.OPTED_OUT),
        ("Abmelden!", Report.OPTED_OUT),
        ("arrêt", Report.OPTED_OUT),
        ("Baja", Report.OPTED_OUT),
        ("start", Report.OPTED_IN),
    ],
)
def test_stop_and_start_are_understood_in_every_language(word: str, report: Report) -> None:
    told = read(called(MessageSid=SID, From="+4915112345678", To="+1", Body=word))
    assert told[0].report is report
    assert told[0].address == "+4915112345678"
    assert told[1].automatic


@pytest.mark.parametrize("text", ["Please stop calling me", "stop it, I paid", "We start Monday"])
def test_a_sentence_with_stop_in_it_is_just_a_reply(text: str) -> None:
    (told,) = read(called(MessageSid=SID, From="+4915112345678", To="+1", Body=text))
    assert isinstance(told, Incoming)


def test_a_forged_call_is_refused() -> None:
    request = called(token="another", MessageSid=SID, MessageStatus="delivered")
    with pytest.raises(HookRefused):
        read(request)


def test_a_call_through_a_proxy_is_known_by_our_public_address() -> None:
    inside = "http://10.0.0.5:8000/hooks/abc"
    request = called(inside, signed=CALLBACK, MessageSid=SID, MessageStatus="delivered")
    assert len(read(request)) == 1
