"""Which encoding a file has, as a person sees it: readable text, or the line that is broken."""

import pytest

from dunwell.core.tables import encodings
from dunwell.core.tables.errors import BrokenText, EmptyFile, NotText


def chunked(data: bytes, size: int = 7) -> list[bytes]:
    return [data[n : n + size] for n in range(0, len(data), size)]


@pytest.mark.parametrize(
    ("data", "codec"),
    [
        (b"number,total\n1,2\n", "utf-8"),
        ("Kunde\nMüller\n".encode(), "utf-8"),
        ("Kunde\nMüller\n".encode("utf-8-sig"), "utf-8-sig"),
        ("Kunde\nMüller\n".encode("utf-16"), "utf-16"),
        ("Kunde;Betrag\nMüller;12\n".encode("utf-16-le"), "utf-16-le"),
        ("Kunde;Betrag\nMüller;12\n".encode("utf-16-be"), "utf-16-be"),
        ("Kunde\nMüller & Söhne – Straße\nCafé Ñandú\n".encode("cp1252"), "cp1252"),
        ("Prix\n12 €\n".encode("cp1252"), "cp1252"),
        ("Straße des 17. Juni\nÖffentlich\nÉTÉ\n".encode("cp1252"), "cp1252"),
    ],
)
def test_an_encoding_is_recognized(data: bytes, codec: str) -> None:
    assert encodings.of([data]) == codec
    assert encodings.of(chunked(data, 64)) == codec


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ("a\nMüller\n".encode() + b"M\xfcller\n", 3),
        (b"a\nb\nc\xff\xfe\n", 3),
        (b"number,name\n1,Caf\xc3\n2,x\n", 2),
        (b"number,name\n1,\xc3\x28\n", 2),
        (b"a\n\x81\n", 2),
        ("ok\nMüller\nend é".encode()[:-1], 3),
    ],
)
def test_broken_utf8_names_its_line(data: bytes, line: int) -> None:
    for chunks in ([data], chunked(data)):
        with pytest.raises(BrokenText) as caught:
            encodings.of(chunks)
        assert caught.value.values["line"] == line


@pytest.mark.parametrize("data", [[], [b""], [b" \n\n"], ["\ufeff\n".encode("utf-16-le")]])
def test_an_empty_file_is_told(data: list[bytes]) -> None:
    with pytest.raises(EmptyFile):
        encodings.of(data)


def test_a_picture_is_no_table() -> None:
    with pytest.raises(NotText):
        encodings.of([b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01"])
