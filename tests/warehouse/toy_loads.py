"""Landed slices of the toy source, what is seen of them, and kills at chosen points."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.httpclient import HttpClient

from include.connectors.protocol import Batch, Rejected, Resource, Slice
from include.warehouse import raw_load
from include.warehouse.landing import Landing
from include.warehouse.landing_files import LandingFiles
from include.warehouse.landing_writer import PullWriter
from include.warehouse.manifest import Manifest
from include.warehouse.slices import SliceLog
from include.warehouse.table_hash import TableHash, table_hash
from tests.ingestion.toy_source import ACCOUNT, DAY, SPEND, days

LIVE = "raw.raw_toy__spend_live"
T0 = datetime(2026, 2, 1, tzinfo=UTC)
REJECTED = (Rejected("f.csv", 3, "bad_number", "not a number", "a;x"),)
KILL_POINTS = (
    "before the manifest",
    "after the manifest",
    "before the first part",
    "after the first part",
    "after all parts",
    "before the receipt",
    "after the receipt",
    "after the log",
    "after the marker",
)


class Killed(BaseException):
    """Stands for kill -9 at this very line: no handler of ours may run after it."""


def land(
    landing: Landing,
    rows: pa.RecordBatch,
    minute: int = 0,
    resource: Resource = SPEND,
    key: str = "k",
    rejected: tuple[Rejected, ...] = (),
) -> Manifest:
    """Land one slice that was asked for ``minute`` minutes after T0."""
    piece = Slice(resource.name, key, days(DAY, 1) if resource is SPEND else None)
    with landing.open_pull(
        "toy",
        ACCOUNT,
        resource,
        piece,
        pulled_at=T0 + timedelta(minutes=minute),
        connector_version="1",
        run_id="run",
    ) as writer:
        writer.add(Batch(rows, rejected))
        (manifest,) = writer.finish(rows.num_rows + len(rejected))
    return manifest


def costs(client: Client, relation: str = LIVE, **parameters: Any) -> list[str]:
    """``campaign=cost`` of every visible row, sorted."""
    rows = client.query(
        f"select campaign || '=' || toString(cost_amount) as seen from {relation} order by seen",
        parameters=parameters,
    ).result_rows
    return [row[0] for row in rows]


def logged(client: Client) -> list[tuple[Any, ...]]:
    """Entries of the slice log in the order of publication."""
    return client.query(
        "select status, load_id, toString(pulled_at) from ops.slice_log order by published_at"
    ).result_rows


def kill_at(point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrange that the next load dies at ``point``."""

    def kill(owner: Any, name: str, calls: int = 1, is_after: bool = False) -> None:
        original: Callable[..., Any] = getattr(owner, name)
        count = 0

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            if count == calls and not is_after:
                raise Killed
            result = original(*args, **kwargs)
            if count == calls:
                raise Killed
            return result

        monkeypatch.setattr(owner, name, wrapped)

    monkeypatch.setattr(raw_load, "_PARALLEL_PARTS", 1)
    # A real kill runs no clean-up.
    monkeypatch.setattr(PullWriter, "__exit__", lambda *_: None)
    if point in ("before the manifest", "after the manifest"):
        # Written before it: the plan and the pending marker.
        kill(LandingFiles, "write", calls=3, is_after=point.startswith("after"))
    elif point == "before the first part":
        kill(HttpClient, "raw_insert")
    elif point == "after the first part":
        kill(HttpClient, "raw_insert", calls=2)
    elif point == "after all parts":
        kill(raw_load, "require_equal_counts")
    elif point == "before the receipt":
        kill(Landing, "write_receipt")
    elif point == "after the receipt":
        kill(Landing, "write_receipt", is_after=True)
    elif point == "after the log":
        kill(SliceLog, "publish", is_after=True)
    elif point == "after the marker":
        kill(Landing, "clear_pending", is_after=True)


def die(*_: Any) -> None:
    """Stands in for a call during which the process is killed."""
    raise Killed


def hashes(client: Client) -> list[TableHash]:
    """What must be equal however often a run was killed."""
    return [
        table_hash(client, LIVE),
        table_hash(client, "raw.raw_quarantine_live"),
        table_hash(
            client,
            "ops.slice_log",
            ["source", "account_id", "resource", "slice_key", "kind", "content_hash",
             "row_count", "rejected_count", "control_totals", "date_from", "date_to"],
            where="status = 'loaded'",
        ),
    ]  # fmt: skip
