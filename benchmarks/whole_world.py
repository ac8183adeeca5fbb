"""The whole company through every connector into raw, compared with what the company did.

``python -m benchmarks.whole_world [small|demo|<folder>] [source …]`` plays the vendors after the
world's last figure is final, reads the world's whole span at each, and prints for every kind of
fact of every account a hash of it in raw beside the hash of the same in the world's own tables.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

from clickhouse_connect.driver.client import Client
from rich.console import Console
from rich.table import Table

from benchmarks.world_facts.advertising import ADVERTISING
from benchmarks.world_facts.contacts import CONTACTS
from benchmarks.world_facts.customers import CUSTOMERS
from benchmarks.world_facts.fact_set import Fact, FactSet, Span
from benchmarks.world_facts.goods import GOODS
from benchmarks.world_facts.sites import SITES
from include.connectors.protocol import Account, Host, Interval, MemoryVault
from include.contracts.reader import read_catalog
from include.embedded import process
from include.ingestion.account_run import Waiting, run_account
from include.ingestion.sources import find_connector
from include.sandbox.demo_accounts import DEMO_ACCOUNTS, DemoAccount
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.generator import make_world
from include.sandbox.world.sizes import SIZES
from include.sandbox.world.store import read_world
from include.sandbox.world.world import World
from include.settings import PROJECT_ROOT
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.landing import Landing
from include.warehouse.schema import apply_schema

SETTLED = timedelta(days=100)
"""After the world's end: every restatement of it is over."""
FACTS: Mapping[str, tuple[FactSet, ...]] = {
    **ADVERTISING,
    **CONTACTS,
    **CUSTOMERS,
    **SITES,
    **GOODS,
}
"""Source → the kinds of fact it is asked for."""
KEPT_DAYS: Mapping[str, timedelta] = {"vk_ads": timedelta(days=365)}
"""How far back a vendor still shows figures, where that is less than two years."""
OPTIONS: Mapping[str, Mapping[str, object]] = {
    # the visit's own source; with page views, which the demo leaves out
    "yandex_metrica": {"attribution": "last", "include_hits": True},
}


@dataclass(frozen=True)
class Comparison:
    """One kind of fact of one account on both sides; ``seconds`` are those of reading it all."""

    source: str
    account: str
    kind: str
    told: list[Fact]
    held: list[Fact]
    seconds: float = 0.0

    @property
    def is_equal(self) -> bool:
        """Whether raw holds exactly what the company did; nothing on both sides proves nothing."""
        return bool(self.told) and hash_facts(self.told) == hash_facts(self.held)


def hash_facts(facts: Sequence[Fact]) -> str:
    """Order plays no part, repetition does."""
    digest = hashlib.sha256()
    for line in sorted(map(repr, facts)):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()[:16]


def compare_all(
    world: World, client: Client, folder: Path, accounts: Sequence[DemoAccount] = DEMO_ACCOUNTS
) -> Iterator[Comparison]:
    """Read the accounts of the company over the world, one after the other."""
    stage = Stage(1)
    stage.world = world
    settled = datetime.combine(world.ends_on, clock_time(9), UTC) + SETTLED
    stage.clock.set(now=settled, factor=10_000.0, frozen=True)
    with VendorServer(stage) as server:
        for account in accounts:
            started = time.monotonic()
            read_account(account, server, client, folder, world)
            seconds = time.monotonic() - started
            span = Span(account.name, stage.clock.now())
            for facts in FACTS[account.source]:
                rows = client.query(facts.sql, parameters={"account": account.name}).result_rows
                told = facts.told(world, span)
                yield Comparison(
                    account.source, account.name, facts.name, told, list(rows), seconds
                )


def read_account(
    account: DemoAccount, server: VendorServer, client: Client, folder: Path, world: World
) -> None:
    """The whole span of one account into raw, as tasks would; the vendors' clock ends settled.

    A vendor that forgets is asked for each part of the span once that is settled, and in time.
    """
    clock = server.stage.clock
    settled = clock.now()
    longest = KEPT_DAYS.get(account.source)
    if longest is not None:
        step, begin = longest - SETTLED, world.starts_on
        while begin < world.ends_on:
            end = min(begin + step, world.ends_on)
            clock.set(now=datetime.combine(end, clock_time(9), UTC) + SETTLED)
            read_span(account, server, client, folder, world, Interval(begin, end))
            begin = end
        clock.set(now=settled)
    read_span(account, server, client, folder, world, None)


def read_span(
    account: DemoAccount,
    server: VendorServer,
    client: Client,
    folder: Path,
    world: World,
    window: Interval | None,
) -> None:
    """One run of one account; waiting moves the vendors' clock."""
    clock = server.stage.clock
    credentials = account.credentials
    options = {
        "base_url": server.vendor_urls[account.source],
        "history_from": world.starts_on.isoformat(),
        **account.options,
        **OPTIONS.get(account.source, {}),
    }
    connector = find_connector(account.source)(
        Account(account.source, account.name, options, credentials),
        clock.now,
        Host(sleep=lambda _: None, vault=MemoryVault(credentials)),
    )
    while True:
        outcome = run_account(
            connector,
            Landing(str(folder / "landing")),
            client,
            window,
            clock.now,
            f"whole-world {window}",
            account=account.name,
            clock=clock.now,
        )
        if not isinstance(outcome, Waiting):
            return
        clock.advance(outcome.seconds)


@contextmanager
def open_store(folder: Path) -> Iterator[Client]:
    """An engine of its own with the house's tables."""
    engine = process.start(folder / "engine", log_path=folder / "engine.log")
    try:
        with connect(
            ClickHouseTarget(engine.host, engine.port, engine.user, engine.password)
        ) as client:
            apply_schema(client, read_catalog(PROJECT_ROOT / "sql"))
            yield client
    finally:
        engine.stop()


def show_difference(found: Comparison) -> str:
    """A few facts only one side has."""
    told, held = Counter(found.told), Counter(found.held)
    missing, extra = sorted(told - held, key=repr), sorted(held - told, key=repr)
    return f"missing {missing[:3]}, not the world's {extra[:3]}"


def main(arguments: Sequence[str]) -> int:
    """Print the table; 1 when a source differs, 2 for a source that is not compared."""
    wanted = arguments[0] if arguments else "small"
    if strange := sorted(set(arguments[1:]) - set(FACTS)):
        sys.stderr.write(f"not compared: {', '.join(strange)}; there are: {', '.join(FACTS)}\n")
        return 2
    world = make_world(1, wanted)[0] if wanted in SIZES else read_world(Path(wanted))
    accounts = [one for one in DEMO_ACCOUNTS if not arguments[1:] or one.source in arguments[1:]]
    console = Console()
    table = Table(title=f"World {world.size}, {world.starts_on} to {world.ends_on}, in raw")
    for heading in ("account", "facts", "held of told", "in raw", "of the world", "equal", "s"):
        is_text = heading in ("account", "facts")
        table.add_column(heading, justify="left" if is_text else "right", overflow="fold")
    is_equal = True
    with tempfile.TemporaryDirectory(prefix="throughline-world-") as folder:
        root = Path(folder)
        with open_store(root) as client:
            for found in compare_all(world, client, root, accounts):
                is_equal &= found.is_equal
                name = f"{found.source}/{found.account}"
                table.add_row(
                    name,
                    found.kind,
                    f"{len(found.held):,} of {len(found.told):,}",
                    hash_facts(found.held),
                    hash_facts(found.told),
                    "yes" if found.is_equal else "NO",
                    f"{found.seconds:.1f}",
                )
                verdict = "equal" if found.is_equal else show_difference(found)
                console.print(f"{name}, {found.kind}: {verdict}")
    console.print(table)
    return 0 if is_equal else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
