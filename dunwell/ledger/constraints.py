"""Turns a refusal of the database into the error a person reads."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from dunwell.tenancy.errors import DunwellError


@contextmanager
def refusals(errors: Mapping[str, DunwellError]) -> Iterator[None]:
    """Raise the error that belongs to a violated constraint; the transaction stays usable."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        name = constraint_of(error)
        if name not in errors:
            raise
        raise errors[name] from error


def constraint_of(error: IntegrityError) -> str:
    """Name the constraint that was violated."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""
