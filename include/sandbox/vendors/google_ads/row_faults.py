"""Faults in the rows of an answer, whatever was asked: what nobody expects of a vendor.

``new_field`` puts ``name`` with ``value`` into the part ``in`` of every row; ``odd_value`` tells
``field`` of the first row that has it as ``value``; ``repeated_batch`` sends the first batch twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from include.sandbox.vendors.vendor import Stage

Batches = list[dict[str, Any]]


def spoil_rows(stage: Stage, vendor: str, path: str, batches: Batches) -> Batches:
    """The batches with what is planted for this vendor and path; themselves when nothing is."""
    rows = [row for batch in batches for row in batch.get("results", ())]
    if (values := stage.faults.take("new_field", vendor, path)) is not None:
        for row in rows:
            row.setdefault(str(values["in"]), {})[str(values["name"])] = values["value"]
    if (values := stage.faults.take("odd_value", vendor, path)) is not None:
        _tell_oddly(rows, str(values["field"]), values["value"])
    if stage.faults.take("repeated_batch", vendor, path) is not None:
        batches = [*batches[:1], *batches]
    return batches


def _tell_oddly(rows: Sequence[dict[str, Any]], field: str, value: Any) -> None:
    for row in rows:
        for part in row.values():
            if isinstance(part, dict) and field in part:
                part[field] = value
                return
