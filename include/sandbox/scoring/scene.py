"""What every subject of a score is given: the truth, and the tables of one build beside it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from clickhouse_connect.driver.client import Client

from include.contracts.reader import read_catalog
from include.sandbox.scoring.landed_world import LandedWorld, Tell
from include.sandbox.world.truth import Truth
from include.settings import PROJECT_ROOT
from include.warehouse import build, build_log
from include.warehouse.publish import candidate_name
from include.warehouse.run_sql import resolve_tables

IDENTITY_KEY = "key of the scores"
BUSINESS_ZONE = "Europe/Moscow"
BUILT = ("stg", "core")


@dataclass(frozen=True)
class Scene:
    """``truth`` is read by scores alone; :meth:`rows` asks the tables that were built."""

    truth: Truth
    client: Client
    tables: frozenset[str]

    def rows(self, sql: str, parameters: dict[str, Any] | None = None) -> list[tuple]:
        """Rows of a statement over ``stg.…`` and ``core.…`` as this build made them."""
        text = resolve_tables(sql, self.tables)
        return list(self.client.query(text, parameters=parameters).result_rows)


@contextlib.contextmanager
def build_scene(landed: LandedWorld, tell: Tell) -> Iterator[Scene]:
    """Staging and core of the landed world, as candidates that are never published.

    A score judges statements, so nothing is audited here; the gate of the project does that.
    """
    sql_root = PROJECT_ROOT / "sql"
    shop = build.Workshop(
        client=landed.client,
        target=landed.target,
        catalog=read_catalog(sql_root),
        sql_root=sql_root,
        business_zone=BUSINESS_ZONE,
        identity_key=IDENTITY_KEY,
        identity_key_version="score",
        progress=tell,
    )
    pin = build.pin(shop, build.new_build_id(datetime.now(UTC)), build_log.own_process())
    try:
        tables = [
            table for layer in BUILT for table in build.build_layer(shop, pin.build_id, layer)
        ]
        yield Scene(landed.truth, landed.client, frozenset(tables))
    finally:
        for table in tables:
            landed.client.command(f"drop table if exists {candidate_name(table)} sync")
        build_log.record(landed.client, pin, "failed", "a score publishes nothing")
