"""Connected components of identity-like edges: ours beside splink's own clustering.

``python -m benchmarks.graph [edges …]`` (default 1 and 10 million). Both read the same Parquet file
and write node and component; the two answers must be one and the same partition. Then the last
hundredth of the edges is put on top of the answer over the others, which must be ours again.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from benchmarks.connectors import NO_PEERS, PEER_PYTHON
from benchmarks.peak_memory import read_peak_mb
from include.identity.component_changes import write_changes
from include.identity.components import write_components
from include.settings import PROJECT_ROOT

DEFAULT_EDGES = (1_000_000, 10_000_000)
SUPER_NODES = 50
NEIGHBOURS_OF_A_SUPER_NODE = 2_000
WANTED_TIMES = 2.0


def make_edges(count: int, target: Path) -> None:
    """Random trees of some identifiers each, a few seen twice, and shared numbers across them."""
    random = np.random.default_rng(7)
    shared = min(SUPER_NODES * NEIGHBOURS_OF_A_SUPER_NODE, count // 10)
    own = count - shared
    sizes = 2 + random.geometric(0.3, size=own // 3)
    ends = np.cumsum(sizes)
    ends = ends[ends - np.arange(1, len(ends) + 1) <= own * 9 // 10]
    sizes = sizes[: len(ends)]
    first, total = ends - sizes, int(ends[-1])
    tree = np.repeat(np.arange(len(sizes)), sizes)
    place = np.arange(total) - first[tree]
    below = np.flatnonzero(place)
    above = first[tree[below]] + (random.random(len(below)) * place[below]).astype(np.int64)
    again = random.integers(0, len(sizes), own - len(below))
    left = first[again] + (random.random(len(again)) * sizes[again]).astype(np.int64)
    right = first[again] + (random.random(len(again)) * sizes[again]).astype(np.int64)
    hubs = total + np.arange(shared) % SUPER_NODES
    names = random.permutation(total + SUPER_NODES)
    order = random.permutation(count)
    a = names[np.concatenate([below, left, hubs])][order]
    b = names[np.concatenate([above, right, random.integers(0, total, shared)])][order]
    pq.write_table(pa.table({"a": a, "b": b}), target)


def run_own(edges: Path, out: Path, since: Path | None = None) -> None:
    """Components by the project, as ``make components`` finds them; prints its figures as JSON."""
    started, before = time.perf_counter(), time.process_time()
    if since is None:
        write_components(edges, out, None, lambda _: None)
    else:
        write_changes(edges, since, out, lambda _: None)
    figures = {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - before,
        "peak_mb": read_peak_mb(),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


def measure_changes(edges: Path, whole: Path, folder: Path) -> dict[str, float]:
    """The last hundredth of the edges as new ones; ``SystemExit`` when the answer differs."""
    table = pq.read_table(edges)
    cut = table.num_rows - table.num_rows // 100
    names = ("former_edges", "new_edges", "former", "changes")
    former_edges, new_edges, former, changes = (folder / f"{name}.parquet" for name in names)
    pq.write_table(table.slice(0, cut), former_edges)
    pq.write_table(table.slice(cut), new_edges)
    _run_own(former_edges, former)
    found = _run_own(new_edges, changes, former)
    changed = pq.read_table(changes)
    kept = pq.read_table(former).join(changed.select(["node"]), "node", join_type="left anti")
    both = pa.concat_tables([kept, changed.cast(kept.schema)]).sort_by("node")
    if not both.equals(pq.read_table(whole).cast(kept.schema).sort_by("node")):
        raise SystemExit(f"{edges}: the former answer with its changes is not the whole one")
    return found


def _run_own(*paths: Path) -> dict[str, float]:
    return _run([sys.executable, "-m", "benchmarks.graph", "own", *map(str, paths)])


def is_same_partition(ours: Path, theirs: Path) -> bool:
    """Whether two files of ``node, component`` part the same nodes the same way."""
    mine, other = (pq.read_table(path).sort_by("node") for path in (ours, theirs))
    if not mine["node"].cast(pa.int64()).equals(other["node"].cast(pa.int64())):
        return False
    pairs = pa.table({"mine": mine["component"], "other": other["component"]})
    both = pairs.group_by(["mine", "other"]).aggregate([]).num_rows
    return all(both == pc.count_distinct(pairs[name]).as_py() for name in ("mine", "other"))


def _run(command: list[str]) -> dict[str, float]:
    done = subprocess.run(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measure(count: int, folder: Path) -> list[tuple[str, ...]]:
    """Rows of the table for one number of edges; raises ``SystemExit`` when the answers differ."""
    edges, ours, theirs = (folder / f"{name}-{count}.parquet" for name in ("edges", "own", "peer"))
    make_edges(count, edges)
    own = _run_own(edges, ours)
    new = measure_changes(edges, ours, folder)
    share = f"{new['seconds'] / own['seconds']:.0%} of all"
    changes = _spell_row(count // 100, "ours, new edges", new, share)
    if not PEER_PYTHON.exists():
        return [_spell_row(count, "ours", own, ""), changes]
    peer = _run([str(PEER_PYTHON), "-m", "benchmarks.peers.splink_graph", str(edges), str(theirs)])
    if not is_same_partition(ours, theirs):
        raise SystemExit(f"{count:,} edges: the two answers are not one partition")
    times = peer["seconds"] / own["seconds"]
    return [
        _spell_row(count, "ours", own, f"{times:.1f} times"),
        changes,
        _spell_row(count, "splink 5", peer, ""),
    ]


def _spell_row(count: int, name: str, found: Mapping[str, float], remark: str) -> tuple[str, ...]:
    return (
        f"{count:,}",
        name,
        *(f"{found[key]:,.1f}" for key in ("seconds", "cpu_seconds")),
        f"{found['peak_mb']:,.0f}",
        remark,
    )


def main(arguments: Sequence[str] = ()) -> None:
    """Measure and print; ``arguments`` are numbers of edges."""
    if list(arguments[:1]) == ["own"]:
        run_own(*map(Path, arguments[1:]))
        return
    title = f"Components of identity-like edges; wanted: {WANTED_TIMES:.0f} times splink"
    table = Table(title=title)
    for name in ("edges", "", "seconds", "CPU s", "peak MB", "faster"):
        table.add_column(name, justify="left" if name in ("", "faster") else "right")
    if not PEER_PYTHON.exists():
        sys.stdout.write(f"splink is {NO_PEERS}\n")
    with tempfile.TemporaryDirectory(prefix="throughline-graph-") as name:
        for count in map(int, arguments or DEFAULT_EDGES):
            for row in measure(count, Path(name)):
                table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
