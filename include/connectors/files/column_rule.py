"""Where each column of a table comes from: the ``columns``, money and status part of a mapping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from include.connectors.files.entities import Entity
from include.connectors.files.entities.columns import MONEY_COLUMNS, Column
from include.connectors.files.yaml_nodes import Located, suggest


@dataclass(frozen=True)
class ColumnRule:
    """Where one column of the table comes from: columns of the file or a constant."""

    name: str
    line: int
    source: str | None = None
    const: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    """The source's words and ours; a word not listed is kept as it is."""
    is_optional: bool = False
    """A file without the source column is fine: the cell is NULL."""
    either: Mapping[str, str | None] = field(default_factory=dict)
    """Columns of which a row fills one, instead of ``source``: what a filled one means, or
    ``None`` for its own cell."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Every column of the file the rule reads."""
        return (self.source,) if self.source is not None else tuple(self.either)

    @property
    def source_label(self) -> str:
        """The columns it reads, as a reason names them."""
        return " or ".join(map(repr, self.sources)) or "a constant"


def read_rules(root: Located, keys: Mapping[str, Located], entity: Entity) -> dict[str, ColumnRule]:
    """Every column's rule, ``currency_code`` and ``vat_basis`` included; raises ``BadInput``."""
    rules = _read_columns(keys["columns"], entity)
    rules |= _read_keyed(root, keys, entity)
    if node := keys.get("status_values"):
        status = rules.get("status")
        if status is None or status.source is None:
            raise node.refusal("status_values needs columns.status to name a column of the file.")
        rules["status"] = replace(status, values=_read_words(node, entity.columns["status"]))
    return rules


def _read_columns(node: Located, entity: Entity) -> dict[str, ColumnRule]:
    rules: dict[str, ColumnRule] = {}
    for name, value in node.entries("columns").items():
        column = entity.columns.get(name)
        if column is None:
            raise value.refusal(
                f"{entity.resource.name} has no column {name!r} to map; it has "
                f"{', '.join(entity.mappable)}.{suggest(name, entity.mappable)}"
            )
        if column.key is not None:
            raise value.refusal(
                f"{name} is not given under columns: use the key {column.key!r} of the mapping."
            )
        rules[name] = _read_rule(column, value)
    for name in entity.required:
        if name not in rules:
            raise node.refusal(
                f"columns lacks {name!r}, which every {entity.resource.name} needs. "
                f"Add `{name}: <column of the file>`."
            )
    for group in entity.one_of:
        if not any(name in rules for name in group):
            raise node.refusal(
                f"columns lacks {' and '.join(map(repr, group))}: every {entity.resource.name} "
                "needs one of them."
            )
    return rules


def _read_rule(column: Column, node: Located) -> ColumnRule:
    name = column.name
    if node.is_text:
        return ColumnRule(name, node.line, source=node.text(name))
    ways = ("column", "const", "first_of", "by_filled")
    keys = node.record(f"column {name}", (*ways, "values", "optional"))
    if sum(way in keys for way in ways) != 1:
        raise node.refusal(
            f"column {name} needs exactly one of `column` and `const` (or `first_of`, `by_filled`)."
        )
    const = keys["const"].text("const") if "const" in keys else None
    if const is not None and column.words and const not in column.words:
        raise node.refusal(f"{name} must be one of {', '.join(column.words)}.")
    either: Mapping[str, str | None] = {}
    if "first_of" in keys:
        either = dict.fromkeys(keys["first_of"].texts("first_of"))
    elif "by_filled" in keys:
        either = _read_words(keys["by_filled"], column)
    return ColumnRule(
        name,
        node.line,
        source=keys["column"].text("column") if "column" in keys else None,
        const=const,
        values=_read_words(keys["values"], column) if "values" in keys else {},
        is_optional="optional" in keys and keys["optional"].flag("optional"),
        either=either,
    )


def _read_words(node: Located, column: Column) -> dict[str, str]:
    """The source's words and ours; an empty one stands for NULL where any word may stand."""
    found = {}
    for word, ours in node.entries("values").items():
        what = f"the {column.name} for {word!r}"
        if column.words:
            found[word] = ours.choice(what, column.words)
        else:
            found[word] = ours.text(what, may_be_empty=True)
    return found


def _read_keyed(
    root: Located, keys: Mapping[str, Located], entity: Entity
) -> dict[str, ColumnRule]:
    """What keys of the mapping itself say: the currency and the VAT basis of its money."""
    found: dict[str, ColumnRule] = {}
    for column in MONEY_COLUMNS:
        key = str(column.key)
        node = keys.get(key)
        if column.name not in entity.columns:
            if node is not None:
                raise node.refusal(f"{entity.resource.name} has no {column.name}: remove {key!r}.")
        elif node is None:
            if entity.has_money:
                raise root.refusal(
                    f"the key {key!r} is missing: money without it cannot be compared. "
                    f"Write `{key}: …` or `{key}: {{column: …}}`."
                )
            found[column.name] = ColumnRule(column.name, root.line, const="")
        elif node.is_text:
            found[column.name] = ColumnRule(
                column.name, node.line, const=_fixed_money_word(node, column)
            )
        else:
            found[column.name] = _read_rule(column, node)
    return found


def _fixed_money_word(node: Located, column: Column) -> str:
    if column.words:
        return node.choice(str(column.key), column.words)
    code = node.text(str(column.key))
    if not (len(code) == 3 and code.isascii() and code.isupper() and code.isalpha()):
        raise node.refusal(f"currency {code!r} is not an ISO 4217 code such as RUB, BRL, USD.")
    return code
