"""The heuristic models over all windows in polars; run by benchmarks/attribution.py.

``python -m benchmarks.peers.polars_credit <touches.parquet> <deals.parquet> <doubles|exact>``
prints the same JSON line as ``duckdb_credit.py`` and shares its rules: loading is not timed, sums
by model, window and channel are made and no touch's credit is kept. ``exact`` shares out kopecks
and units of 10⁻¹² by largest remainder in whole numbers of 64 bits, as the house does.
"""

from __future__ import annotations

import json
import sys
import time

import polars as pl

from benchmarks.peak_memory import read_peak_mb

WINDOWS = {
    "d7": 7, "d14": 14, "d30": 30, "d60": 60, "d90": 90, "d180": 180, "d365": 365, "stage": 90,
}  # fmt: skip
PAID = ["paid_search", "display", "paid_social", "classified"]
WHOLE = 10**12
UNIT = 2**27
"""The weight of the last touch where weights are whole numbers: 64 bits hold hundreds of them."""
PLACE, COUNT = pl.col("place"), pl.col("touch_count")
IS_END = (PLACE == 1) | (PLACE == COUNT)
PLACE_MODELS = {
    "first": PLACE == 1,
    "last": PLACE == COUNT,
    "last_non_direct": pl.col("last_non_direct") == PLACE,
    "last_paid": pl.col("last_paid") == PLACE,
    "first_paid": pl.col("first_paid") == PLACE,
}
MANY = pl.max_horizontal(COUNT - 2, 1)
AGE = (pl.col("last_at") - pl.col("touched_at")).dt.total_microseconds() / 604800e6
WEIGHTS = {
    "linear": pl.lit(1),
    "time_decay": pl.lit(2.0).pow(-AGE),
    "position_u": pl.when(COUNT == 1).then(1).when(IS_END).then(40 * MANY).otherwise(20),
    "position_w": pl.when(COUNT == 1).then(1).when(PLACE == 1).then(30 * (COUNT - 1)).otherwise(10),
    "full_path": pl.when(COUNT == 1).then(1).when(IS_END).then(225 * MANY).otherwise(100),
    "account_weighted": pl.lit(1),
}
WHOLES = {"money": pl.col("kopecks"), "share": pl.lit(WHOLE)}


def reach(touches: pl.DataFrame, deals: pl.DataFrame) -> pl.DataFrame:
    """Touches before each deal in order, from the widest window on."""
    joined = touches.lazy().join(deals.lazy(), on="person_key")
    return (
        joined.filter(
            pl.col("touched_at") <= pl.col("won_at"),
            pl.col("touched_at") > pl.col("won_at") - pl.duration(days=365),
        )
        .sort("deal_key", "touched_at", "touch_key")
        .select(
            pl.col("deal_key").rle_id().alias("deal"),
            "kopecks", "won_at", "touched_at", "channel",
            (pl.col("channel") == "direct").alias("is_direct"),
            pl.col("channel").is_in(PAID).alias("is_paid"),
        )
        .collect()
    )  # fmt: skip


def place(reached: pl.DataFrame, days: int) -> pl.LazyFrame:
    """The touches of one window with their places and weights."""
    in_window = reached.lazy().filter(
        pl.col("touched_at") > pl.col("won_at") - pl.duration(days=days)
    )
    placed = in_window.with_columns(
        pl.int_range(1, pl.len() + 1).over("deal").alias("place"),
        pl.len().over("deal").cast(pl.Int64).alias("touch_count"),
        pl.col("touched_at").last().over("deal").alias("last_at"),
    )
    return placed.with_columns(
        PLACE.filter(~pl.col("is_direct")).max().over("deal").fill_null(COUNT).alias(
            "last_non_direct"
        ),
        PLACE.filter(pl.col("is_paid")).max().over("deal").alias("last_paid"),
        PLACE.filter(pl.col("is_paid")).min().over("deal").alias("first_paid"),
        *(weight.alias(f"weight_{model}") for model, weight in WEIGHTS.items()),
    )  # fmt: skip


def sum_places() -> list[pl.Expr]:
    """Who takes all takes it whole, in doubles or not."""
    return [
        whole.filter(rule).sum().alias(f"{what}_{model}")
        if what == "money"
        else (rule.fill_null(False).sum().cast(pl.Int64) * WHOLE).alias(f"{what}_{model}")
        for model, rule in PLACE_MODELS.items()
        for what, whole in WHOLES.items()
    ]


def sum_doubles(placed: pl.LazyFrame) -> pl.LazyFrame:
    """A column per model that shares."""
    parted = placed.with_columns(
        (pl.col(f"weight_{model}") / pl.col(f"weight_{model}").sum().over("deal")).alias(
            f"part_{model}"
        )
        for model in WEIGHTS
    )
    return parted.group_by("channel").agg(
        *sum_places(),
        *(
            (whole * pl.col(f"part_{model}")).sum().alias(f"{what}_{model}")
            for model in WEIGHTS
            for what, whole in WHOLES.items()
        ),
    )


def sum_exact(placed: pl.LazyFrame) -> pl.LazyFrame:
    """Floors, and a unit more for the largest remainders; ties go to the earlier touch."""
    weighed = placed.with_columns(
        (pl.col(f"weight_{model}") * (UNIT if model == "time_decay" else 1))
        .cast(pl.Int64)
        .alias(f"weight_{model}")
        for model in WEIGHTS
    )
    totalled = weighed.with_columns(
        pl.col(f"weight_{model}").sum().over("deal").alias(f"total_{model}") for model in WEIGHTS
    )
    names = [(model, what) for model in WEIGHTS for what in WHOLES]
    # What is left of the whole after equal parts for every unit of weight: 64 bits hold its shares.
    claimed = totalled.with_columns(
        (WHOLES[what] % pl.col(f"total_{model}") * pl.col(f"weight_{model}")).alias(
            f"claim_{model}_{what}"
        )
        for model, what in names
    )
    floored = claimed.with_columns(
        (pl.col(f"claim_{model}_{what}") // pl.col(f"total_{model}")).alias(f"floor_{model}_{what}")
        for model, what in names
    )
    given = floored.with_columns(
        (
            WHOLES[what] // pl.col(f"total_{model}") * pl.col(f"weight_{model}")
            + pl.col(f"floor_{model}_{what}")
            # The rows of a deal are in order of time, and an ordinal rank keeps it.
            + (
                (-(pl.col(f"claim_{model}_{what}") % pl.col(f"total_{model}")))
                .rank("ordinal")
                .over("deal")
                .cast(pl.Int64)
                <= WHOLES[what] % pl.col(f"total_{model}")
                - pl.col(f"floor_{model}_{what}").sum().over("deal")
            ).cast(pl.Int64)
        ).alias(f"given_{model}_{what}")
        for model, what in names
    )
    return given.group_by("channel").agg(
        *sum_places(),
        *(pl.col(f"given_{model}_{what}").sum().alias(f"{what}_{model}") for model, what in names),
    )


def main() -> None:
    """Load, time the sums, print."""
    touches_path, deals_path, kind = sys.argv[1:4]
    touches, deals = pl.read_parquet(touches_path), pl.read_parquet(deals_path)
    spent, begun = time.process_time(), time.monotonic()
    reached = reach(touches, deals)
    give = sum_exact if kind == "exact" else sum_doubles
    found = {name: give(place(reached, days)).collect() for name, days in WINDOWS.items()}
    seconds, cpu = time.monotonic() - begun, time.process_time() - spent
    got = {
        model: {
            row["channel"]: round(row[f"money_{model}"] or 0) for row in found["d90"].to_dicts()
        }
        for model in (*PLACE_MODELS, *WEIGHTS)
    }
    peak = read_peak_mb()
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "peak_mb": peak, "kopecks": got}))


if __name__ == "__main__":
    main()
