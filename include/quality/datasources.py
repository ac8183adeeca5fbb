"""Candidates as Great Expectations reads them, without questions whose answers are known.

As it comes, it asks for every table whether it is there, for its engine, its comment and its
columns, and writes out all of its own configuration, before the first check. What a candidate's
columns are is read once for all of them here; one that is missing fails at its first check.
Import this inside functions: Great Expectations costs seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import clickhouse_connect.cc_sqlalchemy.dialect as clickhouse_dialect
import great_expectations as gx
import sqlalchemy as sa
from clickhouse_connect.cc_sqlalchemy.datatypes.base import sqla_type_from_name
from great_expectations.core.batch import Batch
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.datasource.fluent import SQLDatasource
from great_expectations.datasource.fluent.sql_datasource import TableAsset

from include.contracts.model import LOAD_ID
from include.warehouse.client import SETTINGS, ClickHouseTarget

Columns = Mapping[str, Mapping[str, str]]
"""Candidate → column → type, as the engine has them."""


class _KnownTable(TableAsset):
    """A table that needs no test of its connection: its columns have been read."""

    def test_connection(self) -> None:
        """Nothing to ask."""


class _KnownColumns:
    """Stands where SQLAlchemy's inspector does: what Great Expectations asks one about tables."""

    def __init__(self, dialect: sa.Dialect, columns: Columns) -> None:
        self.dialect = dialect
        self._columns = columns

    def get_pk_constraint(self, table_name: str, schema: str | None = None) -> dict[str, Any]:
        """ClickHouse has none."""
        return {"constrained_columns": [], "name": None}

    def get_columns(self, table_name: str, schema: str | None = None) -> list[dict[str, Any]]:
        """Name and SQLAlchemy's type of every column; ``NoSuchTableError`` for a missing table."""
        stored = self._columns.get(f"{schema}.{table_name}")
        if stored is None:
            raise sa.exc.NoSuchTableError(f"{schema}.{table_name}")
        types = {name: sqla_type_from_name(type_) for name, type_ in stored.items()}
        return [
            {"name": name, "type": type_, "nullable": type_.nullable, "default": None}
            for name, type_ in types.items()
        ]


class CandidateDatasource:
    """Opens candidates for one thread; Great Expectations keeps one open batch a datasource."""

    def __init__(self, datasource: SQLDatasource, columns: Columns) -> None:
        self._datasource = datasource
        engine = datasource.get_execution_engine()
        # Great Expectations looks for another package's dialect here and finds none; without one
        # every regex check would raise.
        engine.dialect_module = clickhouse_dialect
        known = _KnownColumns(engine.engine.dialect, columns)
        engine.get_inspector = lambda: known

    def open_batch(self, candidate: str) -> Batch:
        """All rows of a candidate given by its full name."""
        database, _, name = candidate.rpartition(".")
        asset = _KnownTable(name=candidate, table_name=name, schema_name=database)
        # What ``add_table_asset`` does, less writing the whole configuration anew each time.
        asset._datasource = self._datasource
        self._datasource.assets.append(asset)
        return asset.get_batch(asset.build_batch_request())


@dataclass(frozen=True)
class Opened:
    """Datasources that may each be used by one thread at a time, and what columns there are."""

    datasources: Sequence[CandidateDatasource]
    columns: Columns


@contextmanager
def open_datasources(
    target: ClickHouseTarget, candidates: Sequence[str], count: int
) -> Iterator[Opened]:
    """``count`` datasources over the same candidates, in one context that is kept nowhere."""
    context = gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(),
            analytics_enabled=False,
            progress_bars=ProgressBarsConfig(globally=False),
        ),
    )
    database = candidates[0].rpartition(".")[0]
    url = _write_url(target, database)
    datasources = [
        context.data_sources.add_sql(f"warehouse_{number}", connection_string=url)
        for number in range(count)
    ]
    engines = [datasource.get_execution_engine().engine for datasource in datasources]
    try:
        columns = _read_columns(engines[0], candidates)
        yield Opened([CandidateDatasource(one, columns) for one in datasources], columns)
    finally:
        for engine in engines:
            engine.dispose()


def _write_url(target: ClickHouseTarget, database: str) -> str:
    """With the password, and without sessions, as the pipeline's own clients are."""
    settings = {name: str(value) for name, value in SETTINGS.items()}
    return (
        sa.make_url(target.sqlalchemy_url(database))
        .update_query_dict({**settings, "autogenerate_session_id": "False"})
        .render_as_string(hide_password=False)
    )


def _read_columns(engine: sa.Engine, candidates: Sequence[str]) -> Columns:
    """All in one query: the engine looks through every table anyway.

    Empty where the engine does not answer, so that every table's check of its columns fails.
    """
    query = sa.text(
        "select concat(database, '.', table) as candidate, name, type from system.columns"
        " where candidate in :candidates and name <> :load_id order by database, table, position"
    ).bindparams(sa.bindparam("candidates", expanding=True))
    stored: dict[str, dict[str, str]] = {}
    try:
        with engine.connect() as connection:
            for candidate, name, type_ in connection.execute(
                query, {"candidates": list(candidates), "load_id": LOAD_ID}
            ):
                stored.setdefault(candidate, {})[name] = type_
    except sa.exc.SQLAlchemyError:
        return {}
    return stored
