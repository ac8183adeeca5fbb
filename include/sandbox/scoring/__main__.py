"""``python -m include.sandbox.scoring [small|demo] [--seed N]``: one ``name=value`` a line.

What happens meanwhile is told on stderr. ``docs/scores.md`` keeps the figures of each size.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

from include.sandbox import scoring
from include.sandbox.scoring.landed_world import open_landed_world
from include.sandbox.scoring.scene import Scene, build_scene
from include.sandbox.scoring.score_page import write_page
from include.sandbox.world.sizes import SIZES
from include.settings import PROJECT_ROOT, read_settings

Score = Callable[[Scene], dict[str, float]]
PAGE = PROJECT_ROOT / "docs" / "scores.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0; a figure below its target is not a failure here."""
    parser = argparse.ArgumentParser(prog="python -m include.sandbox.scoring", description=__doc__)
    parser.add_argument("size", nargs="?", default="demo", choices=sorted(SIZES))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    root = read_settings().home / "worlds" / "landed"
    figures: dict[str, float] = {}
    with (
        open_landed_world(root, options.size, options.seed, _tell) as landed,
        build_scene(landed, _tell) as scene,
    ):
        for name, score in find_subjects().items():
            _tell(f"scoring {name}")
            figures |= score(scene)
    for name, value in figures.items():
        sys.stdout.write(f"{name}={value:.4f}\n")
    day: date = datetime.now(UTC).date()
    write_page(PAGE, options.size, options.seed, day, figures)
    return 0


def find_subjects() -> dict[str, Score]:
    """Module name → its ``score``, for every module of this package that has one."""
    modules = {
        found.name: importlib.import_module(f"{scoring.__name__}.{found.name}")
        for found in pkgutil.iter_modules(scoring.__path__)
        if found.name != "__main__"
    }
    return {name: module.score for name, module in modules.items() if hasattr(module, "score")}


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
