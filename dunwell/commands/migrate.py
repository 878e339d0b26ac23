"""`dunwell migrate`: bring the database's tables up to this version."""

import argparse
import os
import sys

import psycopg
from django.core.management import call_command

NAME = "migrate"
HELP = "bring the database's tables up to this version"
NEEDS_DATABASE = True

_LOCK = 0x64756E77656C6C
"""Held while migrating, so that two processes that start together do not both try."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare no arguments."""


def run(options: argparse.Namespace) -> int:
    """Migrate and tell the steps on stderr."""
    migrate(verbosity=1)
    return 0


def migrate(*, verbosity: int = 0) -> None:
    """Apply the migrations that are missing, alone."""
    with psycopg.connect(os.environ["DUNWELL_DATABASE"], autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", (_LOCK,))
        call_command("migrate", interactive=False, verbosity=verbosity, stdout=sys.stderr)
