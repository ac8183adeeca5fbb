"""Of what an entity is made: the types a cell can have, and one declaration per column.

Whatever the reader must know of a column (that it is required, personal, or one of a few words)
stands in its declaration and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

TEXT = pa.string()
DAY = pa.date32()
INSTANT = pa.timestamp("us", "UTC")
MONEY = pa.decimal128(18, 2)
NUMBER = pa.decimal128(28, 6)
"""Quantities, prices of one piece and figures: what two decimals would cut."""
COUNT = pa.uint64()
EXTRA = pa.map_(pa.string(), pa.string())

VAT_BASES = ("net", "gross", "none", "unknown")


@dataclass(frozen=True)
class Column:
    """One column of an entity."""

    name: str
    kind: pa.DataType
    is_required: bool = False
    """A mapping must fill it and a row may not leave it empty."""
    is_personal: bool = False
    """A column of the file that is personal may be mapped to it."""
    words: tuple[str, ...] = ()
    """The only words it may hold; any other is quarantined."""
    key: str | None = None
    """The mapping's own key that fills it, instead of an entry under ``columns``."""

    @property
    def field(self) -> pa.Field:
        """The column in the Arrow schema of the raw table."""
        return pa.field(self.name, self.kind, nullable=not self.is_required and self.key is None)


CURRENCY = Column("currency_code", TEXT, key="currency")
VAT_BASIS = Column("vat_basis", TEXT, words=VAT_BASES, key="vat_basis")
MONEY_COLUMNS = (CURRENCY, VAT_BASIS)

ACCOUNT = pa.field("account_id", TEXT, nullable=False)
ORIGIN = (
    pa.field("extra", EXTRA, nullable=False),
    pa.field("file_name", TEXT, nullable=False),
    pa.field("line_number", COUNT, nullable=False),
)
"""Set by the connector, as the account's name is."""


def required(name: str, kind: pa.DataType = TEXT, words: tuple[str, ...] = ()) -> Column:
    """A column that every row fills."""
    return Column(name, kind, is_required=True, words=words)


def personal(name: str) -> Column:
    """A text that may tell who a person is."""
    return Column(name, TEXT, is_personal=True)


def texts(*names: str) -> tuple[Column, ...]:
    """Plain texts a row may leave empty."""
    return tuple(Column(name, TEXT) for name in names)


def counts(*names: str) -> tuple[Column, ...]:
    """Whole numbers a row may leave empty."""
    return tuple(Column(name, COUNT) for name in names)


def amounts(*names: str) -> tuple[Column, ...]:
    """Money a row may leave empty, in the row's currency."""
    return tuple(Column(name, MONEY) for name in names)
