"""Email by a service's API: Postmark's and Mailgun's contracts, errors, and webhooks."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import HTTP
from typing import Any
from uuid import UUID, uuid4

import pytest

from dunwell.ports import registry
from dunwell.ports.errors import (
    NotConfigured,
    Refused,
    TemporarilyRefused,
    Unreachable,
    Unsure,
    Withdrawn,
)
from dunwell.ports.incoming import DeliveryReport, Incoming, Report
from dunwell.ports.messages import Address, Attachment, Content
from dunwell.ports.webhooks import HookRefused, HookRequest
from dunwell.providers.email_anymail import SERVICES, AnymailHooks, AnymailProvider
from tests.contracts.email_channel import email, no, yes
from tests.contracts.scripted_http import DROP, HANG, Answer, Call, ScriptedHttp

WHEN = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
POSTMARK_ID = "b7bc2f4a-e38e-4336-af7d-e6c392c2f817"


@dataclass(frozen=True)
class Case:
    """A service: its settings, what it answers, and how its requests are checked."""

    settings: dict[str, str]
    taken: Answer
    reference: str
    bad_address: Answer
    bad_setup: tuple[Answer, ...]
    other: Answer
    check: Callable[[Call, str], None]


def postmark_request(call: Call, delivery: str) -> None:
    """Check a request as https://postmarkapp.com/developer/api/email-api says."""
    assert (call.method, call.path) == ("POST", "/email")
    assert call.headers["x-postmark-server-token"] == "pm-token"
    assert call.headers["content-type"].startswith("application/json")
    told = json.loads(call.body)
    assert {"From", "To", "Subject", "TextBody"} <= told.keys()
    assert told["To"] == "Ada Park <ada@kunde.test>"
    assert told["Bcc"] == "copy@fjord.test"
    named = {each["Name"]: each["Value"] for each in told["Headers"]}
    assert named["Message-ID"] == f"<{delivery}@billing.test>"
    assert named["X-PM-KeepID"] == "true"
    assert told["Metadata"] == {"delivery_id": delivery}
    assert told["TrackOpens"] is False
    (file,) = told["Attachments"]
    assert {"Name", "Content", "ContentType"} <= file.keys()


def mailgun_request(call: Call, delivery: str) -> None:
    """Check a request as the Messages resource of Mailgun's API says."""
    assert (call.method, call.path) == ("POST", "/fjord.test/messages")
    assert call.headers["authorization"].startswith("Basic ")
    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode()
    parts: Any = message_from_bytes(head + call.body, policy=HTTP)
    fields = {
        part.get_param("name", header="content-disposition").lower(): part.get_payload(decode=True)
        for part in parts.iter_parts()
    }
    assert {b"Ada Park <ada@kunde.test>"} == {fields["to"]}
    assert fields["bcc"] == b"copy@fjord.test"
    assert fields["h:message-id"].decode() == f"<{delivery}@billing.test>"
    assert fields["v:delivery_id"].decode() == delivery
    assert fields["o:tracking-opens"] == b"no"
    assert "attachment" in fields


CASES = {
    "postmark": Case(
        settings={"server_token": "pm-token"},
        taken=Answer(
            200,
            {
                "To": "ada@kunde.test",
                "SubmittedAt": "2026-11-02T08:30:00Z",
                "MessageID": POSTMARK_ID,
                "ErrorCode": 0,
                "Message": "OK",
            },
        ),
        reference=POSTMARK_ID,
        bad_address=Answer(
            422,
            {
                "ErrorCode": 406,
                "Message": "You tried to send to a recipient that has been marked as inactive.\n"
                "Found inactive addresses: ada@kunde.test.\nInactive recipients are ones that"
                " have generated a hard bounce, a spam complaint, or a manual suppression.",
            },
        ),
        bad_setup=(
            Answer(401, {"ErrorCode": 10, "Message": "No Account or Server API tokens were found"}),
            Answer(
                422,
                {
                    "ErrorCode": 400,
                    "Message": "The 'From' address you supplied is not a Sender Signature",
                },
            ),
        ),
        other=Answer(422, {"ErrorCode": 300, "Message": "Zero recipients specified"}),
        check=postmark_request,
    ),
    "mailgun": Case(
        settings={"api_key": "mg-key", "sender_domain": "fjord.test"},
        taken=Answer(200, {"id": "<x@fjord.test>", "message": "Queued. Thank you."}),
        reference="<x@fjord.test>",
        bad_address=Answer(
            400, {"message": "to parameter is not a valid address. please check documentation"}
        ),
        bad_setup=(
            Answer(401, "Forbidden"),
            Answer(404, {"message": "Domain not found: fjord.test"}),
            Answer(400, {"message": "from parameter is not a valid address. please check"}),
        ),
        other=Answer(400, {"message": "Attachment size is over 25MB"}),
        check=mailgun_request,
    ),
}


@pytest.fixture(params=CASES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def opened(service: str, url: str, **more: Any) -> AnymailProvider:
    given: dict[str, Any] = {"service": service, "api_url": url, "deadline": "1.5"}
    provider = AnymailProvider.open(given | CASES[service].settings | more)
    _open.append(provider)
    return provider


_open: list[AnymailProvider] = []


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    yield
    while _open:
        _open.pop().close()


PAPER = Attachment("invoice.pdf", "application/pdf", b"%PDF-1.7 ...")
WORDS = Content(
    subject="Invoice 7", text="Hello Ada", html="<p>Hello Ada</p>", attachments=(PAPER,)
)


def test_a_mail_is_handed_over_as_the_service_says(service: str) -> None:
    case, delivery = CASES[service], uuid4()
    with ScriptedHttp((case.taken,)) as server:
        message = email(
            delivery_id=delivery, content=WORDS, copies=(Address("", "copy@fjord.test"),)
        )
        receipt = opened(service, server.url).hand_over(message, go=yes)
    (call,) = server.calls
    case.check(call, str(delivery))
    assert receipt.reference == case.reference
    assert receipt.sha256 == hashlib.sha256(call.body).hexdigest()


def test_a_no_leaves_nothing_behind(service: str) -> None:
    with ScriptedHttp((CASES[service].taken,)) as server:
        with pytest.raises(Withdrawn):
            opened(service, server.url).hand_over(email(), go=no)
        assert server.settled().calls == []


def test_a_bad_address_is_told_apart(service: str) -> None:
    with ScriptedHttp((CASES[service].bad_address, CASES[service].other)) as server:
        provider = opened(service, server.url)
        with pytest.raises(Refused) as bad:
            provider.hand_over(email(), go=yes)
        with pytest.raises(Refused) as other:
            provider.hand_over(email(), go=yes)
    assert (bad.value.recipient_bad, other.value.recipient_bad) == (True, False)


def test_our_own_wrong_settings_are_told_apart(service: str) -> None:
    answers = CASES[service].bad_setup
    with ScriptedHttp(answers) as server:
        provider = opened(service, server.url)
        for _answer in answers:
            with pytest.raises(NotConfigured):
                provider.hand_over(email(), go=yes)


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_is_asked_again_when_it_wishes(service: str, status: int) -> None:
    answer = Answer(status, {"message": "slow down"}, {"Retry-After": "7"})
    with ScriptedHttp((answer,)) as server, pytest.raises(TemporarilyRefused) as busy:
        opened(service, server.url).hand_over(email(), go=yes)
    assert busy.value.retry_after == 7


@pytest.mark.parametrize("how", [HANG, DROP, Answer(500, {"message": "oops"})])
def test_no_answer_after_the_whole_request_is_uncertain(service: str, how: Any) -> None:
    with ScriptedHttp((how,)) as server, pytest.raises(Unsure):
        opened(service, server.url).hand_over(email(), go=yes)


def test_nobody_there_means_nothing_was_handed_over(service: str) -> None:
    with ScriptedHttp((CASES[service].taken,)) as server:
        url = server.url
    with pytest.raises(Unreachable):
        opened(service, url).hand_over(email(), go=yes)


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_writes_a_request_of_its_own(name: str) -> None:
    keys = dict.fromkeys(SERVICES[name].secrets, "secret")
    with ScriptedHttp((Answer(400, {"message": "no"}),)) as server:
        given = {"service": name, "api_url": server.url, "sender_domain": "fjord.test", **keys}
        _open.append(AnymailProvider.open(given))
        with pytest.raises((Refused, NotConfigured)):
            _open[-1].hand_over(email(content=WORDS), go=yes)
    assert len(server.calls) == 1


def test_what_is_missing_is_named() -> None:
    with pytest.raises(NotConfigured, match="server_token"):
        AnymailProvider.open({"service": "postmark"})
    with pytest.raises(NotConfigured, match="pigeon"):
        AnymailProvider.open({"service": "pigeon"})


def test_it_is_in_the_box() -> None:
    assert "email_anymail" in registry.channel_providers(channel="email")


def call(body: Any, **more: Any) -> HookRequest:
    data = json.dumps(body).encode()
    given: dict[str, Any] = {
        "method": "POST",
        "url": "https://dunwell.fjord.test/hooks/abc",
        "headers": {"content-type": "application/json"},
        "body": data,
        "at": WHEN,
    }
    return HookRequest(**given | more)


POSTMARK = {"service": "postmark", "server_token": "pm-token"}
DELIVERY = UUID("01920000-0000-7000-8000-000000000001")


@pytest.mark.parametrize(
    ("told", "report"),
    [
        ({"RecordType": "Delivery", "Recipient": "ada@kunde.test"}, Report.DELIVERED),
        (
            {"RecordType": "Bounce", "Type": "HardBounce", "Email": "ada@kunde.test"},
            Report.BOUNCED,
        ),
        ({"RecordType": "Bounce", "Type": "SoftBounce", "Email": "ada@kunde.test"}, Report.FAILED),
        (
            {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "Email": "ada@kunde.test"},
            Report.COMPLAINED,
        ),
        ({"RecordType": "Open", "Recipient": "ada@kunde.test"}, Report.OPENED),
        ({"RecordType": "Bounce", "Type": "Transient", "Email": "ada@kunde.test"}, None),
    ],
)
def test_postmark_tells_what_became_of_a_mail(told: dict[str, Any], report: Report | None) -> None:
    body = {**told, "MessageID": POSTMARK_ID, "Metadata": {"delivery_id": str(DELIVERY)}}
    found = AnymailHooks().read(call(body), settings=POSTMARK)
    assert [each.report for each in found if isinstance(each, DeliveryReport)] == (
        [report] if report else []
    )
    for each in found:
        assert isinstance(each, DeliveryReport)
        assert (each.delivery_id, each.reference) == (DELIVERY, POSTMARK_ID)


def mailgun_call(key: str) -> HookRequest:
    token, stamp = "a" * 50, "1793608200"
    mark = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    return call(
        {
            "signature": {"timestamp": stamp, "token": token, "signature": mark},
            "event-data": {
                "event": "failed",
                "severity": "permanent",
                "reason": "bounce",
                "timestamp": 1793608200.5,
                "recipient": "ada@kunde.test",
                "id": "ev1",
                "message": {"headers": {"message-id": "x@fjord.test"}},
                "user-variables": {"delivery_id": str(DELIVERY)},
                "delivery-status": {"code": 550, "message": "5.1.1 no such user"},
            },
        }
    )


def test_mailguns_signature_is_checked() -> None:
    settings = {"service": "mailgun", "api_key": "mg", "webhook_signing_key": "sign"}
    (report,) = AnymailHooks().read(mailgun_call("sign"), settings=settings)
    assert isinstance(report, DeliveryReport)
    assert (report.report, report.delivery_id) == (Report.BOUNCED, DELIVERY)
    assert "no such user" in report.detail
    with pytest.raises(HookRefused):
        AnymailHooks().read(mailgun_call("forged"), settings=settings)


def test_a_password_of_the_webhook_is_checked() -> None:
    body = {"RecordType": "Delivery", "Recipient": "a@b.test", "MessageID": POSTMARK_ID}
    with pytest.raises(HookRefused):
        AnymailHooks().read(call(body), settings={**POSTMARK, "webhook_secret": "us:secret"})


def test_a_mail_that_postmark_took_for_us_becomes_a_message() -> None:
    body = {
        "FromFull": {"Email": "ada@kunde.test", "Name": "Ada Park"},
        "From": "ada@kunde.test",
        "ToFull": [{"Email": "reply@fjord.test", "Name": ""}],
        "To": "reply@fjord.test",
        "Subject": "Re: Invoice 7",
        "TextBody": "I paid yesterday.",
        "HtmlBody": "",
        "MessageID": "pm-in-1",
        "Date": "Mon, 2 Nov 2026 08:30:00 +0000",
        "Headers": [
            {"Name": "Message-ID", "Value": "<abc@kunde.test>"},
            {"Name": "In-Reply-To", "Value": "<x@fjord.test>"},
        ],
        "Attachments": [
            {
                "Name": "a.txt",
                "ContentType": "text/plain",
                "Content": "aGVsbG8=",
                "ContentLength": 5,
            }
        ],
    }
    request = call(
        body, url="https://dunwell.fjord.test/hooks/abc?inbound=1", query={"inbound": ["1"]}
    )
    (message,) = AnymailHooks().read(request, settings=POSTMARK)
    assert isinstance(message, Incoming)
    assert (message.sender.email, message.text.strip()) == ("ada@kunde.test", "I paid yesterday.")
    assert (message.message_id, message.in_reply_to) == ("<abc@kunde.test>", ("<x@fjord.test>",))
    assert [(file.filename, file.data) for file in message.files] == [("a.txt", b"hello")]
