"""docs/add_a_mart.md, followed to the letter in a copy of the project."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.contracts.graph import build_order
from include.contracts.reader import read_catalog
from include.warehouse import seeds
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.schema import apply_schema
from tests.docs.document_blocks import write_files_of
from tests.sql_case_runner import CaseRunner, read_cases

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "add_a_mart.md"
MART = "mart.mart_won_deals_monthly"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a mart touches, with the document's files added."""
    copy = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "sql", copy / "sql")
    shutil.copy(ROOT / ".sqlfluff", copy)
    write_files_of(DOCUMENT, copy)
    return copy


@pytest.fixture(scope="module")
def runner(project: Path, house_target: ClickHouseTarget) -> Iterator[CaseRunner]:
    """The case runner on an engine that has the new table."""
    client = connect(house_target)
    catalog = read_catalog(project / "sql")
    apply_schema(client, catalog)
    seeds.load(client, catalog, project / "sql" / "seeds")
    yield CaseRunner(client, catalog, project / "sql")
    client.close()


def test_a_mart_is_three_new_files(project: Path) -> None:
    new = {
        path.relative_to(project)
        for path in project.rglob("*")
        if path.is_file() and not (ROOT / path.relative_to(project)).exists()
    }
    assert new == {
        Path("sql/mart/mart_won_deals_monthly.sql"),
        Path("sql/mart/mart_won_deals_monthly.yaml"),
        Path("tests/sql/mart/mart_won_deals_monthly.yaml"),
    }


def test_the_build_finds_the_new_mart_by_itself(project: Path) -> None:
    order = build_order(project / "sql", read_catalog(project / "sql"))
    assert order.index(MART) > order.index("core.core_deal")


@pytest.mark.engine
def test_the_cases_of_the_document_hold(runner: CaseRunner, project: Path) -> None:
    cases = read_cases(project / "tests" / "sql")
    assert [case.table for case in cases] == [MART] * 3
    for case in cases:
        assert not runner.difference(case)


def test_the_statement_of_the_document_passes_the_linter(project: Path) -> None:
    answer = subprocess.run(
        [Path(sys.executable).with_name("sqlfluff"), "lint", "--disable-progress-bar", "sql/mart"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stdout
