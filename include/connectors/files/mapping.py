"""A mapping file: which files are meant, how they are written, and what their columns mean.

Errors name the file, the line and the cure. The fingerprint covers meaning only: editing a
comment or the description reloads nothing, editing anything else reloads the mapping's files.
"""

from __future__ import annotations

import codecs
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from include.connectors.files.column_rule import ColumnRule, read_rules
from include.connectors.files.date_formats import DateFormat, UnknownDirective
from include.connectors.files.entities import ENTITIES, Entity
from include.connectors.files.entities.columns import INSTANT
from include.connectors.files.yaml_nodes import Located

FORMATS = ("csv", "tsv", "jsonl", "xlsx", "parquet", "1c_bank")
_EXTENSIONS = {
    "csv": "csv",
    "txt": "csv",
    "tsv": "tsv",
    "tab": "tsv",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "xlsx": "xlsx",
    "xlsm": "xlsx",
    "parquet": "parquet",
    "pq": "parquet",
}
_NAMED_DELIMITERS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_THOUSANDS = {"none": "", "dot": ".", "comma": ",", "apostrophe": "'"}
# fmt: off
_KEYS = [
    "name", "description", "entity", "files", "format", "encoding", "delimiter", "quote",
    "decimal", "thousands", "date_format", "datetime_format", "time_zone", "currency",
    "vat_basis", "delivery", "null_values", "columns", "status_values", "keep_extra", "ignore",
    "personal", "sheet", "header_row", "totals",
]
# fmt: on


@dataclass(frozen=True)
class FileMapping:
    """One validated mapping file."""

    name: str
    path: str
    entity: Entity
    files: tuple[str, ...]
    columns: Mapping[str, ColumnRule]
    """By table column, ``currency_code`` and ``vat_basis`` included."""
    fingerprint: str
    declared_format: str | None = None
    encoding: str = "utf-8"
    delimiter: str | None = None
    quote: str | None = '"'
    decimal: Literal["dot", "comma"] = "dot"
    thousands: str = ""
    date_formats: tuple[DateFormat, ...] = ()
    datetime_formats: tuple[DateFormat, ...] = ()
    time_zone: str = "UTC"
    delivery: Literal["replace", "append"] = "replace"
    null_values: tuple[str, ...] = ()
    keep_extra: Literal["all"] | tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    sheet: str | None = None
    header_row: int = 1
    must_add_up: bool = True
    """A bank statement's documents must add up to the turnovers it states."""

    def format_of(self, file_name: str) -> str | None:
        """How a file is written: as declared, else by its extension; ``None`` when unknown."""
        stem = file_name.lower().removesuffix(".gz")
        return self.declared_format or _EXTENSIONS.get(stem.rpartition(".")[2])


def parse_mapping(text: str, path: str, default_name: str) -> FileMapping:
    """Validate one mapping file's text; raises ``BadInput`` with ``path:line: what, cure``."""
    root = Located.read(text, path)
    keys = root.record("a mapping", _KEYS)
    for needed in ("entity", "files", "columns"):
        if needed not in keys:
            raise root.refusal(f"the key {needed!r} is missing. See docs/mapping_files.md.")
    entity = ENTITIES[keys["entity"].choice("entity", ENTITIES)]
    columns = read_rules(root, keys, entity)
    personal = keys["personal"].texts("personal") if "personal" in keys else ()
    _refuse_personal_leaks(keys, entity, columns, personal)
    meaning = {k: v for k, v in root.plain().items() if k != "description"}  # type: ignore[attr-defined]
    digest = hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()
    return FileMapping(
        name=_read_name(keys["name"]) if "name" in keys else default_name,
        path=path,
        entity=entity,
        files=keys["files"].texts("files"),
        columns=columns,
        fingerprint=digest,
        time_zone=_read_zone(root, keys, entity, columns),
        personal=personal,
        **_read_dialect(keys),
    )


def _read_name(node: Located) -> str:
    name = node.text("name")
    if "/" in name:
        raise node.refusal("name may not contain '/': it is the first part of the slice key.")
    return name


def _read_dialect(keys: Mapping[str, Located]) -> dict:
    """Everything that says how the file is written."""
    found: dict = {}
    if node := keys.get("format"):
        found["declared_format"] = node.choice("format", FORMATS)
    if node := keys.get("encoding"):
        found["encoding"] = _read_encoding(node)
    if node := keys.get("delimiter"):
        found["delimiter"] = _read_delimiter(node)
    if node := keys.get("quote"):
        found["quote"] = {"double": '"', "none": None}[node.choice("quote", ("double", "none"))]
    if node := keys.get("decimal"):
        found["decimal"] = node.choice("decimal", ("dot", "comma"))
    if node := keys.get("thousands"):
        found["thousands"] = _THOUSANDS[node.choice("thousands", _THOUSANDS)]
        if found["thousands"] == {"dot": ".", "comma": ","}[found.get("decimal", "dot")]:
            raise node.refusal("thousands and decimal are the same sign. Change one of them.")
    for key, target in (("date_format", "date_formats"), ("datetime_format", "datetime_formats")):
        if node := keys.get(key):
            found[target] = tuple(_read_date_format(item, key) for item in node.items(key))
    if node := keys.get("delivery"):
        found["delivery"] = node.choice("delivery", ("replace", "append"))
    if node := keys.get("null_values"):
        found["null_values"] = node.texts("null_values", may_be_empty=True)
    if node := keys.get("keep_extra"):
        is_all = node.is_text and node.text("keep_extra") == "all"
        found["keep_extra"] = "all" if is_all else node.texts("keep_extra")
    if node := keys.get("ignore"):
        found["ignore"] = node.texts("ignore")
    if node := keys.get("sheet"):
        found["sheet"] = node.text("sheet")
    if node := keys.get("totals"):
        found["must_add_up"] = node.choice("totals", ("check", "ignore")) == "check"
    if node := keys.get("header_row"):
        text = node.text("header_row")
        if not (text.isascii() and text.isdigit()) or int(text) < 1:
            raise node.refusal("header_row is the 1-based row that holds the column names.")
        found["header_row"] = int(text)
    return found


def _refuse_personal_leaks(
    keys: Mapping[str, Located],
    entity: Entity,
    columns: Mapping[str, ColumnRule],
    personal: tuple[str, ...],
) -> None:
    kept = keys["keep_extra"].texts("keep_extra") if "keep_extra" in keys else ()
    for source in personal:
        if source in kept:
            raise keys["keep_extra"].refusal(
                f"{source!r} is personal and may not be kept in extra. Remove it from one list."
            )
        for rule in columns.values():
            if source in rule.sources and rule.name not in entity.personal:
                cures = ", ".join(entity.personal)
                raise keys["personal"].refusal(
                    f"{source!r} is personal but mapped to {rule.name}, which is not. "
                    + (f"Map it to one of {cures} or leave it out." if cures else "Leave it out.")
                )


def _read_zone(
    root: Located, keys: Mapping[str, Located], entity: Entity, columns: Mapping[str, ColumnRule]
) -> str:
    if "time_zone" not in keys:
        instants = [name for name in columns if entity.schema.field(name).type == INSTANT]
        if instants:
            raise root.refusal(
                f"the key 'time_zone' is missing, and {', '.join(instants)} are instants. Write "
                "the IANA zone the file's clock shows, for example `time_zone: Europe/Moscow`."
            )
        return "UTC"
    zone = keys["time_zone"].text("time_zone")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise keys["time_zone"].refusal(
            f"{zone!r} is not an IANA time zone. Write for example Europe/Moscow or UTC."
        ) from None
    return zone


def _read_encoding(node: Located) -> str:
    name = node.text("encoding")
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        raise node.refusal(
            f"encoding {name!r} is not known. Usual ones: utf-8, cp1251, utf-16."
        ) from None
    if not codec._is_text_encoding:
        raise node.refusal(f"{name!r} is not a text encoding.")
    return codec.name


def _read_delimiter(node: Located) -> str:
    given = node.text("delimiter")
    sign = _NAMED_DELIMITERS.get(given, "\t" if given == "\\t" else given)
    if len(sign) != 1 or not sign.isascii() or sign.isalnum() or sign in '"\r\n':
        raise node.refusal(
            f"delimiter {given!r} must be one sign, or one of {', '.join(_NAMED_DELIMITERS)}."
        )
    return sign


def _read_date_format(node: Located, key: str) -> DateFormat:
    text = node.text(key)
    try:
        return DateFormat.parse(text, needs_time=key == "datetime_format")
    except UnknownDirective as error:
        raise node.refusal(f"{key} {text!r}: {error}") from None
