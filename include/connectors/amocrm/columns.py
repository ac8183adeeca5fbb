"""How columns of amoCRM's tables are made: plain fields, custom fields, links and changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from include.connectors._records import (
    MICROSECONDS,
    Decode,
    Record,
    booleans,
    epoch_instants,
    integers,
    texts,
)


class CustomFields:
    """Finds values of custom fields in a record, each record looked through once.

    Call :meth:`forget` between pages: records are known by their place in memory.
    """

    def __init__(self) -> None:
        self._of: dict[int, dict[str, list[Any]]] = {}

    def forget(self) -> None:
        """Before another page."""
        self._of.clear()

    def first(self, name: str) -> Callable[[Record], str | None]:
        """Reads the first value as text; what people left empty is null."""
        of, index = self._of, self._index

        def read(record: Record) -> str | None:
            known = of.get(id(record))
            found = (index(record) if known is None else known).get(name)
            return str(found[0]) if found and found[0] not in (None, "") else None

        return read

    def all(self, name: str) -> Callable[[Record], list[str]]:
        """Reads every value as text."""
        of, index = self._of, self._index

        def read(record: Record) -> list[str]:
            known = of.get(id(record))
            found = (index(record) if known is None else known).get(name, ())
            return [str(value) for value in found if value not in (None, "")]

        return read

    def _index(self, record: Record) -> dict[str, list[Any]]:
        known: dict[str, list[Any]] = {}
        for field in record.get("custom_fields_values") or ():
            values = [value.get("value") for value in field["values"]]
            known[field.get("field_name")] = values
            known[str(field.get("field_id"))] = values
            known[field.get("field_code")] = values
        self._of[id(record)] = known
        return known


@dataclass(frozen=True)
class Spec:
    """One raw column: its type and how it is read."""

    name: str
    type: pa.DataType
    decode: Decode
    path: str = ""
    read: Callable[[CustomFields], Callable[[Record], Any]] | None = None
    is_required: bool = False
    is_nullable: bool = True

    @property
    def field(self) -> pa.Field:
        """In the Arrow schema."""
        return pa.field(self.name, self.type, nullable=self.is_nullable)


def id_column(name: str, path: str = "id", is_key: bool = False) -> Spec:
    """A whole number that names something; as a key it must be there."""
    return Spec(name, pa.uint64(), integers, path, None, is_key, not is_key)


def text_column(name: str, path: str = "") -> Spec:
    """Text, or null."""
    return Spec(name, pa.string(), texts, path)


def instant_column(name: str, path: str = "", is_key: bool = False) -> Spec:
    """Unix seconds; as a key they must be there."""
    return Spec(name, MICROSECONDS, epoch_instants, path, None, is_key, not is_key)


def custom_column(name: str, default: str) -> Spec:
    """The first value of a custom field, under the name it has unless an option says otherwise."""
    return Spec(name, pa.string(), texts, read=lambda fields: fields.first(default))


def linked_column(name: str, key: str, wanted: str = "") -> Spec:
    """Id of the first linked entity; with ``wanted`` of the one whose flag of that name is set."""

    def read(_: CustomFields) -> Callable[[Record], Any]:
        def take(record: Record) -> Any:
            linked = (record.get("_embedded") or {}).get(key) or ()
            flagged = [one for one in linked if one.get(wanted)] or linked
            return flagged[0]["id"] if flagged else None

        return take

    return Spec(name, pa.uint64(), integers, read=read)


def read_tags(_: CustomFields) -> Callable[[Record], list[str]]:
    """Names of the tags."""
    return lambda record: [tag["name"] for tag in (record.get("_embedded") or {}).get("tags") or ()]


def flag_column(name: str, path: str = "") -> Spec:
    """True or false, always there."""
    return Spec(name, pa.bool_(), booleans, path, None, True, False)


def change_column(name: str, side: str, outer: str, inner: str) -> Spec:
    """The first value of ``value_before`` or ``value_after`` of an event that has the field."""

    def find(changes: Any) -> Any:
        for change in changes or ():
            held = change.get(outer) if isinstance(change, dict) else None
            found = held.get(inner) if isinstance(held, dict) else None
            if found is not None:
                return found
        return None

    def decode(values: list[Any]) -> pa.Array:
        return integers(list(map(find, values)))

    return Spec(name, pa.uint64(), decode, side)
