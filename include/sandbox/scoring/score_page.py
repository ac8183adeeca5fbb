"""``docs/scores.md``: the newest figures of every world and of the real sets, a table each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

HEADING = """# Scores

What the pipeline makes of a world whose truth is known: `make score SIZE=demo` (or `small`, a
minute) reads the world through every connector, builds staging and core, and prints these lines.
The landed world is kept for the next score. The page is written by that command.

Figures are shares 0..1 unless they count. `person_…` and `company_…` are over pairs of records in
one cluster; `largest_false_cluster` counts different people in one; `link_f1…` asks whether a call,
a lead or a deal is in the cluster of the person it is of. `media_mix_error` is the mean relative
error of a paid channel's return, `media_mix_coverage` the share of channels whose 90 % interval
holds the true one. `f1_<set>` is that of `make match` over pairs of records of one entity,
`f1_<set>_splink` that of splink on the same rows; both are told where the sets lie beside the
project, splink's where `make bench` has made its environment.
`attribution_reference_error_<family>` is the largest difference of any figure of `make attribute`
from exact references, over the public files of paths that lie there.
"""
TARGETS = {
    "person_precision": "≥ 0.995",
    "person_recall": "≥ 0.95",
    "company_precision": "≥ 0.99",
    "company_recall": "≥ 0.97",
    "largest_false_cluster": "≤ 5",
    "link_f1": "≥ 0.97",
    "media_mix_error": "≤ 0.15",
    "media_mix_coverage": "≥ 0.85",
    "attribution_reference_error_heuristic": "≤ 1e-9",
    "attribution_reference_error_markov": "≤ 1e-6",
    "attribution_reference_error_shapley": "≤ 1e-9",
}
"""Of the size demo, and of the real sets."""
_SECTION = re.compile(r"^## .*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def spell(value: float) -> str:
    """Four decimals; the power of ten where they would hide that something is not 0."""
    return f"{value:.4f}" if value == 0 or abs(value) >= 0.0001 else f"{value:.1e}"


def write_page(path: Path, title: str, day: date, figures: Mapping[str, float]) -> None:
    """Replace the table of that title, and keep the others."""
    title = f"## {title}"
    known = _SECTION.findall(path.read_text("utf-8")) if path.exists() else []
    kept = [section.strip() for section in known if not section.startswith(f"{title}\n")]
    rows = [
        f"| {name} | {spell(value)} | {TARGETS.get(name, '')} |" for name, value in figures.items()
    ]
    table = "\n".join(["| score | value | target |", "|---|---|---|", *rows])
    sections = sorted([*kept, f"{title}\n\nMeasured {day:%d %B %Y}.\n\n{table}"])
    path.write_text("\n\n".join([HEADING.strip(), *sections]) + "\n", "utf-8")
