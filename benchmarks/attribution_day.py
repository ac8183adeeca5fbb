"""A normal day beside making everything whole: one person in a hundred has come again since.

The published tables are those the whole set has just made. Their inputs come as candidates in which
every hundredth person has a new touch; journeys and credit are made of the published ones and what
changed, and then whole from the same candidates, with the weights the published build has learned.
Both must be equal by table hash. What tells who changed is made in full on both sides and counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from clickhouse_connect.driver.client import Client

from benchmarks.engine_step import measure_step
from include.contracts import ddl
from include.contracts.model import Catalog
from include.settings import PROJECT_ROOT
from include.warehouse import increment, run_sql, solved_tables
from include.warehouse.publish import candidate_name
from include.warehouse.table_hash import table_hash

CHANGED_PEOPLE = 100
"""One in so many."""
INPUTS = ("core_touch", "core_person", "core_deal", "core_deal_stage", "core_lead", "core_call",
          "core_payment", "core_company_link")  # fmt: skip
MADE = ("core_conversion", "core_account_member", "core_journey", "core_channel_weight",
        "core_attribution_credit")  # fmt: skip
TABLES = frozenset(f"core.{one}" for one in (*INPUTS, *MADE))
NEW_TOUCHES = """
insert into core.core_touch__next
select * replace (
  concat('new ', touch_key) as touch_key, touched_at + toIntervalHour(1) as touched_at,
  cityHash64(touch_digest) as touch_digest)
from core.core_touch
where person_key in (
  select concat('p', toString(number * {changed:UInt64} + cityHash64(number) % {changed:UInt64}))
  from numbers(intDiv({people:UInt64}, {changed:UInt64})))
limit 1 by person_key
"""


def run_day(
    client: Client, catalog: Catalog, pid: int, touches: int, published: Mapping[str, Any]
) -> Iterator[str]:
    """Lines to print; ``published`` are the parameters the published tables were made with."""
    parameters = {**published, "as_of": datetime(2100, 1, 2, tzinfo=UTC), "build_id": "next day"}
    _remember(client, published, parameters)
    for name in INPUTS:
        _prepare(client, catalog, name)
        client.command(f"insert into core.{name}__next select * from core.{name}")
    figures = {"changed": CHANGED_PEOPLE, "people": touches // 10}
    client.command(NEW_TOUCHES, parameters=figures)
    spent = {}
    hashes: dict[str, list[object]] = {name: [] for name in MADE}
    for way, increments in (
        ("of the published", increment.Increment(client, catalog, TABLES, worth_rows=0)),
        ("whole", None),
    ):
        seconds = cpu = peak = 0.0
        for name in MADE:
            _prepare(client, catalog, name)
            make = partial(_make, client, catalog, name, parameters, increments)
            step = measure_step(client, pid, make)
            seconds, cpu = seconds + step.seconds, cpu + step.cpu_seconds
            peak = max(peak, step.peak_mb)
            renewed = f", {step.answer:,} of the published rows made anew" if step.answer else ""
            yield (
                f"{touches:>12,}  a day, {way}: {name:<24}{step.seconds:>6.1f} s"
                f" {step.cpu_seconds:>6.1f} CPU s{renewed}"
            )
            hashes[name].append(table_hash(client, f"core.{name}__next"))
        if increments is not None:
            increments.close()
        spent[way] = (seconds, cpu)
        yield f"{touches:>12,}  a day, {way}: {seconds:.1f} s, {cpu:.1f} CPU s, {peak:,.0f} MB peak"
    for name, (one, other) in hashes.items():
        if one != other:
            raise SystemExit(f"{name} made of the published is not the one made whole")
    (seconds, cpu), (whole_seconds, whole_cpu) = spent.values()
    yield (
        f"{touches:>12,}  a normal day takes {seconds / whole_seconds:.1%} of the time and"
        f" {cpu / whole_cpu:.1%} of the CPU of making all whole, wanted ≤ 10 %; equal by hash"
    )


def _make(
    client: Client,
    catalog: Catalog,
    name: str,
    parameters: Mapping[str, Any],
    increments: increment.Increment | None,
) -> int | None:
    table = catalog.table(f"core.{name}")
    if increments is not None and table.incremental_by:
        return increments.fill(table, parameters, TABLES)
    solved_tables.fill(
        client, table, parameters, target=candidate_name(table.full_name), candidates=TABLES
    )
    return None


def _remember(client: Client, published: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """What the published build leaves to the next: its weights, and that both are of one SQL."""
    log = "ops.learned_channel_weight"
    path = PROJECT_ROOT / "sql" / "publish" / "learned_channel_weight.sql"
    run_sql.run(client, path, published, target=log)
    client.insert(
        "ops.build_log",
        [(parameters["build_id"], "pinned", "same") for parameters in (published, now)],
        column_names=["build_id", "event", "sql_hash"],
    )


def _prepare(client: Client, catalog: Catalog, name: str) -> None:
    client.command(f"drop table if exists core.{name}__next sync")
    client.command(ddl.create_table(catalog.table(f"core.{name}"), name=f"core.{name}__next"))
