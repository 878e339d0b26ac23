"""Which PostgreSQL is used: your own by DATABASE_URL, else the embedded one in the data folder."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from dunwell.providers import postgres_embedded

LEAST_VERSION = 18

ONE_TIME_SQL = """\
CREATE ROLE {user} LOGIN CREATEDB PASSWORD '…';
CREATE ROLE {user}_system NOLOGIN;
GRANT {user}_system TO {user} WITH INHERIT FALSE, SET TRUE;
CREATE DATABASE {database} OWNER {user};
\\c {database}
CREATE EXTENSION vector; CREATE EXTENSION pg_trgm; CREATE EXTENSION unaccent;"""
"""What an administrator runs once on a server of their own (docs/how-to/own-postgresql.md)."""


class DatabaseUnusable(Exception):
    """The database of DATABASE_URL cannot be used; the text says why and what to do."""


@contextmanager
def connected(data_folder: Path) -> Iterator[None]:
    """Make the database available and export how to reach it, until the block ends.

    Sets DUNWELL_DATABASE (a libpq URL) and DUNWELL_POSTGRES_PROGRAMS (a folder with pg_dump and
    pg_restore) in the environment, where settings and child processes read them. Raises
    DatabaseUnusable or EmbeddedPostgresError.
    """
    url = os.environ.get("DATABASE_URL", "")
    if url:
        major = check_hosted(url)
        _export(url, _programs_for(major))
        yield
    else:
        with postgres_embedded.attach(data_folder) as attached:
            _export(attached.url, postgres_embedded.installed().folder)
            yield


def check_hosted(url: str) -> int:
    """Check version, role and extensions of a server of your own; give its major version."""
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            major = connection.info.server_version // 10000
            if major < LEAST_VERSION:
                raise DatabaseUnusable(
                    f"DATABASE_URL names a PostgreSQL {major}; Dunwell needs {LEAST_VERSION} or"
                    " newer."
                )
            problems = _problems(connection)
            sql = ONE_TIME_SQL.format(user=connection.info.user, database=connection.info.dbname)
    except psycopg.OperationalError as error:
        raise DatabaseUnusable(f"DATABASE_URL cannot be reached: {error}") from error
    if problems:
        raise DatabaseUnusable(
            f"The database of DATABASE_URL is not prepared: {'; '.join(problems)}. An"
            f" administrator runs this once:\n{sql}"
        )
    return major


def _problems(connection: psycopg.Connection) -> list[str]:
    user = connection.info.user
    row = connection.execute(
        """
        select rolsuper or rolbypassrls,
               exists (select from pg_roles where rolname = %(system)s)
                 and pg_has_role(current_user, %(system)s, 'SET')
                 and not pg_has_role(current_user, %(system)s, 'USAGE'),
               array(select name from unnest(array['vector', 'pg_trgm', 'unaccent']) as name
                     where name not in (select extname from pg_extension))
        from pg_roles where rolname = current_user
        """,
        {"system": f"{user}_system"},
    ).fetchone()
    if row is None:
        return [f"the role {user} is unknown"]
    privileged, may_choose_system, missing = row
    return [
        *([f"the role {user} is a superuser or bypasses row security"] if privileged else []),
        *([] if may_choose_system else [f"{user} cannot choose the role {user}_system"]),
        *(f"the extension {name} is missing" for name in missing),
    ]


def _programs_for(major: int) -> Path | None:
    """Find a pg_dump that is not older than the server."""
    wheel = postgres_embedded.installed()
    if major <= int(wheel.major):
        return wheel.folder
    found = shutil.which("pg_dump")
    return Path(found).parent if found else None


def _export(url: str, programs: Path | None) -> None:
    os.environ["DUNWELL_DATABASE"] = url
    if programs is not None:
        os.environ["DUNWELL_POSTGRES_PROGRAMS"] = str(programs)
