"""Markov and Shapley by marketing-attribution-models; run by benchmarks/attribution_solved.py.

``python -m benchmarks.peers.marketing_attribution <touches.parquet> <deals.parquet>
<markov|shapley>`` prints the same JSON line as ``channel_attribution.py``. The library makes the
journeys itself of a polars table of touches; Shapley is given room for all channels at once, for
otherwise it cuts every set down to its last four in alphabetical order.
"""

from __future__ import annotations

import json
import sys
import time

import polars as pl
from mam import MAM

from benchmarks.peak_memory import read_peak_mb


def choose_touches(touches: pl.DataFrame, deals: pl.DataFrame) -> pl.DataFrame:
    """The touches of every journey, with whether it converted."""
    ends = pl.col("won_at").fill_null(pl.col("touched_at").max().over("person_key"))
    return (
        touches.lazy()
        .join(deals.lazy().select("person_key", "won_at"), on="person_key", how="left")
        .filter(
            pl.col("touched_at") <= ends, pl.col("touched_at") > ends - pl.duration(days=90)
        )
        .select(
            "person_key", "touched_at", "channel", pl.col("won_at").is_not_null().alias("is_won")
        )
        .collect()
    )  # fmt: skip


def main() -> None:
    """Load, time journeys and model, print."""
    touches, deals = (pl.read_parquet(path) for path in sys.argv[1:3])
    spent, begun = time.process_time(), time.monotonic()
    journeys = MAM(
        choose_touches(touches, deals),
        format_type="session",
        user_id_colname="person_key",
        datetime_colname="touched_at",
        channels_colname="channel",
        journey_with_conv_colname="is_won",
    )
    if sys.argv[3] == "markov":
        effects = journeys.run_markov().metadata["removal_effect"]["removal_effect"]
        values = {name: float(effect) for name, effect in effects.items()}
    else:
        found = journeys.run_shapley(max_size=touches["channel"].n_unique()).to_polars()
        values = dict(zip(found["channels"], found["attribution"], strict=True))
    seconds, cpu = time.monotonic() - begun, time.process_time() - spent
    whole = sum(values.values())
    shares = {name: value / whole for name, value in values.items()}
    print(
        json.dumps(
            {"seconds": seconds, "cpu_seconds": cpu, "peak_mb": read_peak_mb(), "shares": shares}
        )
    )


if __name__ == "__main__":
    main()
