"""A world as Parquet files: ``<folder>/world.json`` and ``<folder>/tables/<table>.parquet``.

Truth, when there is any, is written to ``<folder>/truth/``; reading it is not done here, so that
those who serve a world cannot see it. The same world gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from include.sandbox.world.tables import TABLES
from include.sandbox.world.world import World

ABOUT = "world.json"
TABLES_FOLDER, TRUTH_FOLDER = "tables", "truth"
COMPRESSION, LEVEL = "zstd", 1


class NoWorld(Exception):
    """A folder holds no whole world, or one of another version."""


def write_world(folder: Path, world: World, truth: Mapping[str, pa.Table]) -> None:
    """Write everything, replacing a world that is there; ``OSError`` where one may not write.

    ``world.json`` is written last: without it a folder is no world.
    """
    folder.mkdir(parents=True, exist_ok=True)
    about = folder / ABOUT
    about.unlink(missing_ok=True)
    for name, tables in ((TABLES_FOLDER, world.tables), (TRUTH_FOLDER, truth)):
        (folder / name).mkdir(exist_ok=True)
        for stale in (folder / name).glob("*.parquet"):
            stale.unlink()
        for table, rows in tables.items():
            write_table(rows, folder / name / f"{table}.parquet")
    about.write_text(
        json.dumps(
            {
                "seed": world.seed,
                "size": world.size,
                "starts_on": world.starts_on.isoformat(),
                "ends_on": world.ends_on.isoformat(),
                "rows": {name: len(rows) for name, rows in world.tables.items()},
            },
            indent=2,
        )
        + "\n",
        encoding="utf-8",
    )


def write_table(rows: pa.Table, path: Path) -> None:
    """One Parquet file."""
    pq.write_table(rows, path, compression=COMPRESSION, compression_level=LEVEL)


def read_world(folder: Path) -> World:
    """The world of a folder, without its truth; :class:`NoWorld` where there is none."""
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except FileNotFoundError as absent:
        raise NoWorld(f"{folder} holds no world: make one with `make world`") from absent
    tables = {}
    for name, schema in TABLES.items():
        path = folder / TABLES_FOLDER / f"{name}.parquet"
        if not path.exists():
            raise NoWorld(f"{folder} has no table {name}: make the world again")
        table = pq.read_table(path)
        if table.schema.names != schema.names:
            raise NoWorld(f"{folder}: table {name} has other columns; make the world again")
        tables[name] = table.cast(schema)
    return World(
        about["seed"],
        about["size"],
        date.fromisoformat(about["starts_on"]),
        date.fromisoformat(about["ends_on"]),
        tables,
    )
