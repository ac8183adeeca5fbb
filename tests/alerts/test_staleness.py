"""A failed source makes exactly the marts above it stale."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from include.alerts.incident import StaleMart
from include.alerts.staleness import find_stale_marts
from include.contracts.model import Catalog, Table

GRAPH = {
    "stg.stg_a": {"raw.raw_a__x"},
    "stg.stg_b": {"raw.raw_b__y"},
    "core.core_spend": {"stg.stg_a"},
    "core.core_lead": {"stg.stg_b"},
    "mart.mart_spend": {"core.core_spend"},
    "mart.mart_funnel": {"core.core_lead"},
    "mart.mart_both": {"core.core_spend", "core.core_lead"},
}


def raw_table(name: str, source: str) -> Table:
    """A raw table of which only the source matters here."""
    return Table("raw", name, name, Path(f"sql/raw/{name}.yaml"), "One row per x", "replace", (),
                 source=source)  # fmt: skip


CATALOG = Catalog(
    {"raw.raw_a__x": raw_table("raw_a__x", "a"), "raw.raw_b__y": raw_table("raw_b__y", "b")}
)


def test_only_marts_that_read_the_source_are_stale_the_most_behind_first() -> None:
    published = {
        "mart.mart_spend": {"a": "2026-01-03"},
        "mart.mart_both": {"a": "2026-01-01", "b": "2026-01-09"},
        "mart.mart_funnel": {"b": "2026-01-09"},
    }
    assert find_stale_marts("a", CATALOG, GRAPH, published) == (
        StaleMart("mart.mart_both", date(2026, 1, 1)),
        StaleMart("mart.mart_spend", date(2026, 1, 3)),
    )


def test_a_mart_never_published_is_stale_without_a_day() -> None:
    assert find_stale_marts("b", CATALOG, GRAPH, {}) == (
        StaleMart("mart.mart_both"),
        StaleMart("mart.mart_funnel"),
    )


def test_an_unknown_source_makes_nothing_stale() -> None:
    assert find_stale_marts("c", CATALOG, GRAPH, {}) == ()
