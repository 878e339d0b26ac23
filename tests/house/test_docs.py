"""What the documentation says of commands, files and settings is there."""

import re
from pathlib import Path

import pytest

from dunwell import commands

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
COMMAND = re.compile(r"(?:\./run |`)dunwell ([a-z]+(?: create)?)")
RUN = re.compile(r"\./run ([a-z]+)")
PROOF = re.compile(r"\./run proof ([a-z_]+)")
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")
VARIABLE = re.compile(r"\b(?:DUNWELL_[A-Z_]+[A-Z]|DATABASE_URL|PROMETHEUS_MULTIPROC_DIR)\b")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_a_command_that_is_named_exists(page: Path) -> None:
    known = {command.name for command in commands.discover()}
    assert set(COMMAND.findall(page.read_text(encoding="utf-8"))) - known == set()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_run_knows_what_it_is_told(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert set(RUN.findall(text)) <= {"demo", "test", "proof", "dunwell"}
    proofs = {path.stem for path in (ROOT / "bench").glob("*.py")}
    assert set(PROOF.findall(text)) - proofs == set()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_a_link_leads_to_a_file(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_command_is_described() -> None:
    page = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")
    assert [c.name for c in commands.discover() if f"dunwell {c.name}" not in page] == []


def test_every_setting_is_described_and_every_described_one_exists() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    sources = [*(ROOT / "dunwell").rglob("*.py"), ROOT / "run"]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    read = set(re.findall(r"environ(?:\.get)?[\[(]\s*\"([A-Z_]+)\"", code))
    ours = {name for name in read if VARIABLE.fullmatch(name)}
    assert ours - set(VARIABLE.findall(page)) == set()
    assert {name for name in VARIABLE.findall(page) if name not in code} == set()


def test_every_reason_is_described() -> None:
    from dunwell.core.outcomes import Reason

    page = (ROOT / "docs/reference/chasing.md").read_text(encoding="utf-8")
    later = {Reason.FOLDED, Reason.RESCHEDULED, Reason.NO_PHONE_NUMBER, Reason.NO_POSTAL_ADDRESS}
    assert [reason for reason in set(Reason) - later if f"`{reason}`" not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_a_page_is_in_the_index(page: Path) -> None:
    if "docs/" not in _name(page) or page.name == "index.md":
        return
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    assert str(page.relative_to(ROOT / "docs")) in index
