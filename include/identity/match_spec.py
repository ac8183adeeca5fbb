"""The YAML an analyst writes: which column is the id and what each other column is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from include.identity.kinds import EXPECTED, kind_of
from include.identity.record_files import Unreadable

_KEYS = {"id", "columns", "region", "threshold"}


@dataclass(frozen=True)
class Spec:
    """``columns`` maps a column of the file to its kind, in the order written."""

    id_column: str
    columns: dict[str, str]
    region: str = "RU"
    threshold: float = 0.5


def read_spec(path: Path) -> Spec:
    """Raises :class:`Unreadable` with one line on what is wrong."""
    try:
        written = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unreadable(f"cannot read {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path} is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(written, dict) or "id" not in written:
        raise Unreadable(f"{path} must say `id: <column>` and `columns: {{<column>: <kind>}}`")
    if unknown := sorted(str(key) for key in written.keys() - _KEYS):
        raise Unreadable(f"{path}: unknown key {', '.join(unknown)}; known: id, columns, region, "
                         "threshold")  # fmt: skip
    id_column = str(written["id"])
    columns = _columns(path, written.get("columns"))
    columns.pop(id_column, None)
    if not columns:
        raise Unreadable(f"{path} names no column to compare")
    threshold = written.get("threshold", 0.5)
    if not isinstance(threshold, int | float) or not 0 < threshold < 1:
        raise Unreadable(f"{path}: threshold {threshold} is no probability between 0 and 1")
    return Spec(id_column, columns, str(written.get("region", "RU")).upper(), float(threshold))


def _columns(path: Path, written: Any) -> dict[str, str]:
    """Either way round (column: kind, kind: column or columns), or a list of such mappings."""
    if isinstance(written, list):
        pairs = [pair for item in written if isinstance(item, dict) for pair in _item(item)]
    elif isinstance(written, dict):
        pairs = list(written.items())
    else:
        raise Unreadable(f"{path}: `columns` must map each column to what it is")
    by_column = all(isinstance(kind, str) and kind_of(kind) for _, kind in pairs)
    found: dict[str, str] = {}
    for left, right in pairs:
        names, kind = ([left], right) if by_column else (right, left)
        known = kind_of(kind)
        if known is None:
            raise Unreadable(f"{path}: {kind} is no kind; known: {', '.join(EXPECTED)}")
        for name in names if isinstance(names, list) else [names]:
            found[str(name)] = known
    return found


def _item(item: dict[Any, Any]) -> list[tuple[Any, Any]]:
    name = item.get("column", item.get("name"))
    kind = item.get("kind", item.get("type", item.get("is")))
    return [(name, kind)] if name is not None and kind is not None else list(item.items())
