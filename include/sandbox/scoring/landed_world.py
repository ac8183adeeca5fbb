"""A world read by every connector into a store of its own, kept for the next score.

Reading the demo world through fifteen wire protocols takes minutes and its result depends on the
code of stand-ins and connectors alone, so the store is named after a hash of that code.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

from clickhouse_connect.driver.client import Client

from include.connectors.protocol import Account, Host, MemoryVault
from include.contracts.reader import read_catalog
from include.embedded import process
from include.ingestion.account_run import Waiting, run_account
from include.ingestion.sources import discover_connectors
from include.sandbox.demo_accounts import DEMO_ACCOUNTS, DemoAccount
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.generator import make_world
from include.sandbox.world.store import read_world, write_world
from include.sandbox.world.truth import Truth
from include.sandbox.world.truth_store import read_truth
from include.sandbox.world.world import World
from include.settings import PROJECT_ROOT
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.landing import Landing
from include.warehouse.schema import apply_schema

SETTLED = timedelta(days=100)
"""After the world's end: by then every restatement and late row has come."""
READ_BY = (
    "include/sandbox/vendors",
    "include/sandbox/world",
    "include/sandbox/demo_accounts.py",
    "include/connectors",
    "include/ingestion",
    "sql/raw",
)
"""Code that decides what lands."""
Tell = Callable[[str], None]


@dataclass(frozen=True)
class LandedWorld:
    """A folder with a world, its truth, and an engine whose raw layer holds what vendors told."""

    folder: Path
    truth: Truth
    target: ClickHouseTarget
    client: Client


@contextlib.contextmanager
def open_landed_world(root: Path, size: str, seed: int, tell: Tell) -> Iterator[LandedWorld]:
    """The landed world of that size and seed, read through the connectors first where it must be.

    A reading that was broken off is begun anew: the folder gets its name when it is whole.
    """
    folder = root / f"{size}-{seed}-{fingerprint()}"
    if not folder.exists():
        unfinished = root / f"{folder.name}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        tell(f"reading the world {size} of seed {seed} through every connector")
        world, truth = make_world(seed, size)
        write_world(unfinished / "world", world, truth.tables)
        with _open_store(unfinished) as (_, client):
            _read_all(world, client, unfinished, tell)
        unfinished.rename(folder)
    with _open_store(folder) as (target, client):
        read_world(folder / "world")  # a folder of another version of the world is refused here
        yield LandedWorld(folder, read_truth(folder / "world"), target, client)


def fingerprint() -> str:
    """Hash of the code and contracts that decide what lands."""
    digest = hashlib.sha256()
    for part in READ_BY:
        path = PROJECT_ROOT / part
        files = [path] if path.is_file() else sorted(path.rglob("*.[py]*"))
        for file in files:
            if file.suffix in (".py", ".yaml"):
                digest.update(f"{file.relative_to(PROJECT_ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def _read_all(world: World, client: Client, folder: Path, tell: Tell) -> None:
    stage = Stage(1)
    stage.world = world
    settled = datetime.combine(world.ends_on, clock_time(9), UTC) + SETTLED
    stage.clock.set(now=settled, factor=10_000.0, frozen=True)
    connectors = discover_connectors()
    with VendorServer(stage) as server:
        for account in DEMO_ACCOUNTS:
            if account.source in connectors:
                _read_account(account, server, client, folder, world)
                tell(f"{account.source} has landed")


def _read_account(
    account: DemoAccount, server: VendorServer, client: Client, folder: Path, world: World
) -> None:
    """The whole span of one account into raw, as its task would; waits pass at once."""
    clock = server.stage.clock
    options = {
        "base_url": server.vendor_urls[account.source],
        "history_from": world.starts_on.isoformat(),
        **account.options,
    }
    connector = discover_connectors()[account.source](
        Account(account.source, account.name, options, account.credentials),
        clock.now,
        Host(sleep=lambda _: None, vault=MemoryVault(account.credentials)),
    )
    while isinstance(
        outcome := run_account(
            connector,
            Landing(str(folder / "landing")),
            client,
            None,
            clock.now,
            "score",
            account=account.name,
            clock=clock.now,
        ),
        Waiting,
    ):
        clock.advance(outcome.seconds)


@contextlib.contextmanager
def _open_store(folder: Path) -> Iterator[tuple[ClickHouseTarget, Client]]:
    folder.mkdir(parents=True, exist_ok=True)
    engine = process.start(folder / "engine", log_path=folder / "engine.log")
    try:
        target = ClickHouseTarget(engine.host, engine.port, engine.user, engine.password)
        with connect(target) as client:
            apply_schema(client, read_catalog(PROJECT_ROOT / "sql"))
            yield target, client
    finally:
        engine.stop()
