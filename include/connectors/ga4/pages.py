"""Turns pages of a report into Arrow, whole columns at once where nothing is unexpected.

Every value is text under a header; a page whose headers are not exactly those asked for, or with a
value that does not fit, is read again row by row to find out what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import requests
from pyarrow import json

from include.connectors._http import read_json
from include.connectors._records import Column, Decode, Record, RecordReader
from include.connectors.ga4.schema import (
    KNOWN_VALUES,
    MINUTE,
    RESOURCES,
    Field,
    Report,
    decode_minutes,
)
from include.connectors.protocol import Batch, RequestRefused

Answer = Mapping[str, Any]
_UNFIT = (pa.ArrowException, ValueError, TypeError, OverflowError, KeyError)
_CELLS = pa.list_(pa.struct([("value", pa.string())]))
_ROWS = pa.list_(pa.struct([("dimensionValues", _CELLS), ("metricValues", _CELLS)]))
_PARSING = json.ParseOptions(explicit_schema=pa.schema([("rows", _ROWS), ("totals", _ROWS)]))
_PARTS = (("dimensionHeaders", "dimensionValues"), ("metricHeaders", "metricValues"))
_BETWEEN = "\x1f"


@dataclass(frozen=True)
class Page:
    """One page: its rows, and ``answer``, everything beside them."""

    answer: Answer
    batch: Batch
    row_count: int
    keys: Sequence[str]
    """The dimensions of each row as one text."""


class PageReader:
    """Reads pages of one report.

    ``told`` are columns equal in every row, ``name_of`` gives the vendor's name of a field.
    """

    def __init__(
        self, report: Report, told: Mapping[str, Any], name_of: Callable[[Field], str]
    ) -> None:
        self._report = report
        self._fixed = told
        self._schema = RESOURCES[report.resource].schema
        self._names = {name_of(field): field for field in report.fields}
        self._dimensions = [name_of(field) for field in report.dimensions]
        self._told: set[str] = set()

    def read(self, response: requests.Response, first_number: int, what: str) -> Page:
        """One page; raises :class:`IncompleteAnswer` for a body that is none."""
        try:
            page = self._read_plain(response.content)
        except _UNFIT:
            page = None
        return page or self._read_carefully(read_json(response, what), first_number)

    def _read_plain(self, content: bytes) -> Page | None:
        """None, or an error, where anything is not as expected."""
        options = json.ReadOptions(use_threads=False, block_size=len(content) + 1)
        table = json.read_json(pa.BufferReader(content), options, _PARSING)
        answer = {n: table[n].to_pylist()[0] for n in table.column_names if n != "rows"}
        columns = _read_columns(table["rows"], answer)
        if not columns:
            return Page(answer, Batch(None), 0, ())
        if set(columns) != set(self._names):
            return None
        made = {
            field.column: self._decoder(field, answer)(columns[name]).cast(field.type)
            for name, field in self._names.items()
        }
        count = len(next(iter(made.values())))
        for name, value in self._constants(answer).items():
            made[name] = pa.repeat(pa.scalar(value, self._schema.field(name).type), count)
        arrays = [made[name] for name in self._schema.names]
        if any(array.null_count for array in arrays):
            return None
        rows = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        joined = [columns[name] for name in self._dimensions]
        keys = pc.binary_join_element_wise(*joined, _BETWEEN).to_pylist()
        return Page(answer, self._tell(Batch(rows)), count, keys)

    def _read_carefully(self, answer: Any, first_number: int) -> Page:
        if not isinstance(answer, dict):
            raise RequestRefused(f"ga4 {self._report.resource} is no object; the API has changed")
        columns = [
            Column(field.column, self._decoder(field, answer), name, required=True)
            for name, field in self._names.items()
        ]
        reader = RecordReader(
            f"ga4 {self._report.resource}", self._schema, columns, self._constants(answer)
        )
        records = read_records(answer)
        batch = reader.read(records, first_number)
        keys = [_BETWEEN.join(str(r.get(n)) for n in self._dimensions) for r in records]
        return Page(answer, self._tell(batch), len(records), keys)

    def _decoder(self, field: Field, answer: Answer) -> Decode:
        if field is not MINUTE:
            return field.decode
        return decode_minutes(ZoneInfo(str((answer.get("metadata") or {}).get("timeZone"))))

    def _constants(self, answer: Answer) -> dict[str, Any]:
        metadata = answer.get("metadata") or {}
        told: dict[str, Any] = {
            **self._fixed,
            "currency_code": str(metadata.get("currencyCode", "")),
            "time_zone": str(metadata.get("timeZone", "")),
            "is_sampled": bool(metadata.get("samplingMetadatas")),
            "is_thresholded": bool(metadata.get("subjectToThresholding")),
            "has_other_row": bool(metadata.get("dataLossFromOtherRow")),
        }
        return {name: value for name, value in told.items() if name in self._schema.names}

    def _tell(self, batch: Batch) -> Batch:
        """The batch with what is new in it, each surprise once."""
        findings = list(batch.findings)
        for column, known in KNOWN_VALUES.items():
            if batch.rows is not None and column in batch.rows.schema.names:
                values = set(pc.unique(batch.rows.column(column)).to_pylist()) - set(known)
                findings += [f"unknown value {value} of {column}" for value in sorted(values)]
        new = tuple(text for text in findings if text not in self._told)
        self._told.update(new)
        return replace(batch, findings=new)


def _read_columns(column: pa.ChunkedArray, answer: Answer) -> dict[str, pa.Array]:
    """Values under each header; empty for a page without rows. Raises where rows are uneven."""
    rows = pc.list_flatten(column).combine_chunks()
    if isinstance(rows, pa.ChunkedArray):
        rows = pa.concat_arrays(rows.chunks)
    found: dict[str, pa.Array] = {}
    for headers, values in _PARTS:
        names = [str(header.get("name")) for header in answer.get(headers) or ()]
        cells = pc.struct_field(pc.list_flatten(pc.struct_field(rows, values)), "value")
        if len(cells) != len(rows) * len(names):
            raise ValueError(f"{values} are not as many as their headers")
        for place, name in enumerate(names if len(rows) else ()):
            found[name] = cells.take(pa.array(np.arange(place, len(cells), len(names))))
    return found


def read_records(answer: Answer) -> list[Record]:
    """Rows as mappings of header to value; of an answer without rows, none."""
    names = [[str(h.get("name")) for h in answer.get(headers) or ()] for headers, _ in _PARTS]
    records = []
    for row in answer.get("rows") or []:
        record: dict[str, Any] = {}
        for own, (_, values) in zip(names, _PARTS, strict=True):
            record.update(zip(own, (v.get("value") for v in row.get(values) or ()), strict=False))
        records.append(record)
    return records
