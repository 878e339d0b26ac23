"""Whatever bytes come in, a mail is read; reports and automatic answers are told from people."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.core.mail.automatic import is_automatic, return_day
from dunwell.core.mail.bounces import Kind, read_reports
from dunwell.core.mail.reading import read_mail


def _mail(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def test_wrong_charsets_broken_headers_and_names_are_survived() -> None:
    raw = (
        b'From: =?iso-8859-1?Q?J=F6rg?= <j@x.example>\r\nTo: "A, B" <a+t@y.example>\r\n'
        b"Subject: Zahlung f\xfcr =?utf-8?b?UmVjaG51bmc=?=\r\nMessage-ID: <a@b>\r\n"
        b"Content-Type: text/plain; charset=nonsense\r\n\r\nGr\xfc\xdfe"
    )
    mail = read_mail(raw)
    assert (mail.sender.name, mail.to[0].email, mail.name) == ("Jörg", "a+t@y.example", "<a@b>")
    assert mail.subject.endswith("Rechnung")
    assert mail.text == "Grüße"


def test_a_page_only_and_a_winmail_dat_are_kept() -> None:
    mail = read_mail(
        _mail(
            "From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n--x\n"
            "Content-Type: text/html\n\n<p>Hello</p>\n--x\n"
            "Content-Type: application/ms-tnef; name=winmail.dat\n"
            "Content-Transfer-Encoding: base64\n\neJ8+IgE=\n--x--\n"
        )
    )
    assert mail.text == "Hello"
    assert [(file.filename, file.data[:2]) for file in mail.files] == [("winmail.dat", b"x\x9f")]


def test_a_mail_without_a_name_is_known_by_its_bytes() -> None:
    assert read_mail(b"From: a@b\r\n\r\nx").name == read_mail(b"From: a@b\r\n\r\nx").name
    assert read_mail(b"").name != read_mail(b"x").name


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    read_reports(read_mail(raw))
    head = b"From: a@b\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=x"
    read_reports(read_mail(head + b"\r\n\r\n--x\r\n" + raw))


DSN = """From: Mail Delivery System <MAILER-DAEMON@mx.example>
To: billing@acme.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Sorry.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; jo@proseware.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {detail}

--b
Content-Type: {enclosed}

Message-ID: <0192@acme.example>
Subject: Invoice

--b--
"""


@pytest.mark.parametrize(
    ("action", "status", "detail", "kind"),
    [
        ("failed", "5.1.1", "550 5.1.1 User unknown", Kind.BOUNCED),
        ("failed", "5.0.0", "550 no such user here", Kind.BOUNCED),
        ("failed", "5.2.2", "552 Mailbox full", Kind.FAILED),
        ("failed", "5.7.1", "554 Message refused as spam", Kind.FAILED),
        ("failed", "4.4.7", "timed out", Kind.FAILED),
        ("delayed", "4.4.1", "no answer", Kind.DELAYED),
        ("delivered", "2.0.0", "", Kind.DELIVERED),
    ],
)
@pytest.mark.parametrize("enclosed", ["message/rfc822", "text/rfc822-headers"])
def test_a_report_says_what_became_of_which_message(
    action: str, status: str, detail: str, kind: Kind, enclosed: str
) -> None:
    text = DSN.format(action=action, status=status, detail=detail, enclosed=enclosed)
    (told,) = read_reports(read_mail(_mail(text))) or []
    assert told.kind is kind
    assert told.message_id == "<0192@acme.example>"
    assert told.address == "jo@proseware.example"


@pytest.mark.parametrize(
    ("sender", "subject", "text"),
    [
        (
            "MAILER-DAEMON@mx.example",  # qmail
            "failure notice",
            (
                "Hi. This is the qmail-send program.\n\n<jo@proseware.example>:\n550 user unknown\n\n"
                "--- Below this line is a copy of the message.\n\nMessage-ID: <0192@acme.example>\n"
            ),
        ),
        (
            "Mailer-Daemon@mx.example",  # exim
            "Mail delivery failed: returning message to sender",
            "  jo@proseware.example\n    Unrouteable address\n\nMessage-Id: <0192@acme.example>\n",
        ),
        (
            "postmaster@proseware.example",  # Exchange, German
            "Unzustellbar: Rechnung",
            "jo@proseware.example: 550 5.1.10 Empfänger fehlt\nMessage-ID: <0192@acme.example>\n",
        ),
    ],
)
def test_reports_in_words_are_understood_too(sender: str, subject: str, text: str) -> None:
    raw = _mail(f"From: {sender}\nTo: billing@acme.example\nSubject: {subject}\n\n{text}")
    (told,) = read_reports(read_mail(raw)) or []
    assert told.kind is Kind.BOUNCED
    assert (told.message_id, told.address) == ("<0192@acme.example>", "jo@proseware.example")


def test_a_complaint_is_understood() -> None:
    raw = _mail(
        "From: fbl@isp.example\nContent-Type: multipart/report; report-type=feedback-report; "
        "boundary=b\n\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n"
        "Original-Rcpt-To: jo@proseware.example\n\n--b\nContent-Type: message/rfc822\n\n"
        "Message-ID: <0192@acme.example>\n\nx\n--b--\n"
    )
    (told,) = read_reports(read_mail(raw)) or []
    assert told == (told.__class__)(
        Kind.COMPLAINED, "<0192@acme.example>", "jo@proseware.example", "abuse"
    )


def test_a_person_s_mail_is_no_report() -> None:
    assert (
        read_reports(read_mail(_mail("From: jo@x.example\nSubject: Returned mail\n\nHi"))) is None
    )


@pytest.mark.parametrize(
    ("name", "value", "automatic"),
    [
        ("Auto-Submitted", "auto-replied", True),
        ("Auto-Submitted", "no", False),
        ("X-Auto-Response-Suppress", "All", True),
        ("Precedence", "auto_reply", True),
        ("Precedence", "list", False),
        ("X-Autoreply", "yes", True),
    ],
)
def test_headers_tell_automatic_answers(name: str, value: str, automatic: bool) -> None:
    assert is_automatic(headers=[(name, value)], subject="Re: Invoice") is automatic


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Invoice INV-1",
        "Out of office: Invoice",
        "Automatische Antwort: Rechnung",
        "Abwesenheitsnotiz: Rechnung",
        "Réponse automatique : Facture",
        "Absence du bureau",
        "Respuesta automática: Factura",
        "Fuera de la oficina",
        "AutoReply: Invoice",
    ],
)
def test_subjects_tell_automatic_answers(subject: str) -> None:
    assert is_automatic(headers=[], subject=subject)


@pytest.mark.parametrize(
    "subject", ["Re: Invoice INV-1", "Payment", "Automobile invoice", "Absender unklar", "Auto 12"]
)
def test_other_subjects_do_not(subject: str) -> None:
    assert not is_automatic(headers=[], subject=subject)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("I am back on 12 March.", "2026-03-12"),
        ("I will be out from March 3 to March 10, 2026.", "2026-03-10"),
        ("Ich bin bis zum 12.03.2026 im Urlaub.", "2026-03-12"),
        ("Ab dem 13. März bin ich wieder erreichbar.", "2026-03-13"),
        ("Je suis absent jusqu'au 15 mars 2026.", "2026-03-15"),
        ("Estaré fuera hasta el 20 de marzo de 2026.", "2026-03-20"),
        ("I am away. Call 0123 456.", None),
        ("Back on 2 January", "2027-01-02"),
        ("Back on 1 March 2020", None),
    ],
)
def test_the_day_of_return_is_read(text: str, day: str | None) -> None:
    found = return_day(text=text, today=date(2026, 3, 2))
    assert found == (date.fromisoformat(day) if day else None)
