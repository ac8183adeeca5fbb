"""A warehouse client for the supervisor and the command line, whichever engine is running.

Only one process may own an engine's folder: a running supervisor's engine is used as it is, else
one is started for the time of the ``with`` block.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from clickhouse_connect.driver.client import Client

from include.contracts.reader import read_catalog
from include.embedded import process as engine_process
from include.settings import PROJECT_ROOT
from include.supervisor.airflow_environment import WAREHOUSE_USER
from include.supervisor.home_lock import read_running
from include.supervisor.stack import Stack
from include.supervisor.store import Store, last_store, read_secrets
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.schema import apply_schema


@contextlib.contextmanager
def open_warehouse(stack: Stack) -> Iterator[Client]:
    """A client of the running stack."""
    client = connect(_target(stack.store, stack.ports.clickhouse))
    try:
        yield client
    finally:
        client.close()


def prepare_warehouse(stack: Stack) -> None:
    """Make or update every table of the contracts."""
    with open_warehouse(stack) as client:
        apply_schema(client, read_catalog(PROJECT_ROOT / "sql"))


@contextlib.contextmanager
def reach_last_store(home: Path) -> Iterator[ClickHouseTarget]:
    """How to reach the store of the last run, its engine running for the time of the block.

    Raises ``NoStore`` when nothing was run yet.
    """
    store = last_store(home)
    running = read_running(home)
    if running is not None and running.store == store.name and running.clickhouse_port:
        yield _target(store, running.clickhouse_port)
        return
    secrets = read_secrets(store)
    engine = engine_process.start(
        store.engine_folder,
        password=secrets.clickhouse_password,
        bi_password=secrets.bi_password,
        log_path=store.logs / "clickhouse.log",
        user=WAREHOUSE_USER,
        own_session=True,
    )
    try:
        yield _target(store, engine.port)
    finally:
        engine.stop()


def _target(store: Store, port: int) -> ClickHouseTarget:
    return ClickHouseTarget(
        host="127.0.0.1",
        port=port,
        user=WAREHOUSE_USER,
        password=read_secrets(store).clickhouse_password,
    )
