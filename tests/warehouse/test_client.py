"""Clients come from one factory, hide their password and say what to do when nothing answers."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest
from clickhouse_connect.driver.client import Client
from sqlalchemy import create_engine, text

from include.settings import Settings
from include.warehouse.client import ClickHouseTarget, WarehouseUnreachable, connect


def test_an_unknown_joined_value_is_null_and_never_zero(client: Client) -> None:
    rows = client.query(
        "select r.b from (select 1 as a) as l left join (select 2 as a, 5 as b) as r using a"
    ).result_rows
    assert rows == [(None,)]


def test_instants_come_back_aware(client: Client) -> None:
    instant = client.query("select toDateTime64('2026-01-01 00:00:00', 6, 'UTC')").result_rows[0][0]
    assert instant.isoformat() == "2026-01-01T00:00:00+00:00"


def test_a_refused_login_is_told_without_the_password(target: ClickHouseTarget) -> None:
    with pytest.raises(WarehouseUnreachable, match="_PASSWORD") as caught:
        connect(replace(target, password="wrong-password"))
    assert "wrong-password" not in str(caught.value)


def test_no_engine_at_the_address_is_told_with_the_cure() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(WarehouseUnreachable, match=f"127.0.0.1:{port} .*\n.*make up"):
        connect(ClickHouseTarget(port=port))


def test_the_password_is_never_in_the_repr() -> None:
    settings = Settings(clickhouse_password="s3cret", clickhouse_port=1234)
    target = ClickHouseTarget.from_settings(settings)
    assert (target.password, target.port) == ("s3cret", 1234)
    assert "s3cret" not in repr(target)


def test_sqlalchemy_reaches_the_same_engine_whatever_is_in_the_password(
    target: ClickHouseTarget,
) -> None:
    assert "p%40ss%2F%3A" in replace(target, password="p@ss/:").sqlalchemy_url()
    with create_engine(target.sqlalchemy_url("system")).connect() as connection:
        assert connection.execute(text("select 1")).scalar() == 1
