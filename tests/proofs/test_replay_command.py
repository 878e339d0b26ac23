"""`dunwell replay FILE` as a person types it."""

import argparse
from datetime import date
from pathlib import Path

import pytest

from bench.made_up import receivables
from dunwell.commands import CommandFailed, replay
from dunwell.commands.replaying import verdict
from dunwell.commands.replaying.book import read
from dunwell.ledger.invariants import Invariant


def typed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    replay.arguments(parser)
    return parser.parse_args(words)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return receivables(
        tmp_path / "book.csv", count=4, customers=2, first=date(2012, 3, 1),
        last=date(2012, 3, 20), seed=3,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def migrated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database of the tests is migrated already."""
    monkeypatch.setattr(replay, "migrate", lambda: None)


@pytest.mark.django_db(transaction=True)
def test_it_prints_its_counts(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = replay.run(typed(str(book), "--time-zone", "Pacific/Auckland", "--sink"))
    told = capsys.readouterr().out
    assert status == 0
    assert "       4  invoices\n" in told
    assert "messages received" in told
    assert "       0  messages after their invoice's payment\n" in told
    assert told.endswith("all is well\n")


@pytest.mark.django_db(transaction=True)
def test_a_broken_rule_is_a_failure(
    book: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    always = Invariant("never", "SELECT id FROM ledger_invoice", "there are no invoices")
    monkeypatch.setattr(verdict, "CHASING", (always,))
    assert replay.run(typed(str(book), "--to", "2012-03-31")) == 1
    assert capsys.readouterr().out.endswith("rules were broken\n")


@pytest.mark.django_db(transaction=True)
def test_a_part_of_the_time_leaves_the_rest_planned(
    book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay.run(typed(str(book), "--to", "2012-03-21")) == 0
    assert "  planned\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("customerID", "client", "customerID"),
        ("3/9/2012", "9. März", "line"),
        (".", ",", "line"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_its_line(
    book: Path, old: str, new: str, told: str
) -> None:
    text = book.read_text()
    days = [word for word in text.splitlines()[1].split(",") if "/" in word]
    book.write_text(text.replace(days[1] if "/" in old else old, new))
    with pytest.raises(CommandFailed, match=told):
        read(book)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="cannot be read"):
        read(tmp_path / "none.csv")
