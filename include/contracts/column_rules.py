"""What a column's name promises about its type.

``_at`` is an instant, ``_date`` a day, ``is_``/``has_`` a boolean, money is exact and says its
currency and VAT basis. A day wearing an instant's name, or money in a float, is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from include.contracts.column_types import ColumnType
from include.contracts.fields import Fields
from include.contracts.model import LOAD_ID, Column, suggest

VAT_BASES = ("net", "gross", "as_account", "none")
_NAME = re.compile(r"_?[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_CURRENCY = re.compile(r"[A-Z]{3}")
_MONEY_ENDINGS = ("_amount", "_rub", "_micros")
_DATES = {"Date"}
_INSTANTS = {"DateTime", "DateTime64"}
_BOOLEANS = {"Bool", "UInt8"}


def is_money(column: Column) -> bool:
    """The name or a stated currency says that this column is money."""
    return bool(column.currency) or column.name.endswith(_MONEY_ENDINGS)


def check_column_names_and_types(
    column: Column, entry: Fields, layer: str, columns: list[Column]
) -> None:
    """Refuse names that are malformed and types that break the promise of the name."""
    if column.name == LOAD_ID:
        entry.refuse(
            "name", f"{LOAD_ID} is technical", "remove it: raw tables get it by themselves"
        )
    elif not _NAME.fullmatch(column.name):
        entry.refuse(
            "name",
            f"{column.name} is not a column name",
            "use lower-case Latin words joined by single underscores",
        )
    bare = column.parsed_type.bare
    _expect(column, entry, bare, column.name.endswith("_at"), _INSTANTS, "DateTime64(6,'UTC')")
    _expect(column, entry, bare, column.name.endswith("_date"), _DATES, "Date")
    is_boolean = column.name.startswith(("is_", "has_"))
    _expect(column, entry, bare, is_boolean, _BOOLEANS, "Bool")
    if column.is_personal and layer not in ("raw", "stg"):
        entry.refuse(
            "personal",
            f"{column.name} is personal data in the layer {layer}",
            "keep plain personal data in raw and stg; carry a keyed hash beyond them",
        )
    if column.name.endswith("_date") and not column.day:
        entry.refuse(
            "name",
            f"the day column {column.name} does not say whose day it is",
            "add day: such as 'Moscow day of the vendor', 'day in the account's zone' or "
            "'business day': days of different zones must not be added up",
        )
    if is_money(column):
        _check_money(column, entry, columns)
    elif column.vat:
        entry.refuse(
            "vat",
            f"{column.name} states VAT but no currency",
            "add currency: (a code such as RUB, or the column that holds it), or remove vat",
        )


def check_definition(
    column: Column, entry: Fields, layer: str, definitions: frozenset[str] | None
) -> None:
    """Refuse an unknown ``definition_id``, and a number or name of a mart left unexplained.

    Marts are what people read: there each number has a definition and each column a Russian name.
    Without the seed of definitions (``None``) nothing is checked.
    """
    if definitions is None:
        return
    if column.definition_id and column.definition_id not in definitions:
        entry.refuse(
            "definition_id",
            f"{column.name} names the definition {column.definition_id}, which does not exist"
            f"{suggest(column.definition_id, definitions)}",
            "add it to sql/seeds/metric_definitions.csv, or name one that is there",
        )
    if layer != "mart":
        return
    if column.parsed_type.is_number and not column.definition_id:
        entry.refuse(
            "name",
            f"the number {column.name} of a mart has no definition",
            "add definition_id: from sql/seeds/metric_definitions.csv",
        )
    if not column.description_ru:
        entry.refuse(
            "name",
            f"{column.name} of a mart is described in English only",
            "add description_ru: BI tools show both",
        )


def _expect(
    column: Column,
    entry: Fields,
    bare: ColumnType,
    applies: bool,
    allowed: set[str],
    example: str,
) -> None:
    if applies and bare.name not in allowed:
        endings = {"Date": "_date", "Bool": "is_ or has_"}.get(example, "_at")
        entry.refuse(
            "type",
            f"{column.name} is {column.parsed_type.canonical}, its name promises {example}",
            f"give it the type {example} (Nullable where it may be unknown), or a name "
            f"without {endings}",
        )


def _check_money(column: Column, entry: Fields, columns: list[Column]) -> None:
    bare = column.parsed_type.bare
    if bare.name not in ("Decimal", "Int64"):
        entry.refuse(
            "type",
            f"{column.name} is money and has the type {column.parsed_type.canonical}",
            "use Decimal(18,2), or Int64 for micros: sums of floats lose kopecks",
        )
    texts = {item.name for item in columns if item.parsed_type.is_text}
    basis = {item.name for item in columns}
    _require_money_word(
        column,
        entry,
        "currency",
        lambda word: bool(_CURRENCY.fullmatch(word)) or word in texts,
        "a code such as RUB, or the text column that holds it, such as currency_code",
    )
    _require_money_word(
        column,
        entry,
        "vat",
        lambda word: word in VAT_BASES or word in basis,
        f"one of {', '.join(VAT_BASES)}, or the column that says it, such as vat_basis",
    )


def _require_money_word(
    column: Column, entry: Fields, key: str, is_known: Callable[[str], bool], cure: str
) -> None:
    word = getattr(column, key)
    if not word:
        entry.refuse(
            "name", f"the money column {column.name} states no {key}", f"add {key}: {cure}"
        )
    elif not is_known(word):
        entry.refuse(key, f"{key} of {column.name} is {word}", f"write {cure}")
