"""The ingest DAG run for real, in this process: an event when a slice changed, and only then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from include.warehouse.client import ClickHouseTarget, connect

pytestmark = pytest.mark.airflow

MAPPING = """
description: Leads of a test, one row per lead.
entity: lead
files: ["leads.csv"]
time_zone: Europe/Moscow
currency: RUB
columns:
  lead_id: id
  created_date: day
  source_label: source
"""


@pytest.fixture(scope="module")
def dag(
    dag_bag: Any,
    house_target: ClickHouseTarget,
    project_root: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Any]:
    """``ingest_files`` over a folder with one file of two leads; the folder is ``dag.folder``."""
    root = tmp_path_factory.mktemp("ingest")
    drop = root / "drop"
    drop.mkdir()
    (drop / "leads.mapping.yaml").write_text(MAPPING, "utf-8")
    (drop / "leads.csv").write_text("id,day,source\n1,2026-01-01,a\n2,2026-01-02,\n", "utf-8")
    (root / "sources.yaml").write_text(
        json.dumps({"sources": {"files": [{"account": "t", "options": {"folder": str(drop)}}]}}),
        "utf-8",
    )
    client = connect(house_target)
    connection = {
        "conn_type": "clickhouse",
        "host": house_target.host,
        "port": house_target.port,
        "login": house_target.user,
        "password": house_target.password,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THROUGHLINE_SOURCES_FILE", str(root / "sources.yaml"))
        patch.setenv("THROUGHLINE_LANDING_ROOT", str(root / "landing"))
        patch.setenv("THROUGHLINE_HOME", str(root))
        patch.setenv("AIRFLOW_CONN_CLICKHOUSE_DEFAULT", json.dumps(connection))
        yield dag_bag.dags["ingest_files"], drop, client
    client.close()


def _states(run: Any) -> dict[str, str]:
    return {task.task_id: str(task.state) for task in run.get_task_instances()}


def _count_events() -> int:
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session
    from sqlalchemy import func, select

    with create_session() as session:
        return session.scalar(select(func.count()).select_from(AssetEvent))


def test_the_event_follows_a_change_and_only_a_change(dag: Any) -> None:
    ingest, drop, client = dag
    events = _count_events()

    first = _states(ingest.test())
    assert first == {
        "choose_accounts": "success", "pull": "success", "announce": "success",
        "verdict": "success",
    }  # fmt: skip
    assert _count_events() == events + 1
    assert client.query("select count() from raw.raw_files__lead_live").result_rows == [(2,)]

    unchanged = _states(ingest.test())
    assert unchanged["announce"] == "skipped"
    assert unchanged["verdict"] == "success"
    assert _count_events() == events + 1

    (drop / "leads.csv").write_text("id,day,source\n1,2026-01-01,a\n", "utf-8")
    assert _states(ingest.test())["announce"] == "success"
    assert _count_events() == events + 2
    assert client.query("select count() from raw.raw_files__lead_live").result_rows == [(1,)]


def test_a_failed_account_turns_the_run_red(dag: Any) -> None:
    ingest, drop, _ = dag
    (drop / "leads.mapping.yaml").write_text("entity: nonsense\n", "utf-8")
    run = ingest.test()
    assert str(run.state) == "failed"
    assert _states(run)["pull"] == "failed"
    assert _states(run)["verdict"] == "failed"
