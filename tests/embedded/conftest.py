"""One engine in a process of its own for all tests of the embedded ClickHouse."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from include.embedded import process
from include.embedded.process import RunningEngine
from tests.embedded.clients import make_client

OWNER_PASSWORD = "owner's p@ss: word"
BI_PASSWORD = "bi word"


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEngine]:
    """A running engine with the databases of the warehouse and something hidden in each."""
    folder = tmp_path_factory.mktemp("served")
    running = process.start(
        folder / "data",
        password=OWNER_PASSWORD,
        bi_password=BI_PASSWORD,
        log_path=folder / "engine.log",
    )
    client = make_client(running)
    for database in ("raw", "stg", "core", "ops", "mart", "scratch"):
        client.command(f"create database {database}")
    for table in ("core.secret", "ops.secret", "ops.mart_publication", "mart.figures"):
        client.command(
            f"create table {table} (id UInt64, name String) engine=MergeTree order by id"
        )
        client.command(f"insert into {table} select number, 'n' || number from numbers(10)")
    client.command("create table mart.figures__next as mart.figures")
    client.command("create view mart.seen as select id from core.secret where id < 3")
    client.command(
        "create view mart.asked as select id from core.secret where id = {wanted:UInt64}"
    )
    client.command(
        "create dictionary core.words (id UInt64, name String) primary key id "
        "source(clickhouse(db 'core' table 'secret')) layout(flat()) lifetime(0)"
    )
    client.close()
    yield running
    running.stop()


@pytest.fixture
def client(served: RunningEngine) -> Iterator[Client]:
    """The owner's client with a fresh, empty database ``scratch``."""
    client = make_client(served)
    client.command("drop database if exists scratch sync")
    client.command("create database scratch")
    yield client
    client.close()


@pytest.fixture
def url(served: RunningEngine) -> str:
    """Where the running engine answers."""
    return f"http://{served.host}:{served.port}/"


@pytest.fixture
def owner(served: RunningEngine) -> dict[str, str]:
    """The owner's credentials as ClickHouse's own headers."""
    return {"X-ClickHouse-User": served.user, "X-ClickHouse-Key": served.password}


@pytest.fixture
def bi(served: RunningEngine) -> dict[str, str]:
    """The BI login's credentials as ClickHouse's own headers."""
    return {"X-ClickHouse-User": served.bi_user, "X-ClickHouse-Key": served.bi_password}
