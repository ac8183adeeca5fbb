"""One run of Great Expectations for the session: importing it costs seconds."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from clickhouse_connect.driver.client import Client

from include.contracts import ddl
from include.contracts.model import Table
from include.contracts.reader import read_table
from include.embedded import process
from include.quality.validation import CheckResult, validate
from include.warehouse.client import ClickHouseTarget, connect

PHONE = "+79161234567"
SECRET = "audit-$ecret/@"
CONTRACT = """\
description: One row per lead.
kind: table
grain: [lead_id]
order_by: [lead_id]
columns:
  - {name: lead_id, type: String, description: The lead., checks: [not_null, unique]}
  - {name: contact, type: String, description: Hash., checks: [{matches: '^[0-9a-f]{4}$'}]}
  - {name: channel, type: Nullable(String), description: Channel.,
     checks: [not_null, {in: [paid, organic], severity: warn}]}
  - {name: lead_date, type: Date, description: Day., day: account,
     checks: [{between: [2020-01-01, 2030-01-01]}]}
  - {name: created_at, type: "DateTime64(6,'UTC')", description: Instant.,
     checks: [{between: [2020-01-01, null]}]}
  - {name: revenue_amount, type: "Nullable(Decimal(18,2))", description: Money., currency: RUB,
     vat: net, checks: [{between: [0, null]}]}
  - {name: is_won, type: Bool, description: Won., checks: [{in: [true]}]}
checks:
  - id: every_lead_has_a_deal
    description: Each lead is among the deals.
    severity: fail
    unexpected_rows: |
      select l.lead_id, l.contact
      from {table} as l left join core.core_sold as d using (lead_id)
      where d.deal_id is null and l.contact not like 'a%:b :c {x}' -- a note: and a brace {
  - id: has_rows
    severity: fail
    row_count_between: [1, 3]
"""
DDL_OF_DEALS = (
    "create table core.{} (lead_id String, deal_id UInt8) engine = MergeTree order by lead_id"
)
GOOD = [
    "('a', 'ab12', 'paid', '2026-01-01', '2026-01-01 00:00:00', 1.50, true)",
    "('b', 'cd34', 'organic', '2026-01-02', '2026-01-02 00:00:00', null, true)",
]
BAD = [
    f"('c', '{PHONE}', 'paid', '2026-01-01', '2026-01-01 00:00:00', 1, true)",
    f"('c', '{PHONE}', null, '2019-01-01', '2019-01-01 00:00:00', -1, false)",
    f"('d', '{PHONE}', 'other', '2026-01-01', '2026-01-01 00:00:00', 1, true)",
    f"('e', '{PHONE}', 'other', '2026-01-01', '2026-01-01 00:00:00', 1, true)",
]


@dataclass(frozen=True)
class Audit:
    """One run over several candidates: its results, and all it printed and logged."""

    results: tuple[CheckResult, ...]
    printed: str
    left_behind: frozenset[str]
    private: tuple[str, ...] = (PHONE, PHONE[1:], SECRET)

    def of(self, table: str) -> dict[str, CheckResult]:
        """Results of one table by check id."""
        return {item.check_id: item for item in self.results if item.table == f"core.{table}"}


@pytest.fixture(scope="session")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ClickHouseTarget, Client]]:
    """An engine with good, bad, broken and missing candidates beside live tables."""
    running = process.start(tmp_path_factory.mktemp("quality") / "data", password=SECRET)
    target = ClickHouseTarget(running.host, running.port, running.user, SECRET)
    client = connect(target)
    for statement in ddl.create_databases():
        client.command(statement)
    yield target, client
    client.close()
    running.stop()


@pytest.fixture(scope="session")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Table]:
    """The same contract under the names of the cases."""
    folder = tmp_path_factory.mktemp("contracts") / "core"
    folder.mkdir()
    tables = {}
    for case in ("good", "bad", "empty", "broken", "missing", "other_type"):
        path = folder / f"core_{case}.yaml"
        path.write_text(CONTRACT, encoding="utf-8")
        tables[case] = read_table(path)
    return tables


def resolve(sql: str) -> str:
    """As a build does: deals have a candidate."""
    return sql.replace("core.core_sold ", "core.core_sold__next ")


def stored_tables(client: Client) -> frozenset[str]:
    rows = client.query(
        "select database || '.' || name from system.tables where database not in"
        " ('system', 'INFORMATION_SCHEMA', 'information_schema')"
    ).result_rows
    return frozenset(row[0] for row in rows)


@pytest.fixture(scope="session")
def audit(audited: tuple[ClickHouseTarget, Client], contracts: dict[str, Table]) -> Audit:
    """The one run."""
    target, client = audited
    client.command(DDL_OF_DEALS.format("core_sold"))
    client.command(DDL_OF_DEALS.format("core_sold__next"))
    client.command("insert into core.core_sold__next values ('a', 1), ('b', 1)")
    good, bad = contracts["good"], contracts["bad"]
    for table, live, candidate in ((good, BAD, GOOD), (bad, GOOD, BAD)):
        client.command(ddl.create_table(table))
        client.command(ddl.create_table(table, f"{table.full_name}__next"))
        client.command(f"insert into {table.full_name} values {', '.join(live)}")
        client.command(f"insert into {table.full_name}__next values {', '.join(candidate)}")
    client.command(ddl.create_table(contracts["empty"], "core.core_empty__next"))
    other = ddl.create_table(contracts["other_type"], "core.core_other_type__next")
    client.command(other.replace("`is_won` Bool", "`is_won` UInt8"))
    client.command("insert into core.core_other_type__next select * from core.core_good__next")
    # A candidate in which reading one column raises, quoting the value in the engine's message.
    client.command(
        "create view core.core_broken__next as select lead_id, contact, channel, lead_date,"
        " created_at, cast(toDecimal64('tel ' || contact, 2) as Nullable(Decimal(18, 2)))"
        " as revenue_amount, is_won from core.core_bad__next"
    )
    import great_expectations  # noqa: F401 - its import talks of its own registry, not of rows

    before = stored_tables(client)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    try:
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
            pairs = [(table, f"{table.full_name}__next") for table in contracts.values()]
            results = validate(target, pairs, resolve)
    finally:
        logging.getLogger().removeHandler(handler)
    return Audit(tuple(results), stream.getvalue(), stored_tables(client) - before)
