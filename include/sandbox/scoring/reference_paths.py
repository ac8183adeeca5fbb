"""``make attribute`` beside figures worked out exactly elsewhere, over public files of paths.

Files and figures are not part of the project: they lie in a folder beside it, or nothing is scored.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from include.sandbox.scoring.real_sets import rows_of
from include.settings import PROJECT_ROOT

Credit = Mapping[str, Mapping[str, float]]
REFERENCES = PROJECT_ROOT.parent / "shared" / "data"
OUR_NAME = {"u_40_20_40": "position_based", "geometric_decay_half_per_touch": "time_decay"}
"""The reference's word for a model → ours, where they differ."""
Difference = tuple[str, float]
"""Family of models, and the largest difference of one figure of any channel."""


def score_references(folder: Path, tell: Callable[[str], None]) -> dict[str, float]:
    """``attribution_reference_error_<family>``: the largest difference over all files and models.

    Conversions and money are compared as they are, Shapley's rate per journey as the rate.
    """
    figures: dict[str, float] = {}
    known = folder / "REFERENCE.json"
    files = sorted((folder / "attribution").glob("*_paths_*.csv.gz"))
    if not known.is_file() or not files:
        tell(f"no attribution is compared with references: there are none in {folder}")
        return figures
    references = json.loads(known.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as work:
        for file in files:
            name = f"attribution_{file.name[file.name.index('paths_') :].split('.', 1)[0]}"
            if name not in references:
                tell(f"{file.name} is not compared: {known} has no {name}")
                continue
            tell(f"comparing {file.name}")
            for family, error in compare(file, references[name], Path(work)):
                key = f"attribution_reference_error_{family}"
                figures[key] = max(figures.get(key, 0.0), error)
    return figures


def compare(file: Path, reference: Mapping[str, Any], work: Path) -> Iterator[Difference]:
    """Every family of models that the reference has figures of."""
    direct = reference["direct_channel"]
    found = run(file, direct, work)
    journeys = reference["total_conversions"] + reference["total_null"]
    for name, figures in reference["own"].items():
        if name in ("conversions", "value"):
            for model, expected in figures.items():
                ours = _of(found[OUR_NAME.get(model, model)], name)
                yield "heuristic", find_largest_difference(ours, expected)
        elif name == "markov_order1_with_null_exact":
            ours = _of(found["markov_order1"])
            yield "markov", find_largest_difference(ours, figures["conversions"])
        elif name == "markov_order1_conversions_only_exact":
            alone = run(_leave_out_nulls(file, work), direct, work)
            ours = _of(alone["markov_order1"])
            yield "markov", find_largest_difference(ours, figures["conversions"])
        elif name == "shapley_conversion_rate_exact":
            rates = {key: value / journeys for key, value in _of(found["shapley"]).items()}
            yield "shapley", find_largest_difference(rates, figures["phi"])
        elif name.startswith("shapley_unanimity"):
            ours = _of(found["shapley_unanimity"])
            yield "shapley", find_largest_difference(ours, figures)


def run(file: Path, direct: str, work: Path) -> Mapping[str, Credit]:
    """What the command writes for a file; raises ``CalledProcessError``."""
    out = work / "credit.json"
    command = [sys.executable, "-m", "include.cli", "attribute", str(file), str(out)]
    subprocess.run(
        [*command, f"--direct={direct}"], cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL, check=True
    )
    return dict(json.loads(out.read_text("utf-8")))


def find_largest_difference(ours: Mapping[str, float], theirs: Mapping[str, float]) -> float:
    """Over the channels of both; one that either does not have stands at 0 there."""
    return max(abs(ours.get(name, 0.0) - theirs.get(name, 0.0)) for name in {*ours, *theirs})


def _of(credit: Credit, kind: str = "conversions") -> dict[str, float]:
    return {channel: figures[kind] for channel, figures in credit.items()}


def _leave_out_nulls(file: Path, work: Path) -> Path:
    rows = [{k: v for k, v in row.items() if k != "total_null"} for row in rows_of(file)]
    alone = work / "without_nulls.csv"
    with alone.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return alone
