"""Every connector beside dlt on the same records: ``python -m benchmarks connectors [source …]``.

Ours: dicts → typed rows → landing with its hashes and manifest → visible in raw. dlt: extract and
normalise only. Both one after the other, in processes of their own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.captured_records import READS_OTHERWISE
from include.contracts.reader import read_catalog
from include.embedded import process
from include.sandbox.demo_accounts import DEMO_ACCOUNTS
from include.settings import PROJECT_ROOT
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.schema import apply_schema

ROWS = 500_000
PEER_ROWS = 10_000
"""dlt's rate does not depend on the number; more would only take minutes."""
WANTED_TIMES = 10
PEER_PYTHON = PROJECT_ROOT / ".venv-peers" / "bin" / "python"
NO_PEERS = f"left out: there is no {PEER_PYTHON}; run `make bench`, which makes it"


def compare(console: Console, wanted: Sequence[str] = ()) -> None:
    """Measure the connectors ``wanted`` (all that read JSON, when empty) and print the table.

    Where the peers' environment is missing, that is said and dlt's columns stay empty.
    """
    if not PEER_PYTHON.exists():
        console.print(f"dlt is {NO_PEERS}", soft_wrap=True)
    sources = [each.source for each in DEMO_ACCOUNTS if each.source not in READS_OTHERWISE]
    chosen = [source for source in sources if not wanted or source in wanted]
    table = Table(title=f"{ROWS:,} JSON records → raw, and what dlt 1.31 does with the same")
    table.add_column("connector")
    table.add_column("resource")
    for heading in ("rows/s", "peak MB", "dlt rows/s", "dlt MB", "times", "wanted"):
        table.add_column(heading, justify="right")
    with tempfile.TemporaryDirectory(prefix="throughline-bench-") as folder:
        engine = process.start(Path(folder) / "engine", log_path=Path(folder) / "engine.log")
        try:
            target = ClickHouseTarget(engine.host, engine.port, engine.user, engine.password)
            with connect(target) as client:
                apply_schema(client, read_catalog(PROJECT_ROOT / "sql"))
            for source in chosen:
                with console.status(f"{source}"):
                    table.add_row(*_measure(source, Path(folder), asdict(target)))
        finally:
            engine.stop()
    console.print(table)


def _measure(source: str, folder: Path, target: dict[str, Any]) -> tuple[str, ...]:
    records = folder / f"{source}.jsonl"
    arguments = {
        "root": str(folder / "landing"),
        "rows": ROWS,
        "records": str(records),
        "target": target,
    }
    own = _run([sys.executable, "-m", "benchmarks.connector_steps", source, json.dumps(arguments)])
    rate = own["rows"] / own["seconds"]
    figures = (source, own["resource"], f"{rate:,.0f}", f"{own['peak_mb']:,.0f}")
    if not PEER_PYTHON.exists():
        return figures
    state = folder / f"dlt-{source}"
    module = "benchmarks.peers.dlt_records"
    peer = _run([str(PEER_PYTHON), "-m", module, str(records), str(PEER_ROWS), str(state)])
    peer_rate = peer["rows"] / peer["seconds"]
    return (
        *figures,
        f"{peer_rate:,.0f}",
        f"{peer['peak_mb']:,.0f}",
        f"{rate / peer_rate:.1f}",
        f"≥ {WANTED_TIMES}",
    )


def _run(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))
