"""docs/add_a_source.md, followed to the letter in a copy of the project."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.document_blocks import write_files_of

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "add_a_source.md"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a source touches, with the document's files added."""
    copy = tmp_path_factory.mktemp("project")
    without_caches = shutil.ignore_patterns("__pycache__")
    for folder in ("include", "sql", "tests/connectors", "tests/house"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=without_caches)
    shutil.copy(ROOT / "pyproject.toml", copy)
    write_files_of(DOCUMENT, copy)
    return copy


def run_in(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module of the environment in the copy."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def test_a_source_is_three_new_files(project: Path) -> None:
    new = {
        path.relative_to(project)
        for path in project.rglob("*")
        if path.is_file() and not (ROOT / path.relative_to(project)).exists()
    }
    assert new == {
        Path("include/connectors/frankfurter.py"),
        Path("sql/raw/raw_frankfurter__exchange_rate.yaml"),
        Path("tests/connectors/test_frankfurter.py"),
    }


def test_the_documents_own_tests_and_the_house_rules_hold(project: Path) -> None:
    answer = run_in(
        project,
        *("pytest", "-q", "--noconftest", "tests/connectors/test_frankfurter.py"),
        *("tests/house/test_sources.py", "tests/house/test_layers.py"),
    )
    assert answer.returncode == 0, answer.stdout[-3000:]


def test_the_source_is_found_without_an_edit(project: Path) -> None:
    code = "from include.ingestion.sources import discover_connectors as d; print(*d())"
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    assert "frankfurter" in answer.stdout.split()


def test_the_documents_code_passes_the_linter(project: Path) -> None:
    files = ("include/connectors/frankfurter.py", "tests/connectors/test_frankfurter.py")
    for command in (("check",), ("format", "--check")):
        answer = run_in(project, "ruff", *command, *files)
        assert answer.returncode == 0, answer.stdout
