"""`dunwell restore FILE`: the database as it was when the backup was written."""

import argparse
import os
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from dunwell.commands import CommandFailed
from dunwell.commands.backup import call_program
from dunwell.commands.migrate import migrate

NAME = "restore"
HELP = "replace the database by a backup"
NEEDS_DATABASE = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the file to read."""
    parser.add_argument("file", type=Path, help="file written by dunwell backup")
    parser.add_argument(
        "--replace", action="store_true", help="replace a database that holds data already"
    )


def run(options: argparse.Namespace) -> int:
    """Restore, then bring the tables up to this version."""
    restore(options.file, replace=options.replace)
    migrate()
    return 0


def restore(file: Path, *, replace: bool) -> None:
    """Put the backup in place of the database, whole or not at all; raises CommandFailed.

    The backup is read into a new database, which then takes the other's name.
    """
    if not file.is_file():
        raise CommandFailed(f"there is no file {file}")
    url = os.environ["DUNWELL_DATABASE"]
    name = str(conninfo_to_dict(url)["dbname"])
    if not replace and _holds_tables(url):
        raise CommandFailed("the database holds data already; --replace puts the backup in place")
    draft = f"{name}_restoring"
    with psycopg.connect(make_conninfo(url, dbname="postgres"), autocommit=True) as connection:
        _execute(connection, "DROP DATABASE IF EXISTS {}", draft)
        _execute(connection, "CREATE DATABASE {}", draft)
        try:
            _read(file, url=make_conninfo(url, dbname=draft))
            _exchange(connection, draft=draft, name=name)
        finally:
            _execute(connection, "DROP DATABASE IF EXISTS {}", draft)


def _read(file: Path, *, url: str) -> None:
    call_program(
        "pg_restore", "--no-owner", "--single-transaction", "--exit-on-error", str(file), url=url
    )


def _exchange(connection: psycopg.Connection, *, draft: str, name: str) -> None:
    old = f"{name}_replaced"
    try:
        _execute(connection, "ALTER DATABASE {} RENAME TO {}", name, old)
    except psycopg.errors.ObjectInUse as error:
        raise CommandFailed(
            "the database is in use; stop Dunwell (serve, web, worker) and try again"
        ) from error
    _execute(connection, "ALTER DATABASE {} RENAME TO {}", draft, name)
    _execute(connection, "DROP DATABASE {}", old)


def _holds_tables(url: str) -> bool:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select exists (select from pg_tables where schemaname = 'public')"
        ).fetchone()
    return bool(row and row[0])


def _execute(connection: psycopg.Connection, statement: str, *names: str) -> None:
    query = sql.SQL(statement).format(*map(sql.Identifier, names))
    connection.execute(query)
