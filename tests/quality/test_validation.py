"""The gate: it reads the candidate, stays shut on any doubt, and repeats no value."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from include.contracts import ddl
from include.contracts.model import Table
from include.contracts.reader import read_catalog
from include.quality.suites import unexpected_rows_query
from include.quality.validation import (
    NOTHING_CHECK,
    CheckResult,
    QualityFailed,
    require,
    store,
    validate,
)
from include.warehouse.client import ClickHouseTarget

ALL_CHECKS = {
    "columns_match_contract",
    "grain_is_unique",
    "every_lead_has_a_deal",
    "has_rows",
    "lead_id_not_null",
    "lead_id_unique",
    "contact_matches",
    "channel_not_null",
    "channel_in",
    "lead_date_between",
    "created_at_between",
    "revenue_amount_between",
    "is_won_in",
}


def test_a_good_candidate_passes_every_check_although_its_live_table_is_bad(audit: Any) -> None:
    results = audit.of("core_good")
    assert set(results) == ALL_CHECKS
    assert [item for item in results.values() if not item.success] == []
    require(list(results.values()))


def test_a_bad_candidate_fails_with_counts_although_its_live_table_is_good(audit: Any) -> None:
    results = audit.of("core_bad")
    failed = {name: item.unexpected_count for name, item in results.items() if not item.success}
    assert failed == {
        "grain_is_unique": 1,
        "every_lead_has_a_deal": 4,
        "has_rows": 0,
        "lead_id_unique": 2,
        "contact_matches": 4,
        "channel_not_null": 1,
        "channel_in": 2,
        "lead_date_between": 1,
        "created_at_between": 1,
        "revenue_amount_between": 1,
        "is_won_in": 1,
    }
    assert json.loads(results["has_rows"].observed) == {"observed_value": 4}


def test_an_empty_candidate_fails_only_where_rows_are_promised(audit: Any) -> None:
    results = audit.of("core_empty")
    assert set(results) == ALL_CHECKS
    assert [item.check_id for item in results.values() if not item.success] == ["has_rows"]


def test_the_gate_names_every_failed_check_and_what_to_do_and_no_warning(audit: Any) -> None:
    with pytest.raises(QualityFailed) as caught:
        require(audit.results)
    message = str(caught.value)
    for item in audit.results:
        named = f"{item.table} {item.check_id}"
        expected = not item.success and item.severity == "fail"
        assert bool(re.search(rf"{re.escape(named)}\b", message)) == expected, named
    assert "4 unexpected" in message
    assert "What to do" in message
    assert "core.core_bad contact_matches" in message.splitlines()[0]


def test_a_warning_alone_leaves_the_gate_open() -> None:
    require([CheckResult("core.a", "x", "warn", False, 3, "{}", "X.")])


def test_a_check_that_raises_counts_as_failed(audit: Any) -> None:
    results = audit.of("core_broken")
    assert set(results) == ALL_CHECKS
    broken = results["revenue_amount_between"]
    assert not broken.success
    assert json.loads(broken.observed)["error"] == "the check could not run"
    assert json.loads(broken.observed)["clickhouse_code"] == 6
    assert results["lead_id_not_null"].success, "checks of other columns still ran"


def test_a_missing_candidate_fails_every_check(audit: Any) -> None:
    results = audit.of("core_missing")
    assert set(results) == ALL_CHECKS
    assert not any(item.success for item in results.values())


def test_a_column_of_another_type_fails(audit: Any) -> None:
    failed = [item for item in audit.of("core_other_type").values() if not item.success]
    assert [item.check_id for item in failed] == ["columns_match_contract"]
    assert "is_won" in failed[0].description


def test_no_value_and_no_secret_is_in_results_errors_prints_or_logs(audit: Any) -> None:
    with pytest.raises(QualityFailed) as caught:
        require(audit.results)
    said = "\n".join([str(audit.results), str(caught.value), repr(caught.value), audit.printed])
    for private in (*audit.private, "other"):
        assert private not in said.replace("core_other_type", ""), private
    assert audit.printed == ""


def test_results_are_kept_as_counts(audit: Any, audited: Any, project_root: Path) -> None:
    _, client = audited
    catalog = read_catalog(project_root / "sql")
    client.command(ddl.create_table(catalog.table("ops.validation_result"), if_not_exists=True))
    store(client, "b1", audit.results)
    rows = client.query(
        "select table_name, check_id, severity, is_success, unexpected_count, observed,"
        " description from ops.validation_result where build_id = 'b1'"
        " and checked_at > now() - interval 1 hour"
    ).result_rows
    kept = {tuple(row) for row in rows}
    assert kept == {
        (i.table, i.check_id, i.severity, i.success, i.unexpected_count, i.observed, i.description)
        for i in audit.results
    }


def test_an_audit_leaves_nothing_behind_in_the_warehouse(audit: Any) -> None:
    assert audit.left_behind == frozenset()


def test_nothing_checked_is_a_failure(
    audit: Any, audited: tuple[ClickHouseTarget, Client], contracts: dict[str, Table]
) -> None:
    with pytest.raises(QualityFailed, match="nothing was checked"):
        require([])
    target, _ = audited
    good = contracts["good"]
    unchecked = Table(
        **{
            **{name: getattr(good, name) for name in good.__dataclass_fields__},
            "checks": (),
            "columns": tuple(
                type(column)(column.name, column.type, column.description)
                for column in good.columns
            ),
        }
    )
    results = validate(target, [(unchecked, "core.core_good__next")], lambda sql: sql)
    assert [(item.check_id, item.success) for item in results] == [
        ("columns_match_contract", True),
        (NOTHING_CHECK, False),
    ]
    with pytest.raises(QualityFailed, match="Nothing was checked"):
        require(results)


def test_a_query_reaches_the_engine_as_written(audit: Any) -> None:
    query = unexpected_rows_query(
        "select x from {table} where y like '{a}:b' and z = '10:30'; ", "core.t__next", str.upper
    )
    assert query.format(batch="core.t__next").replace("\\:", ":") == (
        "select /* core.t__next */ 1 as unexpected from (\n"
        "SELECT X FROM CORE.T__NEXT WHERE Y LIKE '{A}:B' AND Z = '10:30'\n)"
    )
