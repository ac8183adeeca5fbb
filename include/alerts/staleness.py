"""Which published marts wait for a source, and how far each is complete.

The table graph says who reads the source; the publication log says what readers have. Both may be
unavailable while something is failing, so callers treat an error here as "not known".
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import date

from clickhouse_connect.driver.client import Client

from include.alerts.incident import StaleMart
from include.contracts.model import Catalog


def find_stale_marts(
    source: str,
    catalog: Catalog,
    graph: Mapping[str, Set[str]],
    data_through: Mapping[str, Mapping[str, str]],
) -> tuple[StaleMart, ...]:
    """Marts reading, however indirectly, a raw table of ``source``; the most behind first.

    ``graph`` is each table with the tables it reads; ``data_through`` is mart to source to the
    last delivered business day (ISO), as :func:`read_data_through` returns it.
    """
    reached = {table.full_name for table in catalog.layer("raw") if table.source == source}
    grown = True
    while grown:
        readers = {name for name, read in graph.items() if read & reached}
        grown = not readers <= reached
        reached |= readers
    stale = [
        StaleMart(name, _parse_day(data_through.get(name, {}).get(source, "")))
        for name in reached
        if name.startswith("mart.")
    ]
    return tuple(sorted(stale, key=lambda mart: (mart.data_through or date.min, mart.mart)))


def read_data_through(client: Client) -> dict[str, dict[str, str]]:
    """What readers have now: mart to source to the last delivered business day."""
    rows = client.query(
        "select table_name, argMax(data_through, (published_at, build_id))"
        " from ops.mart_publication group by table_name"
    ).result_rows
    return {table: dict(sources) for table, sources in rows}


def _parse_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
