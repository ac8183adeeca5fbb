"""``python -m include.sandbox.scoring [small|demo] [--seed N]``: one ``name=value`` a line.

After the world come the real sets that lie beside the project, if any do. What happens meanwhile is
told on stderr. ``docs/scores.md`` keeps the figures of each size and of the sets.
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
from include.sandbox.scoring.real_sets import PEERS_PYTHON, REAL_SETS, score_sets
from include.sandbox.scoring.reference_paths import REFERENCES, score_references
from include.sandbox.scoring.scene import Scene, build_scene
from include.sandbox.scoring.score_page import spell, write_page
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
    _publish(f"{options.size}, seed {options.seed}", figures)
    real = score_sets(REAL_SETS, PEERS_PYTHON, _tell) | score_references(REFERENCES, _tell)
    if real:
        _publish("real sets", real)
    return 0


def find_subjects() -> dict[str, Score]:
    """Module name → its ``score``, for every module of this package that has one."""
    modules = {
        found.name: importlib.import_module(f"{scoring.__name__}.{found.name}")
        for found in pkgutil.iter_modules(scoring.__path__)
        if found.name != "__main__"
    }
    return {name: module.score for name, module in modules.items() if hasattr(module, "score")}


def _publish(title: str, figures: dict[str, float]) -> None:
    for name, value in figures.items():
        sys.stdout.write(f"{name}={spell(value)}\n")
    sys.stdout.flush()
    day: date = datetime.now(UTC).date()
    write_page(PAGE, title, day, figures)


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
