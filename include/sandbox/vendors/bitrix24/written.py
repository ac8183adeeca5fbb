"""What clients wrote into the portal: merges of entities and traces of the end-to-end analytics.

Traces can be added and deleted, never read: the vendor has no method for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from include.sandbox.vendors.bitrix24.conditions import as_values
from include.sandbox.vendors.bitrix24.custom_fields import ENTITY_NUMBERS
from include.sandbox.vendors.bitrix24.errors import ApiError
from include.sandbox.vendors.bitrix24.parameters import Parameters

TRACED = ("COMPANY", "CONTACT", "DEAL", "LEAD", "QUOTE")
Row = Mapping[str, Any]


class Written:
    """Everything written since the last reset; ``version`` grows with each merge."""

    def __init__(self) -> None:
        self.version = 0
        self.traces: dict[int, Any] = {}
        self._merges: dict[tuple[str, int], tuple[int, datetime]] = {}
        self._last_trace = 340

    def reset(self) -> None:
        """As if nobody had written anything."""
        self.version += 1
        self.traces.clear()
        self._merges.clear()

    def merge(self, kind: str, ids: Sequence[int], now: datetime) -> None:
        """Merge entities into the first of ``ids``."""
        winner, *losers = ids
        self._merges |= {(kind, loser): (winner, now) for loser in losers}
        self.version += 1

    def overlay(self, kind: str, rows: Sequence[Row]) -> list[Row]:
        """Rows of one kind with what was merged away told as the world tells its own merges."""
        found: list[Row] = []
        for row in rows:
            merged = self._merges.get((kind, row[f"{kind}_id"]))
            if merged is not None:
                row = {**row, "merged_into_id": merged[0], "deleted_at": merged[1]}
            found.append(row)
        return found

    def add_trace(self, trace: Any) -> int:
        """Keep a trace; its id."""
        self._last_trace += 1
        self.traces[self._last_trace] = trace
        return self._last_trace


def merge_entities(
    parameters: Parameters,
    living: Mapping[str, Mapping[int, Row]],
    written: Written,
    now: datetime,
) -> dict[str, Any]:
    """``crm.entity.mergeBatch``: who was deleted.

    CONFLICT when both sides hold different customers or money; nothing is merged then, as the
    vendor asks a person to decide.
    """
    inner = Parameters(parameters.mapping("params") or parameters.values)
    kinds = {number: kind for kind, number in ENTITY_NUMBERS.items()}
    kind = kinds.get(inner.number("entityTypeId"))
    if kind is None:
        raise ApiError(0, "The parameter entityTypeId is required.", 400)
    ids = [int(one) for one in as_values(inner.get("entityIds") or []) if str(one).isdigit()]
    if len(ids) < 2:
        raise ApiError(0, "The parameter entityIds must contains at least two elements.", 400)
    if any(one not in living[kind] for one in ids):
        raise ApiError(0, "Owner was not found", 400)
    rows = [living[kind][one] for one in ids]
    for name in ("contact_id", "company_id", "amount_micros", "inn"):
        is_other = name != f"{kind}_id"
        if is_other and len({row[name] for row in rows if row.get(name)}) > 1:
            return {"STATUS": "CONFLICT", "ENTITY_IDS": []}
    written.merge(kind, ids, now)
    return {"STATUS": "SUCCESS", "ENTITY_IDS": ids[1:]}


def add_trace(
    parameters: Parameters, living: Mapping[str, Mapping[int, Row]], written: Written
) -> int:
    """``crm.tracking.trace.add``: the id of the new trace."""
    text = parameters.get("TRACE")
    if not text:
        raise _refuse("Parameter `TRACE` required.")
    try:
        trace = json.loads(str(text))
    except ValueError:
        raise _refuse("Can not parse JSON in parameter `TRACE`.") from None
    for entity in as_values(parameters.get("ENTITIES") or []):
        kind = str(entity.get("TYPE", "")) if isinstance(entity, dict) else ""
        if kind not in TRACED:
            allowed = ",".join(TRACED)
            raise _refuse(f"Wrong TYPE in parameter `ENTITIES`. Allowed types: {allowed}")
        number = str(entity.get("ID", ""))
        if not number.isdigit() or int(number) not in living.get(kind.lower(), {}):
            raise _refuse("Wrong ID in parameter `ENTITIES`.")
    return written.add_trace(trace)


def delete_trace(parameters: Parameters, written: Written) -> bool:
    """``crm.tracking.trace.delete``."""
    if written.traces.pop(parameters.number("ID"), None) is None:
        raise _refuse("Trace not found.")
    return True


def _refuse(description: str) -> ApiError:
    return ApiError("ERROR_CORE", description, 400)
