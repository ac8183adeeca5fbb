"""The rows of this CRM alone; filtered before they become Python, which is what takes time."""

from __future__ import annotations

from typing import Any

import pyarrow.compute as pc

from include.sandbox.world.business_lines import LINE_OF_CRM
from include.sandbox.world.world import World

CRM = "amocrm"
TRACKER = LINE_OF_CRM[CRM].tracker

Row = dict[str, Any]


def read_own(
    world: World, table: str, column: str = "crm", value: str = CRM
) -> list[dict[str, Any]]:
    """Rows of ``table`` whose ``column`` is ``value``."""
    rows = world.table(table)
    found: list[Row] = rows.filter(pc.equal(rows[column], value)).to_pylist()
    return found
