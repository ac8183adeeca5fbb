"""The ClickHouse types a contract may use, parsed and compared.

ClickHouse prints types with spaces after commas (``Decimal(18, 2)``) while people write them
without: compare :attr:`ColumnType.canonical`, never the text of the contract.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

INTEGERS = frozenset(f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64))
PLAIN = INTEGERS | {"String", "Float64", "Bool", "Date", "UUID"}
EXAMPLES = (
    "String",
    "LowCardinality(String)",
    "UInt64",
    "Int64",
    "Float64",
    "Bool",
    "Date",
    "DateTime('UTC')",
    "DateTime64(3,'UTC')",
    "DateTime64(6,'UTC')",
    "Decimal(18,2)",
    "UUID",
    "Map(String,String)",
    "Array(String)",
    "Nullable(String)",
)
_DECIMAL = re.compile(r"Decimal\((\d+),(\d+)\)")
_WRAPPED = re.compile(r"(Nullable|Array)\((.*)\)")
_NOT_NULLABLE = ("LowCardinality", "Map", "Array", "Nullable")


class UnknownType(ValueError):
    """The text is not a type of the allow-list."""


@dataclass(frozen=True)
class ColumnType:
    """One parsed type; ``name`` is the outermost constructor, ``inner`` what it wraps."""

    name: str
    inner: ColumnType | None = None
    precision: int = 0
    scale: int = 0

    @cached_property
    def canonical(self) -> str:
        """The type as ``system.columns`` prints it."""
        if self.inner is not None:
            return f"{self.name}({self.inner.canonical})"
        if self.name == "Decimal":
            return f"Decimal({self.precision}, {self.scale})"
        if self.name == "DateTime64":
            return f"DateTime64({self.precision}, 'UTC')"
        return {
            "DateTime": "DateTime('UTC')",
            "Map": "Map(String, String)",
            "LowCardinality": "LowCardinality(String)",
        }.get(self.name, self.name)

    @property
    def is_nullable(self) -> bool:
        """NULL can be stored."""
        return self.name == "Nullable"

    @property
    def bare(self) -> ColumnType:
        """The type without its ``Nullable``."""
        return self.inner if self.is_nullable and self.inner is not None else self

    @property
    def is_text(self) -> bool:
        """Values are text once NULL is set aside."""
        return self.bare.name in {"String", "LowCardinality"}

    @property
    def is_number(self) -> bool:
        """Values are numbers once NULL is set aside."""
        return self.bare.name in INTEGERS or self.bare.name in {"Float64", "Decimal"}


def parse_type(text: str) -> ColumnType:
    """Read one type of the allow-list; raises :class:`UnknownType` saying what is allowed."""
    compact = re.sub(r"\s+", "", text)
    if compact in PLAIN:
        return ColumnType(compact)
    if compact == "LowCardinality(String)":
        return ColumnType("LowCardinality")
    if compact == "Map(String,String)":
        return ColumnType("Map")
    if compact == "DateTime('UTC')":
        return ColumnType("DateTime")
    if compact in {"DateTime64(3,'UTC')", "DateTime64(6,'UTC')"}:
        return ColumnType("DateTime64", precision=int(compact[len("DateTime64(")]))
    if match := _DECIMAL.fullmatch(compact):
        precision, scale = int(match[1]), int(match[2])
        if not (1 <= precision <= 38 and scale <= precision):
            raise UnknownType(f"{text} is out of range: Decimal(P,S) takes P from 1 to 38, S <= P")
        return ColumnType("Decimal", precision=precision, scale=scale)
    if match := _WRAPPED.fullmatch(compact):
        inner = parse_type(match[2])
        if match[1] == "Nullable" and inner.name in _NOT_NULLABLE:
            raise UnknownType(f"{text}: {inner.name}(…) cannot stand inside Nullable")
        return ColumnType(match[1], inner=inner)
    raise UnknownType(f"{text} is not a type contracts may use")
