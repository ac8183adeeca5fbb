"""The warehouse and landing of this installation, from the connection ``clickhouse_default``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from airflow.sdk import BaseHook

from include.contracts.reader import read_catalog
from include.settings import PROJECT_ROOT, read_settings
from include.warehouse.build import Workshop
from include.warehouse.changed_slices import has_changed_slices
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.landing import Landing

CONNECTION = "clickhouse_default"


def warehouse_target() -> ClickHouseTarget:
    """Address and login of the warehouse."""
    connection = BaseHook.get_connection(CONNECTION)
    return ClickHouseTarget(
        host=connection.host or "127.0.0.1",
        port=connection.port or 8123,
        user=connection.login or "default",
        password=connection.password or "",
        secure=bool(connection.extra_dejson.get("secure")),
    )


@contextlib.contextmanager
def open_workshop(progress: Callable[[str], None]) -> Iterator[Workshop]:
    """What a build step works with; the client is closed at the end of the block."""
    settings = read_settings()
    target = warehouse_target()
    sql_root = PROJECT_ROOT / "sql"
    client = connect(target)
    try:
        yield Workshop(
            client=client,
            target=target,
            catalog=read_catalog(sql_root),
            sql_root=sql_root,
            business_zone=settings.business_zone,
            identity_key=settings.identity_key.get_secret_value(),
            identity_key_version=settings.identity_key_version,
            commit_sha=settings.commit_sha,
            progress=progress,
        )
    finally:
        client.close()


def open_landing() -> Landing:
    """The landing zone of this installation."""
    return Landing(read_settings().landing_url)


def has_changed(source: str, run_id: str) -> bool:
    """Whether the ingest run published a changed slice, in any of its attempts."""
    with open_workshop(lambda _: None) as shop:
        return has_changed_slices(shop.client, source, run_id)
