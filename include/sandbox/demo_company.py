"""Makes the company of the demo, once, and writes its head office's files as of today.

``python -m include.sandbox.demo_company --worlds <folder> [--drop <folder>]`` prints the world's
folder. A world is kept until its generator changes: the folder's name says of which code it is.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from include.sandbox import sample_files
from include.sandbox import world as world_package
from include.sandbox.office_files import spell_office_files
from include.sandbox.sample_files import write_company_files
from include.sandbox.world.generator import make_world
from include.sandbox.world.store import NoWorld, read_world, write_world
from include.sandbox.world.world import World
from include.sandbox.world_company import read_company

SIZE, SEED = "demo", 1
HISTORY_DAYS = 60
"""Days of the company's life that the demo shows."""


def provide_world(worlds: Path, size: str = SIZE) -> tuple[Path, World]:
    """The world and its folder under ``worlds``, made if it is not there yet."""
    folder = worlds / f"{size}-{SEED}-{_mark_code()}"
    try:
        return folder, read_world(folder)
    except NoWorld:
        for old in worlds.glob(f"{size}-{SEED}-*"):
            shutil.rmtree(old, ignore_errors=True)
    world, truth = make_world(SEED, size)
    write_world(folder, world, truth.tables)
    return folder, world


def write_files(world: World, drop: Path, today: date) -> list[Path]:
    """The exports of the last :data:`HISTORY_DAYS` days before ``today``."""
    last = min(today, world.ends_on)
    since = last - timedelta(days=HISTORY_DAYS)
    written = write_company_files(drop, read_company(world, last, since))
    return written + sample_files.write_files(drop, spell_office_files(world, last, since))


def _mark_code() -> str:
    digest = hashlib.sha256()
    for path in sorted(Path(world_package.__path__[0]).glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def main(argv: list[str]) -> int:
    """Write the files and print the folder of the world."""
    parser = argparse.ArgumentParser(
        prog="python -m include.sandbox.demo_company", description=__doc__
    )
    parser.add_argument("--worlds", type=Path, required=True, help="where worlds are kept")
    parser.add_argument("--drop", type=Path, help="write the head office's files here")
    wanted = parser.parse_args(argv)
    folder, world = provide_world(wanted.worlds)
    if wanted.drop is not None:
        write_files(world, wanted.drop, datetime.now(ZoneInfo("Europe/Moscow")).date())
    sys.stdout.write(f"{folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
