"""Conversions by Metrica goal and attribution model: asked for as columns, landed as rows.

The vendor gives one column a goal and model, ten goals a report at most. A row here is one cell of
the report, one goal and one model that counted something; a dash or a zero is no row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.connectors.yandex_direct.schema import CONVERSION_SCHEMA, KEY_COLUMNS, ReportColumn

GOALS_PER_REPORT = 10
MODELS = ("FCCD", "LC", "LSCCD", "AUTO")
"""Those the vendor still tells apart; it converts older names into these."""


def goal_groups(goals: Sequence[str]) -> list[list[str]]:
    """Goals as they fit into reports."""
    return [
        list(goals[start : start + GOALS_PER_REPORT])
        for start in range(0, len(goals), GOALS_PER_REPORT)
    ]


def conversion_columns(goals: Sequence[str], models: Sequence[str]) -> tuple[ReportColumn, ...]:
    """The columns such a report comes with: FieldNames with goal fields spread out."""
    return (
        *KEY_COLUMNS,
        *(
            ReportColumn(f"{field}_{goal}_{model}", f"{name}_{goal}_{model}", kind, "null")
            for field, name, kind in (
                ("Conversions", "conversions", pa.uint64()),
                ("Revenue", "revenue_micros", pa.int64()),
            )
            for goal in goals
            for model in models
        ),
    )


def to_rows(
    typed: pa.RecordBatch, goals: Sequence[str], models: Sequence[str], constants: dict[str, Any]
) -> pa.RecordBatch:
    """One row a cell that counted something, sorted by day."""
    pieces = []
    for goal in goals:
        for model in models:
            counted = typed.column(f"conversions_{goal}_{model}")
            revenue = typed.column(f"revenue_micros_{goal}_{model}")
            is_some = pc.or_(
                pc.fill_null(pc.greater(counted, 0), False),
                pc.fill_null(pc.not_equal(revenue, 0), False),
            )
            keys = [typed.column(column.column) for column in KEY_COLUMNS]
            whole = pa.table(
                [*keys, pc.fill_null(counted, 0), revenue],
                names=[*(c.column for c in KEY_COLUMNS), "conversions", "revenue_micros"],
            ).filter(is_some)
            pieces.append(
                whole.append_column("goal_id", _repeat(int(goal), pa.uint64(), whole))
                .append_column("attribution_model", _repeat(model, pa.string(), whole))
                .combine_chunks()
            )
    rows = pa.concat_tables(pieces).combine_chunks()
    days = rows["stats_date"].cast(pa.int32()).to_numpy()
    rows = rows.take(pa.array(np.argsort(days, kind="stable")))
    arrays = []
    for field in CONVERSION_SCHEMA:
        if field.name in constants:
            arrays.append(_repeat(constants[field.name], field.type, rows))
        else:
            column = rows[field.name].combine_chunks()
            is_coded = pa.types.is_dictionary(column.type)
            arrays.append(column.cast(field.type) if is_coded else column)
    return pa.RecordBatch.from_arrays(arrays, schema=CONVERSION_SCHEMA)


def _repeat(value: Any, kind: pa.DataType, rows: pa.Table) -> pa.Array:
    return pa.repeat(pa.scalar(value, kind), rows.num_rows)
