"""Records of every vendor as its connector gets them, captured from the stand-ins once.

A connector is run over the small world; the pages its record reader is given are kept, those of the
resource with most rows, so that the very same reader can be fed with them again and again.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from include.connectors import _records
from include.connectors._records import RecordReader
from include.connectors.protocol import Account, Connector, Host, MemoryVault, Resource, Wait
from include.ingestion.sources import discover_connectors
from include.sandbox.demo_accounts import DEMO_ACCOUNTS, DemoAccount
from include.sandbox.vendors.clock import Clock
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.generator import make_world

NOW = datetime(2026, 2, 1, 9, tzinfo=UTC)
HISTORY_FROM = "2026-01-01"
MOST_RECORDS = 5_000
PAGE = 1000
"""Records handed over at a time, to us and to the peer."""
READS_OTHERWISE = {"yandex_direct", "yandex_metrica", "ga4"}
"""TSV, or JSON parsed straight into Arrow: there are no records in between to give to a peer."""


@dataclass(frozen=True)
class Captured:
    """One resource's reader, and pages of records it was given."""

    source: str
    resource: Resource
    reader: RecordReader
    pages: Sequence[Sequence[Mapping[str, Any]]]

    def cycle(self, rows: int) -> Iterator[list[Mapping[str, Any]]]:
        """``rows`` records in pages of :data:`PAGE`, the captured ones over and over."""
        flat = itertools.chain.from_iterable(self.pages)
        given = itertools.islice(itertools.cycle(flat), rows)
        while page := list(itertools.islice(given, PAGE)):
            yield page

    def write(self, path: Path) -> int:
        """The records as JSON lines; how many."""
        records = [record for page in self.pages for record in page]
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        return len(records)


def capture(source: str) -> Captured:
    """Run a connector over the small world and keep what its readers were given."""
    account = next(each for each in DEMO_ACCOUNTS if each.source == source)
    stage = Stage(1, Clock(NOW, 1000.0))
    stage.clock.set(frozen=True)
    stage.world = make_world(1, "small")[0]
    given: dict[int, tuple[RecordReader, list[Sequence[Mapping[str, Any]]]]] = {}
    original = RecordReader.read

    def keep(reader: RecordReader, records: Sequence[Any], first_number: int = 1) -> Any:
        if records:
            given.setdefault(id(reader), (reader, []))[1].append(records)
        return original(reader, records, first_number)

    with VendorServer(stage) as server:
        connector = _connect(account, server.vendor_urls[source], stage.clock)
        _records.RecordReader.read = keep  # type: ignore[method-assign]
        try:
            _read_all(connector)
        finally:
            _records.RecordReader.read = original  # type: ignore[method-assign]
    reader, pages = _largest(given)
    names = reader.schema.names
    resource = next(r for r in connector.resources.values() if r.schema.names == names)
    kept: list[Sequence[Mapping[str, Any]]] = []
    for page in pages:
        kept.append(page)
        if sum(map(len, kept)) >= MOST_RECORDS:
            break
    return Captured(source, resource, reader, kept)


def _largest(given: Mapping[int, Any]) -> Any:
    """The reader of the resource with most records, with all pages of that resource."""
    by_schema: dict[tuple[str, ...], Any] = {}
    for reader, pages in given.values():
        known = by_schema.setdefault(tuple(reader.schema.names), (reader, []))
        known[1].extend(pages)
    return max(by_schema.values(), key=lambda pair: sum(map(len, pair[1])))


def _connect(account: DemoAccount, url: str, clock: Clock) -> Connector:
    credentials = account.credentials
    options = {"base_url": url, "history_from": HISTORY_FROM, **account.options}
    return discover_connectors()[account.source](
        Account(account.source, account.name, options, credentials),
        clock.now,
        Host(sleep=clock.advance, vault=MemoryVault(credentials)),
    )


def _read_all(connector: Connector) -> None:
    for piece in connector.plan([], NOW, None):
        state = connector.start(piece)
        while isinstance(state, Wait):
            time.sleep(0.01)
            state = connector.poll(state.token)
        for _ in connector.fetch(state.token):
            pass
