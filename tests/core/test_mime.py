"""Messages built by hand read back as what was put in."""

from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dunwell.core import mime
from dunwell.core.mime import Address, Attachment, MimeError, build

WHEN = datetime(2026, 11, 2, 8, 30, 5, tzinfo=UTC)
MESSAGE_ID = mime.message_id(
    delivery_id=UUID("0199c0de-0000-7000-8000-000000000001"), domain="billing.example.com"
)
FROM = Address("Fjord & Sons, Ltd.", "billing@fjord.example")
TO = Address("Zoë Müller", "zoe@kunde.example")

LINE_TEXT = st.text(max_size=300)
BODY = st.text(max_size=2500)


def message(**given: Any) -> bytes:
    parts: dict[str, Any] = {
        "message_id": MESSAGE_ID,
        "date": WHEN,
        "sender": FROM,
        "to": TO,
        "subject": "Invoice 7",
        "text": "Hello\n",
    }
    return build(**(parts | given))


def read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def body(parsed: EmailMessage, kind: str) -> str:
    part = parsed.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def shown_name(raw: bytes) -> str:
    """read the recipient's name; the newer parser leaves blanks between encoded words (gh-92081)"""
    name, _ = parseaddr(message_from_bytes(raw)["to"])
    return str(make_header(decode_header(name)))


def lines_ended(text: str) -> str:
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return plain if plain.endswith("\n") else plain + "\n"


class Odd(NamedTuple):
    """What people and their files are called, and what they write."""

    subject: str
    name: str
    text: str
    html: str | None
    filename: str
    data: bytes


ODD = st.builds(
    Odd,
    LINE_TEXT,
    LINE_TEXT,
    BODY,
    st.none() | BODY,
    st.text(min_size=1, max_size=80),
    st.binary(max_size=400),
)


@settings(max_examples=200, deadline=None)
@given(odd=ODD)
@example(Odd("a  b", "=?utf-8?b?QQ==?=", "\n.\n", "=_", "a b.pdf", b""))
@example(Odd("x" * 2000, 'O"Neil, \\ (x) <y@z>', "--=_\n" + "=" * 90, None, "../../x", b"\r\n."))
@example(Odd("ü" * 400, "ü" * 400, "ü" * 3000, "<p>" + "y" * 3000, "Rechnüng 7/8.pdf", b"\0"))
@example(Odd("Hi\r\nBcc: x@y", "x\r\nBcc: x@y", "From me\rnow ", " \t\n", '"\r\nX: y', b"x"))
def test_what_is_written_reads_back_the_same(odd: Odd) -> None:
    subject, name, text, html, filename, data = odd
    raw = message(
        subject=subject,
        to=Address(name, TO.email),
        text=text,
        html=html,
        attachments=(Attachment(filename, "application/pdf", data),),
    )
    parsed = read(raw)

    assert parsed["subject"] == mime.clean(subject)
    assert [each.addr_spec for each in parsed["to"].addresses] == [TO.email]
    assert shown_name(raw) == mime.clean(name)
    assert body(parsed, "plain") == lines_ended(text)
    assert html is None or body(parsed, "html") == lines_ended(html)
    (attached,) = parsed.iter_attachments()
    assert attached.get_content() == data
    assert attached.get_filename() == mime.clean(filename).replace("/", "_").replace("\\", "_") or (
        attached.get_filename() == "file"
    )
    assert not parsed.defects
    assert set(parsed.keys()) == {
        *("Date", "From", "To", "Message-ID", "Subject"),
        *("Auto-Submitted", "MIME-Version", "Content-Type"),
    }
    fits_the_wire(raw)


def fits_the_wire(raw: bytes) -> None:
    assert raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n")
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    head = raw.partition(b"\r\n\r\n")[0]
    assert all(len(line) <= 76 for line in head.split(b"\r\n") if b"=?" in line)


def test_the_same_parts_give_the_same_bytes() -> None:
    paper = Attachment("invoice.pdf", "application/pdf", b"%PDF" * 99)
    again = Attachment("invoice.pdf", "application/pdf", b"%PDF" * 99)
    assert message(html="<p>Hi", attachments=(paper,)) == message(
        html="<p>Hi", attachments=(again,)
    )


def test_a_message_says_that_a_machine_wrote_it_and_when() -> None:
    east = timezone(timedelta(hours=13))
    parsed = read(message(date=WHEN.astimezone(east), reply_to=Address("", "r+7@in.example")))
    assert parsed["auto-submitted"] == "auto-generated"
    assert parsed["date"].datetime == WHEN
    assert parsed["message-id"] == MESSAGE_ID
    assert parsed["reply-to"].addresses[0].addr_spec == "r+7@in.example"
    assert parsed["from"].addresses[0].display_name == FROM.name


def test_headers_of_ones_own_travel_and_cannot_break_the_line() -> None:
    parsed = read(message(headers=(("X-Dunwell-Delivery", "7\r\nBcc: all@x"), ("X-Name", "Zoë"))))
    assert parsed["X-Dunwell-Delivery"] == "7 Bcc: all@x"
    assert parsed["X-Name"] == "Zoë"
    assert parsed["Bcc"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": Address("", "a@b\r\nBcc: c@d")},
        {"to": Address("", "a@b>, <c@d")},
        {"to": Address("", "a b@c")},
        {"to": Address("", "nobody")},
        {"sender": Address("", "")},
        {"reply_to": Address("", "x@y z")},
        {"message_id": "<a@b>\r\nBcc: c@d"},
        {"headers": (("X-A: b\r\nBcc", "c@d"),)},
        {"headers": (("Bcc", "c@d"),)},
        {"headers": (("Content-Type", "text/html"),)},
        {"attachments": (Attachment("a", "text/plain\r\nX: y", b""),)},
    ],
)
def test_what_could_smuggle_a_header_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(MimeError):
        message(**wrong)


@pytest.mark.parametrize("domain", ["", "a b", "a\r\nb", "a>b", "x@y"])
def test_a_message_id_needs_a_real_domain(domain: str) -> None:
    with pytest.raises(MimeError):
        mime.message_id(delivery_id=UUID(int=7), domain=domain)
