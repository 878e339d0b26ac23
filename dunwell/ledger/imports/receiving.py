"""Takes in a file: keeps it, looks at it, guesses its mapping."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final
from uuid import UUID

from django.utils.translation import gettext as _

from dunwell.core.errors import CoreError
from dunwell.core.ids import uuid7
from dunwell.core.money import CURRENCIES
from dunwell.ledger.checks import sentence
from dunwell.ledger.imports import fields, files
from dunwell.ledger.imports.analysis import analyze
from dunwell.ledger.imports.mapping import as_json, resolve
from dunwell.ledger.models import Import
from dunwell.ledger.models.imports import KINDS
from dunwell.tenancy.errors import Conflict, InvalidInput, NotFound
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor

OPTIONS: Final = (
    *("currency", "date_format", "decimal", "valid_only", "sent", "cadence", "default_cadence"),
    *("encoding", "delimiter", "sheet"),
)
_ENCODINGS: Final = ("", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")


def receive(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    filename: str,
    file: IO[bytes],
    kind: str,
    mapping: Mapping[str, Any],
    options: Mapping[str, Any],
) -> Import:
    """Keep an uploaded file and analyze it; nothing is imported yet.

    Raises InvalidInput for an unknown kind or option, an empty, too large or unreadable file
    (field `file`, naming the line where its encoding breaks), and a mapping that does not fit.
    """
    if kind not in KINDS:
        raise InvalidInput.at("kind", _("Choose one of: %(k)s.") % {"k": ", ".join(KINDS)})
    chosen = _checked(options)
    import_id = uuid7()
    try:
        size = files.keep(import_id, file)
        analysis = _analysis(import_id, chosen)
        mapped = resolve(kind=kind, analysis=analysis, given=mapping, options=chosen)
    except BaseException:
        files.forget(import_id)
        raise
    return Import.objects.create(
        id=import_id,
        organization=organization,
        kind=kind,
        filename=filename[-255:] or "upload",
        size=size,
        analysis={**analysis, "data_set": fields.data_set(_headers(analysis))},
        mapping=as_json(mapped),
        options=chosen,
        rows=analysis["rows"],
        created_at=now,
        created_by=actor.label[:200],
        member_id=actor.member_id,
    )


def remap(*, import_id: UUID, mapping: Mapping[str, Any], options: Mapping[str, Any]) -> Import:
    """Change mapping and options of an import that has not run. Raises NotFound, Conflict.

    Also InvalidInput for what does not fit the file.
    """
    import_ = waiting(import_id=import_id)
    chosen = _checked(options)
    import_.mapping = as_json(
        resolve(kind=import_.kind, analysis=import_.analysis, given=mapping, options=chosen)
    )
    import_.options = chosen
    import_.save(update_fields=["mapping", "options"])
    return import_


def discard(*, import_id: UUID) -> None:
    """Forget an import that could not even start, with its file."""
    Import.objects.filter(pk=import_id, entries__isnull=True).delete()
    files.forget(import_id)


def choose(*, import_id: UUID, valid_only: bool) -> Import:
    """Say whether the valid rows are imported although others are not. NotFound, Conflict."""
    import_ = waiting(import_id=import_id)
    import_.options = {**import_.options, "valid_only": valid_only}
    import_.save(update_fields=["options"])
    return import_


def error_list(*, import_id: UUID) -> Path | None:
    """Find the file with all errors of an import's rows; None once it is gone. NotFound."""
    path = files.errors(find(import_id=import_id).pk)
    return path if path.exists() else None


def find(*, import_id: UUID) -> Import:
    """Find an import of the organization. Raises NotFound."""
    found = Import.objects.filter(pk=import_id).first()
    if found is None:
        raise NotFound
    return found


def waiting(*, import_id: UUID) -> Import:
    """Find an import that may still run: not running, not done, not undone. NotFound, Conflict."""
    import_ = find(import_id=import_id)
    if import_.state == "done" and not import_.dry_run:
        raise Conflict(_("This import is already done."))
    return import_


def _analysis(import_id: UUID, options: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return analyze(
            files.upload(import_id),
            encoding=options.get("encoding", ""),
            delimiter=options.get("delimiter", ""),
            sheet=options.get("sheet", ""),
        )
    except CoreError as error:
        raise InvalidInput.at("file", sentence(error)) from error


def _headers(analysis: Mapping[str, Any]) -> list[str]:
    return [column["header"] for column in analysis["columns"]]


def _checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """Check the options; what is empty is as if it were not given."""
    given = {name: value for name, value in options.items() if value not in (None, "")}
    for name in given:
        if name not in OPTIONS:
            raise InvalidInput.at(f"options.{name}", _("There is no such option."))
    if given.get("currency", "EUR") not in CURRENCIES:
        raise InvalidInput.at("options.currency", _("This is not a currency in use."))
    allowed = (
        ("sent", ("auto", "yes", "no")),
        ("decimal", (".", ",")),
        ("encoding", _ENCODINGS),
    )
    for name, values in allowed:
        if name in given and given[name] not in values:
            message = _("Choose one of: %(k)s.") % {"k": ", ".join(values)}
            raise InvalidInput.at(f"options.{name}", message)
    if len(given.get("delimiter", ",")) != 1:
        raise InvalidInput.at("options.delimiter", _("The delimiter is one character."))
    return given
