"""The blocks of one row of statistics: ``base`` with ``vk`` inside, and those read for one field.

Fields are looked at for a whole answer at once: an absent one means a changed API, an unknown one
is told. Ratios are known and not read; the old ``goals`` of ``base`` are not those of today.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from include.connectors.protocol import RequestRefused

Row = Mapping[str, Any]
NEEDED = ("shows", "clicks", "spent", "vk")
NEEDED_OF_VK = ("goals",)
KNOWN = frozenset({*NEEDED, "goals", "cpm", "cpc", "cpa", "ctr", "cr"})
KNOWN_OF_VK = frozenset({"goals", "cpa", "cr"})


def take(block: str, name: str) -> Callable[[Row], Any]:
    """Reads one field of a block; None where the row lacks either."""

    def read(row: Row) -> Any:
        fields = row.get(block)
        return fields.get(name) if isinstance(fields, dict) else None

    return read


def take_goals(row: Row) -> Any:
    """Goals of VK Ads itself."""
    return row["base"]["vk"].get("goals")


def find_unknown(rows: Sequence[Row]) -> list[str]:
    """Fields of ``base`` that nobody has declared; raises when a needed one is gone."""
    if not rows:
        return []
    base = _all_fields("base", [row.get("base") for row in rows])
    _require("base", NEEDED, base)
    vk = _all_fields("base.vk", [row["base"].get("vk") for row in rows])
    _require("base.vk", NEEDED_OF_VK, vk)
    return [
        *(f"unknown field base.{name}" for name in sorted(base - KNOWN)),
        *(f"unknown field base.vk.{name}" for name in sorted(vk - KNOWN_OF_VK)),
    ]


def is_silent(row: Row) -> bool:
    """A day without delivery, which comes as zeros or not at all."""
    base = row["base"]
    return (
        _is_zero(base.get("shows"))
        and _is_zero(base.get("clicks"))
        and _is_zero(base.get("spent"))
        and _is_zero(base["vk"].get("goals"))
        and _is_zero(take("events", "sending_form")(row) or 0)
    )


def read_totals(row: Row) -> tuple[date, dict[str, Decimal]]:
    """Day and control columns of a row of the whole cabinet, whose fields have been looked at."""
    base = row["base"]
    told = {
        "shows": base.get("shows"),
        "clicks": base.get("clicks"),
        "goals": base["vk"].get("goals"),
        "spent_amount": base.get("spent"),
    }
    try:
        day = date.fromisoformat(str(row.get("date"))[:10])
        return day, {name: Decimal(str(value)) for name, value in told.items()}
    except (ValueError, InvalidOperation):
        pass
    raise RequestRefused(
        "VK Ads tells a day or a total of the cabinet as something else than a day and numbers: "
        "the API has changed, compare its changelog with the connector's columns"
    )


def _all_fields(where: str, blocks: Sequence[Any]) -> set[str]:
    if not all(isinstance(block, dict) for block in blocks):
        _refuse(where)
    return set().union(*blocks)


def _require(where: str, needed: Sequence[str], fields: set[str]) -> None:
    for name in needed:
        if name not in fields:
            _refuse(f"{where}.{name}")


def _refuse(field: str) -> None:
    raise RequestRefused(
        f"VK Ads statistics no longer have the field {field}: the API has changed, compare its "
        "changelog with the connector's columns"
    )


def _is_zero(value: Any) -> bool:
    return value == 0 or (isinstance(value, str) and not value.strip("0."))
