"""The heuristic models over all windows in DuckDB; run by benchmarks/attribution.py.

``python -m benchmarks.peers.duckdb_credit <touches.parquet> <deals.parquet> <doubles|exact>``
prints one JSON line: ``seconds``, ``cpu_seconds``, ``peak_mb`` and ``kopecks``: what the touches of
each channel got by each model in the window of 90 days. Loading is not timed. Sums by model, window
and channel are made and no touch's credit is kept. ``doubles`` rounds nothing; ``exact`` shares out
kopecks and units of 10⁻¹² by largest remainder, as the house does.
"""

from __future__ import annotations

import json
import sys
import time

import duckdb

from benchmarks.peak_memory import read_peak_mb

PLACED = """
with windows(window_id, days) as (
  values ('d7', 7), ('d14', 14), ('d30', 30), ('d60', 60), ('d90', 90), ('d180', 180),
    ('d365', 365), ('stage', 90)),
reached as (
  select deals.deal_key, deals.kopecks, deals.won_at, touches.touched_at, touches.touch_key,
    touches.channel, touches.channel = 'direct' as is_direct,
    touches.channel in ('paid_search', 'display', 'paid_social', 'classified') as is_paid
  from deals join touches using (person_key)
  where touched_at <= won_at and touched_at > won_at - interval 365 day),
numbered as (
  select reached.*, window_id,
    row_number() over (partition by deal_key, window_id order by touched_at, touch_key) as place
  from reached join windows on touched_at > won_at - to_days(days)),
placed as (
  select *, count(*) over journey as touch_count, max(touched_at) over journey as last_at,
    coalesce(max(case when not is_direct then place end) over journey, count(*) over journey)
      as last_non_direct,
    max(case when is_paid then place end) over journey as last_paid,
    min(case when is_paid then place end) over journey as first_paid
  from numbered window journey as (partition by deal_key, window_id)),
weighed as (
  select *, pow(2, -epoch(last_at - touched_at) / 604800.0) as decay,
    case when touch_count = 1 then 1 when place in (1, touch_count) then 40 * greatest(
      touch_count - 2, 1) else 20 end as position_u,
    case when touch_count = 1 then 1 when place = 1 then 30 * (touch_count - 1) else 10 end
      as position_w,
    case when touch_count = 1 then 1 when place in (1, touch_count) then 225 * greatest(
      touch_count - 2, 1) else 100 end as full_path
  from placed)
"""
PLACE_MODELS = {
    "first": "place = 1",
    "last": "place = touch_count",
    "last_non_direct": "place = last_non_direct",
    "last_paid": "place = last_paid",
    "first_paid": "place = first_paid",
}
WEIGHTS = {
    "linear": "1",
    "time_decay": "decay",
    "position_u": "position_u",
    "position_w": "position_w",
    "full_path": "full_path",
    "account_weighted": "1",
}
UNIT = 1_000_000_000
"""The weight of the last touch where weights are whole numbers."""


def spell_doubles() -> str:
    """One pass over the touches of each window, a column per model."""
    columns = [
        f"sum(case when {rule} then {whole} end) as {what}_{model}"
        for model, rule in PLACE_MODELS.items()
        for what, whole in (("money", "kopecks"), ("share", "1.0"))
    ] + [
        f"sum({whole} * part_{model}) as {what}_{model}"
        for model in WEIGHTS
        for what, whole in (("money", "kopecks"), ("share", "1.0"))
    ]
    parts = ", ".join(
        f"{weight} / sum({weight}) over journey as part_{model}"
        for model, weight in WEIGHTS.items()
    )
    return (
        f"{PLACED}, parted as (select *, {parts} from weighed"
        " window journey as (partition by deal_key, window_id))"
        f" select window_id, channel, {', '.join(columns)} from parted group by all"
    )


def spell_exact() -> str:
    """The same by largest remainder: one row per touch, window and model that shares."""
    places = ", ".join(
        f"sum(case when {rule} then {whole} end) as {what}_{model}"
        for model, rule in PLACE_MODELS.items()
        for what, whole in (("money", "kopecks"), ("share", "1000000000000"))
    )
    weights = ", ".join(
        f"{{'model': '{model}', 'weight': cast({UNIT} * {weight} as bigint)}}"
        if model == "time_decay"
        else f"{{'model': '{model}', 'weight': cast({weight} as bigint)}}"
        for model, weight in WEIGHTS.items()
    )
    given = ", ".join(
        f"sum({what}_floor + (row_rank_{what} <= {whole} - {what}_floors)::int)"
        f" filter (model = '{model}') as {what}_{model}"
        for model in WEIGHTS
        for what, whole in (("money", "kopecks"), ("share", "1000000000000"))
    )
    ranks = ", ".join(
        f"sum({what}_floor) over journey as {what}_floors, row_number() over (partition by"
        f" deal_key, window_id, model order by {what}_rest desc, place) as row_rank_{what}"
        for what in ("money", "share")
    )
    return (
        f"{PLACED}, long as (select deal_key, kopecks, window_id, channel, place,"
        f" unnest([{weights}], recursive := true) from weighed),"
        " totalled as (select *, sum(weight) over (partition by deal_key, window_id, model)"
        " as total from long),"
        " floored as (select *, kopecks::hugeint * weight // total as money_floor,"
        " kopecks::hugeint * weight % total as money_rest,"
        " 1000000000000::hugeint * weight // total as share_floor,"
        " 1000000000000::hugeint * weight % total as share_rest from totalled),"
        f" ranked as (select *, {ranks} from floored"
        " window journey as (partition by deal_key, window_id, model)),"
        f" one_touch as (select window_id, channel, {places} from weighed group by all),"
        f" shared as (select window_id, channel, {given} from ranked group by all)"
        " select * from one_touch join shared using (window_id, channel)"
    )


def main() -> None:
    """Load, time the one statement, print."""
    touches, deals, kind = sys.argv[1:4]
    engine = duckdb.connect()
    for name, path in (("touches", touches), ("deals", deals)):
        engine.execute(f"create table {name} as select * from read_parquet(?)", [path])
    engine.execute("set preserve_insertion_order = false")
    spent, begun = time.process_time(), time.monotonic()
    found = engine.execute(spell_exact() if kind == "exact" else spell_doubles()).fetchall()
    seconds, cpu = time.monotonic() - begun, time.process_time() - spent
    names = [column[0] for column in engine.description]
    rows = [dict(zip(names, row, strict=True)) for row in found]
    got = {
        model: {
            row["channel"]: round(row[f"money_{model}"] or 0)
            for row in rows
            if row["window_id"] == "d90"
        }
        for model in (*PLACE_MODELS, *WEIGHTS)
    }
    peak = read_peak_mb()
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "peak_mb": peak, "kopecks": got}))


if __name__ == "__main__":
    main()
