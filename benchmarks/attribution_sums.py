"""The heuristic models alone, summed and not stored: what hand-written queries beside it make.

The house's own statements over fewer rows and columns: journeys of those who converted, and of the
credit statement the columns of eleven heuristic models, summed by channel as its rows come. No
touch's credit is written, and nobody asks for the journeys that failed, which Markov alone needs.
The sums must be those of the stored credit, to the kopeck and to the last unit of a share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from clickhouse_connect.driver.client import Client

from include.contracts import ddl
from include.contracts.model import Catalog
from include.warehouse import run_sql, solved_tables
from include.warehouse.publish import candidate_name

HEURISTICS = (
    "first", "last", "last_non_direct", "last_paid", "first_paid", "linear", "time_decay",
    "position_u", "position_w", "full_path", "account_weighted",
)  # fmt: skip
JOURNEYS, CREDIT = "core.core_journey", "core.core_attribution_credit"
INPUTS = ("core.core_conversion", "core.core_account_member")
# Modes are dates of the same money: without days each shows the sums of all days.
BY_MODE = """
select mode, channel, {names}
from (select channel, {sums} from {credit} where kind = 'won' group by channel)
array join ['won', 'accrual', 'cohort', 'cash'] as mode
"""


def spell_by_mode(columns: Sequence[str], credit: str) -> str:
    """Sums of arrays by mode and channel over ``credit``, a table or a statement in brackets."""
    sums = ", ".join(f"sumForEach({name}) as {name}" for name in columns)
    return BY_MODE.format(names=", ".join(columns), sums=sums, credit=credit)


def prepare(client: Client, catalog: Catalog) -> None:
    """Empty candidates of everything the sums are made of."""
    for name in (*INPUTS, JOURNEYS):
        client.command(f"drop table if exists {candidate_name(name)} sync")
        client.command(ddl.create_table(catalog.table(name), name=candidate_name(name)))


def sum_heuristics(
    client: Client, catalog: Catalog, parameters: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    """Rows of mode, channel, and for each heuristic model its shares and amounts by window."""
    for name in INPUTS:
        table = catalog.table(name)
        solved_tables.fill(client, table, parameters, target=candidate_name(name))
    table = catalog.table(JOURNEYS)
    statement = run_sql.read_statement(table.path.with_suffix(".sql"))
    run_sql.run(
        client,
        replace(statement, text=f"select * from (\n{statement.text}\n) where is_converted"),
        parameters,
        target=candidate_name(JOURNEYS),
        columns=table.column_names,
        candidates=frozenset(INPUTS),
    )
    credit = run_sql.read_statement(catalog.table(CREDIT).path.with_suffix(".sql"))
    text = run_sql.resolve_tables(credit.text, {JOURNEYS})
    return _query(client, f"(\n{text}\n)")


def require_equal(client: Client, sums: Sequence[tuple[Any, ...]]) -> None:
    """``SystemExit`` unless the stored credit says the same."""
    if sorted(_query(client, CREDIT)) != sorted(sums):
        raise SystemExit("the sums of the heuristics are not those of the stored credit")


def _query(client: Client, credit: str) -> list[tuple[Any, ...]]:
    columns = [f"{what}_{model}" for what in ("shares", "amounts") for model in HEURISTICS]
    text = spell_by_mode(columns, credit)
    return list(client.query(text, settings=dict(run_sql.SETTINGS)).result_rows)
