"""Checks a file and, if it is not only a preview, writes it batch by batch."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from dunwell.core.errors import CoreError
from dunwell.ledger.checks import sentence
from dunwell.ledger.imports import files, staging
from dunwell.ledger.imports.contacts import Contacts
from dunwell.ledger.imports.customers import Customers
from dunwell.ledger.imports.invoices import Invoices
from dunwell.ledger.imports.mapping import from_json, require_complete
from dunwell.ledger.imports.payments import Payments
from dunwell.ledger.imports.problems import Problems
from dunwell.ledger.imports.work import BATCH, Kind, Tally, Work
from dunwell.ledger.models import Import
from dunwell.tenancy import events
from dunwell.tenancy.errors import DunwellError

_KINDS: Final[Mapping[str, Callable[[Work], Kind]]] = {
    "customers": Customers,
    "contacts": Contacts,
    "invoices": Invoices,
    "payments": Payments,
}
_PAYMENTS_AT_ONCE: Final = 200
"""Payments lock invoices that senders wait for, so their batches are small."""


def preview(*, work: Work) -> None:
    """Find out what an import would do, without doing it. Raises InvalidInput as `run` does."""
    _start(work, dry_run=True)
    with _staged(work) as (kind, problems):
        _finish(work, kind.tally(), problems, state="done")


def run(*, work: Work) -> None:
    """Do an import: all valid rows, or none if a row is invalid and the option does not allow it.

    Each batch commits with its progress. An import that died half-way is taken up by running it
    again: what was written before is found unchanged. Raises InvalidInput while the mapping has
    open questions.
    """
    _start(work, dry_run=False)
    with _staged(work) as (kind, problems):
        tally = kind.tally()
        if problems.rows and not work.import_.options.get("valid_only"):
            tally = Tally(counts={**tally.counts, "customers_created": 0, "marked_sent": 0})
            told = _("Nothing was imported, because some rows are invalid.")
            _finish(work, tally, problems, state="failed", problem=told)
            return
        size = _PAYMENTS_AT_ONCE if work.import_.kind == "payments" else BATCH
        done = 0
        for after, through, count in staging.bounds(size):
            done += count
            with transaction.atomic():
                kind.write(after=after, through=through)
                _progress(work, phase="writing", rows=done)
        _finish(work, tally, problems, state="done")


@contextmanager
def _staged(work: Work) -> Iterator[tuple[Kind, Problems]]:
    """Give the file staged and checked; what goes wrong marks the import as failed."""
    kind = _KINDS[work.import_.kind](work)
    problems = Problems(files.errors(work.import_.pk))
    try:
        staging.load(
            work=work,
            kind=kind,
            problems=problems,
            progress=lambda rows: _progress(work, phase="reading", rows=rows),
        )
        kind.check()
        staging.refresh_statistics()
        staging.gather(problems)
        yield kind, problems
    except (CoreError, DunwellError) as error:
        told = sentence(error) if isinstance(error, CoreError) else error.detail
        _store(work, state="failed", problem=told, finished_at=work.now)
        raise
    except BaseException:
        _store(work, state="failed", problem=_("The import broke off; run it again."))
        raise
    finally:
        problems.close()
        staging.drop()


def require_ready(*, work: Work) -> None:
    """Refuse an import whose mapping lacks a field or has an open question: InvalidInput."""
    require_complete(kind=work.import_.kind, mapped=from_json(work.import_.mapping))


def _start(work: Work, *, dry_run: bool) -> None:
    require_ready(work=work)
    _store(
        work,
        state="running",
        dry_run=dry_run,
        started_at=work.now,
        rows_done=0,
        problem="",
        counts={"phase": "reading"},
    )


def _progress(work: Work, *, phase: str, rows: int) -> None:
    _store(work, rows_done=rows, counts={"phase": phase})


def _finish(work: Work, tally: Tally, problems: Problems, *, state: str, problem: str = "") -> None:
    invalid = problems.close()
    with transaction.atomic():
        _store(
            work,
            state=state,
            problem=problem,
            invalid=invalid,
            invalid_rows=problems.rows,
            valid=work.import_.rows - problems.rows,
            rows_done=work.import_.rows,
            created=tally.created,
            updated=tally.updated,
            unchanged=tally.unchanged,
            counts=tally.counts,
            finished_at=work.now,
        )
        if not work.import_.dry_run:
            _tell(work)


def _tell(work: Work) -> None:
    import_ = work.import_
    data = {
        name: getattr(import_, name)
        for name in ("kind", "filename", "state", "rows", "valid", "created", "updated")
    }
    events.emit(kind="import.finished", at=work.now, data={"id": str(import_.pk), **data})
    events.audit(
        actor=work.actor,
        at=work.now,
        action="import.finished",
        object_type="import",
        object_id=import_.pk,
        changes={"created": [0, import_.created], "updated": [0, import_.updated]},
    )


def _store(work: Work, **columns: Any) -> None:
    for name, value in columns.items():
        setattr(work.import_, name, value)
    Import.objects.filter(pk=work.import_.pk).update(**columns)
