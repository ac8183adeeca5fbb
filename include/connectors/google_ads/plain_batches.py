"""Reads a batch without surprises straight into Arrow, several times faster than row by row.

Whatever is not exactly as declared (an unknown or missing field, a value of another type, an
error) makes it stand back: the careful reader of ``rows`` then finds out what it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json

from include.connectors.google_ads.fields import to_camel
from include.connectors.google_ads.schema import RESOURCES, Report

_FRAME = (
    ("fieldMask", pa.string()),
    ("requestId", pa.string()),
    ("queryResourceConsumption", pa.string()),
)
_NAMED = pa.struct([("resourceName", pa.string())])


@dataclass(frozen=True)
class PlainBatch:
    """Rows of one batch, and the summary row if it came with this one."""

    rows: pa.RecordBatch | None
    summary: Mapping[str, Any] | None


class PlainReader:
    """Reads batches of one report; not ``is_able`` where a field needs a look at whole rows."""

    def __init__(self, report: Report, constants: Mapping[str, Any]) -> None:
        self._report = report
        self._constants = constants
        self._schema = RESOURCES[report.resource].schema
        self.is_able = all(field.read is None for field in report.fields)
        tree: dict[str, Any] = {"customer": _NAMED}
        tree[to_camel(report.source)] = {"resourceName": pa.string()}
        for field in report.fields:
            place = tree
            for step in field.path[:-1]:
                place = place.setdefault(step, {"resourceName": pa.string()})
            place[field.path[-1]] = field.told_as
        row = _struct(tree)
        metrics = tree.get("metrics", {"resourceName": pa.string()})
        summary = pa.struct([("metrics", _struct(metrics))])
        fields = [("results", pa.list_(row)), ("summaryRow", summary), *_FRAME]
        self._parse_options = json.ParseOptions(
            explicit_schema=pa.schema(fields), unexpected_field_behavior="error"
        )

    def read(self, element: bytes) -> PlainBatch | None:
        """The batch, or None where anything in it is unexpected."""
        options = json.ReadOptions(use_threads=False, block_size=len(element) + 1)
        try:
            table = json.read_json(pa.BufferReader(element), options, self._parse_options)
            rows = pc.list_flatten(table["results"]).combine_chunks()
            return PlainBatch(self._make_rows(rows), _read_summary(table["summaryRow"]))
        except (pa.ArrowException, ValueError, TypeError, OverflowError):
            return None

    def _make_rows(self, rows: pa.StructArray) -> pa.RecordBatch | None:
        """None for a batch without rows; raises for a value that is missing or does not fit."""
        count = len(rows)
        if not count:
            return None
        if isinstance(rows, pa.ChunkedArray):
            rows = pa.concat_arrays(rows.chunks)
        made: dict[str, pa.Array] = {}
        for field in self._report.fields:
            values = rows
            for step in field.path:
                values = pc.struct_field(values, step)
            if field.is_required and values.null_count == count:
                raise ValueError(f"{field.name} is gone")
            made[field.column] = field.decode(values).cast(field.type)
            if made[field.column].null_count and not field.is_nullable:
                raise ValueError(f"{field.name} is missing somewhere")
        for name, kind in zip(self._schema.names, self._schema.types, strict=True):
            if name in self._constants:
                made[name] = pa.repeat(pa.scalar(self._constants[name], kind), count)
        arrays = [made[name] for name in self._schema.names]
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)


def _struct(tree: Mapping[str, Any]) -> pa.StructType:
    return pa.struct(
        [
            (name, _struct(kind) if isinstance(kind, Mapping) else kind)
            for name, kind in tree.items()
        ]
    )


def _read_summary(column: pa.ChunkedArray) -> Mapping[str, Any] | None:
    told: Mapping[str, Any] | None = column.to_pylist()[0]
    return told
