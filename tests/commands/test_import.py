"""`dunwell import` as an operator sees it, and the job that does large files."""

import argparse
import threading
from pathlib import Path
from typing import Any

import pytest

from dunwell.commands import CommandFailed, import_
from dunwell.flows import imports
from dunwell.ledger.models import Import, Invoice
from dunwell.tenancy.models import Organization
from dunwell.tenancy.scope import organization_scope
from dunwell.worker import jobs
from tests.tenancy.companies import NOW, actor_of, company

TEXT = "number,customer,total,date\n007,Acme,5,2026-02-01\n8,Bolt,6,2026-02-01\n"


@pytest.fixture
def file(settings: Any, tmp_path: Path) -> Path:
    settings.DATA = tmp_path
    path = tmp_path / "invoices.csv"
    path.write_text(TEXT)
    return path


def command(*words: str) -> int:
    parser = argparse.ArgumentParser()
    import_.arguments(parser)
    return import_.run(parser.parse_args(words))


def numbers(organization: Organization) -> set[str]:
    with organization_scope(organization):
        return set(Invoice.objects.values_list("number", flat=True))


@pytest.mark.django_db(transaction=True)
def test_a_file_goes_in_and_out(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    acme = company("Acme")
    assert command("--organization", "acme", "--dry-run", str(file)) == 0
    assert numbers(acme) == set()
    assert command("--organization", "acme", "--currency", "USD", str(file)) == 0
    told = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert (told["created"], told["invalid"], told["state"]) == ("2", "0", "done")
    assert numbers(acme) == {"007", "8"}
    assert command("--organization", "acme", "--undo", told["import"]) == 0
    assert numbers(acme) == set()


@pytest.mark.django_db(transaction=True)
def test_columns_and_dates_are_told_by_arguments(file: Path) -> None:
    acme = company("Acme")
    file.write_text("Nr,Wer,Wieviel,Wann\n1,A,5,02/03/2026\n")
    words = ["--map", "number=Nr", "--map", "customer=Wer", "--map", "total=Wieviel"]
    words += ["--map", "invoice_date=Wann", "--organization", "acme", str(file)]
    with pytest.raises(CommandFailed, match="d/m/Y or m/d/Y"):
        command(*words)
    assert command("--date-format", "m/d/Y", *words) == 0
    assert numbers(acme) == {"1"}


@pytest.mark.django_db(transaction=True)
def test_wrong_rows_are_told_on_stderr(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    acme = company("Acme")
    file.write_text(TEXT + "9,C,0,2026-02-01\n")
    assert command("--organization", "acme", str(file)) == 1
    assert "row 4, total:" in capsys.readouterr().err
    assert numbers(acme) == set()
    assert command("--organization", "acme", "--valid-only", str(file)) == 0
    assert numbers(acme) == {"007", "8"}


@pytest.mark.parametrize("words", [["--organization", "acme"], ["--organization", "x", "no.csv"]])
@pytest.mark.django_db(transaction=True)
def test_wrong_use_is_told(words: list[str], file: Path) -> None:
    company("Acme")
    with pytest.raises(CommandFailed):
        command(*words)


@pytest.mark.django_db(transaction=True)
def test_a_large_file_is_left_to_the_worker(file: Path) -> None:
    acme = company("Acme")
    with organization_scope(acme), file.open("rb") as opened:
        import_row = imports.start(
            organization=acme, actor=actor_of(acme), now=NOW, filename="x.csv", file=opened,
            kind="invoices", inline_rows=1,
        )  # fmt: skip
    assert import_row.state == "queued"
    stop = threading.Event()
    worker = threading.Thread(target=jobs.run, args=(stop,))
    worker.start()
    try:
        assert _done(acme, import_row)
    finally:
        stop.set()
        worker.join()
    assert numbers(acme) == {"007", "8"}


def _done(organization: Organization, import_row: Import) -> bool:
    pause = threading.Event()
    with organization_scope(organization):
        for _ in range(100):
            import_row.refresh_from_db()
            if import_row.state == "done":
                return True
            pause.wait(0.2)
    return False
