"""The table graph is read from the SQL, and references may only point downward."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.contracts.graph import (
    UnreadableSql,
    build_order,
    is_read_whole,
    read_graph,
    render_mermaid,
    tables_read,
)
from include.contracts.model import Catalog, ContractError
from include.contracts.reader import read_catalog

BUILT = """\
description: One row per lead.
kind: table
grain: [lead_id]
order_by: [lead_id]
columns:
  - {name: lead_id, type: String, description: The lead.}
"""
LOG = BUILT.replace("kind: table", "kind: log")
RAW = BUILT.replace("kind: table", "kind: append")


def house(root: Path, files: dict[str, str]) -> Path:
    """Contracts for every table named; SQL where the text is not empty."""
    kinds = {"raw": RAW, "ops": LOG}
    for name, sql in files.items():
        layer, stem = name.split(".")
        folder = root / layer
        folder.mkdir(exist_ok=True)
        text = BUILT if sql else kinds.get(layer, BUILT)
        (folder / f"{stem}.yaml").write_text(text, encoding="utf-8")
        if sql:
            (folder / f"{stem}.sql").write_text(sql, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select * from core.core_lead", {"core.core_lead"}),
        (
            "select * from raw.raw_x_as_of(as_of = {as_of:DateTime64(6,'UTC')}) as x",
            {"raw.raw_x"},
        ),
        ("select * from raw.raw_x_live", {"raw.raw_x"}),
        ("select * from core.core_lead__next as l", {"core.core_lead"}),
        ("with lead as (select * from core.core_lead) select * from lead", {"core.core_lead"}),
        (
            "with core_deal as (select 1 as x) select * from core_deal cross join core.core_deal",
            {"core.core_deal"},
        ),
        (
            "select (select max(a) from core.a) from core.b where id in (select id from core.c)",
            {"core.a", "core.b", "core.c"},
        ),
        (
            "select * from core.a asof left join core.b using (id) left join core.c on true"
            " union all select * from core.d limit 1 by id",
            {"core.a", "core.b", "core.c", "core.d"},
        ),
        ("select 'from core.a' /* from core.b */ -- core.c\n from core.d", {"core.d"}),
        ("select arrayMap(x -> x + 1, [1]), a.b from core.a as a array join t", {"core.a"}),
        ("select * from numbers(10)", set()),
    ],
)
def test_tables_are_read_from_the_sql(sql: str, expected: set[str]) -> None:
    assert tables_read(sql) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select * from core.a", True),
        ("select x.* except (b) from core.a as x", True),
        ("select b from core.a where cityHash64(*) = 1", True),
        ("select columns('b') from core.a", True),
        ("select x.columns('b') from core.a as x", True),
        ("select b from (select * from core.a)", True),
        ("with t as (select b from core.a) select * from t", False),
        ("select c.* from core.c as c where c.b in (select b from core.a)", False),
        ("select count(), max(b) from core.a union all select * from core.c", False),
    ],
)
def test_a_star_is_told_from_columns_that_are_named(sql: str, expected: bool) -> None:
    assert is_read_whole(sql, "core.a") is expected


def test_sql_that_cannot_be_parsed_says_so() -> None:
    with pytest.raises(UnreadableSql, match="cannot be parsed"):
        tables_read("select from from where (")


def test_a_table_is_built_after_those_it_reads(tmp_path: Path) -> None:
    root = house(
        tmp_path,
        {
            "raw.raw_x": "",
            "ops.slice_log": "",
            "stg.stg_x": "select * from raw.raw_x_live",
            "core.core_z": "select * from stg.stg_x",
            "core.core_a": "select * from core.core_z",
            "ops.finding": "select * from core.core_a cross join ops.slice_log",
            "mart.mart_a": "select * from core.core_a cross join ops.slice_log",
        },
    )
    order = build_order(root, read_catalog(root))
    assert order == ["stg.stg_x", "core.core_z", "core.core_a", "mart.mart_a", "ops.finding"]


@pytest.mark.parametrize(
    ("files", "file", "line", "what", "cure"),
    [
        (
            {"core.core_a": "-- grain\nselect 1 from\nmart.mart_a", "mart.mart_a": ""},
            "core/core_a.sql",
            3,
            "core.core_a reads mart.mart_a, but core reads only stg, core, seeds",
            "let a table of stg carry what is needed",
        ),
        (
            {"mart.mart_a": "select 1 from stg.stg_a", "stg.stg_a": ""},
            "mart/mart_a.sql",
            1,
            "mart.mart_a reads stg.stg_a",
            "let a table of core carry what is needed",
        ),
        (
            {"core.core_a": "select 1 from core.core_lead_dayly", "core.core_lead_daily": ""},
            "core/core_a.sql",
            1,
            "core.core_lead_dayly, which no contract describes; did you mean core.core_lead_daily",
            "correct the name",
        ),
        (
            {"core.core_a": "select 1 from core.core_a"},
            "core/core_a.sql",
            1,
            "core.core_a reads itself",
            "starts from nothing",
        ),
        (
            {
                "core.core_a": "select 1 from core.core_b",
                "core.core_b": "select 1 from core.core_a",
            },
            "core/core_a.sql",
            1,
            "tables read each other in a circle: core.core_a",
            "a table of its own",
        ),
        (
            {"core.core_a": "select ((("},
            "core/core_a.sql",
            1,
            "cannot be parsed",
            "plain grammar",
        ),
    ],
    ids=["upward", "skipping_a_layer", "unknown", "itself", "circle", "unreadable"],
)
def test_a_wrong_reference_is_refused_with_file_line_and_cure(
    tmp_path: Path, files: dict[str, str], file: str, line: int, what: str, cure: str
) -> None:
    root = house(tmp_path, files)
    with pytest.raises(ContractError) as caught:
        build_order(root, read_catalog(root))
    messages = [str(problem) for problem in caught.value.problems if what in str(problem)]
    assert messages, str(caught.value)
    assert (caught.value.problems[0].path.parent.name in file) and f":{line}: " in messages[0]
    assert cure in messages[0]


def test_sql_without_a_contract_is_refused(tmp_path: Path) -> None:
    root = house(tmp_path, {"core.core_a": "select 1"})
    (root / "core" / "core_a.yaml").unlink()
    with pytest.raises(ContractError, match=r"core\.core_a has no contract\n.*core_a\.yaml"):
        build_order(root, read_catalog(root))


def test_the_drawing_shows_every_edge_once(tmp_path: Path) -> None:
    root = house(
        tmp_path, {"raw.raw_x": "", "raw.raw_y": "", "stg.stg_x": "select * from raw.raw_x_live"}
    )
    catalog = read_catalog(root)
    drawing = render_mermaid(catalog, read_graph(root, catalog))
    assert drawing.startswith("flowchart LR\n")
    assert drawing.count("raw_dot_raw_x --> stg_dot_stg_x") == 1
    assert "raw_y" not in drawing


def test_the_projects_own_sql_points_downward(project_root: Path, catalog: Catalog) -> None:
    order = build_order(project_root / "sql", catalog)
    assert sorted(order) == sorted(
        f"{path.parent.name}.{path.stem}"
        for layer in ("stg", "core", "mart", "ops")
        for path in (project_root / "sql" / layer).glob("*.sql")
    )
