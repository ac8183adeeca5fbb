"""Contracts → ``docs/tables.md``, the data dictionary people read.

Generated: a test compares the file with what this module renders, so edit the contracts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from include.contracts.graph import render_mermaid
from include.contracts.model import LAYERS, Catalog, Check, Column, Table

LAYER_TITLES = {
    "raw": ("Raw", "What sources said, append-only. Read it through `…_live` or `…_as_of`."),
    "seeds": ("Seeds", "Rules as data, versioned in `sql/seeds/`."),
    "stg": ("Staging", "Renamed and cast, one vocabulary. The last place with plain contacts."),
    "core": ("Core", "Subjects of the business, without plain personal data."),
    "mart": ("Marts", "What BI tools read."),
    "ops": ("Operations", "What the pipeline did: loads, builds, audits, findings."),
}
_KINDS = {
    "replace": "replace: the newest pull of a slice is visible",
    "append": "append: every load stays visible",
    "table": "table: built as a candidate, audited, swapped in",
    "log": "log: only ever appended to",
}
_FACTS = (
    ("Unit", lambda column: column.unit),
    ("Currency", lambda column: column.currency),
    ("VAT", lambda column: column.vat),
    ("Day", lambda column: column.day),
    ("Definition", lambda column: column.definition_id and f"`{column.definition_id}`"),
)


def render(catalog: Catalog, graph: Mapping[str, set[str]] | None = None) -> str:
    """The whole dictionary as Markdown; ``graph`` comes from ``graph.read_graph``."""
    graph = graph or {}
    parts = [
        "# Tables",
        "Generated from the contracts in `sql/` by `include/contracts/dictionary.py`: edit those. "
        "Instants are UTC, intervals half-open `[from, to)`, shares 0..1.",
    ]
    if graph:
        parts += [
            "## How they read each other",
            f"```mermaid\n{render_mermaid(catalog, graph)}\n```",
        ]
    parts.append(_contents(catalog))
    for layer in LAYERS:
        tables = catalog.layer(layer)
        if tables:
            title, words = LAYER_TITLES[layer]
            parts.append(f"## {title}\n\n{words}")
            parts += [_render_table(table, graph.get(table.full_name, set())) for table in tables]
    return "\n\n".join(parts) + "\n"


def _contents(catalog: Catalog) -> str:
    lines = ["| Table | One row per |", "|---|---|"]
    for table in catalog:
        said = _cell(table.description.removeprefix("One row per").strip())
        lines.append(f"| [{table.full_name}](#{_anchor(table.full_name)}) | {said} |")
    return "\n".join(lines)


def _render_table(table: Table, read: set[str]) -> str:
    facts = [f"* Kind: {_KINDS[table.kind]}"]
    if table.source:
        facts.append(f"* Source: `{table.source}`, resource `{table.resource}`")
    if table.grain:
        facts.append(f"* Grain: {_names(table.grain)}")
    if table.order_by:
        facts.append(f"* Ordered by: {_names(table.order_by)}")
    if table.partition_by:
        facts.append(f"* Partitioned by: `{table.partition_by}`")
    if table.incremental_by:
        facts.append(f"* Made anew where it changed, by: `{table.incremental_by}`")
    if table.index_granularity:
        facts.append(f"* Rows read at a time: {table.index_granularity:,}")
    if table.personal_data:
        facts.append(
            f"* Personal data: {table.personal_data.zone} zone, gone after "
            f"{table.personal_data.expires_days} days"
        )
    if read:
        facts.append(f"* Reads: {_names(sorted(read))}")
    parts = [f"### {table.full_name}", table.description, "\n".join(facts), _columns(table)]
    if table.checks:
        lines = "\n".join(_check_line(check) for check in table.checks)
        parts.append(f"Checks of the whole table:\n\n{lines}")
    return "\n\n".join(parts)


def _columns(table: Table) -> str:
    facts = [(title, read) for title, read in _FACTS if any(map(read, table.columns))]
    has_russian = any(column.description_ru for column in table.columns)
    has_checks = any(column.checks for column in table.columns)
    titles = ["Column", "Type", "Meaning", *(["По-русски"] if has_russian else [])]
    titles += [title for title, _ in facts] + (["Checked"] if has_checks else [])
    lines = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    for column in table.columns:
        cells = [f"`{column.name}`", f"`{column.parsed_type.canonical}`", _meaning(column)]
        cells += [_cell(column.description_ru)] if has_russian else []
        cells += [_cell(read(column)) for _, read in facts]
        cells += [_cell(_said(column))] if has_checks else []
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _meaning(column: Column) -> str:
    personal = " **Personal data.**" if column.is_personal else ""
    return _cell(column.description) + personal


def _said(column: Column) -> str:
    return ", ".join(_form(check) for check in column.checks)


def _form(check: Check) -> str:
    words = check.form.replace("_", " ")
    if check.form == "between":
        low, high = ("…" if bound is None else bound for bound in check.arguments)
        words = f"{low} to {high}"
    elif check.form == "in":
        words = "one of " + ", ".join(f"`{value}`" for value in check.arguments)
    elif check.form == "matches":
        words = f"matches `{check.arguments[0]}`"
    return words if check.severity == "fail" else f"{words} (warns)"


def _check_line(check: Check) -> str:
    warns = " (warns)" if check.severity == "warn" else ""
    return f"* `{check.id}`{warns}: {check.description}"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _anchor(full_name: str) -> str:
    return full_name.replace(".", "")
