"""Turns JSON objects of a vendor into Arrow rows, a column at a time.

Whole columns are decoded at once; only when one refuses is its page looked at value by value, to
find the rows at fault. No row is ever lost: what cannot be typed is handed on as rejected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import orjson
import pyarrow as pa

from include.connectors._decoding import (
    MICROSECONDS,
    TEXT_LIST,
    UNFIT,
    Decode,
    booleans,
    days,
    decimals,
    decode_distinct,
    epoch_instants,
    epoch_millis,
    filled_texts,
    ids,
    integers,
    iso_instants,
    json_texts,
    local_instants,
    plain_text_lists,
    text_lists,
    texts,
)
from include.connectors._record_pages import FieldPaths, write_texts
from include.connectors.protocol import Batch, Rejected, RequestRefused

__all__ = [
    "MICROSECONDS",
    "TEXT_LIST",
    "Column",
    "Decode",
    "Part",
    "Record",
    "RecordReader",
    "booleans",
    "days",
    "decimals",
    "decode_distinct",
    "epoch_instants",
    "epoch_millis",
    "filled_texts",
    "ids",
    "integers",
    "iso_instants",
    "json_texts",
    "local_instants",
    "plain_text_lists",
    "text_lists",
    "texts",
]

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """One raw column and the vendor field it is read from.

    ``path`` is the field's name, dotted into nested objects; ``read`` takes the value out of the
    whole record instead, where a path does not reach. A ``required`` field that a whole page lacks
    means a changed API; whether a single row may be without it is said by the schema alone.
    """

    name: str
    decode: Decode
    path: str = ""
    read: Callable[[Record], Any] | None = None
    required: bool = False

    @property
    def field_path(self) -> tuple[str, ...]:
        """Steps from the record to the value."""
        return tuple((self.path or self.name).split("."))


@dataclass(frozen=True)
class Part:
    """One raw column as a schema declares it: type, nullability, and how its values are read.

    Its :meth:`field` goes into the resource's schema, its :meth:`column` into the record reader.
    """

    name: str
    type: pa.DataType
    path: str
    decode: Decode
    is_nullable: bool = False
    is_required: bool = False
    read: Callable[[Record], Any] | None = None

    def field(self) -> pa.Field:
        """As the schema wants it."""
        return pa.field(self.name, self.type, nullable=self.is_nullable)

    def column(self) -> Column:
        """As the record reader wants it."""
        return Column(self.name, self.decode, self.path, self.read, self.is_required)


class RecordReader:
    """Reads pages of one resource; remembers undeclared fields it has met.

    ``constants`` are columns equal in every row. ``payload`` names the column that keeps the whole
    object as JSON with sorted keys, so that no field of the vendor's is lost. ``ignored`` are
    fields that are known, but not read.
    """

    def __init__(
        self,
        position: str,
        schema: pa.Schema,
        columns: Sequence[Column],
        constants: Mapping[str, Any] | None = None,
        payload: str = "",
        ignored: Iterable[str] = (),
    ) -> None:
        self._position = position
        self._schema = schema
        self._columns = {column.name: column for column in columns}
        self._constants = constants or {}
        self._payload = payload
        self._declared = {column.field_path[0] for column in columns if column.read is None}
        self._paths = FieldPaths([each.field_path for each in columns if each.read is None])
        self._same: dict[str, pa.Array] = {}
        self._declared.update(ignored)
        self._told: set[str] = set()
        missing = set(schema.names) - set(self._columns) - set(self._constants) - {payload}
        if missing:
            raise ValueError(f"{position}: no way to fill {', '.join(sorted(missing))}")

    @property
    def schema(self) -> pa.Schema:
        """Of the rows it makes."""
        return self._schema

    def read(self, records: Sequence[Record], first_number: int = 1) -> Batch:
        """One page; ``first_number`` is the position of its first record in the answer."""
        findings = self._look_for_new(records)
        if not records:
            return Batch(None, (), findings)
        self._require_fields(records)
        try:
            return Batch(self._decode(records), (), findings)
        except UNFIT:
            pass
        good, rejected = self._sort_out(records, first_number)
        return Batch(self._decode(good) if good else None, tuple(rejected), findings)

    def _decode(self, records: Sequence[Record]) -> pa.RecordBatch:
        taken = self._paths.take(records)
        arrays = []
        for field in self._schema:
            if field.name == self._payload:
                array = write_texts(records)
            elif field.name in self._constants:
                array = self._repeat(field, len(records))
            else:
                column = self._columns[field.name]
                if column.read is None:
                    values = taken[column.field_path]
                else:
                    values = list(map(column.read, records))
                array = self._type(column, field.type, values)
            if not field.nullable and array.null_count:
                raise ValueError(f"{field.name} is missing")
            arrays.append(array)
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)

    def _repeat(self, field: pa.Field, rows: int) -> pa.Array:
        """A constant column, made once and kept."""
        known = self._same.get(field.name)
        if known is None or len(known) < rows:
            value = pa.scalar(self._constants[field.name], field.type)
            known = self._same[field.name] = pa.repeat(value, rows)
        return known[:rows]

    def _type(self, column: Column, kind: pa.DataType, values: list[Any]) -> pa.Array:
        """Decode a column; what nothing but nulls decodes to is made once and kept."""
        if values[0] is not None or values.count(None) < len(values):
            return _cast(column.decode(values), kind)
        known = self._same.get(column.name)
        if known is None or len(known) < len(values):
            known = self._same[column.name] = _cast(column.decode(values), kind)
        return known[: len(values)]

    def _sort_out(
        self, records: Sequence[Record], first_number: int
    ) -> tuple[list[Record], list[Rejected]]:
        good: list[Record] = []
        rejected: list[Rejected] = []
        for number, record in enumerate(records, first_number):
            code, reason = self._fault_of(record)
            if code:
                raw = orjson.dumps(record).decode()
                rejected.append(Rejected(self._position, number, code, reason, raw))
            else:
                good.append(record)
        return good, rejected

    def _fault_of(self, record: Record) -> tuple[str, str]:
        """Why a record cannot be typed; empty when it can. Names the field, never its value."""
        for field in self._schema:
            column = self._columns.get(field.name)
            if column is None:
                continue
            where = column.path or column.name
            try:
                array = column.decode(_take(column, [record])).cast(field.type)
            except UNFIT:
                return "wrong_type", f"{where} does not fit {field.type}"
            if array.null_count and not field.nullable:
                return "missing_value", f"{where} is missing or empty"
        return "", ""

    def _require_fields(self, records: Sequence[Record]) -> None:
        for column in self._columns.values():
            if column.required and column.read is None:
                step = column.field_path[0]
                if not any(isinstance(record, dict) and step in record for record in records):
                    raise RequestRefused(
                        f"{self._position} no longer has the field {step}: the vendor's API has "
                        "changed; compare its changelog with the connector's columns"
                    )

    def _look_for_new(self, records: Sequence[Record]) -> tuple[str, ...]:
        if not self._declared:
            return ()
        objects = [record for record in records if isinstance(record, dict)]
        fields = set().union(*objects) - self._declared - self._told
        self._told |= fields
        return tuple(f"unknown field {name}" for name in sorted(map(str, fields)))


def _take(column: Column, records: Sequence[Record]) -> list[Any]:
    if column.read is not None:
        return [column.read(record) for record in records]
    first, *rest = column.field_path
    try:
        values = list(map(itemgetter(first), records))  # several times faster than asking each
    except KeyError:
        values = [record.get(first) for record in records]
    for step in rest:
        values = [value.get(step) if isinstance(value, Mapping) else None for value in values]
    return values


def _cast(array: pa.Array, kind: pa.DataType) -> pa.Array:
    return array if array.type == kind else array.cast(kind)
