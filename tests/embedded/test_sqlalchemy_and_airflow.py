"""Other unmodified clients: the SQLAlchemy dialect and Airflow's ClickHouse hook."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pytest
import sqlalchemy as sa
from clickhouse_connect.driver.client import Client

from include.embedded.process import RunningEngine


@pytest.fixture
def alchemy(served: RunningEngine, client: Client) -> Iterator[sa.Engine]:
    """A SQLAlchemy engine on a database with one table of three rows."""
    client.command(
        "create table scratch.sales (id UInt64, day Date, label Nullable(String), "
        "amount Decimal(18,2)) engine=MergeTree order by id"
    )
    client.insert(
        "scratch.sales",
        [
            [1, dt.date(2026, 1, 1), "it's", Decimal("1.10")],
            [2, dt.date(2026, 1, 2), None, Decimal("2.20")],
            [3, dt.date(2026, 1, 2), "ы", Decimal("3.30")],
        ],
    )
    address = f"{quote(served.user)}:{quote(served.password, safe='')}@{served.host}:{served.port}"
    engine = sa.create_engine(f"clickhousedb://{address}/scratch")
    yield engine
    engine.dispose()


def test_sqlalchemy_reads_text_statements_with_parameters(alchemy: sa.Engine) -> None:
    with alchemy.connect() as connection:
        statement = sa.text("select id, amount from sales where label = :label")
        assert connection.execute(statement, {"label": "it's"}).all() == [(1, Decimal("1.10"))]
        assert connection.execute(sa.text("select count() from sales")).scalar_one() == 3


def test_sqlalchemy_reflects_and_selects(alchemy: sa.Engine) -> None:
    inspector = sa.inspect(alchemy)
    assert "scratch" in inspector.get_schema_names()
    assert inspector.get_table_names("scratch") == ["sales"]
    sales = sa.Table("sales", sa.MetaData(), autoload_with=alchemy)
    assert list(sales.columns.keys()) == ["id", "day", "label", "amount"]
    query = (
        sa.select(sales.c.day, sa.func.sum(sales.c.amount).label("total"))
        .group_by(sales.c.day)
        .order_by(sales.c.day)
    )
    with alchemy.connect() as connection:
        assert connection.execute(query).all() == [
            (dt.date(2026, 1, 1), Decimal("1.10")),
            (dt.date(2026, 1, 2), Decimal("5.50")),
        ]


def test_pandas_reads_through_sqlalchemy(alchemy: sa.Engine) -> None:
    frame = pd.read_sql("select id, label from sales order by id", alchemy)
    assert frame["id"].tolist() == [1, 2, 3]
    assert frame["label"].isna().tolist() == [False, True, False]


def test_sqlalchemy_shows_engine_errors(alchemy: sa.Engine) -> None:
    with (
        alchemy.connect() as connection,
        pytest.raises(sa.exc.DatabaseError, match="UNKNOWN_TABLE"),
    ):
        connection.execute(sa.text("select * from nowhere"))


HOOK = """
import json
from airflow.providers.clickhousedb.hooks.clickhouse import ClickHouseHook
hook = ClickHouseHook(clickhouse_conn_id="embedded")
hook.run("create table scratch.hooked (a UInt64, b String) engine=MergeTree order by a")
hook.run("insert into scratch.hooked values (1, 'x'), (2, 'y')")
hook.run(["insert into scratch.hooked values (3, 'z')", "optimize table scratch.hooked final"])
print(json.dumps({
    "test": hook.test_connection(),
    "records": hook.get_records("select * from scratch.hooked order by a"),
    "first": hook.get_first("select b from scratch.hooked where a = %(a)s", {"a": 2}),
    "frame": hook.get_df("select sum(a) as s from scratch.hooked").to_dict("list"),
}))
"""


@pytest.mark.airflow
def test_airflows_hook_runs_reads_and_tests_its_connection(
    served: RunningEngine, client: Client, tmp_path: Path
) -> None:
    connection = {
        "conn_type": "clickhouse",
        "host": served.host,
        "port": served.port,
        "login": served.user,
        "password": served.password,
        "schema": "scratch",
    }
    done = subprocess.run(
        [sys.executable, "-c", HOOK],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "AIRFLOW_HOME": str(tmp_path),
            "AIRFLOW_CONN_EMBEDDED": json.dumps(connection),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["test"][0] is True
    assert found["records"] == [[1, "x"], [2, "y"], [3, "z"]]
    assert found["first"] == ["y"]
    assert found["frame"] == {"s": [6]}
