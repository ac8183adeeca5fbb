"""Makes the pool of every source when a component with the metadata database starts.

A task of a pool that does not exist is never scheduled and says nothing, so no installation should
have to remember this step. Slots an operator has changed are left as they are.
"""

from __future__ import annotations

import logging
from typing import Any

from airflow.listeners import hookimpl

SLOTS = 2
"""Accounts of one source pulled at once; vendors limit requests per client, not per account."""

log = logging.getLogger(__name__)


@hookimpl
def on_starting(component: Any) -> None:
    """Called for every starting component; tasks have no access to the database and are passed."""
    from airflow.jobs.job import Job

    if isinstance(component, Job):
        make_missing_pools()


def make_missing_pools() -> list[str]:
    """Create the pools that are not there and return their names."""
    # The API server loads this module in the middle of its first request from a task: reading the
    # connectors there would keep every task waiting for seconds.
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session
    from sqlalchemy import select
    from sqlalchemy.exc import IntegrityError

    from throughline.accounts import pool_name, source_names

    made: list[str] = []
    for source in source_names():
        name = pool_name(source)
        try:
            with create_session() as session:
                if session.scalar(select(Pool).where(Pool.pool == name)) is not None:
                    continue
                session.add(
                    Pool(
                        pool=name,
                        slots=SLOTS,
                        description=f"Accounts of {source} pulled at once",
                        include_deferred=False,
                    )
                )
        except IntegrityError:
            # Another component starting at the same moment made it.
            continue
        made.append(name)
    if made:
        log.info("made pools %s", ", ".join(made))
    return made
