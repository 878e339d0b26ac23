"""`dunwell import`: import a spreadsheet, look at what it would do, or undo an import."""

import argparse
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection

from dunwell.commands import CommandFailed
from dunwell.flows import imports
from dunwell.ledger.imports import files
from dunwell.ledger.models import Import
from dunwell.ledger.models.imports import KINDS
from dunwell.tenancy import clock, doors
from dunwell.tenancy.errors import DunwellError
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import SYSTEM_ACTOR, Actor, Role
from dunwell.tenancy.scope import organization_scope

NAME = "import"
HELP = "import customers, contacts, invoices or payments from CSV or XLSX"
NEEDS_DATABASE = True

_SHOWN = 20


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add = parser.add_argument
    add("file", nargs="?", type=Path, metavar="FILE", help="a CSV or XLSX file")
    add("--organization", required=True, metavar="SLUG")
    add("--kind", choices=KINDS, default="invoices")
    add("--currency", help="where the file names none (default: the organization's)")
    add(
        "--map",
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        help="take a field from a column, may be repeated; FIELD= leaves a field out",
    )
    add("--date-format", metavar="FORM", help="m/d/Y, d/m/Y or Y-m-d")
    add("--decimal", choices=(".", ","), help="the decimal mark of amounts")
    add("--dry-run", action="store_true", help="only tell what would be done")
    add("--valid-only", action="store_true", help="import the valid rows although others are not")
    add(
        "--sent",
        choices=("auto", "yes", "no"),
        help="whether invoices went out before (auto: those dated before today)",
    )
    add("--cadence", metavar="NAME", help="apply this cadence to invoices that name none")
    add("--default-cadence", action="store_true", help="apply the default cadence to them")
    add("--undo", type=UUID, metavar="ID", help="take back what an import made")


def run(options: argparse.Namespace) -> int:
    """Import or undo; the result on stdout, progress and errors on stderr.

    The exit status is 1 if nothing was imported or an undo refused rows.
    """
    if (options.file is None) == (options.undo is None):
        raise CommandFailed("give either a FILE or --undo ID")
    found = doors.by_slug(slug=options.organization)
    if found is None:
        raise CommandFailed(f"there is no organization “{options.organization}”")
    with organization_scope(found):
        organization = Organization.objects.select_related("default_owner").get()
        try:
            if options.undo is not None:
                return _undo(organization, options.undo)
            return _import(organization, options)
        except DunwellError as error:
            told = [f"{each.field}: {each.message}" for each in error.problems]
            raise CommandFailed("; ".join(told) or error.detail) from error


def _actor(organization: Organization) -> Actor:
    """Act for the organization's default owner, as tokens made on this machine do."""
    owner = organization.default_owner
    if owner is None:
        return SYSTEM_ACTOR
    return Actor(label=owner.name, member_id=owner.pk, role=Role(owner.role))


def _import(organization: Organization, options: argparse.Namespace) -> int:
    if not options.file.is_file():
        raise CommandFailed(f"there is no file {options.file}")
    with options.file.open("rb") as file:
        received = imports.receive(
            organization=organization,
            actor=_actor(organization),
            now=clock.now(organization),
            filename=options.file.name,
            file=file,
            kind=options.kind,
            mapping=_mapping(options.map),
            options=_chosen(options),
        )
    with _progress(received):
        done = imports.run(
            organization=organization,
            actor=_actor(organization),
            now=clock.now(organization),
            import_id=received.pk,
            dry_run=options.dry_run,
            inline_rows=None,
        )
    _tell(imports.describe(import_=done))
    return 0 if done.state == "done" else 1


def _mapping(pairs: list[str]) -> dict[str, str | None]:
    if wrong := [pair for pair in pairs if "=" not in pair]:
        raise CommandFailed(f"--map {wrong[0]}: write FIELD=COLUMN")
    split = (pair.partition("=") for pair in pairs)
    return {field: column or None for field, _sign, column in split}


def _chosen(options: argparse.Namespace) -> dict[str, Any]:
    names = ("currency", "date_format", "decimal", "valid_only", "sent", "cadence",
             "default_cadence")  # fmt: skip
    return {name: value for name in names if (value := getattr(options, name))}


@contextmanager
def _progress(import_: Import) -> Iterator[None]:
    """Write how far it is to stderr once a second, read on a connection of its own."""
    stop = threading.Event()
    organization_id, import_id = import_.organization_id, import_.pk

    def watch() -> None:
        told = ""
        with organization_scope(organization_id):
            while not stop.wait(1):
                row = Import.objects.values_list("rows_done", "rows", "counts").get(pk=import_id)
                text = f"{row[2].get('phase', '')} {row[0]:,} of {row[1]:,}"
                if text != told and row[2].get("phase"):
                    sys.stderr.write(f"{text}\n")
                    told = text
        connection.close()

    thread = threading.Thread(target=watch, name="progress")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _tell(told: Mapping[str, Any]) -> None:
    """Write the result: one fact a line."""
    for problem in told["invalid"][:_SHOWN]:
        sys.stderr.write(f"row {problem['row']}, {problem['field']}: {problem['message']}\n")
    if len(told["invalid"]) > _SHOWN:
        sys.stderr.write(f"… all errors: {files.errors(UUID(told['id']))}\n")
    if told["problem"]:
        sys.stderr.write(f"{told['problem']}\n")
    if told["data_set"]:
        print(f"data set      {told['data_set']} (guessed by its headers)")
    columns = ", ".join(f"{field}={where['column']}" for field, where in told["mapping"].items())
    print(f"columns       {columns}")
    if told["unknown_columns"]:
        print(f"not imported  {', '.join(told['unknown_columns'])}")
    print(f"import        {told['id']}{' (dry run)' if told['dry_run'] else ''}")
    for name in ("state", "rows", "valid"):
        print(f"{name:<13} {told[name]}")
    print(f"invalid       {told['invalid_rows']}")
    for name in ("created", "updated", "unchanged"):
        print(f"{name:<13} {told[name]}")
    for name, value in told["counts"].items():
        if name != "phase" and value:
            print(f"{name.replace('_', ' '):<13} {value}")


def _undo(organization: Organization, import_id: UUID) -> int:
    report = imports.undo(
        organization=organization,
        actor=_actor(organization),
        now=clock.now(organization),
        import_id=import_id,
    )
    for row in report["refused"]:
        sys.stderr.write(f"row {row['row']}, {row['table']} {row['label']}: {row['reason']}\n")
    print(f"undone        {report['undone']}")
    print(f"refused       {report['refused_rows']}")
    return 1 if report["refused_rows"] else 0
