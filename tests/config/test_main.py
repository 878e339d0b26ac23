"""The command `dunwell` as a person meets it at a terminal."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from dunwell import __version__, commands
from dunwell.commands.serve import keep_alive
from dunwell.config import data, database
from tests.conftest import Cluster

ROOT = Path(__file__).parents[2]


def dunwell(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dunwell", *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_help_lists_every_command() -> None:
    done = dunwell("--help")
    assert done.returncode == 0
    for command in commands.discover():
        assert f"\n  {command.name} " in done.stdout


def test_the_version_is_told() -> None:
    assert dunwell("--version").stdout == f"dunwell {__version__}\n"


def test_an_unknown_command_is_an_error_on_stderr() -> None:
    done = dunwell("nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert "nonsense" in done.stderr


@pytest.mark.parametrize("command", commands.discover(), ids=lambda command: command.name)
def test_every_command_has_help_of_its_own_without_a_database(
    command: commands.Command, tmp_path: Path
) -> None:
    done = dunwell(*command.name.split(), "--help", DUNWELL_DATA=str(tmp_path / "none"))
    assert done.returncode == 0, done.stderr
    assert f"dunwell {command.name}" in done.stdout
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["token", "create", "x"], "token create"),
        (["token"], None),
        (["web", "--port", "1"], "web"),
        ([], None),
    ],
)
def test_commands_of_one_and_two_words_are_found(words: list[str], name: str | None) -> None:
    known = [
        commands.Command(name=name, help="", needs_database=False, module="")
        for name in ("token create", "web")
    ]
    found = commands.named_by(words, known=known)
    assert (found.name if found else None) == name


# --- your own server


def test_a_prepared_server_of_your_own_is_taken(cluster: Cluster) -> None:
    assert database.check_hosted(cluster.url("dunwell")) == 18


def test_a_superuser_is_refused_with_what_to_do(cluster: Cluster) -> None:
    with pytest.raises(database.DatabaseUnusable, match="superuser") as caught:
        database.check_hosted(cluster.superuser)
    assert "GRANT postgres_system TO postgres WITH INHERIT FALSE, SET TRUE" in str(caught.value)
    assert "vector is missing" in str(caught.value)


def test_an_unreachable_server_is_told() -> None:
    with pytest.raises(database.DatabaseUnusable, match="cannot be reached"):
        database.check_hosted("postgresql://nobody@127.0.0.1:1/none")


def test_an_old_server_is_refused(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LEAST_VERSION", 99)
    with pytest.raises(database.DatabaseUnusable, match="needs 99 or newer"):
        database.check_hosted(cluster.url("dunwell"))


def test_a_command_refuses_a_bad_server_in_one_line() -> None:
    done = dunwell("migrate", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr


# --- the data folder


def test_the_secret_key_is_made_once_and_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DUNWELL_SECRET_KEY", raising=False)
    data.settle_secret_key(tmp_path)
    first = (tmp_path / "secret.key").read_text()
    data.settle_secret_key(tmp_path)
    assert (tmp_path / "secret.key").read_text() == first
    assert len(first) >= 50
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


# --- serve


def test_a_child_that_ends_is_started_again_and_all_end_with_the_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    starter = tmp_path / "python"
    starter.write_text(f"#!/bin/sh\necho started >>{tmp_path}/starts\nsleep 0.1\nexit 3\n")
    starter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(starter))
    stop = threading.Event()
    threading.Timer(2.5, stop.set).start()
    keep_alive([["web"]], stop=stop)
    assert (tmp_path / "starts").read_text().count("started") == 2
    assert "web ended with status 3; again in 1 s" in caplog.text


def test_a_terminated_command_leaves_no_server_behind(tmp_path: Path) -> None:
    place = tmp_path if os.geteuid() != 0 else Path(os.environ["DUNWELL_TEST_HOME"]) / "ended"
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    process = subprocess.Popen(
        [sys.executable, "-m", "dunwell", "web", "--port", "0"],
        cwd=ROOT,
        env={**environment, "DUNWELL_DATA": str(place)},
    )
    note = place / "postgres" / "data" / "postmaster.pid"
    deadline = time.monotonic() + 60
    while not (place / "secret.key").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert note.exists()
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    assert not note.exists()


def test_migrate_tells_on_stderr_only(cluster: Cluster) -> None:
    url = cluster.create(f"migrate_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    done = dunwell("migrate", DATABASE_URL=url)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    with psycopg.connect(url) as connection:
        assert connection.execute("select count(*) > 0 from django_migrations").fetchone() == (
            True,
        )
