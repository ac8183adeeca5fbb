"""When what one CRM shows may change: a stand-in keeps what it derived until the next turn."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.world.tables import INSTANT
from include.sandbox.world.world import World
from include.sandbox.world.world_memo import WorldMemo

_TURNS: WorldMemo[np.ndarray] = WorldMemo()


def count_turns(world: World, crm: str, tracker: str, now: datetime) -> int:
    """How many instants of the CRM's tables, its tracker's calls and its payments have come.

    Two instants with the same count show the same rows in the same state.
    """
    turns = _TURNS.get(world, (crm, tracker), lambda: _find_turns(world, crm, tracker))
    return int(np.searchsorted(turns, pa.scalar(now, INSTANT).value, side="right"))


def _find_turns(world: World, crm: str, tracker: str) -> np.ndarray:
    found = [np.zeros(0, dtype=np.int64)]
    for name, table in world.tables.items():
        if name == "call":
            rows = table.filter(pc.equal(table["tracker"], tracker))
        elif name == "payment" or name.startswith("crm_"):
            rows = table.filter(pc.equal(table["crm"], crm))
        else:
            continue
        for column in rows.schema:
            if column.type == INSTANT:
                found.append(rows[column.name].drop_null().cast(pa.int64()).to_numpy())
    return np.unique(np.concatenate(found))
