"""``python -m benchmarks attribution [touches …]``: the whole set of attribution against one pass.

Default 1 and 10 million touches, ten a person, one person in five with a won deal. *One pass* is
five models of one window over arrays, in doubles; *the whole set* is the house's own statements:
fourteen models, eight windows, exact credit of every touch, then sums of every model, window and
mode by channel; and the heuristic models of it alone, summed and not stored
(``attribution_sums``). All read the same tables in one run, because figures of two runs cannot be
compared. Beside them stand the eleven heuristic models over the same windows, in doubles and exact,
written by hand in DuckDB and polars, which keep no touch's credit either (``peers/``; left out,
with the reason, where the peers' environment is not made). How far a peer's money is from the
house's is measured by channel and model. A normal day is measured against making everything whole
(``attribution_day``); Markov and Shapley stand beside public libraries last
(``attribution_solved``). Prints one line a step: seconds, CPU seconds, peak memory of that step.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client

from benchmarks import attribution_day, attribution_solved, attribution_sums
from benchmarks.attribution_sums import HEURISTICS
from benchmarks.connectors import NO_PEERS, PEER_PYTHON
from benchmarks.engine_step import measure_step
from include.contracts.model import Catalog
from include.contracts.reader import read_catalog
from include.embedded import process
from include.settings import PROJECT_ROOT
from include.warehouse import seeds, solved_tables
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.schema import apply_schema

DEFAULT_TOUCHES = (1_000_000, 10_000_000)
SOLVED = "core_channel_weight"
"""Belongs to Markov and Shapley alone."""
STATEMENTS = ("core_conversion", "core_account_member", "core_journey", "core_channel_weight",
              "core_attribution_credit")  # fmt: skip
PARAMETERS = {
    "as_of": datetime(2100, 1, 1, tzinfo=UTC),
    "business_zone": "Europe/Moscow",
    "identity_key": "key of the benchmark",
    "build_id": "benchmark",
}
CHANNELS = (
    "paid_search", "display", "paid_social", "organic_search", "direct",
    "email", "referral", "social", "classified", "messenger",
)  # fmt: skip

TOUCHES = """
insert into core.core_touch (touch_key, person_key, touched_at, touch_date, kind, direction,
  channel, channel_rule_id, campaign_id, source, account_id, touch_digest)
select concat('t', toString(number)), concat('p', toString(cityHash64(number) % {people:UInt64})),
  toDateTime64('2025-01-01 00:00:00', 6, 'UTC') + toIntervalSecond(cityHash64(number, 1) % 31536000)
    as at, toDate(at), 'visit', 'in',
  {channels:Array(String)}[1 + cityHash64(number, 2) % length({channels:Array(String)})], 'bench',
  toString(cityHash64(number, 3) % 50), 'files', 'bench', cityHash64(number, 4)
from numbers({touches:UInt64})
"""
DEALS = """
insert into core.core_deal (deal_key, source, account_id, person_key, status, won_at, won_date,
  revenue_amount, currency_code, vat_basis)
select concat('d', toString(number)), 'files', 'bench', concat('p', toString(number * 5)), 'won',
  toDateTime64('2025-03-01 00:00:00', 6, 'UTC') + toIntervalSecond(cityHash64(number, 9) % 26000000)
    as at, toDate(at), toDecimal64(cityHash64(number, 5) % 100000000, 2) / 100, 'RUB', 'net'
from numbers({deals:UInt64})
"""
PEOPLE = """
insert into core.core_person (person_key)
select concat('p', toString(number)) from numbers({people:UInt64})
"""
SINGLE_RUN = """
with journeys as (
  select deals.revenue_amount as amount,
    arraySort(groupArrayIf((touched_at, touch_key, channel), touched_at <= won_at
      and touched_at > subtractDays(won_at, 90))) as touches,
    length(touches) as count
  from core.core_touch as touches
  inner join core.core_deal as deals on deals.person_key = touches.person_key
  group by deals.deal_key, deals.revenue_amount)
select touch.3 as channel, sum(if(place = 1, amount, 0)), sum(if(place = count, amount, 0)),
  sum(toFloat64(amount) / count),
  sum(toFloat64(amount) * multiIf(count = 1, 1, count = 2, 0.5, place in (1, count), 0.4,
    0.2 / (count - 2))),
  sum(toFloat64(amount) * exp2(-dateDiff('second', touch.1, last) / 604800.)) as decayed
from (select amount, touches, count, touches[-1].1 as last from journeys)
array join touches as touch, arrayEnumerate(touches) as place
group by channel order by channel
"""
PEERS = {name: f"benchmarks.peers.{name.lower()}_credit" for name in ("DuckDB", "polars")}
MONEY = """
select toString(channel), arrayMap(money -> toInt64(money * 100), [{amounts}])
from core.core_attribution_credit where kind = 'won' and is_attributed group by channel
"""
Money = dict[str, dict[str, int]]
"""Model → channel → kopecks in the window of 90 days."""
# The peers are given visits already cut as core_journey cuts them: in ten million a dozen repeat.
GIVEN_TO_PEERS = {
    "touches": "select touch_key, person_key, touched_at, toString(channel) as channel from ("
    "select *, lagInFrame(tuple(channel, campaign_id, touched_at)) over ("
    "partition by person_key order by touched_at, touch_key"
    " rows between unbounded preceding and current row) as before from core.core_touch)"
    " where not (before.1 = channel and before.2 = campaign_id"
    " and touched_at < addMinutes(before.3, 30))",
    "deals": "select deal_key, person_key, assumeNotNull(won_at) as won_at,"
    " toInt64(assumeNotNull(revenue_amount) * 100) as kopecks from core.core_deal",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each size in an engine of its own."""
    sizes = [int(one) for one in (sys.argv[1:] if arguments is None else arguments)]
    for touches in sizes or DEFAULT_TOUCHES:
        with tempfile.TemporaryDirectory(prefix="throughline-bench-") as folder:
            engine = process.start(Path(folder) / "engine")
            try:
                target = ClickHouseTarget(engine.host, engine.port, engine.user, engine.password)
                with connect(target) as client:
                    one_pass = _measure(client, engine.pid, touches)
                    money = _read_money(client)
                    solved = attribution_solved.run_own(client, engine.pid)
                    given = _export(client, Path(folder))
                    catalog = read_catalog(PROJECT_ROOT / "sql")
                    day = attribution_day.run_day(client, catalog, engine.pid, touches, PARAMETERS)
                    for line in day:
                        _print(line)
            finally:
                engine.stop()
            _compare(given, touches, one_pass, money)
            for line in attribution_solved.compare(solved, given, touches):
                _print(line)
    return 0


def _measure(client: Client, pid: int, touches: int) -> float:
    """The house's own steps; returns the CPU seconds of one pass."""
    catalog = read_catalog(PROJECT_ROOT / "sql")
    apply_schema(client, catalog)
    seeds.load(client, catalog, PROJECT_ROOT / "sql" / "seeds")
    figures = {"touches": touches, "people": touches // 10, "deals": touches // 50}
    for statement in (TOUCHES, DEALS, PEOPLE):
        client.command(statement, parameters={**figures, "channels": list(CHANNELS)})
    one_pass = _time(client, pid, "one pass", touches, lambda: client.query(SINGLE_RUN))
    spent = {
        name: _time(client, pid, name, touches, lambda name=name: _fill(client, catalog, name))
        for name in STATEMENTS
    }
    sums = _time(client, pid, "sums by mode", touches, lambda: client.query(_spell_sums(catalog)))
    whole = sum(spent.values()) + sums
    attribution_sums.prepare(client, catalog)
    found: list[tuple[Any, ...]] = []
    alone = _time(
        client, pid, "heuristics, not stored", touches,
        lambda: found.extend(attribution_sums.sum_heuristics(client, catalog, PARAMETERS)),
    )  # fmt: skip
    attribution_sums.require_equal(client, found)
    for words, cpu in (
        ("the heuristics of all windows and modes, exact, summed as the peers sum them", alone),
        ("the credit statement", spent["core_attribution_credit"]),
        ("everything stored without solving weights", whole - spent[SOLVED]),
        ("everything stored", whole),
    ):
        _print(f"{touches:>12,}  {words} takes {cpu / one_pass:.1f} × one pass of CPU")
    return one_pass


def _export(client: Client, folder: Path) -> list[str]:
    """The same touches and deals as Parquet files."""
    paths = []
    for name, statement in GIVEN_TO_PEERS.items():
        path = folder / f"{name}.parquet"
        path.write_bytes(client.raw_query(statement, fmt="Parquet"))
        paths.append(str(path))
    return paths


def _read_money(client: Client) -> Money:
    """What the house's own statements gave."""
    amounts = ", ".join(f"sum(amounts_{model}[5])" for model in HEURISTICS)
    rows = client.query(MONEY.format(amounts=amounts)).result_rows
    return {
        model: {channel: values[place] for channel, values in rows}
        for place, model in enumerate(HEURISTICS)
    }


def _compare(given: Sequence[str], touches: int, one_pass: float, money: Money) -> None:
    if not PEER_PYTHON.exists():
        _print(f"{touches:>12,}  the peers are {NO_PEERS}")
        return
    for name, module in PEERS.items():
        for kind in ("doubles", "exact"):
            done = subprocess.run(
                [str(PEER_PYTHON), "-m", module, *given, kind],
                cwd=PROJECT_ROOT,
                stdout=subprocess.PIPE,
                check=True,
            )
            figures = json.loads(done.stdout)
            cpu = figures["cpu_seconds"]
            _print(
                f"{touches:>12,}  {f'{name}, 11 models, {kind}':<26}{figures['seconds']:>8.1f} s"
                f" {cpu:>8.1f} CPU s {cpu / touches * 1e6:>7.2f} µs a touch"
                f" {figures['peak_mb']:>8,.0f} MB peak {cpu / one_pass:>7.1f} × one pass,"
                f" {_measure_distance(money, figures['kopecks']):,} kopecks off at most"
            )


def _measure_distance(ours: Money, theirs: Money) -> int:
    """The largest difference of a channel's money by any model."""
    return max(
        abs(ours[model].get(channel, 0) - theirs[model].get(channel, 0))
        for model in HEURISTICS
        for channel in {*ours[model], *theirs[model]}
    )


def _fill(client: Client, catalog: Catalog, name: str) -> None:
    table = catalog.table(f"core.{name}")
    solved_tables.fill(client, table, PARAMETERS, target=table.full_name)


def _spell_sums(catalog: Catalog) -> str:
    names = catalog.table(attribution_sums.CREDIT).column_names
    arrays = [name for name in names if name.startswith(("shares_", "amounts_"))]
    return attribution_sums.spell_by_mode(arrays, attribution_sums.CREDIT)


def _time(client: Client, pid: int, name: str, touches: int, run: Callable[[], object]) -> float:
    """Print a step's figures; returns its CPU seconds."""
    step = measure_step(client, pid, run)
    _print(
        f"{touches:>12,}  {name:<26}{step.seconds:>8.1f} s {step.cpu_seconds:>8.1f} CPU s"
        f" {step.cpu_seconds / touches * 1e6:>7.2f} µs a touch {step.peak_mb:>8,.0f} MB peak"
    )
    return step.cpu_seconds


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
