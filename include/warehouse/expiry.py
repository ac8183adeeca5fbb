"""Removes personal data whose time is over, from raw tables, quarantine and landing alike.

The time is the contract's ``personal_data.expires_days``. Staging and everything above follow with
the next build, which no longer finds the rows. A rebuild of raw from landing cannot bring them
back, because their files go too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from clickhouse_connect.driver.client import Client

from include.contracts.model import LOAD_ID, Catalog, Table
from include.warehouse.landing import Landing
from include.warehouse.manifest import REJECTED_FILE, Manifest
from include.warehouse.raw_load import QUARANTINE


@dataclass(frozen=True)
class Expired:
    """How much was removed."""

    rows: int
    landed_slices: int


def expire_personal_data(
    client: Client, landing: Landing, catalog: Catalog, now: datetime | None = None
) -> Expired:
    """Remove what is older than its contract allows; repeating it removes nothing more.

    Landed files go before the rows: after a crash in between, the next call finds the rows still.
    """
    moment = now or datetime.now(UTC)
    tables = [table for table in catalog.layer("raw") if table.personal_data is not None]
    slices = sum(_expire_landing(landing, table, moment) for table in tables)
    rows = sum(_expire_rows(client, table, moment) for table in tables)
    return Expired(rows=rows, landed_slices=slices)


def _expire_rows(client: Client, table: Table, now: datetime) -> int:
    column, limit = _age_of(table)
    condition = f"{column} < {limit}"
    parameters = {"moment": _moment(table, now), "load": f"{_moment(table, now):%Y%m%dT%H%M%S%f}"}
    found = client.query(
        f"select count() from {table.full_name} where {condition}", parameters=parameters
    ).result_rows[0][0]
    if found:
        client.command(
            f"alter table {table.full_name} delete where {condition}",
            parameters=parameters,
            settings={"mutations_sync": 2},
        )
    return int(found)


def _age_of(table: Table) -> tuple[str, str]:
    column = table.personal_data.column if table.personal_data else ""
    if column and column != LOAD_ID:
        return column, "{moment:DateTime64(6, 'UTC')}"
    # Load ids sort by the time they were minted.
    return LOAD_ID, "{load:String}"


def _moment(table: Table, now: datetime) -> datetime:
    days = table.personal_data.expires_days if table.personal_data else 0
    return now - timedelta(days=days)


def _expire_landing(landing: Landing, table: Table, now: datetime) -> int:
    limit = _moment(table, now)
    old = [manifest for manifest in landing.manifests() if manifest.pulled_at < limit]
    if table.full_name == QUARANTINE:
        return sum(_forget_rejected(landing, manifest) for manifest in old)
    expired = [m for m in old if (m.source, m.resource) == (table.source, table.resource)]
    for manifest in expired:
        landing.files.remove_folder(manifest.folder)
    return len(expired)


def _forget_rejected(landing: Landing, manifest: Manifest) -> int:
    """Remove the rejected rows of a slice and keep their count, so that a rebuild still adds up."""
    if manifest.rejected_count == 0:
        return 0
    if manifest.rejected is not None:
        # First the manifest: one that names a missing file could not be rebuilt from.
        landing.files.write(manifest.path, replace(manifest, rejected=None).to_json())
    path = f"{manifest.folder}/{REJECTED_FILE}"
    if not landing.files.exists(path):
        return 0
    landing.files.remove(path)
    return 1
