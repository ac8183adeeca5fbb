"""Unmodified clients of a running engine."""

from __future__ import annotations

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from include.embedded.process import RunningEngine


def make_client(running: RunningEngine, bi: bool = False, **options: object) -> Client:
    """An unmodified clickhouse-connect client of the running engine."""
    return clickhouse_connect.get_client(
        host=running.host,
        port=running.port,
        username=running.bi_user if bi else running.user,
        password=running.bi_password if bi else running.password,
        **options,
    )
