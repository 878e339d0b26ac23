"""Imports go down only, and the contracts that say so bite."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_LINT = "from importlinter.cli import lint_imports_command as lint; lint()"

VIOLATIONS = [
    ("core/money_from_above.py", "import dunwell.ledger"),
    ("core/impure.py", "import django"),
    ("ledger/upward.py", "import dunwell.chasing"),
    ("web/to_the_neighbour.py", "import dunwell.api"),
    ("chasing/names_a_provider.py", "import dunwell.providers"),
    ("providers/reaches_up.py", "import dunwell.tenancy"),
]


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _LINT, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Give a house with the floors and nothing on them."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for source in [ROOT / "dunwell", *(ROOT / "dunwell").iterdir()]:
        if (source / "__init__.py").exists():
            target = tmp_path / source.relative_to(ROOT)
            target.mkdir()
            (target / "__init__.py").touch()
    return tmp_path


def test_an_empty_house_is_in_order(copy: Path) -> None:
    assert _lint(copy).returncode == 0, _lint(copy).stdout


@pytest.mark.parametrize(("name", "line"), VIOLATIONS)
def test_an_import_that_goes_the_wrong_way_is_found(copy: Path, name: str, line: str) -> None:
    (copy / "dunwell" / name).write_text(f"{line}\n")
    done = _lint(copy)
    assert done.returncode != 0
    assert "BROKEN" in done.stdout
