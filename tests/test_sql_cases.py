"""Every statement of ``sql/`` against its cases; a table without a case is not finished."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from include.contracts.reader import read_catalog
from include.warehouse import seeds
from include.warehouse.client import ClickHouseTarget, connect
from tests.sql_case_runner import Case, CaseRunner, read_cases

ROOT = Path(__file__).resolve().parent.parent
SQL_ROOT = ROOT / "sql"
CASES = read_cases(ROOT / "tests" / "sql")
_SENTENCE = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+){2,}")

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def runner(house_target: ClickHouseTarget) -> Iterator[CaseRunner]:
    client = connect(house_target)
    catalog = read_catalog(SQL_ROOT)
    seeds.load(client, catalog, SQL_ROOT / "seeds")
    yield CaseRunner(client, catalog, SQL_ROOT)
    client.close()


@pytest.mark.parametrize("case", CASES, ids=[case.label for case in CASES])
def test_the_statement_makes_exactly_the_expected_rows(runner: CaseRunner, case: Case) -> None:
    difference = runner.difference(case)
    assert not difference, f"\n{difference}"


def _statements_of_tables() -> set[str]:
    """Those with a contract beside them; the rest are questions of a command over a user's data."""
    return {
        f"{path.parent.name}.{path.stem}"
        for path in SQL_ROOT.glob("*/*.sql")
        if path.with_suffix(".yaml").is_file()
    }


def test_every_statement_has_a_case() -> None:
    statements = _statements_of_tables()
    bare = sorted(statements - {case.table for case in CASES})
    assert not bare, f"write tests/sql/<layer>/<table>.yaml for: {', '.join(bare)}"


def test_every_case_belongs_to_a_statement() -> None:
    statements = _statements_of_tables()
    lost = sorted({case.table for case in CASES} - statements)
    assert not lost, f"remove these cases, or name them after their table: {', '.join(lost)}"


def test_case_names_are_sentences_and_distinct() -> None:
    labels = [case.label for case in CASES]
    repeated = sorted({label for label in labels if labels.count(label) > 1})
    assert not repeated, f"two cases share a name: {', '.join(repeated)}"
    short = [case.label for case in CASES if not _SENTENCE.fullmatch(case.name)]
    assert not short, f"say in the name what holds, as_a_sentence: {', '.join(short)}"


def test_a_case_that_does_not_hold_says_which_row_differs(runner: CaseRunner) -> None:
    held = next(case for case in CASES if case.table == "core.core_person" and case.expect)
    wrong = [{**held.expect[0], held.columns[0]: "nobody"}, *held.expect[1:]]
    difference = runner.difference(replace(held, expect=wrong))
    assert "- missing    {person_key: nobody" in difference
    assert "+ unexpected {person_key: p1" in difference


def test_a_case_that_gives_an_unknown_column_is_refused(runner: CaseRunner) -> None:
    held = next(case for case in CASES if case.table == "core.core_person" and case.expect)
    given = {"core.core_person_link": [{"person_kee": "p1"}]}
    with pytest.raises(ValueError, match="has no column person_kee"):
        runner.difference(replace(held, given=given))
