"""Campaigns, groups and creatives as whole lists, whatever their status."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from include.connectors._records import RecordReader
from include.connectors.avito_ads.client import Client
from include.connectors.avito_ads.schema import (
    CAMPAIGN,
    COLUMNS,
    IGNORED,
    KNOWN_STATUSES,
    LISTS,
    RESOURCES,
)
from include.connectors.protocol import Batch

BATCH_ROWS = 5_000


def read_list(client: Client, resource: str, currency_code: str) -> Iterator[Batch]:
    """Every object of a list; findings name statuses of campaigns the vendor does not document."""
    schema = RESOURCES[resource].schema
    constants: dict[str, Any] = {"account_id": client.who}
    if "currency_code" in schema.names:
        constants["currency_code"] = currency_code
    reader = RecordReader(
        f"avito_ads/{resource}", schema, COLUMNS[resource], constants, ignored=IGNORED
    )
    found = client.list_objects(LISTS[resource])
    told: set[str] = set()
    for start in range(0, len(found), BATCH_ROWS):
        some = found[start : start + BATCH_ROWS]
        batch = reader.read(some, start + 1)
        statuses = {str(row.get("status")) for row in some} if resource == CAMPAIGN else set()
        fresh = statuses - KNOWN_STATUSES - told
        told |= fresh
        unknown = (f"unknown status {status}" for status in sorted(fresh))
        yield Batch(batch.rows, batch.rejected, (*batch.findings, *unknown))
