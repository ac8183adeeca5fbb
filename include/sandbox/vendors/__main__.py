"""Starts the vendor stand-ins: ``python -m include.sandbox.vendors --port 0 --ready-file F``.

The ready file is JSON: ``{"url": …, "vendors": {"yandex_direct": "http://127.0.0.1:PORT"}}``.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path

from include.sandbox.vendors.clock import Clock
from include.sandbox.vendors.server import PortTaken, VendorServer
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.generator import make_world
from include.sandbox.world.sizes import SIZES
from include.sandbox.world.store import NoWorld, read_world
from include.sandbox.world.world import World


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    """Command line of the stand-ins."""
    parser = argparse.ArgumentParser(prog="python -m include.sandbox.vendors", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="main port; 0 takes a free one")
    parser.add_argument("--ready-file", type=Path, help="written once requests are accepted")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same figures")
    parser.add_argument("--world", default="", help="a size to generate, or the folder of a world")
    parser.add_argument("--now", type=datetime.fromisoformat, help="calendar at start, with zone")
    parser.add_argument("--factor", type=float, default=1.0, help="vendor waits run this faster")
    parser.add_argument(
        "--knobs", type=json.loads, default={}, help='JSON: {"yandex_direct.rows_per_day": 1000}'
    )
    return parser.parse_args(argv)


def open_world(wanted: str, seed: int) -> World:
    """The world of a folder, or a new one when ``wanted`` names a size."""
    return make_world(seed, wanted)[0] if wanted in SIZES else read_world(Path(wanted))


def main(argv: list[str]) -> int:
    """Serve until stopped by a signal; 2 when the arguments make no sense."""
    wanted = parse_arguments(argv)
    if wanted.now is not None and wanted.now.tzinfo is None:
        sys.stderr.write("--now needs a time zone, for example 2026-11-20T09:00:00+00:00\n")
        return 2
    stage = Stage(wanted.seed, Clock(wanted.now, wanted.factor), knobs=dict(wanted.knobs))
    try:
        if wanted.world:
            stage.world = open_world(wanted.world, wanted.seed)
        server = VendorServer(stage, wanted.port)
    except (PortTaken, NoWorld) as refused:
        sys.stderr.write(f"{refused}\n")
        return 2
    server.run(wanted.ready_file)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
