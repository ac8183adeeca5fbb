"""What the engine holds after the generated DDL ran is what the contracts say."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from include.contracts import ddl
from include.contracts.changes import compare
from include.contracts.model import LOAD_ID, Catalog, Table
from include.contracts.reader import read_table
from include.warehouse.client import ClickHouseTarget, connect

SAMPLES = Path(__file__).parent / "samples"
SLICE_LOG = """
create table if not exists ops.slice_log (source String, account_id String, resource String,
 slice_key String, kind String, load_id String, pulled_at DateTime64(6,'UTC'),
 published_at DateTime64(6,'UTC'), content_hash String) engine = MergeTree order by tuple()
"""


@pytest.fixture(scope="module")
def layers(warehouse: Client) -> Client:
    """The fresh engine with the databases of all layers."""
    for statement in ddl.create_databases():
        warehouse.command(statement)
    return warehouse


@pytest.fixture
def lead(tmp_path: Path) -> Table:
    """The sample raw table."""
    path = tmp_path / "raw" / "raw_files__lead.yaml"
    path.parent.mkdir()
    path.write_text((SAMPLES / path.name).read_text(encoding="utf-8"), encoding="utf-8")
    return read_table(path)


def stored(client: Client, full_name: str) -> list[tuple[str, str, str]]:
    rows = client.query(
        "select name, type, comment from system.columns"
        " where database || '.' || table = {name:String} order by position",
        parameters={"name": full_name},
    ).result_rows
    return [(name, type_text, comment) for name, type_text, comment in rows]


def test_every_contract_of_the_project_is_stored_exactly_as_written(
    house_target: ClickHouseTarget, catalog: Catalog
) -> None:
    with connect(house_target) as house:
        tables = house.query(
            "select database || '.' || name, comment, sorting_key, partition_key, engine_full"
            " from system.tables"
        ).result_rows
        rows = house.query(
            "select database || '.' || table, name, type, comment from system.columns"
            " order by table, position"
        ).result_rows
    about = {name: described for name, *described in tables}
    columns_of: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for name, *column in rows:
        columns_of[name].append(tuple(column))
    for table in catalog:
        columns = columns_of[table.full_name]
        own = [column for column in columns if column[0] != LOAD_ID]
        assert own == [
            (column.name, column.parsed_type.canonical, ddl.column_comment(column))
            for column in table.columns
        ]
        assert (LOAD_ID in {column[0] for column in columns}) == (table.database == "raw")
        comment, sorting_key, partition_key, engine = about[table.full_name]
        assert comment == table.description
        assert compare(table, columns, sorting_key, partition_key).is_empty
        assert f"index_granularity = {table.index_granularity or 8192}" in engine


def test_a_load_names_itself_through_the_setting_of_its_insert(layers: Client, lead: Table) -> None:
    name = "raw.raw_files__lead__named"
    layers.command(ddl.create_table(lead, name))
    layers.command(f"insert into {name} (lead_id) values ('a')", settings={"log_comment": "load-1"})
    assert layers.query(f"select lead_id, _load_id from {name}").result_rows == [("a", "load-1")]


def at(hour: int) -> datetime:
    return datetime(2026, 1, 1, hour, tzinfo=UTC)


def test_raw_views_show_the_newest_pull_of_a_slice_and_every_appended_load_once(
    layers: Client, lead: Table
) -> None:
    layers.command(SLICE_LOG)
    layers.command(ddl.create_table(lead))
    for statement in ddl.create_views(lead):
        layers.command(statement)
    loads = ["old", "new", "slow", "more", "more2", "twin", "elsewhere", "orphan"]
    layers.command(
        "insert into raw.raw_files__lead (lead_id, _load_id) values"
        + ", ".join(f"('{load}', '{load}')" for load in loads)
    )
    log = [
        ("files", "a", "lead", "day", "replace", "old", at(1), at(1), "old"),
        ("files", "a", "lead", "day", "replace", "new", at(3), at(4), "new"),
        ("files", "a", "lead", "day", "replace", "slow", at(2), at(5), "slow"),
        ("files", "b", "lead", "x", "append", "more", at(1), at(2), "more"),
        ("files", "b", "lead", "x", "append", "more2", at(2), at(6), "other"),
        ("files", "b", "lead", "x", "append", "twin", at(2), at(6), "more"),
        ("files", "a", "deal", "day", "replace", "elsewhere", at(9), at(1), "elsew"),
    ]
    layers.insert("ops.slice_log", log)

    def seen(relation: str, **parameters: datetime) -> list[str]:
        query = f"select lead_id from {relation} order by lead_id"
        return [row[0] for row in layers.query(query, parameters=parameters).result_rows]

    as_of = "raw.raw_files__lead_as_of(as_of = {as_of:DateTime64(6,'UTC')})"
    assert seen("raw.raw_files__lead_live") == ["more", "more2", "new"]
    assert seen(as_of, as_of=at(0)) == []
    assert seen(as_of, as_of=at(3)) == ["more", "old"]
    assert seen(as_of, as_of=at(5)) == ["more", "new"]
    assert seen(as_of, as_of=at(6)) == ["more", "more2", "new"]


def test_the_cluster_form_is_sound_syntax_and_differs_only_in_place_and_engine(
    layers: Client, catalog: Catalog
) -> None:
    statements = [ddl.create_database("core", "main")]
    for table in catalog:
        one = ddl.create_table(table)
        many = ddl.create_table(table, cluster="main")
        assert " on cluster 'main'\n" in many
        expected = one.replace(
            "engine = MergeTree",
            "engine = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')",
        )
        assert many.replace(" on cluster 'main'", "") == expected
        views = ddl.create_views(table, cluster="main") if table.database == "raw" else []
        assert all(" on cluster 'main' as" in view for view in views)
        statements += [many, *views]
    for start in range(0, len(statements), 50):
        # the engine's own parser; it refuses the whole list for one unsound statement
        layers.query(
            "select arrayMap(statement -> formatQuery(statement), {these:Array(String)})",
            parameters={"these": statements[start : start + 50]},
        )


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(text="it's \\'; drop table x; --")
@example(text="\\")
@example(text="строка\nвторая\t`{x:String}` %s \\n")
@given(text=TEXTS)
def test_any_text_survives_as_a_literal(layers: Client, text: str) -> None:
    (row,) = layers.query(f"select {ddl.quote_text(text)}").result_rows
    assert row[0] == text


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(text="it's \\'; {as_of} `x` \\")
@given(text=TEXTS.filter(lambda text: text.strip() != ""))
def test_any_description_becomes_the_comment(layers: Client, lead: Table, text: str) -> None:
    first = lead.columns[0].__class__("lead_id", "String", text)
    table = Table(**{**fields_of(lead), "columns": (first,), "description": text})
    layers.command("drop table if exists raw.commented sync")
    layers.command(ddl.create_table(table, "raw.commented"))
    assert stored(layers, "raw.commented")[0] == ("lead_id", "String", text)
    assert compare(table, stored(layers, "raw.commented")).is_empty


def fields_of(table: Table) -> dict:
    return {name: getattr(table, name) for name in table.__dataclass_fields__}


@pytest.mark.parametrize("name", ["a;b", "a.b.c", "a`", "", "1a", "ы"])
def test_only_plain_names_become_identifiers(name: str) -> None:
    with pytest.raises(ValueError, match="not a plain identifier"):
        ddl.quote_name(name)


def test_a_column_comment_says_unit_currency_vat_day_definition_and_russian(
    catalog: Catalog,
) -> None:
    column = (
        catalog.tables["raw.raw_files__lead"]
        .columns[0]
        .__class__(
            "cost_rub",
            "Decimal(18,2)",
            "Cost",
            "Расход",
            "RUB",
            "RUB",
            "net",
            "account day",
            "cost",
        )
    )
    assert ddl.column_comment(column) == (
        "Cost [RUB; currency: RUB; VAT: net; day: account day; definition: cost] / Расход"
    )
