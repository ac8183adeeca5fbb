"""The whole company through every connector into raw, compared with what the company did.

``python -m benchmarks.whole_world [small|demo|<folder>] [source …]`` plays the vendors after the
world's last figure is final, reads the world's whole span at each, and prints for every source a
hash of its facts in raw beside the hash of the same facts in the world's own tables.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client
from rich.console import Console
from rich.table import Table

from include.connectors.protocol import Account, Host, MemoryVault
from include.contracts.reader import read_catalog
from include.embedded import process
from include.ingestion.account_run import Waiting, run_account
from include.ingestion.sources import discover_connectors
from include.sandbox.demo_accounts import DEMO_ACCOUNTS, DemoAccount
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.business_lines import LINES
from include.sandbox.world.generator import make_world
from include.sandbox.world.sizes import SIZES
from include.sandbox.world.store import read_world
from include.sandbox.world.world import World
from include.settings import PROJECT_ROOT
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.landing import Landing
from include.warehouse.schema import apply_schema

Fact = tuple[Any, ...]
SETTLED = timedelta(days=100)
"""After the world's end: every restatement of it is over."""
FIRST_DEAL_ID = 20_000_000
"""amoCRM's numbers of deals begin above it."""


@dataclass(frozen=True)
class Comparison:
    """One source's facts on both sides."""

    source: str
    told: list[Fact]
    held: list[Fact]
    seconds: float

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


def _second(instant: datetime) -> str:
    """An instant as both sides write it, whole seconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _whole_units(micros: int) -> int:
    """Money as a vendor shows it who knows no hundredths."""
    return int((Decimal(micros) / 1_000_000).quantize(Decimal(1))) * 1_000_000


def ads_told(world: World, account: DemoAccount) -> list[Fact]:
    """Day and campaign of one advertiser: clicks and cost in micros, final."""
    sums: dict[Fact, list[int]] = {}
    for row in world.table("ad_stats").to_pylist():
        if (row["vendor"], row["account_id"]) == (account.source, account.name):
            found = sums.setdefault((row["stats_date"], int(row["campaign_id"])), [0, 0])
            found[0] += row["clicks"]
            found[1] += row["cost_micros"]
    return [(str(key[0]), key[1], *figures) for key, figures in sums.items() if any(figures)]


def whole_roubles_told(world: World, account: DemoAccount) -> list[Fact]:
    """As :func:`ads_told`; the vendor shows whole roubles of a campaign's day."""
    return [(*key, clicks, _whole_units(cost)) for *key, clicks, cost in ads_told(world, account)]


def visits_told(world: World, account: DemoAccount) -> list[Fact]:
    """Start and pages of the site's visits whose browser let the counter in, robots too."""
    return [
        (_second(row["started_at"]), row["page_views"])
        for row in world.table("visit").to_pylist()
        if row["site"] == LINES[0].site and row["metrica_client_id"]
    ]


def calls_told(world: World, account: DemoAccount) -> list[Fact]:
    """Start and talk of every call of the tracker."""
    return [
        (_second(row["started_at"]), row["talk_seconds"])
        for row in world.table("call").to_pylist()
        if row["tracker"] == account.source
    ]


def answers_told(world: World, account: DemoAccount) -> list[Fact]:
    """Start of every call of the tracker, and whether somebody answered it."""
    return [
        (_second(row["started_at"]), int(row["talk_seconds"] > 0))
        for row in world.table("call").to_pylist()
        if row["tracker"] == account.source
    ]


def deals_told(world: World, account: DemoAccount) -> list[Fact]:
    """Deals of the CRM that were neither deleted nor merged away, with their amounts."""
    return [
        (int(row["deal_id"]), row["amount_micros"])
        for row in world.table("crm_deal").to_pylist()
        if row["crm"] == account.source and not row["deleted_at"] and not row["merged_into_id"]
    ]


def whole_deals_told(world: World, account: DemoAccount) -> list[Fact]:
    """As :func:`deals_told`; amoCRM keeps whole units of the currency."""
    return [(number, _whole_units(amount)) for number, amount in deals_told(world, account)]


AD_FACTS = """
select toString(stats_date), toInt64(campaign_id), toInt64(sum(clicks)), toInt64(sum({cost}))
from raw.raw_{source}__ad_performance_daily_live
group by 1, 2 having sum(clicks) > 0 or sum({cost}) > 0"""
CALL_FACTS = """
select formatDateTime(started_at, '%Y-%m-%d %H:%i:%S'), toInt64({talk})
from raw.raw_{source}__call_live"""
DEAL_FACTS = """
select toInt64(d.{key}), toInt64(d.{amount} * 1000000)
from (
    select * from raw.raw_{source}__{entity}_live
    order by updated_at desc, _load_id desc limit 1 by account_id, {key}
) as d
where d.{key} in (select {key} from raw.raw_{source}__{entity}_scan_live)"""


@dataclass(frozen=True)
class Audit:
    """How one source's facts are told by the world and asked of raw."""

    told: Callable[[World, DemoAccount], list[Fact]]
    sql: str


AUDITS: Mapping[str, Audit] = {
    "yandex_direct": Audit(ads_told, AD_FACTS.format(source="yandex_direct", cost="cost_micros")),
    "vk_ads": Audit(
        ads_told,
        AD_FACTS.format(source="vk_ads", cost="toInt64(spent_amount * 1000000)").replace(
            "campaign_id", "ad_plan_id"
        ),
    ),
    "avito_ads": Audit(
        whole_roubles_told,
        AD_FACTS.format(source="avito_ads", cost="toInt64(spend_amount * 1000000)"),
    ),
    "google_ads": Audit(ads_told, AD_FACTS.format(source="google_ads", cost="cost_micros")),
    "meta_ads": Audit(ads_told, AD_FACTS.format(source="meta_ads", cost="cost_micros")),
    "yandex_metrica": Audit(
        visits_told,
        "select formatDateTime(started_at, '%Y-%m-%d %H:%i:%S'), toInt64(page_views)"
        " from raw.raw_yandex_metrica__visit_live",
    ),
    "calltouch": Audit(calls_told, CALL_FACTS.format(source="calltouch", talk="talk_seconds")),
    "uis": Audit(calls_told, CALL_FACTS.format(source="uis", talk="talk_seconds")),
    "callrail": Audit(answers_told, CALL_FACTS.format(source="callrail", talk="is_answered")),
    "bitrix24": Audit(
        deals_told,
        DEAL_FACTS.format(
            source="bitrix24", entity="deal", key="deal_id", amount="opportunity_amount"
        ),
    ),
    "amocrm": Audit(
        whole_deals_told,
        # Enquiries that never became a deal are leads there too, with numbers of their own.
        DEAL_FACTS.format(source="amocrm", entity="lead", key="lead_id", amount="price_amount")
        + f" and d.lead_id > {FIRST_DEAL_ID}",
    ),
    "hubspot": Audit(
        deals_told,
        DEAL_FACTS.format(source="hubspot", entity="deal", key="deal_id", amount="deal_amount"),
    ),
}


def compare_all(
    world: World, client: Client, folder: Path, wanted: Sequence[str] = ()
) -> Iterator[Comparison]:
    """Read every source of the demo over the world, one after the other."""
    stage = Stage(1)
    stage.world = world
    settled = datetime.combine(world.ends_on, clock_time(9), UTC) + SETTLED
    stage.clock.set(now=settled, factor=10_000.0, frozen=True)
    with VendorServer(stage) as server:
        for account in DEMO_ACCOUNTS:
            audit = AUDITS.get(account.source)
            if audit is None or (wanted and account.source not in wanted):
                continue
            started = time.monotonic()
            read_account(account, server, client, folder, world)
            rows = client.query(audit.sql).result_rows
            seconds = time.monotonic() - started
            yield Comparison(account.source, audit.told(world, account), list(rows), seconds)


def read_account(
    account: DemoAccount, server: VendorServer, client: Client, folder: Path, world: World
) -> None:
    """The whole span of one account into raw, as a task would."""
    clock = server.stage.clock
    credentials = account.credentials
    options = {
        "base_url": server.vendor_urls[account.source],
        "history_from": world.starts_on.isoformat(),
        **account.options,
    }
    connector = discover_connectors()[account.source](
        Account(account.source, account.name, options, credentials),
        clock.now,
        Host(sleep=lambda _: None, vault=MemoryVault(credentials)),
    )
    while True:
        outcome = run_account(
            connector,
            Landing(str(folder / "landing")),
            client,
            None,
            clock.now,
            "whole-world",
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
    if strange := sorted(set(arguments[1:]) - set(AUDITS)):
        sys.stderr.write(f"not compared: {', '.join(strange)}; there are: {', '.join(AUDITS)}\n")
        return 2
    world = make_world(1, wanted)[0] if wanted in SIZES else read_world(Path(wanted))
    console = Console()
    table = Table(title=f"World {world.size}, {world.starts_on} to {world.ends_on}, in raw")
    for heading in ("source", "facts", "in raw", "of the world", "equal", "seconds"):
        table.add_column(heading, justify="left" if heading == "source" else "right")
    is_equal = True
    with tempfile.TemporaryDirectory(prefix="throughline-world-") as folder:
        root = Path(folder)
        with open_store(root) as client:
            for found in compare_all(world, client, root, arguments[1:]):
                is_equal &= found.is_equal
                table.add_row(
                    found.source,
                    f"{len(found.held):,} of {len(found.told):,}",
                    hash_facts(found.held),
                    hash_facts(found.told),
                    "yes" if found.is_equal else "NO",
                    f"{found.seconds:.1f}",
                )
                verdict = "equal" if found.is_equal else show_difference(found)
                console.print(f"{found.source}: {verdict}")
    console.print(table)
    return 0 if is_equal else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
