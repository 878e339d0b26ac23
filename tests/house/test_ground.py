"""The ground that all tests stand on: a database of one's own, and a server that takes mail."""

import smtplib

import pytest
from django.db import connection

from tests.smtp import SmtpSink


@pytest.mark.django_db
def test_every_test_process_has_a_migrated_database_of_its_own() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select current_database(), current_user, to_regclass('django_migrations')")
        assert cursor.fetchone()[0].startswith("test_")


def test_the_sink_keeps_the_raw_message(smtp_sink: SmtpSink) -> None:
    with smtplib.SMTP(smtp_sink.host, smtp_sink.port) as client:
        client.sendmail("a@example.com", ["b@example.com"], b"Subject: Hello\r\n\r\nBody\r\n")
    (mail,) = smtp_sink.wait_for(1)
    assert mail.recipients == ("b@example.com",)
    assert mail.message["Subject"] == "Hello"


def test_the_sink_can_refuse(smtp_sink: SmtpSink) -> None:
    smtp_sink.answer = "451 later"
    with (
        smtplib.SMTP(smtp_sink.host, smtp_sink.port) as client,
        pytest.raises(smtplib.SMTPDataError),
    ):
        client.sendmail("a@example.com", ["b@example.com"], b"Subject: Hello\r\n\r\nBody\r\n")
    assert smtp_sink.mails == ()
