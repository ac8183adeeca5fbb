"""The YAML an analyst writes: which column is the id and what each other column is."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import phonenumbers
import yaml

from include.identity.kinds import EXPECTED, kind_of
from include.identity.record_files import Unreadable

_KEYS = {"id", "columns", "region", "threshold", "second"}


@dataclass(frozen=True)
class Spec:
    """``columns`` maps a column of the file to its kind, in the order written.

    ``second`` is how the second file calls a column that the first one calls otherwise.
    """

    id_column: str
    columns: dict[str, str]
    region: str = "RU"
    threshold: float = 0.5
    second: dict[str, str] = field(default_factory=dict)


def read_spec(path: Path) -> Spec:
    """Raises :class:`Unreadable` with one line on what is wrong."""
    try:
        # Every name is a text: a column may be called no, on or 2024.
        written = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    except OSError as error:
        raise Unreadable(f"cannot read {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path} is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(written, dict) or "id" not in written:
        raise Unreadable(f"{path} must say `id: <column>` and `columns: {{<column>: <kind>}}`")
    if unknown := sorted(str(key) for key in written.keys() - _KEYS):
        raise Unreadable(f"{path}: unknown key {', '.join(unknown)}; known: id, columns, region, "
                         "second, threshold")  # fmt: skip
    if not isinstance(written["id"], str) or not written["id"]:
        raise Unreadable(f"{path}: `id` must be the name of one column")
    id_column = written["id"]
    columns = _columns(path, written.get("columns"))
    columns.pop(id_column, None)
    if not columns:
        raise Unreadable(f"{path} names no column to compare")
    second = written.get("second", {})
    if not isinstance(second, dict) or second.keys() - {id_column, *columns}:
        raise Unreadable(f"{path}: `second` must map columns named above to their names in the "
                         "second file")  # fmt: skip
    names = {str(name): str(other) for name, other in second.items()}
    return Spec(id_column, columns, _region(path, written), _threshold(path, written), names)


def _region(path: Path, written: dict[str, Any]) -> str:
    region = str(written.get("region", "RU")).upper()
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise Unreadable(f"{path}: region {region} is no country; give two letters, as RU or US")
    return region


def _threshold(path: Path, written: dict[str, Any]) -> float:
    said = written.get("threshold", "0.5")
    try:
        threshold = float(said)
    except (TypeError, ValueError):
        threshold = 0.0
    if not 0 < threshold < 1:
        raise Unreadable(f"{path}: threshold {said} is no probability between 0 and 1")
    return threshold


def _columns(path: Path, written: Any) -> dict[str, str]:
    """Either way round (column: kind, kind: column or columns), or a list of such mappings."""
    if isinstance(written, list):
        pairs = [pair for item in written if isinstance(item, dict) for pair in _item(item)]
    elif isinstance(written, dict):
        pairs = list(written.items())
    else:
        raise Unreadable(f"{path}: `columns` must map each column to what it is")
    # One mistyped kind does not turn the mapping round.
    known_right = sum(isinstance(kind, str) and kind_of(kind) is not None for _, kind in pairs)
    known_left = sum(isinstance(kind, str) and kind_of(kind) is not None for kind, _ in pairs)
    by_column = known_right == len(pairs) or known_right > known_left
    found: dict[str, str] = {}
    for left, right in pairs:
        names, kind = ([left], right) if by_column else (right, left)
        known = kind_of(kind)
        if known is None:
            raise Unreadable(f"{path}: {kind} is no kind; known: {', '.join(EXPECTED)}")
        for name in names if isinstance(names, list) else [names]:
            if not isinstance(name, str) or not name:
                raise Unreadable(f"{path}: {left} must be followed by its kind; known: "
                                 f"{', '.join(EXPECTED)}")  # fmt: skip
            found[str(name)] = known
    return found


def _item(item: dict[Any, Any]) -> list[tuple[Any, Any]]:
    name = item.get("column", item.get("name"))
    kind = item.get("kind", item.get("type", item.get("is")))
    return [(name, kind)] if name is not None and kind is not None else list(item.items())
