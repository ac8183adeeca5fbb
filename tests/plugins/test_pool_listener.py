"""Pools: made where they are missing, left alone where an operator has changed them."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.ingestion.sources import discover_connectors
from throughline.accounts import pool_name
from throughline.pool_listener import make_missing_pools, on_starting

pytestmark = pytest.mark.airflow


def test_a_starting_component_makes_the_pool_of_every_source(airflow_home: Path) -> None:
    from airflow.jobs.job import Job
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session
    from sqlalchemy import delete, select

    wanted = {pool_name(source) for source in discover_connectors()}
    with create_session() as session:
        session.execute(delete(Pool).where(Pool.pool.in_(wanted)))
    on_starting(Job())
    with create_session() as session:
        made = set(session.scalars(select(Pool.pool)))
        assert wanted <= made
        session.scalars(select(Pool).where(Pool.pool == min(wanted))).one().slots = 9
    assert make_missing_pools() == []
    with create_session() as session:
        assert session.scalars(select(Pool.slots).where(Pool.pool == min(wanted))).one() == 9


def test_a_task_that_starts_is_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    from throughline import pool_listener

    monkeypatch.setattr(pool_listener, "make_missing_pools", lambda: pytest.fail("no database"))
    on_starting(object())
