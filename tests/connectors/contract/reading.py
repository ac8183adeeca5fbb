"""Reads an account into a real landing zone, as a run does, without an engine.

Every poll and fetch is made by another connector than the one that asked, as after a kill; sleeps
move the vendor's clock instead of passing.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from include.connectors.protocol import (
    Account,
    Batch,
    Connector,
    Host,
    Interval,
    KnownSlice,
    Limiter,
    MemoryVault,
    Rate,
    Slice,
    Vault,
    Wait,
)
from include.ingestion.sources import discover_connectors
from include.sandbox.vendors.server import VendorServer
from include.warehouse.landing import Landing
from include.warehouse.manifest import Manifest
from tests.connectors.contract.source_case import Play, Row, SourceCase

MOST_WAITS = 200


class CountingLimiter:
    """Counts what passes it."""

    def __init__(self) -> None:
        self.acquired = 0

    def acquire(self, weight: int = 1) -> None:
        """Pass at once."""
        self.acquired += weight


@dataclass
class Reader:
    """One account at one stand-in, and everything it has landed so far."""

    case: SourceCase
    play: Play
    server: VendorServer
    landing: Landing
    account: str = ""
    credentials: Mapping[str, str] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    """Over those of the case and the play."""
    manifests: list[Manifest] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    slices: list[Slice] = field(default_factory=list)
    tokens: list[Any] = field(default_factory=list)
    sleeps: list[float] = field(default_factory=list)
    limiter: CountingLimiter = field(default_factory=CountingLimiter)
    vault: Vault | None = None

    def __post_init__(self) -> None:
        self.account = self.account or self.case.account
        if self.credentials is None:
            self.credentials = self.play.credentials or self.case.credentials
        self.vault = MemoryVault(self.credentials)

    def set_stage(self) -> None:
        """Put the play's world, clock, knobs and faults in place."""
        stage = self.server.stage
        stage.world = self.play.world
        stage.clock.set(now=self.play.now or self.case.now, factor=1.0, frozen=True)
        stage.knobs.update(self.play.knobs)
        for fault in self.play.faults:
            stage.faults.plant(fault)

    def connect(self) -> Connector:
        """A new connector, as another process would make it."""
        options = {"base_url": self.server.vendor_urls[self.case.source]}
        account = Account(
            self.case.source,
            self.account,
            options | dict(self.case.options) | dict(self.play.options) | self.options,
            dict(self.credentials or {}),
        )
        host = Host(sleep=self.sleep, share_limit=self._share_limit, vault=self.vault)
        make = discover_connectors()[self.case.source]
        return make(account, self.server.stage.clock.now, host)

    def sleep(self, seconds: float) -> None:
        """Let the vendor's clock pass instead of ours."""
        self.sleeps.append(seconds)
        self.server.stage.clock.advance(seconds)

    def read(self, window: Interval | None = None) -> None:
        """One run: plan, ask, wait, land; checkpoints last. Raises what the connector raises."""
        now = self.server.stage.clock.now()
        plan = self.connect().plan(self.known(), now, window or self.play.window)
        for is_checkpoint in (False, True):
            for piece in plan:
                if piece.is_checkpoint == is_checkpoint:
                    self._land(piece)

    def known(self) -> list[KnownSlice]:
        """The live entries, as the slice log would give them."""
        live: dict[tuple[str, str], Manifest] = {}
        for manifest in self.manifests:
            name = (manifest.resource, manifest.slice_key)
            if name not in live or manifest.pulled_at >= live[name].pulled_at:
                live[name] = manifest
        return [
            KnownSlice(
                manifest.resource,
                manifest.slice_key,
                manifest.content_hash,
                manifest.pulled_at,
                manifest.row_count,
                manifest.watermark,
                manifest.control_totals,
            )
            for manifest in live.values()
        ]

    def live_rows(self, resource: str) -> pa.Table:
        """Visible rows: the newest pull of a replaced slice, every one of an appended one."""
        newest: dict[str, Manifest] = {}
        shown: list[Manifest] = []
        for manifest in self.manifests:
            if manifest.resource != resource:
                continue
            if manifest.kind == "append":
                shown.append(manifest)
            elif (
                manifest.slice_key not in newest
                or manifest.pulled_at >= newest[manifest.slice_key].pulled_at
            ):
                newest[manifest.slice_key] = manifest
        tables = []
        schema = self.connect().resources[resource].schema
        for manifest in [*shown, *newest.values()]:
            for part in manifest.parts:
                table = pq.read_table(io.BytesIO(self.landing.read_part(manifest, part.name)))
                table = table.select(schema.names).cast(schema)
                pulled = pa.repeat(pa.scalar(manifest.pulled_at), table.num_rows)
                tables.append(table.append_column("_pulled_at", pulled))
        if not tables:
            return schema.append(pa.field("_pulled_at", pa.timestamp("us", "UTC"))).empty_table()
        return pa.concat_tables(tables, promote_options="permissive")

    def landed(self) -> list[Row]:
        """Live rows in the case's own terms, sorted."""
        return sort_rows(self.case.landed(self.live_rows(self.case.resource)))

    def row_count(self) -> int:
        """Rows of every pull so far, also of those replaced since."""
        return sum(batch.rows.num_rows for batch in self.batches if batch.rows is not None)

    def _land(self, piece: Slice) -> None:
        self.slices.append(piece)
        asked_at = self.server.stage.clock.now()
        state = self.connect().start(piece)
        waits = 0
        while isinstance(state, Wait):
            waits += 1
            assert waits < MOST_WAITS, f"{piece.resource}/{piece.key} is never ready"
            self.tokens.append(state.token)
            self.sleep(state.seconds)
            state = self.connect().poll(state.token)
        self.tokens.append(state.token)
        connector = self.connect()
        rows_in = 0
        with self.landing.open_pull(
            self.case.source,
            self.account,
            connector.resources[piece.resource],
            piece,
            pulled_at=asked_at,
            connector_version=connector.version,
            run_id="contract",
        ) as writer:
            for batch in connector.fetch(state.token):
                self.batches.append(batch)
                writer.add(batch)
                rows_in += len(batch.rejected) + (batch.rows.num_rows if batch.rows else 0)
            self.manifests += writer.finish(rows_in)

    def _share_limit(self, key: str, rates: Sequence[Rate]) -> Limiter:
        assert key, "a shared limit needs a name"
        assert rates, f"the limit {key} has no rate"
        return self.limiter


def sort_rows(rows: Sequence[Row]) -> list[Row]:
    """In an order that nulls and mixed types do not disturb."""
    return sorted(rows, key=repr)
