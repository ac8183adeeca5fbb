"""Which table reads which, taken from the SQL itself.

A raw view counts as its table (``raw.x_as_of(…)`` and ``raw.x_live`` are ``raw.x``), a candidate
as the table it will become. Names without a layer in front are CTEs or aliases, never tables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from include.contracts.model import LAYERS, Catalog, ContractError, Problem, suggest

BUILT_LAYERS = ("stg", "core", "mart", "ops")
CANDIDATE_SUFFIX = "__next"
_VIEW_SUFFIX = re.compile(r"_(?:as_of|live)$")
_READABLE = {
    "stg": ("raw", "stg", "seeds"),
    "core": ("stg", "core", "seeds"),
    "ops": ("raw", "stg", "core", "ops", "seeds"),
    "mart": ("core", "mart", "ops", "seeds"),
}


class UnreadableSql(ValueError):
    """The SQL could not be parsed, so its tables are not known."""


def tables_read(sql: str) -> set[str]:
    """Full names of the tables a statement reads; raises :class:`UnreadableSql`."""
    return {name for name, _ in _parse(sql)}


def is_read_whole(sql: str, table: str) -> bool:
    """Whether a select from ``table`` has a ``*``; else every column it reads is named.

    Raises :class:`UnreadableSql`.
    """
    return table in {name for name, is_whole in _parse(sql) if is_whole}


@lru_cache(maxsize=512)
def _parse(sql: str) -> frozenset[tuple[str, bool]]:
    """Full names of tables, each with whether a select from it has a ``*``."""
    # A build asks for the same few files many times, and parsing is the slow part.
    try:
        statement = sqlglot.parse_one(sql, dialect="clickhouse")
    except SqlglotError as error:
        first = str(error).splitlines()[0]
        raise UnreadableSql(f"the SQL cannot be parsed: {first}") from None
    starred = [one.parent_select for one in statement.find_all(exp.Star, exp.Func) if _is_star(one)]
    found: set[tuple[str, bool]] = set()
    for table in statement.find_all(exp.Table):
        database, name = table.text("db"), _name_of(table)
        if database and name:
            is_whole = any(table.parent_select is select for select in starred)
            found.add((_stored_name(database, name), is_whole))
    return frozenset(found)


def read_graph(sql_root: Path, catalog: Catalog) -> dict[str, set[str]]:
    """Each table that has a ``.sql``, with the tables it reads.

    Raises :class:`ContractError` with every ``.sql`` without contract, every unknown table and
    every reference that points upward (``mart ← core ← stg ← raw``, one step at a time).
    """
    problems: list[Problem] = []
    graph: dict[str, set[str]] = {}
    for layer in BUILT_LAYERS:
        for path in sorted((sql_root / layer).glob("*.sql")):
            name = f"{layer}.{path.stem}"
            if name not in catalog:
                problems.append(
                    Problem(
                        path,
                        1,
                        f"{name} has no contract",
                        f"write {path.with_suffix('.yaml').name} beside it, one entry per column",
                    )
                )
            sql = path.read_text(encoding="utf-8")
            try:
                read = tables_read(sql)
            except UnreadableSql as error:
                problems.append(
                    Problem(path, 1, str(error), "write one select in ClickHouse's plain grammar")
                )
                continue
            graph[name] = read
            for reference in sorted(read):
                problem = _reference_problem(catalog, layer, name, reference)
                if problem:
                    problems.append(Problem(path, _line_of(sql, reference), *problem))
    if problems:
        raise ContractError(problems)
    return graph


def build_order(sql_root: Path, catalog: Catalog) -> list[str]:
    """Tables with a ``.sql``, each after those it reads; ties by layer, then name.

    Raises :class:`ContractError` as :func:`read_graph` does, and for a cycle.
    """
    graph = read_graph(sql_root, catalog)
    sorter = TopologicalSorter({name: read & graph.keys() for name, read in graph.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        layer, stem = error.args[1][0].split(".")
        raise ContractError(
            [
                Problem(
                    sql_root / layer / f"{stem}.sql",
                    1,
                    f"tables read each other in a circle: {circle}",
                    "move what both need into a table of its own that reads neither",
                )
            ]
        ) from None
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=_position)
        order.extend(ready)
        sorter.done(*ready)
    return order


def render_mermaid(catalog: Catalog, graph: Mapping[str, set[str]]) -> str:
    """The table graph as a mermaid flowchart, one box per layer, left to right."""
    names = sorted({table.full_name for table in catalog} | set(graph), key=_position)
    linked = {name for name, read in graph.items() if read} | set().union(*graph.values())
    lines = ["flowchart LR"]
    for layer in LAYERS:
        members = [name for name in names if name.startswith(f"{layer}.") and name in linked]
        if members:
            lines.append(f"    subgraph {layer}")
            lines += [f"        {_node(name)}[{name.split('.')[1]}]" for name in members]
            lines.append("    end")
    for name in sorted(graph, key=_position):
        for read in sorted(graph[name] - {name}, key=_position):
            lines.append(f"    {_node(read)} --> {_node(name)}")
    return "\n".join(lines)


def _reference_problem(
    catalog: Catalog, layer: str, name: str, reference: str
) -> tuple[str, str] | None:
    database = reference.partition(".")[0]
    if reference == name:
        return (
            f"{name} reads itself",
            "a build starts from nothing: compute the table from the tables below it",
        )
    if reference not in catalog:
        return (
            f"{name} reads {reference}, which no contract describes"
            f"{suggest(reference, catalog.tables)}",
            "correct the name, or write the contract of that table",
        )
    is_record = reference in catalog and catalog.table(reference).kind == "log"
    if database not in _READABLE[layer] and not is_record:
        below = ", ".join(_READABLE[layer])
        return (
            f"{name} reads {reference}, but {layer} reads only {below}",
            f"mart ← core ← stg ← raw, one step at a time: let a table of {_below(layer)} carry "
            "what is needed, or move this table to the layer it belongs to",
        )
    return None


def _below(layer: str) -> str:
    return {"mart": "core", "core": "stg", "stg": "raw"}.get(layer, "core")


def _line_of(sql: str, reference: str) -> int:
    for number, line in enumerate(sql.splitlines(), start=1):
        if reference in line.partition("--")[0]:
            return number
    return 1


def _position(name: str) -> tuple[int, str]:
    layer = name.partition(".")[0]
    return (LAYERS.index(layer) if layer in LAYERS else -1, name)


def _node(name: str) -> str:
    return name.replace(".", "_dot_")


def _is_star(node: exp.Expression) -> bool:
    """``*``, ``t.*``, ``columns('…')`` or ``t.columns('…')``."""
    return isinstance(node, exp.Star | exp.Columns) or node.name.lower() == "columns"


def _name_of(table: exp.Table) -> str:
    return table.this.name if isinstance(table.this, exp.Expression) else ""


def _stored_name(database: str, name: str) -> str:
    if database == "raw":
        name = _VIEW_SUFFIX.sub("", name)
    return f"{database}.{name.removesuffix(CANDIDATE_SUFFIX)}"
