"""Short ways to import a few lines of text."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dunwell.flows import imports
from dunwell.ledger.models import Import
from dunwell.tenancy.models import Organization
from tests.ledger.conftest import Desk

SHARED = Path(__file__).parents[4] / "shared" / "data" / "receivables"


@dataclass
class Importer:
    """Imports text or bytes for a desk."""

    desk: Desk

    @property
    def organization(self) -> Organization:
        return self.desk.organization

    def start(self, content: str | bytes, kind: str = "invoices", **given: Any) -> Import:
        data = content.encode() if isinstance(content, str) else content
        filename = given.pop("filename", "file.csv")
        return imports.start(
            **self.desk.here,
            filename=filename,
            file=io.BytesIO(data),
            kind=kind,
            inline_rows=None,
            **given,
        )

    def told(self, content: str | bytes, kind: str = "invoices", **given: Any) -> dict[str, Any]:
        return imports.describe(import_=self.start(content, kind, **given))

    def undo(self, import_: Import) -> dict[str, Any]:
        return imports.undo(**self.desk.here, import_id=import_.pk)


@pytest.fixture
def importer(desk: Desk, settings: Any, tmp_path: Path) -> Importer:
    settings.DATA = tmp_path
    return Importer(desk)


def real(name: str) -> Path:
    """Give a real file; the test is skipped where it is absent."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"needs the real file ../shared/data/receivables/{name}")
    return path


def problems(told: dict[str, Any]) -> list[tuple[int, str]]:
    """Give where an import found errors."""
    return [(problem["row"], problem["field"]) for problem in told["invalid"]]
