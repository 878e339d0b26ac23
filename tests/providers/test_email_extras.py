"""What an email may have besides: copies to ourselves, and our domain's signature."""

import base64

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from dunwell.ports.errors import NotConfigured
from dunwell.ports.messages import Address
from dunwell.providers.email_smtp import SmtpProvider, SmtpSettings
from tests.contracts.email_channel import email, yes
from tests.smtp import SmtpSink


def opened(sink: SmtpSink, **given: str) -> SmtpProvider:
    return SmtpProvider(
        SmtpSettings(host=sink.host, port=sink.port, security="none", **given)  # type: ignore[arg-type]  # text settings only
    )


def test_a_copy_goes_to_us_unseen(smtp_sink: SmtpSink) -> None:
    provider = opened(smtp_sink)
    provider.hand_over(email(copies=(Address("", "owner@fjord.test"),)), go=yes)
    provider.hand_over(email(), go=yes)
    provider.close()
    first, second = smtp_sink.wait_for(2)
    assert first.recipients == ("ada@kunde.test", "owner@fjord.test")
    assert b"owner@fjord.test" not in first.raw
    assert second.recipients == ("ada@kunde.test",)


def test_a_signed_mail_is_verified_by_its_published_key(smtp_sink: SmtpSink) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)
    asked = []

    def dns(name: bytes, timeout: int = 5) -> bytes:
        del timeout
        asked.append(name)
        return record

    provider = opened(
        smtp_sink, dkim_domain="fjord.test", dkim_selector="dunwell", dkim_key=pem.decode()
    )
    provider.hand_over(email(), go=yes)
    provider.close()
    (mail,) = smtp_sink.wait_for(1)
    assert mail.raw.startswith(b"DKIM-Signature:")
    assert dkim.verify(mail.raw, dnsfunc=dns)
    assert asked == [b"dunwell._domainkey.fjord.test."]
    assert not dkim.verify(mail.raw.replace(b"Invoice 7", b"Invoice 8"), dnsfunc=dns)


def test_a_broken_key_is_said(smtp_sink: SmtpSink) -> None:
    provider = opened(smtp_sink, dkim_domain="fjord.test", dkim_selector="d", dkim_key="no key")
    with pytest.raises(NotConfigured):
        provider.hand_over(email(), go=yes)
    provider.close()
    assert smtp_sink.mails == ()
