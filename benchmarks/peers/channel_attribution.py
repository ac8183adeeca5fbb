"""Markov by ChannelAttribution; run by benchmarks/attribution_solved.py.

``python -m benchmarks.peers.channel_attribution <touches.parquet> <deals.parquet> markov`` prints
one JSON line: ``seconds``, ``cpu_seconds``, ``peak_mb`` and the channels' ``shares``. Paths are
made with pandas, which is what the library takes.
"""

from __future__ import annotations

import json
import sys
import time

import pandas as pd
from ChannelAttribution import markov_model

from benchmarks.peak_memory import read_peak_mb

WINDOW = pd.Timedelta(days=90)


def make_paths(touches: pd.DataFrame, deals: pd.DataFrame) -> pd.DataFrame:
    """Distinct paths, how often they converted and how often they did not."""
    joined = touches.merge(deals[["person_key", "won_at"]], on="person_key", how="left")
    joined["is_won"] = joined["won_at"].notna()
    last = joined.groupby("person_key", sort=False)["touched_at"].transform("max")
    ends = joined["won_at"].fillna(last)
    inside = (joined["touched_at"] <= ends) & (joined["touched_at"] > ends - WINDOW)
    ordered = joined[inside].sort_values(["person_key", "touched_at", "channel"])
    journeys = ordered.groupby("person_key", sort=False).agg(
        path=("channel", " > ".join), won=("is_won", "first")
    )
    counted = journeys.groupby("path", sort=False)["won"].agg(["sum", "count"])
    return pd.DataFrame(
        {
            "path": counted.index,
            "total_conversions": counted["sum"].to_numpy(),
            "total_null": (counted["count"] - counted["sum"]).to_numpy(),
        }
    )


def main() -> None:
    """Load, time paths and model, print."""
    touches, deals = (pd.read_parquet(path) for path in sys.argv[1:3])
    spent, begun = time.process_time(), time.monotonic()
    found = markov_model(
        make_paths(touches, deals),
        "path",
        "total_conversions",
        var_null="total_null",
        order=1,
        verbose=False,
        flg_pro=False,
    )
    seconds, cpu = time.monotonic() - begun, time.process_time() - spent
    credit = dict(zip(found["channel_name"], found["total_conversions"], strict=True))
    whole = sum(credit.values())
    shares = {name: float(value / whole) for name, value in credit.items()}
    print(
        json.dumps(
            {"seconds": seconds, "cpu_seconds": cpu, "peak_mb": read_peak_mb(), "shares": shares}
        )
    )


if __name__ == "__main__":
    main()
