"""An ingest run owes an event for its own changes, and for those of runs killed before theirs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from include.contracts import ddl
from include.contracts.reader import read_catalog
from include.warehouse.changed_slices import has_changed_slices, seconds_until_quiet

TABLES = ("ops.slice_log", "ops.ingest_run", "ops.build_log")


@pytest.fixture
def log(client: Any, project_root: Path) -> Iterator[Any]:
    """The three logs, empty."""
    catalog = read_catalog(project_root / "sql")
    client.command(ddl.create_database("ops"))
    for name in TABLES:
        client.command(ddl.create_table(catalog.table(name), if_not_exists=True))
        client.command(f"truncate table {name}")
    yield client
    for name in TABLES:
        client.command(f"truncate table {name}")


def _publish(client: Any, run_id: str, status: str = "loaded") -> None:
    client.command(
        "insert into ops.slice_log (source, resource, slice_key, status, run_id, published_at)"
        f" select 'toy', 'spend', 'd', '{status}', '{run_id}', now64(6, 'UTC')"
    )


def _report(client: Any, run_id: str) -> None:
    client.command(f"insert into ops.ingest_run (source, run_id) values ('toy', '{run_id}')")


def test_a_run_that_loaded_owes_an_event(log: Any) -> None:
    _publish(log, "one")
    _report(log, "one")
    assert has_changed_slices(log, "toy", "one")


def test_a_confirmation_owes_none(log: Any) -> None:
    _publish(log, "one", status="confirmed")
    assert not has_changed_slices(log, "toy", "one")


def test_an_earlier_run_that_reported_had_its_own_event(log: Any) -> None:
    _publish(log, "one")
    _report(log, "one")
    assert not has_changed_slices(log, "toy", "two")


def test_the_change_of_a_killed_run_is_announced_by_the_next(log: Any) -> None:
    _publish(log, "killed")
    assert has_changed_slices(log, "toy", "two")
    assert not has_changed_slices(log, "other", "two")


def test_a_published_build_has_read_what_the_killed_run_left(log: Any) -> None:
    _publish(log, "killed")
    log.command(
        "insert into ops.build_log (build_id, event, as_of)"
        " select 'b1', 'published', now64(6, 'UTC')"
    )
    assert not has_changed_slices(log, "toy", "two")


def test_an_empty_log_is_quiet_and_a_fresh_change_is_not(log: Any) -> None:
    assert seconds_until_quiet(log, 60.0) == 0.0
    _publish(log, "one")
    assert 50.0 < seconds_until_quiet(log, 60.0) <= 60.0
