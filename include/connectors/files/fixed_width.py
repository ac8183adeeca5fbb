"""Instants of one fixed width → ISO 8601 by moving bytes, several times faster than a pattern.

Only a rearrangement: digits are not looked at here, so the strict cast that follows must refuse
what is no instant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa

_ISO = {"Y": 0, "m": 5, "d": 8, "H": 11, "M": 14, "S": 17}
_TEMPLATE = b"0000-00-00 00:00:00"


@dataclass(frozen=True)
class _Layout:
    width: int
    literals: dict[int, int]
    """Byte expected at each place that is no digit."""
    moves: tuple[tuple[int, int, int], ...]
    """From place, to place, how many bytes."""


@cache
def _lay_out(format_text: str) -> _Layout | None:
    literals: dict[int, int] = {}
    moves: list[tuple[int, int, int]] = []
    place = 0
    for part in re.findall(r"%.|[^%]", format_text):
        if len(part) == 2:
            if part[1] not in _ISO:
                return None
            length = 4 if part == "%Y" else 2
            moves.append((place, _ISO[part[1]], length))
            place += length
        elif part.isascii():
            literals[place] = ord(part)
            place += 1
        else:
            return None
    return _Layout(place, literals, tuple(moves))


def rewrite_fixed(column: pa.Array, format_text: str) -> pa.Array | None:
    """The column in ISO 8601, or ``None`` unless every cell has the format's width and signs."""
    layout = _lay_out(format_text)
    if layout is None or column.null_count or not len(column):
        return None
    _, offsets, data = column.buffers()
    ends = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    if not np.all(np.diff(ends) == layout.width):
        return None
    cells = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]].reshape(len(column), layout.width)
    for place, sign in layout.literals.items():
        if not np.all(cells[:, place] == sign):
            return None
    iso = np.tile(np.frombuffer(_TEMPLATE, np.uint8), (len(column), 1))
    for start, target, length in layout.moves:
        iso[:, target : target + length] = cells[:, start : start + length]
    new_ends = np.arange(len(column) + 1, dtype=np.int32) * len(_TEMPLATE)
    return pa.StringArray.from_buffers(len(column), pa.py_buffer(new_ends), pa.py_buffer(iso))
