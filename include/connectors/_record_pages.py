"""Takes a page of JSON objects apart: values a path at a time, and each object as text again.

Both go over the page as a whole, in loops of the interpreter's own, because a page is made of
thousands of small values. What they give is what asking each object alone would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

Path = tuple[str, ...]

_BORDER = orjson.Fragment(b"\n")
"""Between two objects: a line feed stands nowhere else in compact JSON, in texts it is escaped."""
_BETWEEN = ",\n,"
_FEW = 8
"""As many fields are faster looked for one by one than turned from rows into columns."""
_NOTHING: Mapping[str, Any] = {}


@dataclass
class _Node:
    """A place in the objects: the paths that end at it, and the fields looked for in it."""

    ends: list[Path] = field(default_factory=list)
    children: dict[str, _Node] = field(default_factory=dict)
    optional: set[str] = field(default_factory=set)
    """Fields that some object has been without: they are asked for one by one."""


class FieldPaths:
    """Where the values of a page are, as one tree of fields."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._root = _Node()
        for path in paths:
            node = self._root
            for step in path:
                node = node.children.setdefault(step, _Node())
            if path not in node.ends:
                node.ends.append(path)

    def take(self, records: Sequence[Mapping[str, Any]]) -> dict[Path, list[Any]]:
        """Values of every path, one a record; None where a field, or what should hold it, is not.

        A record that is no object raises ``TypeError`` or ``AttributeError``.
        """
        found: dict[Path, list[Any]] = {}
        _descend(self._root, records, found)
        return found


def _descend(node: _Node, objects: Sequence[Any], found: dict[Path, list[Any]]) -> None:
    common = [step for step in node.children if step not in node.optional]
    while common:
        try:
            columns = _columns_of(common, objects)
        except KeyError as error:
            node.optional.add(error.args[0])
            common.remove(error.args[0])
            continue
        for step, values in zip(common, columns, strict=True):
            _settle(node.children[step], values, found)
        break
    for step in node.optional:
        _settle(node.children[step], [each.get(step) for each in objects], found)


def _columns_of(steps: Sequence[str], objects: Sequence[Any]) -> list[list[Any]]:
    """Values of fields that every object has; ``KeyError`` names one that some object has not."""
    if len(steps) <= _FEW:
        return [list(map(itemgetter(step), objects)) for step in steps]
    rows = map(itemgetter(*steps), objects)
    return list(map(list, zip(*rows, strict=True)))


def _settle(node: _Node, values: list[Any], found: dict[Path, list[Any]]) -> None:
    for path in node.ends:
        found[path] = values
    if not node.children:
        return
    kinds = set(map(type, values))
    if kinds == {dict}:
        _descend(node, values, found)
    elif kinds == {type(None)}:
        for child in node.children.values():
            _settle(child, values, found)
    else:
        objects = [v if type(v) is dict or isinstance(v, Mapping) else _NOTHING for v in values]
        for step, child in node.children.items():
            _settle(child, [each.get(step) for each in objects], found)


def write_texts(records: Sequence[Any]) -> pa.Array:
    """Every object as compact JSON with sorted keys."""
    try:
        return _write_at_once(records)
    except (TypeError, pa.ArrowException):  # keys that are no text, or what no JSON can hold
        return pa.array([write_text(record) for record in records], pa.string())


def write_text(value: Any) -> str:
    """One value as compact JSON with sorted keys."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()


def _write_at_once(records: Sequence[Any]) -> pa.Array:
    spread: list[Any] = [_BORDER] * (2 * len(records) - 1)
    spread[::2] = records
    text = orjson.dumps(spread, option=orjson.OPT_SORT_KEYS)
    inside = np.array([1, len(text) - 1], np.int32)
    whole = pa.StringArray.from_buffers(1, pa.py_buffer(inside), pa.py_buffer(text))
    return pc.split_pattern(whole, _BETWEEN).flatten()
