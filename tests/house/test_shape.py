"""What must be true of every file of the package."""

import ast
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "dunwell"
FILE_LINES = 400
FUNCTION_LINES = 50
SOURCES = sorted(
    path for path in PACKAGE.rglob("*.py") if not {"migrations", "__pycache__"} & set(path.parts)
)
STATE_MACHINES: dict[str, str] = {}
"""Functions that may be longer, as "file::function", with the reason: one linear story each."""


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_a_file_is_short_enough_to_know(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_a_function_is_short_enough_to_see(path: Path) -> None:
    long = [
        f"{function.name}: {_lines(function)} lines"
        for function in _functions(path)
        if _lines(function) > FUNCTION_LINES
        and f"{_name(path)}::{function.name}" not in STATE_MACHINES
    ]
    assert long == []


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_a_file_is_not_named_for_nothing(path: Path) -> None:
    assert path.stem not in {"utils", "helpers", "services", "managers", "common", "misc"}


CORE = [path for path in SOURCES if path.is_relative_to(PACKAGE / "core")]


@pytest.mark.parametrize("path", CORE, ids=_name)
def test_core_imports_the_standard_library_only(path: Path) -> None:
    names = {
        name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _imported(node)
    }
    foreign = {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names}
    assert {name for name in foreign if not name.startswith("dunwell.core")} == set()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [str(node.module)] if isinstance(node, ast.ImportFrom) else []


BELOW_THE_DOORS = [
    path
    for path in SOURCES
    if path.relative_to(PACKAGE).parts[0]
    in {"core", "ports", "ledger", "inbox", "chasing", "overview"}
]
CLOCKS = {"now", "utcnow", "today", "localdate", "localtime"}


@pytest.mark.parametrize("path", BELOW_THE_DOORS, ids=_name)
def test_below_the_doors_nobody_asks_the_clock(path: Path) -> None:
    asked = [
        f"line {node.lineno}: {ast.unparse(node.func)}()"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCKS
        and ast.unparse(node.func.value) in {"datetime", "date", "timezone", "datetime.datetime"}
    ]
    assert asked == []


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    said = io.StringIO()
    try:
        call_command("makemigrations", "--check", "--dry-run", stdout=said, verbosity=1)
    except SystemExit:
        pytest.fail(said.getvalue())
