"""A build publishes audited candidates of one pinned instant, or nothing at all."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.contracts.reader import read_catalog
from include.quality.validation import QualityFailed
from include.warehouse import build, build_log, increment, solved_tables
from include.warehouse.build import Workshop
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.schema import apply_schema

RAW = """\
description: One row per spend line.
kind: replace
source: toy
resource: spend
grain: [account_id, stats_date]
order_by: [account_id, stats_date]
columns:
  - {name: account_id, type: LowCardinality(String), description: Account.}
  - {name: stats_date, type: Date, description: Day, day: business day}
  - {name: cost_micros, type: Int64, description: Cost, currency: RUB, vat: net}
"""
STG = """\
description: One row per account and day.
kind: table
grain: [account_id, stats_date]
order_by: [account_id, stats_date]
columns:
  - {name: account_id, type: LowCardinality(String), description: Account.}
  - {name: stats_date, type: Date, description: Day, day: business day}
  - name: cost_rub
    type: Decimal(18,2)
    description: Cost.
    currency: RUB
    vat: net
    checks: [{between: [0, null]}]
"""
STG_SQL = """\
-- grain: one row per account and day
select account_id, stats_date, toDecimal64(cost_micros / 1000000, 2) as cost_rub
from raw.raw_toy__spend_as_of(as_of = {as_of:DateTime64(6,'UTC')})
"""
MART = """\
description: One row per day.
kind: table
grain: [stats_date]
order_by: [stats_date]
columns:
  - {name: stats_date, type: Date, description: Day, day: business day}
  - {name: cost_rub, type: "Decimal(18,2)", description: Cost, currency: RUB, vat: net}
"""
CORE_SQL = """\
-- grain: one row per day
select stats_date, sum(cost_rub) as cost_rub
from stg.stg_toy__spend
group by stats_date
"""
CHANGED_SQL = """\
-- grain: one row per day whose cost is another one
select distinct stats_date
from (
    select stats_date, count() over (partition by account_id, stats_date, cost_rub) as copies
    from (
        select * from stg.stg_toy__spend
        union all
        select * from stg.stg_toy__spend__next
    )
)
where copies = 1
"""
MART_SQL = CORE_SQL.replace("stg.stg_toy__spend", "core.core_spend")


@pytest.fixture(scope="module")
def sql_root(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> Path:
    """A toy house: one raw table, one table per layer, and the real ops tables."""
    root = tmp_path_factory.mktemp("sql")
    for layer in ("raw", "stg", "core", "mart", "seeds"):
        (root / layer).mkdir()
    (root / "ops").mkdir()
    for contract in (project_root / "sql" / "ops").glob("*.yaml"):
        if not contract.with_suffix(".sql").exists():
            shutil.copy(contract, root / "ops")
    (root / "raw" / "raw_toy__spend.yaml").write_text(RAW)
    (root / "stg" / "stg_toy__spend.yaml").write_text(STG)
    (root / "stg" / "stg_toy__spend.sql").write_text(STG_SQL)
    (root / "changed").mkdir()
    (root / "changed" / "stats_date.sql").write_text(CHANGED_SQL)
    for layer, sql in (("core", CORE_SQL), ("mart", MART_SQL)):
        by_day = MART.replace("columns:", "incremental_by: stats_date\ncolumns:")
        (root / layer / f"{layer}_spend.yaml").write_text(by_day if layer == "core" else MART)
        (root / layer / f"{layer}_spend.sql").write_text(sql)
    return root


@pytest.fixture
def shop(own_target: ClickHouseTarget, sql_root: Path) -> Iterator[Workshop]:
    """The toy house on an emptied store."""
    client = connect(own_target)
    for database in ("mart", "core", "stg", "raw", "seeds", "ops"):
        client.command(f"drop database if exists {database} sync")
    catalog = read_catalog(sql_root)
    apply_schema(client, catalog)
    yield Workshop(
        client=client,
        target=own_target,
        catalog=catalog,
        sql_root=sql_root,
        business_zone="Europe/Moscow",
        identity_key="k",
        identity_key_version="v1",
    )
    client.close()


def _deliver(client: Any, day: str, cost_micros: int, load_id: str) -> None:
    client.command(
        f"insert into raw.raw_toy__spend values ('a', '{day}', {cost_micros}, '{load_id}')"
    )
    client.command(
        "insert into ops.slice_log (source, resource, account_id, slice_key, kind, status,"
        " load_id, date_from, date_to, pulled_at, published_at) select 'toy', 'spend', 'a',"
        f" '{day}', 'replace', 'loaded', '{load_id}', toDate('{day}'), toDate('{day}') + 1,"
        " now64(6, 'UTC'), greatest(now64(6, 'UTC'), (select max(as_of) from ops.build_log)"
        " + toIntervalMicrosecond(1))"
    )


def _published(client: Any) -> list[tuple]:
    return client.query(
        "select toString(stats_date), toString(cost_rub) from mart.mart_spend order by all"
    ).result_rows


def test_a_build_publishes_what_the_pinned_instant_saw(shop: Workshop) -> None:
    _deliver(shop.client, "2026-01-01", 5_000_000, "L1")
    build.pin(shop, "b1", "airflow:one")
    _deliver(shop.client, "2026-01-02", 7_000_000, "L2")
    for layer in build.LAYERS:
        build.build_layer(shop, "b1", layer)
    build.audit_layers(shop, "b1", build.LAYERS)
    assert build.publish_build(shop, "b1") == ["core.core_spend", "mart.mart_spend",
                                               "stg.stg_toy__spend"]  # fmt: skip
    assert _published(shop.client) == [("2026-01-01", "5")]
    notice = shop.client.query(
        "select build_id, data_through from ops.mart_publication"
        " where table_name = 'mart.mart_spend'"
    ).result_rows
    assert notice == [("b1", {"toy": "2026-01-01"})]


def test_a_failing_expectation_keeps_the_old_table_and_names_itself(shop: Workshop) -> None:
    _deliver(shop.client, "2026-01-01", 5_000_000, "L1")
    build.run_build(shop, "b1", "airflow:one")
    _deliver(shop.client, "2026-01-01", -5_000_000, "L2")
    with pytest.raises(QualityFailed, match=r"stg\.stg_toy__spend.*cost_rub"):
        build.run_build(shop, "b2", "airflow:two")
    assert _published(shop.client) == [("2026-01-01", "5")]
    kept = shop.client.query(
        "select table_name, is_success, unexpected_count from ops.validation_result"
        " where build_id = 'b2' and not is_success"
    ).result_rows
    assert [(t, bool(s), n) for t, s, n in kept] == [("stg.stg_toy__spend", False, 1)]
    assert build_log.is_closed(shop.client, "b2")


def test_a_candidate_made_again_after_its_audit_is_not_published(shop: Workshop) -> None:
    _deliver(shop.client, "2026-01-01", 5_000_000, "L1")
    build.pin(shop, "b1", "airflow:one")
    for layer in build.LAYERS:
        build.build_layer(shop, "b1", layer)
    with pytest.raises(build.Unaudited):
        build.publish_build(shop, "b1")
    build.audit_layers(shop, "b1", build.LAYERS)
    build.build_layer(shop, "b1", "mart")
    with pytest.raises(build.Unaudited, match=r"mart\.mart_spend"):
        build.publish_build(shop, "b1")
    assert _published(shop.client) == []


def test_a_second_build_is_refused_while_one_is_active(shop: Workshop) -> None:
    build.pin(shop, "b1", build_log.own_process())
    with pytest.raises(build_log.BuildRunning, match="b1"):
        build.pin(shop, "b2", "airflow:run")
    assert build_log.read_pin(shop.client, "b2") is None


def test_a_build_whose_process_is_gone_does_not_block_the_next(shop: Workshop) -> None:
    host = build_log.own_process().split(":")[1]
    build.pin(shop, "b1", f"cli:{host}:999999999")
    build.pin(shop, "b2", "airflow:run")
    assert build_log.is_closed(shop.client, "b1")
    with pytest.raises(build_log.BuildNotActive):
        build.build_layer(shop, "b1", "stg")


def test_pinning_again_with_the_same_id_keeps_the_instant(shop: Workshop) -> None:
    first = build.pin(shop, "b1", "airflow:run")
    assert build.pin(shop, "b1", "airflow:run") == first


def test_a_slice_slipped_under_the_pinned_instant_stops_the_publication(shop: Workshop) -> None:
    _deliver(shop.client, "2026-01-01", 5_000_000, "L1")
    pinned = build.pin(shop, "b1", "airflow:one")
    for layer in build.LAYERS:
        build.build_layer(shop, "b1", layer)
    build.audit_layers(shop, "b1", build.LAYERS)
    _deliver(shop.client, "2026-01-02", 5_000_000, "L2")
    shop.client.command(
        "alter table ops.slice_log update published_at = {at:DateTime64(6,'UTC')}"
        " where load_id = 'L2' settings mutations_sync = 2",
        parameters={"at": pinned.as_of - timedelta(microseconds=1)},
    )
    with pytest.raises(build.InputsMoved):
        build.publish_build(shop, "b1")
    assert _published(shop.client) == []


def test_nothing_new_makes_no_build_due_and_a_restated_slice_does(shop: Workshop) -> None:
    _deliver(shop.client, "2026-01-01", 5_000_000, "L1")
    assert build.is_due(shop)
    build.run_build(shop, "b1", "airflow:one")
    assert not build.is_due(shop)
    _deliver(shop.client, "2026-01-01", 6_000_000, "L2")
    assert build.is_due(shop)


def test_a_past_instant_rebuilds_the_past_figure(shop: Workshop) -> None:
    _deliver(shop.client, "2026-01-01", 5_000_000, "L1")
    first = build.run_build(shop, "b1", "airflow:one")
    _deliver(shop.client, "2026-01-01", 6_000_000, "L2")
    build.run_build(shop, "b2", "airflow:two")
    assert _published(shop.client) == [("2026-01-01", "6")]
    build.run_build(shop, "b3", "airflow:three", as_of=first.as_of)
    assert _published(shop.client) == [("2026-01-01", "5")]


def test_a_build_without_an_identity_key_is_refused(shop: Workshop) -> None:
    with pytest.raises(build.IdentityKeyMissing, match="THROUGHLINE_IDENTITY_KEY"):
        build.pin(replace(shop, identity_key=""), "b1", "airflow:run")


def test_build_ids_sort_by_time() -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    assert build.new_build_id(early) < build.new_build_id(late)


DAYS = [f"2026-01-{day:02}" for day in range(1, 11)]


def _built(shop: Workshop, build_id: str, *, is_full: bool = False, **other: Any) -> str:
    """What a build says of the table that may be made of the published one."""
    lines: list[str] = []
    own = replace(shop, progress=lines.append, increment_from_rows=1, **other)
    build.run_build(own, build_id, "airflow:one", is_full=is_full)
    return next(line for line in lines if line.startswith("core.core_spend"))


@pytest.fixture
def published_shop(shop: Workshop) -> Workshop:
    """Ten days are published, and a changed and a new one have come since."""
    for place, day in enumerate(DAYS):
        _deliver(shop.client, day, (place + 1) * 1_000_000, f"L{place}")
    assert _built(shop, "b1") == "core.core_spend: 10 rows"
    _deliver(shop.client, DAYS[3], 99_000_000, "L103")
    _deliver(shop.client, "2026-01-11", 11_000_000, "L111")
    return shop


def test_only_what_changed_is_made_anew_and_the_rest_comes_over(published_shop: Workshop) -> None:
    shop = published_shop
    assert _built(shop, "b2") == "core.core_spend: 11 rows, 1 of the published ones made anew"
    rows = _published(shop.client)
    assert rows[3] == (DAYS[3], "99") and rows[-1] == ("2026-01-11", "11")
    _deliver(shop.client, DAYS[3], 4_000_000, "L203")
    assert _built(shop, "b3") == "core.core_spend: 11 rows, 1 of the published ones made anew"
    assert [cost for _, cost in _published(shop.client)] == [str(n) for n in range(1, 12)]
    assert _built(shop, "b4", is_full=True) == "core.core_spend: 11 rows"


@pytest.mark.parametrize(
    "other", [{"business_zone": "Asia/Omsk"}, {"identity_key_version": "v2"}, {"commit_sha": "c"}]
)
def test_what_was_made_otherwise_is_made_whole(
    published_shop: Workshop, other: dict[str, str]
) -> None:
    assert _built(published_shop, "b2", **other) == "core.core_spend: 11 rows"


def test_other_sql_makes_it_whole(published_shop: Workshop, tmp_path: Path) -> None:
    other = tmp_path / "sql"
    shutil.copytree(published_shop.sql_root, other)
    (other / "core" / "core_spend.sql").open("a").write("-- another word\n")
    assert _built(published_shop, "b2", sql_root=other) == "core.core_spend: 11 rows"


@pytest.mark.parametrize(
    "field",
    ["commit_sha", "sql_hash", "engine_version", "identity_key_version", "business_zone"],
)
def test_nothing_is_built_upon_what_was_made_otherwise(
    published_shop: Workshop, field: str
) -> None:
    client = published_shop.client
    former = build_log.last_published(client)
    assert former is not None
    assert increment.find_base(client, former, former)
    assert not increment.find_base(client, former, replace(former, **{field: "other"}))


def test_a_deploy_in_the_middle_of_a_build_publishes_nothing(
    published_shop: Workshop, tmp_path: Path
) -> None:
    before = _published(published_shop.client)
    own = replace(published_shop, sql_root=tmp_path / "sql")
    shutil.copytree(published_shop.sql_root, own.sql_root)
    build.pin(own, "b2", "airflow:one")
    for layer in build.LAYERS:
        build.build_layer(own, "b2", layer)
    (own.sql_root / "core" / "core_spend.sql").open("a").write("-- another word\n")
    build.audit_layers(own, "b2", build.LAYERS)
    with pytest.raises(build.InputsMoved, match="changed while build b2 ran"):
        build.publish_build(own, "b2")
    assert build_log.is_closed(own.client, "b2")
    assert _published(own.client) == before


def test_another_solver_is_another_build_and_other_code_is_not(
    sql_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = build.PROJECT_ROOT
    told = {build.sql_hash(sql_root)}
    shutil.copytree(root / "include", tmp_path / "include")
    monkeypatch.setattr(build, "PROJECT_ROOT", tmp_path)
    (tmp_path / "include" / "identity" / "matching.py").write_text("other = 1\n")
    told.add(build.sql_hash(sql_root))
    assert len(told) == 1
    for solve in solved_tables.SOLVERS.values():
        before = build.sql_hash(sql_root)
        code = tmp_path / Path(inspect.getfile(solve)).relative_to(root)
        code.write_text(f"{code.read_text()}other = 1\n")
        assert build.sql_hash(sql_root) != before, solve


def test_a_published_table_somebody_replaced_is_not_built_upon(published_shop: Workshop) -> None:
    client = published_shop.client
    client.command("create table core.core_other as core.core_spend")
    client.command("insert into core.core_other select stats_date, 0 from core.core_spend")
    client.command("exchange tables core.core_spend and core.core_other")
    assert _built(published_shop, "b2") == "core.core_spend: 11 rows"
    assert _published(client)[0] == (DAYS[0], "1")


def test_a_build_that_failed_leaves_the_next_one_to_build_upon_what_is_published(
    published_shop: Workshop,
) -> None:
    client = published_shop.client
    _deliver(client, DAYS[5], -1_000_000, "L105")
    with pytest.raises(QualityFailed):
        _built(published_shop, "b2")
    _deliver(client, DAYS[5], 6_000_000, "L205")
    told = _built(published_shop, "b3")
    assert told == "core.core_spend: 11 rows, 1 of the published ones made anew"
    assert _published(client)[5] == (DAYS[5], "6")
