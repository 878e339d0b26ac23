"""Making the cluster, and the roles, database and extensions in it."""

import os
import shutil
import subprocess
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from dunwell.providers.postgres_embedded.binaries import Binaries
from dunwell.providers.postgres_embedded.errors import (
    EmbeddedPostgresError,
    NoAccount,
    StartFailed,
    WrongMajorVersion,
)
from dunwell.providers.postgres_embedded.identity import Identity, with_account
from dunwell.providers.postgres_embedded.room import PORT, Room

SUPERUSER = "postgres"
_PREPARED = "1"

ROLES_AND_DATABASE = (
    "CREATE ROLE dunwell LOGIN CREATEDB",
    "CREATE ROLE dunwell_system NOLOGIN",
    "GRANT dunwell_system TO dunwell WITH INHERIT FALSE, SET TRUE",
    "CREATE DATABASE dunwell OWNER dunwell",
)
EXTENSIONS = ("vector", "pg_trgm", "unaccent")


def environment() -> dict[str, str]:
    """Give the environment for the programs: without the caller's PG* settings and locale."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def check_major(room: Room, *, binaries: Binaries) -> None:
    """Raise WrongMajorVersion where another major version wrote the cluster."""
    version = room.cluster / "PG_VERSION"
    if version.exists() and (found := version.read_text().strip()) != binaries.major:
        raise WrongMajorVersion(folder=room.cluster, found=found, programs=binaries.major)


def create(room: Room, *, binaries: Binaries, durable: bool) -> None:
    """Make the cluster, whole or not at all (an interrupted try leaves a draft, removed here)."""
    # Beside the room, which initdb's borrowed account cannot enter.
    draft = room.folder.with_name("postgres.new")
    if draft.exists():
        shutil.rmtree(draft)
    draft.mkdir(mode=0o700)
    account = with_account(room.identity) if room.identity.dropped else room.identity
    _give(draft, account)
    done = _initdb(draft, account=account, binaries=binaries, durable=durable)
    if done.returncode != 0:
        raise _no_account_or_other(room, said=done.stderr)
    _give_tree(draft, room.identity)
    draft.rename(room.cluster)


def _no_account_or_other(room: Room, *, said: str) -> EmbeddedPostgresError:
    if "could not look up effective user ID" in said:
        return NoAccount(uid=room.identity.uid)
    return StartFailed(log=room.log, tail=said)


def _initdb(
    draft: Path, *, account: Identity, binaries: Binaries, durable: bool
) -> subprocess.CompletedProcess[str]:
    arguments = [
        binaries.program("initdb"),
        f"--pgdata={draft}",
        f"--username={SUPERUSER}",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        # Only who can enter the 0700 folder of the socket gets this far; there is no network.
        "--auth-local=trust",
        "--auth-host=reject",
        "--no-instructions",
        *([] if durable else ["--no-sync"]),
    ]
    return subprocess.run(
        arguments,
        cwd=draft,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        umask=0o077,
        user=account.user,
        group=account.group,
        extra_groups=account.extra_groups,
    )


def superuser_conninfo(*, socket_dir: Path, database: str = "postgres") -> str:
    """Give the connection string of the superuser."""
    return make_conninfo(
        host=str(socket_dir), port=PORT, user=SUPERUSER, dbname=database, connect_timeout=10
    )


def prepare(room: Room, *, socket_dir: Path) -> None:
    """Make roles, database and extensions once; `prepared` remembers that it is done."""
    if room.prepared.exists() and room.prepared.read_text() == _PREPARED:
        return
    # template1 first, so that our database and every test database are born with them.
    for database in ("template1", "dunwell"):
        if database == "dunwell":
            _make_roles_and_database(socket_dir)
        with _connect(socket_dir, database) as connection:
            for extension in EXTENSIONS:
                connection.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}".encode())
    room.prepared.write_text(_PREPARED)
    _give(room.prepared, room.identity)


def _make_roles_and_database(socket_dir: Path) -> None:
    with _connect(socket_dir, "postgres") as connection:
        for statement in ROLES_AND_DATABASE:
            try:
                connection.execute(statement.encode())
            except (psycopg.errors.DuplicateObject, psycopg.errors.DuplicateDatabase):
                continue  # made by a start that was interrupted before it was remembered


def _connect(socket_dir: Path, database: str) -> psycopg.Connection[TupleRow]:
    conninfo = superuser_conninfo(socket_dir=socket_dir, database=database)
    return psycopg.connect(conninfo, autocommit=True)


def _give(path: Path, identity: Identity) -> None:
    if identity.dropped:
        os.chown(path, identity.uid, identity.gid)


def _give_tree(folder: Path, identity: Identity) -> None:
    if identity.dropped:
        for parent, _, names in os.walk(folder):
            _give(Path(parent), identity)
            for name in names:
                _give(Path(parent) / name, identity)
