"""``python -m benchmarks.identity_sets <folder>``: F1 of the matcher on real sets with known truth.

Prints ``set precision recall f1`` of ours over pairs of one cluster. With ``--splink PYTHON``, the
interpreter of an environment that has splink, its out-of-the-box model runs on the same rows.
``make score`` prints the F1 of both.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from include.sandbox.scoring.clusters import Measure
from include.sandbox.scoring.real_sets import CASES, measure, ours, splink, true_pairs


def write_cells(found: Measure) -> str:
    """Precision, recall and F1 as one cell each."""
    return f"{found.precision:.4f} {found.recall:.4f} {found.f1:.4f}"


def main() -> None:
    """Print one line a set and matcher."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of the sets")
    parser.add_argument("--splink", type=Path, help="python of an environment with splink")
    parser.add_argument("--only", default="", help="the name of one set")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for case in CASES:
            if options.only and options.only != case.name:
                continue
            true = true_pairs(case, options.folder)
            start = time.process_time()
            found = ours(case, options.folder, Path(name))
            spent = time.process_time() - start
            sys.stdout.write(
                f"{case.name} ours {write_cells(measure(found, true))} cpu_seconds={spent:.1f}\n"
            )
            if options.splink:
                found = splink(case, options.folder, Path(name), options.splink)
                sys.stdout.write(f"{case.name} splink {write_cells(measure(found, true))}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
