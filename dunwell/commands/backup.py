"""`dunwell backup FILE` and, with it, how PostgreSQL's programs are called."""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from dunwell.commands import CommandFailed

NAME = "backup"
HELP = "write the whole database to a file"
NEEDS_DATABASE = True

_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the file to write."""
    parser.add_argument("file", type=Path, help="file to write; it must not exist yet")


def run(options: argparse.Namespace) -> int:
    """Write the backup; the file appears whole or not at all."""
    backup(options.file)
    key = Path(os.environ["DUNWELL_DATA"]) / "secret.key"
    sys.stderr.write(f"Written: {options.file}. Keep {key} with it: it opens stored secrets.\n")
    return 0


def backup(file: Path) -> None:
    """Write the whole database to `file`; raises CommandFailed."""
    if file.exists():
        raise CommandFailed(f"{file} is there already")
    if not file.absolute().parent.is_dir():
        raise CommandFailed(f"there is no folder {file.absolute().parent}")
    database = os.environ["DUNWELL_DATABASE"]
    user = conninfo_to_dict(database)["user"]
    draft = file.with_name(f"{file.name}.part")
    draft.touch(mode=0o600)
    try:
        call_program(
            "pg_dump",
            "--format=custom",
            "--no-owner",
            "--no-comments",
            # The owner sees no row under forced row security; the system role sees all.
            f"--role={user}_system",
            "--enable-row-security",
            f"--file={draft}",
            url=database,
        )
        draft.rename(file)
    finally:
        draft.unlink(missing_ok=True)


def call_program(name: str, *options: str, url: str) -> None:
    """Run pg_dump or pg_restore on the database of `url`; raises CommandFailed."""
    program = shutil.which(name, path=os.environ.get("DUNWELL_POSTGRES_PROGRAMS"))
    program = program or shutil.which(name)
    if program is None:
        raise CommandFailed(f"{name} was not found; install PostgreSQL's client programs")
    parts = conninfo_to_dict(url)
    # By environment, where a password does not show in the list of processes.
    known = {_VARIABLES[k]: str(v) for k, v in parts.items() if k in _VARIABLES}
    done = subprocess.run(
        [program, *options, f"--dbname={parts['dbname']}"],
        env={**os.environ, **known},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise CommandFailed(f"{name} failed: {done.stderr.strip()}")
