"""Turns JSON objects of a vendor into Arrow rows, a column at a time.

Whole columns are decoded at once; only when one refuses is its page looked at value by value, to
find the rows at fault. No row is ever lost: what cannot be typed is handed on as rejected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from include.connectors.protocol import Batch, Rejected, RequestRefused

Record = Mapping[str, Any]
Decode = Callable[[list[Any]], pa.Array]
"""Vendor values of one column → typed array, nulls kept; raises on any value it cannot take."""

_UNFIT = (
    pa.ArrowException,
    ValueError,
    TypeError,
    OverflowError,
    AttributeError,
    LookupError,
)
"""What a value of another shape makes of reading and decoding it."""
MICROSECONDS = pa.timestamp("us", "UTC")


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
        except _UNFIT:
            pass
        good, rejected = self._sort_out(records, first_number)
        return Batch(self._decode(good) if good else None, tuple(rejected), findings)

    def _decode(self, records: Sequence[Record]) -> pa.RecordBatch:
        arrays = []
        for field in self._schema:
            if field.name == self._payload:
                array = pa.array([_dump(record) for record in records], pa.string())
            elif field.name in self._constants:
                array = pa.repeat(pa.scalar(self._constants[field.name], field.type), len(records))
            else:
                column = self._columns[field.name]
                array = column.decode(_take(column, records)).cast(field.type)
            if array.null_count and not field.nullable:
                raise ValueError(f"{field.name} is missing")
            arrays.append(array)
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)

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
            except _UNFIT:
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
        objects = (record for record in records if isinstance(record, dict))
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


def _dump(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()


def texts(values: list[Any]) -> pa.Array:
    """Text as it is; a number is refused, for it would hide a changed type."""
    return pa.array(values, pa.string())


def ids(values: list[Any]) -> pa.Array:
    """Identifiers as text, whether the vendor writes them as numbers or in quotes."""
    return pa.array([None if v is None or v == "" else str(v) for v in values], pa.string())


def integers(values: list[Any]) -> pa.Array:
    """Whole numbers, also in quotes; an empty text is null."""
    try:
        return _whole(values)
    except _UNFIT:
        return pc.cast(_quoted(values), pa.int64())


def decimals(scale: int, precision: int = 38) -> Decode:
    """Exact decimals from numbers or text; more digits than ``scale`` are refused, never cut."""
    wanted = pa.decimal128(precision, scale)

    widest = pa.decimal128(38, scale)

    def decode(values: list[Any]) -> pa.Array:
        try:
            return pc.cast(pc.cast(_whole(values), widest), wanted)
        except _UNFIT:
            return pc.cast(_quoted(values), wanted)

    return decode


def booleans(values: list[Any]) -> pa.Array:
    """True and false."""
    return pa.array(values, pa.bool_())


def days(values: list[Any]) -> pa.Array:
    """ISO days, also with a time of midnight behind them; an empty text is null."""
    heads = [None if v is None or v == "" else _head(v) for v in values]
    return pc.cast(pa.array(heads, pa.string()), pa.date32())


def epoch_instants(values: list[Any]) -> pa.Array:
    """Unix seconds; zero is null, as vendors mean it."""
    seconds = pa.array([int(v) or None if v else None for v in values], pa.int64())
    return pc.cast(pc.cast(seconds, pa.timestamp("s")), pa.timestamp("us")).cast(MICROSECONDS)


def epoch_millis(values: list[Any]) -> pa.Array:
    """Unix milliseconds; zero is null."""
    millis = pa.array([int(v) or None if v else None for v in values], pa.int64())
    return pc.cast(pc.cast(millis, pa.timestamp("ms")), pa.timestamp("us")).cast(MICROSECONDS)


def iso_instants(values: list[Any]) -> pa.Array:
    """ISO 8601 instants that name their offset."""
    text = pa.array([None if v == "" else v for v in values], pa.string())
    return pc.cast(text, MICROSECONDS)


def local_instants(zone: ZoneInfo) -> Decode:
    """Wall-clock times ``2026-01-31 12:00:00`` of one zone.

    A time that happens twice when clocks go back is taken as its first occurrence; one that never
    happens when they go forward is moved ahead by the gap, as :mod:`zoneinfo` does.
    """
    name = zone.key

    def decode(values: list[Any]) -> pa.Array:
        text = pa.array([None if v == "" else v for v in values], pa.string())
        local = pc.cast(text, pa.timestamp("us"))
        try:
            return pc.assume_timezone(local, name, ambiguous="earliest", nonexistent="raise").cast(
                MICROSECONDS
            )
        except pa.ArrowInvalid:
            moved = [
                None if v is None else v.replace(tzinfo=zone).astimezone(UTC)
                for v in local.to_pylist()
            ]
            return pa.array(moved, MICROSECONDS)

    return decode


def json_texts(values: list[Any]) -> pa.Array:
    """Nested values as JSON text with sorted keys."""
    return pa.array([None if v is None else _dump(v) for v in values], pa.string())


def _head(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a day is text")
    return value[:10]


def _whole(values: list[Any]) -> pa.Array:
    """JSON integers and nulls alone; anything else raises."""
    found = pa.array(values)
    if not (pa.types.is_integer(found.type) or pa.types.is_null(found.type)):
        raise TypeError("not whole numbers")
    return found.cast(pa.int64())


def _quoted(values: list[Any]) -> pa.Array:
    if "" not in values:
        try:
            return pa.array(values, pa.string())
        except _UNFIT:
            pass
    return pa.array(
        [None if v is None or v == "" else v if isinstance(v, str) else _plain(v) for v in values],
        pa.string(),
    )


def _plain(value: Any) -> str:
    """A JSON number as the digits the vendor wrote; floats by their shortest form."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("neither a number nor text")
    return repr(value)
