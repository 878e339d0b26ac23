"""A backup brings everything back, also what row security hides from the owner."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dunwell.commands import CommandFailed
from dunwell.commands.backup import backup
from dunwell.commands.restore import restore
from dunwell.providers import postgres_embedded
from tests.conftest import Cluster

_TABLE = """
create table secretive (organization_id int, word text);
insert into secretive values (1, 'one'), (2, 'two');
alter table secretive enable row level security;
alter table secretive force row level security;
create policy tenant on secretive
    using (organization_id = nullif(current_setting('dunwell.organization', true), '')::int);
create policy system on secretive to dunwell_system using (true);
grant select on secretive to dunwell_system;
"""


@pytest.fixture
def database(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    name = f"backup_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    url = cluster.create(name)
    monkeypatch.setenv("DUNWELL_DATABASE", url)
    monkeypatch.setenv("DUNWELL_POSTGRES_PROGRAMS", str(postgres_embedded.installed().folder))
    with psycopg.connect(url) as connection:
        connection.execute(_TABLE)
    yield url
    for suffix in ("", "_restoring", "_replaced"):
        cluster.drop(name + suffix)


def _words(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from secretive").fetchone() == (0,)
        connection.execute("set role dunwell_system")
        rows = connection.execute("select word from secretive order by word").fetchall()
    return [word for (word,) in rows]


def test_a_backup_holds_every_organization_and_comes_back(database: str, tmp_path: Path) -> None:
    backup(tmp_path / "all.dump")
    with psycopg.connect(database) as connection:
        connection.execute("set role dunwell_system; reset role; truncate secretive")
    restore(tmp_path / "all.dump", replace=True)
    assert _words(database) == ["one", "two"]


def test_data_is_not_replaced_unasked(database: str, tmp_path: Path) -> None:
    backup(tmp_path / "all.dump")
    with pytest.raises(CommandFailed, match="holds data already"):
        restore(tmp_path / "all.dump", replace=False)


def test_a_backup_is_not_overwritten(database: str, tmp_path: Path) -> None:
    (tmp_path / "all.dump").write_text("precious")
    with pytest.raises(CommandFailed, match="is there already"):
        backup(tmp_path / "all.dump")


def test_a_broken_backup_leaves_the_database_as_it_was(database: str, tmp_path: Path) -> None:
    backup(tmp_path / "all.dump")
    whole = (tmp_path / "all.dump").read_bytes()
    (tmp_path / "half.dump").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CommandFailed, match="pg_restore failed"):
        restore(tmp_path / "half.dump", replace=True)
    assert _words(database) == ["one", "two"]


def test_a_database_in_use_is_left_alone(database: str, tmp_path: Path) -> None:
    backup(tmp_path / "all.dump")
    with (
        psycopg.connect(database),
        pytest.raises(CommandFailed, match="in use"),
    ):
        restore(tmp_path / "all.dump", replace=True)
    assert _words(database) == ["one", "two"]
