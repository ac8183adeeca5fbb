"""Every check the project's contracts state can really run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from include.contracts.model import Catalog
from include.contracts.reader import read_catalog
from include.quality.validation import CheckResult, validate
from include.warehouse.client import ClickHouseTarget


@pytest.fixture(scope="module")
def catalog(project_root: Path) -> Catalog:
    """The project's own contracts."""
    return read_catalog(project_root / "sql")


@pytest.fixture(scope="module")
def results(house_target: ClickHouseTarget, catalog: Catalog) -> dict[tuple[str, str], CheckResult]:
    """Results of all built tables while they hold no row, by table and check id."""
    built = [table for table in catalog if table.path.with_suffix(".sql").exists()]
    found = validate(house_target, [(table, table.full_name) for table in built], lambda sql: sql)
    return {(item.table, item.check_id): item for item in found}


def test_every_check_of_every_contract_runs(
    results: dict[tuple[str, str], CheckResult], catalog: Catalog
) -> None:
    expected = {
        (table.full_name, check.id)
        for table in catalog
        if table.path.with_suffix(".sql").exists()
        for check in table.all_checks
    }
    assert expected
    assert expected <= results.keys()
    stopped = {
        f"{table} {check}": item.observed
        for (table, check), item in results.items()
        if "error" in json.loads(item.observed)
    }
    assert stopped == {}, "these checks cannot run: correct them in the contracts"


def test_empty_tables_break_only_promises_about_rows(
    results: dict[tuple[str, str], CheckResult], catalog: Catalog
) -> None:
    forms = {
        (table.full_name, check.id): check.form for table in catalog for check in table.all_checks
    }
    failed = {key for key, item in results.items() if not item.success}
    assert {forms[key] for key in failed} <= {"row_count_between"}
