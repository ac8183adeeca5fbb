"""A backfill is one run of the ingest DAG: a month a request, one event, whatever its span.

Being killed on the way is played by the tests of killing and by ``python -m benchmarks.backfill``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from include.connectors.protocol import Ready, Slice, Wait
from include.connectors.yandex_direct import CONNECTOR
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from include.warehouse.client import ClickHouseTarget, connect
from tests.sandbox.world.small_world import small_world

pytestmark = pytest.mark.airflow

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
WANTED = {"date_from": "2025-12-01", "date_to": "2026-02-15", "accounts": ["demo-client"]}
DAYS = 31 + 31 + 14


@pytest.fixture
def ingest(
    dag_bag: Any,
    house_target: ClickHouseTarget,
    project_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Any]:
    """``ingest_yandex_direct`` over two advertisers of a small world, and a client of its store."""
    stage = Stage(world=small_world()[0])
    stage.clock.set(now=NOW, factor=1_000.0, frozen=True)
    client = connect(house_target)
    connection = {
        "conn_type": "clickhouse",
        "host": house_target.host,
        "port": house_target.port,
        "login": house_target.user,
        "password": house_target.password,
    }
    with VendorServer(stage) as server:
        options = {"base_url": server.vendor_urls["yandex_direct"]}
        accounts = [
            {"account": name, "connection": "direct", "options": options}
            for name in ("demo-client", "demo-second")
        ]
        sources = tmp_path / "sources.yaml"
        sources.write_text(json.dumps({"sources": {"yandex_direct": accounts}}), "utf-8")
        for name, value in {
            "THROUGHLINE_SOURCES_FILE": str(sources),
            "THROUGHLINE_LANDING_ROOT": str(tmp_path / "landing"),
            "THROUGHLINE_HOME": str(tmp_path),
            "AIRFLOW_CONN_CLICKHOUSE_DEFAULT": json.dumps(connection),
            "AIRFLOW_CONN_DIRECT": json.dumps({"conn_type": "generic", "password": "demo-token"}),
        }.items():
            monkeypatch.setenv(name, value)
        yield dag_bag.dags["ingest_yandex_direct"], client
    client.close()


def _count_events() -> int:
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session
    from sqlalchemy import func, select

    with create_session() as session:
        return session.scalar(select(func.count()).select_from(AssetEvent))


def test_a_backfill_is_one_run_with_one_event_in_requests_of_a_month(
    ingest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dag, client = ingest
    asked: list[Slice] = []
    start = CONNECTOR.start

    def note(connector: Any, piece: Slice) -> Ready | Wait:
        asked.append(piece)
        return start(connector, piece)

    monkeypatch.setattr(CONNECTOR, "start", note)
    events = _count_events()
    assert str(dag.test(run_conf=WANTED).state) == "success"
    assert _count_events() == events + 1
    spans = [(p.interval.date_to - p.interval.date_from).days for p in asked if p.interval]
    assert max(spans) <= 31
    assert len(asked) == len({piece.key for piece in asked}) == 3
    found = client.query(
        "select account_id, count(), min(slice_key), max(slice_key) from ops.slice_log"
        " where resource = 'ad_performance_daily' group by account_id"
    ).result_rows
    assert found == [("demo-client", DAYS, "2025-12-01", "2026-02-14")]
