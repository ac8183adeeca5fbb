"""Tables whose rows Python solves from what their statement has aggregated.

Everything else about them is as everywhere: contract, candidate, audit, publication. The statement
yields what is to be solved, not the table's columns: a matrix, or distinct values. It is read whole
into memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from include.attribution.channel_weights import weigh_channels
from include.attribution.media_mix import mix_media
from include.contracts.model import Table
from include.identity.cuts import cut_components
from include.identity.phones import read_phones
from include.warehouse import run_sql

Solver = Callable[[Sequence[Any]], Sequence[Sequence[Any]]]

SOLVERS: Mapping[str, Solver] = {
    "core.core_channel_weight": weigh_channels,
    "core.core_media_mix": mix_media,
    "core.core_company_cut": cut_components,
    "core.core_person_cut": cut_components,
    "stg.stg_phone_number": read_phones,
}
"""Table → what makes its rows, in the order of the contract's columns, of the statement's rows."""
SOLVER_FILES = (
    "include/attribution/*.py",
    "include/identity/cuts.py",
    "include/identity/phones.py",
)
"""The code of these, below the project: other code makes other rows."""


def fill(
    client: Client,
    table: Table,
    parameters: Mapping[str, Any],
    *,
    target: str,
    candidates: AbstractSet[str] = frozenset(),
) -> None:
    """Fill ``target`` by the table's statement, and by its solver where it has one.

    Raises what :func:`include.warehouse.run_sql.run` raises.
    """
    path = table.path.with_suffix(".sql")
    solve = SOLVERS.get(table.full_name)
    if solve is None:
        run_sql.run(
            client,
            path,
            parameters,
            target=target,
            columns=table.column_names,
            candidates=candidates,
        )
        return
    statement = run_sql.read_statement(path)
    used = run_sql.parameters_of(statement.text)
    try:
        rows = client.query(
            run_sql.resolve_tables(statement.text, candidates),
            parameters={name: run_sql.bind(parameters[name]) for name in sorted(used)} or None,
            settings=dict(run_sql.SETTINGS),
        ).result_rows
    except ClickHouseError as error:
        reason = run_sql.redact(str(error))
        raise run_sql.SqlFailed(statement.origin, target, 0, reason) from None
    solved = solve(rows)
    if solved:
        client.insert(target, solved, column_names=list(table.column_names))
