"""Reads the truth of a world that :mod:`.store` has written. For scoring alone."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from include.sandbox.world.store import TRUTH_FOLDER, NoWorld
from include.sandbox.world.truth import Truth
from include.sandbox.world.truth_tables import TRUTH_TABLES


def read_truth(folder: Path) -> Truth:
    """The truth beside the world of a folder; :class:`NoWorld` where it was not written."""
    tables = {}
    for name, schema in TRUTH_TABLES.items():
        path = folder / TRUTH_FOLDER / f"{name}.parquet"
        if not path.exists():
            raise NoWorld(f"{folder} has no truth {name}: make the world again")
        tables[name] = pq.read_table(path).cast(schema)
    return Truth(tables)
