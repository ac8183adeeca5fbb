"""JSON lines → text columns; nested values stay JSON text.

Numbers keep the digits they were written with. A key may be absent from a line (the cell is NULL),
but a mapped key that the whole first block lacks is header drift. ``contact.phone`` in a mapping
reaches into a nested object.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from include.connectors.files.blocks import RawBlock
from include.connectors.protocol import BadInput, Rejected

MAX_LINE_BYTES = 16 << 20
_NESTED = json.JSONEncoder(ensure_ascii=False, sort_keys=True, allow_nan=False)
_Parsed = tuple[int, str, dict[str, str | None]]


def read_json_lines(
    blocks: Iterable[bytes], nested: tuple[str, ...], has_decimal_comma: bool, position: str
) -> Iterator[RawBlock]:
    """Parse UTF-8 blocks; ``nested`` are the mapped names that contain a dot."""
    decoder = json.JSONDecoder(
        parse_float=partial(_WrittenFloat, has_decimal_comma=has_decimal_comma),
        parse_constant=_refuse_constant,
    )
    names: dict[str, None] = {}
    line_number = 1
    for lines in _split_lines(blocks, position):
        parsed: list[_Parsed] = []
        rejected: list[Rejected] = []
        for line in lines:
            _read_line(line, line_number, decoder, nested, position, parsed, rejected)
            line_number += 1
        for shape in dict.fromkeys(tuple(cells) for _, _, cells in parsed):
            names |= dict.fromkeys(shape)
        if parsed or rejected:
            yield _assemble(tuple(names), parsed, tuple(rejected))


def _split_lines(blocks: Iterable[bytes], position: str) -> Iterator[list[bytes]]:
    pending = b""
    is_first = True
    for block in blocks:
        pending += block
        if is_first and pending.lstrip()[:1] == b"[":
            raise BadInput(
                f"{position} starts like a JSON array. JSON lines has one object a line: export "
                "it so (`jq -c '.[]'` converts)."
            )
        is_first = False
        *lines, pending = pending.split(b"\n")
        if len(pending) > MAX_LINE_BYTES:
            raise BadInput(f"{position} has a line over 16 MiB; JSON lines has one object a line.")
        if lines:
            yield lines
    if pending:
        yield [pending]


def _read_line(
    line: bytes,
    number: int,
    decoder: json.JSONDecoder,
    nested: tuple[str, ...],
    position: str,
    parsed: list[_Parsed],
    rejected: list[Rejected],
) -> None:
    text = line.decode().strip()
    if not text:
        return
    try:
        found = decoder.decode(text)
        if not isinstance(found, dict):
            raise ValueError("not an object")
        cells = {name: _spell(value) for name, value in found.items()}
        for path in nested:
            _reach_into(found, path, cells)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(cells, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        reason = "not one valid JSON object"
        rejected.append(Rejected(position, number, "bad_json", reason, text))
        return
    if any(map(_has_text, cells.values())):
        parsed.append((number, text, cells))


def _has_text(value: str | None) -> bool:
    return bool(value) and not value.isspace()


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


class _WrittenFloat(float):
    """A number that remembers how it was written, without an exponent."""

    def __new__(cls, text: str, *, has_decimal_comma: bool) -> _WrittenFloat:
        made = super().__new__(cls, text)
        plain = text
        if "e" in text or "E" in text:
            number = Decimal(text)
            # 1e5 is an amount too; an absurd exponent stays text that no rule accepts.
            plain = format(number, "f") if abs(number.adjusted()) < 30 else text
        made.text = plain.replace(".", ",") if has_decimal_comma else plain
        return made

    text: str


def _spell(value: Any) -> str | None:
    kind = type(value)
    if kind is str or value is None:
        return value
    if kind is int:
        return str(value)
    if kind is _WrittenFloat:
        return value.text
    if kind is bool:
        return "true" if value else "false"
    return _NESTED.encode(value)


def _reach_into(found: Any, path: str, cells: dict[str, str | None]) -> None:
    """Add the cell at a dotted path, when the line has it and no key of that very name."""
    if path in cells:
        return
    *parents, last = path.split(".")
    for part in parents:
        found = found.get(part) if isinstance(found, dict) else None
    if isinstance(found, dict) and last in found:
        cells[path] = _spell(found[last])


def _assemble(
    names: tuple[str, ...], parsed: list[_Parsed], rejected: tuple[Rejected, ...]
) -> RawBlock:
    columns = tuple(
        pa.array([cells.get(name) for _, _, cells in parsed], pa.string()) for name in names
    )
    lines = np.array([number for number, _, _ in parsed], dtype=np.int64)
    return RawBlock(names, columns, lines, lambda row: parsed[row][1], rejected)
