"""Makes a world and says what is in it: ``python -m include.sandbox.world demo --seed 1``."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from include.sandbox.world.generator import make_world
from include.sandbox.world.large import LARGE, Streamed, stream_large
from include.sandbox.world.sizes import SIZES, STREAMED, UnknownSize, find_size
from include.sandbox.world.store import TABLES_FOLDER, TRUTH_FOLDER, write_world
from include.sandbox.world.truth import Truth
from include.sandbox.world.world import World

WORLDS = Path(".throughline") / "worlds"
"""Where worlds go unless told otherwise; one folder a size."""
UNUSABLE = 2


def read_count(text: str) -> int:
    """A whole number from 0 on; ``ArgumentTypeError`` for anything else."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    """Command line of the generator."""
    parser = argparse.ArgumentParser(prog="python -m include.sandbox.world", description=__doc__)
    parser.add_argument("size", help=" or ".join((*SIZES, STREAMED)))
    parser.add_argument("--seed", type=read_count, default=1, help="same seed, same world")
    parser.add_argument("--out", type=Path, help=f"folder to write to; {WORLDS}/<size> by default")
    parser.add_argument(
        "--touches",
        type=read_count,
        default=LARGE.visits,
        help=f"how many, of the size {STREAMED} alone",
    )
    return parser.parse_args(argv)


def show(
    console: Console, folder: Path, world: World, truth: Truth, made: float, wrote: float
) -> None:
    """The summary a person reads: tables, rows, size on disk, seconds."""
    summary = Table(title=f"World {world.size}, seed {world.seed}", title_justify="left")
    summary.add_column("table")
    summary.add_column("rows", justify="right")
    summary.add_column("KiB", justify="right")
    for part, tables in ((TABLES_FOLDER, world.tables), (TRUTH_FOLDER, truth.tables)):
        for name, rows in tables.items():
            size = (folder / part / f"{name}.parquet").stat().st_size
            label = name if part == TABLES_FOLDER else f"{part}/{name}"
            summary.add_row(label, f"{len(rows):,}", f"{size / 1024:,.0f}")
        summary.add_section()
    console.print(summary)
    console.print(
        f"{world.starts_on} to {world.ends_on}; made in {made:.1f} s, written in {wrote:.1f} s "
        f"to {folder}"
    )


def show_streamed(console: Console, folder: Path, streamed: Streamed) -> None:
    """What the streamed size came to, and how fast."""
    made, wrote = streamed.made_seconds, streamed.wrote_seconds
    console.print(
        f"{streamed.touches:,} touches of {streamed.journeys:,} journeys, {streamed.visits:,} of "
        f"them visits; made in {made:.1f} s of processor time "
        f"({streamed.touches / made:,.0f} touches/s), landed with their truth in {wrote:.1f} s "
        f"under {folder}"
    )


def main(argv: list[str]) -> int:
    """Make, write and show a world; 2 for a size there is not or a folder one may not write."""
    wanted = parse_arguments(argv)
    folder = wanted.out or WORLDS / wanted.size
    errors = Console(stderr=True, soft_wrap=True)
    started = time.monotonic()
    try:
        if wanted.size == STREAMED:
            show_streamed(Console(), folder, stream_large(folder, wanted.seed, wanted.touches))
            return 0
        find_size(wanted.size)
        folder.mkdir(parents=True, exist_ok=True)
        world, truth = make_world(wanted.seed, wanted.size)
        made = time.monotonic()
        write_world(folder, world, truth.tables)
    except UnknownSize as unknown:
        errors.print(f"world: {unknown}", style="red", markup=False)
        return UNUSABLE
    except OSError as refused:
        errors.print(f"world: cannot write to {folder}: {refused}", style="red", markup=False)
        return UNUSABLE
    wrote = time.monotonic() - made
    show(Console(), folder, world, truth, made - started, wrote)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
