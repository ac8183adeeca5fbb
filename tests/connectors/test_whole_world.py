"""Everything the company of a small world did arrives in raw, through every connector."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from benchmarks import whole_world
from benchmarks.whole_world import FACTS, Comparison, compare_all, show_difference
from include.contracts.graph import build_order
from include.contracts.reader import read_catalog
from include.ingestion.sources import source_names
from include.sandbox.demo_accounts import DEMO_ACCOUNTS
from include.warehouse import build
from include.warehouse.build import Workshop
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.publish import candidate_name
from include.warehouse.table_hash import table_hash
from tests.sandbox.world.small_world import small_world

pytestmark = pytest.mark.engine
BUILT_UPON = ["core.core_journey", "core.core_attribution_credit"]


@pytest.fixture(scope="module")
def store(house_target: ClickHouseTarget, project_root: Path) -> Iterator[Client]:
    client = connect(house_target)
    yield client
    client.close()


@pytest.fixture(scope="module")
def compared(
    store: Client, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str, str], Comparison]:
    """Every account over the whole span, read one after the other."""
    folder = tmp_path_factory.mktemp("whole-world")
    found = compare_all(small_world()[0], store, folder)
    return {(one.source, one.account, one.kind): one for one in found}


@pytest.mark.parametrize(
    ("source", "account", "kind"),
    [(one.source, one.name, facts.name) for one in DEMO_ACCOUNTS for facts in FACTS[one.source]],
)
def test_raw_holds_exactly_what_the_company_did(
    compared: dict[tuple[str, str, str], Comparison], source: str, account: str, kind: str
) -> None:
    found = compared[source, account, kind]
    assert found.told, "the world has something to tell"
    assert found.is_equal, show_difference(found)


def test_no_source_that_is_read_from_a_vendor_is_left_out() -> None:
    assert set(FACTS) == set(source_names()) - {"files"}
    assert {account.source for account in DEMO_ACCOUNTS} == set(FACTS)


def test_nothing_beside_nothing_proves_nothing() -> None:
    assert not Comparison("toy", "one", "calls", [], []).is_equal


def test_a_source_nobody_compares_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert whole_world.main(["small", "uis", "googel_ads"]) == 2
    assert "googel_ads" in capsys.readouterr().err


def test_a_fact_held_twice_is_a_difference_that_is_shown() -> None:
    found = Comparison("toy", "one", "calls", [("a", 1)], [("a", 1), ("a", 1)])
    assert not found.is_equal
    assert "('a', 1)" in show_difference(found)


@pytest.fixture
def workshop(
    store: Client, house_target: ClickHouseTarget, project_root: Path
) -> Iterator[Workshop]:
    """The house over the world's raw tables; what was built is gone afterwards."""
    sql_root = project_root / "sql"
    catalog = read_catalog(sql_root)
    yield Workshop(
        client=store,
        target=house_target,
        catalog=catalog,
        sql_root=sql_root,
        business_zone="Europe/Moscow",
        identity_key="key of the whole world",
        identity_key_version="v1",
        increment_from_rows=1,
    )
    for table in build_order(sql_root, catalog):
        store.command(f"drop table if exists {candidate_name(table)} sync")
        store.command(f"truncate table {table}")
    for log in ("build_log", "published_id", "identity_event", "learned_channel_weight",
                "publication_journal", "mart_publication", "validation_result"):  # fmt: skip
        store.command(f"truncate table ops.{log}")


def test_days_that_came_late_and_were_built_upon_the_published_tables_equal_a_full_build(
    compared: dict[tuple[str, str, str], Comparison], store: Client, workshop: Workshop
) -> None:
    assert compared
    late = "kind = 'replace' and date_from >= '2026-01-13' and date_from < '2026-01-14'"
    store.command("create table ops.late as ops.slice_log")
    store.command(f"insert into ops.late select * from ops.slice_log where {late}")
    store.command(f"alter table ops.slice_log delete where {late}", settings={"mutations_sync": 2})
    build.run_build(workshop, "b1", "airflow:one")
    store.command(
        "insert into ops.slice_log select * replace (now64(6, 'UTC') as published_at) from ops.late"
    )
    store.command("drop table ops.late sync")
    lines: list[str] = []
    build.run_build(replace(workshop, progress=lines.append), "b2", "airflow:one")
    anew = [line for line in lines if "of the published ones made anew" in line]
    assert [line.split(":")[0] for line in anew] == BUILT_UPON
    assert not any(" 0 of the published" in line for line in anew)
    build.pin(workshop, "b3", "airflow:one", is_full=True)
    for layer in ("stg", "core"):
        for table in build.build_layer(workshop, "b3", layer):
            assert table_hash(store, table) == table_hash(store, candidate_name(table)), table
