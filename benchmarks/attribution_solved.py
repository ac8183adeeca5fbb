"""Markov and Shapley end to end beside public libraries, from the same touches.

A journey is a person's touches in the 90 days up to their won deal, or up to their last touch
where there is none. Ours: one statement makes journeys and counts steps between channels (or sets
of them), and the house's own solver does the rest. Theirs: scripts under ``peers/`` on the same
touches as Parquet; they make journeys as their users would, then call the library, and reading
files is not timed. Shares of channels are compared by the largest difference, in points of a
hundred.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clickhouse_connect.driver.client import Client

from benchmarks.connectors import PEER_PYTHON
from benchmarks.engine_step import measure_step
from include.attribution.markov import Step, find_removal_effects
from include.attribution.shapley import ChannelSet, find_shapley_values
from include.settings import PROJECT_ROOT

WANTED_TIMES = 3
JOURNEYS = """
with names as (
  select arraySort(groupUniqArray(toString(channel))) as list from core.core_touch),
people as (
  -- instant and channel in one number sort several times faster than as a tuple
  select person_key, arraySort(groupArray(toUnixTimestamp64Micro(touched_at) * 256 + transform(
    toString(channel), (select list from names), arrayEnumerate((select list from names)), 0
  ))) as touches
  from core.core_touch group by person_key),
journeys as (
  select toUInt8(won_at is not null) as is_won,
    ifNull(toUnixTimestamp64Micro(won_at), intDiv(touches[-1], 256)) as end_micros,
    arrayMap(touch -> toUInt8(touch % 256), arrayFilter(
      touch -> touch < (end_micros + 1) * 256
        and touch >= (end_micros - 7776000000000 + 1) * 256, touches)) as path
  from people left join core.core_deal as deals on deals.person_key = people.person_key),
paths as (
  select path, count() as journeys, sum(is_won) as wins from journeys where notEmpty(path)
  group by path)
"""
STEPS = """
select '', (select arrayPushFront(list, '') from names)[before + 1],
  (select arrayPushFront(list, '') from names)[following + 1],
  toFloat64(sum(journeys)), toFloat64(sum(wins)), 0.
from paths array join arrayPushFront(path, 0) as before, arrayPushBack(path, 0) as following
group by before, following order by before, following
"""
SETS = """
select arrayMap(code -> (select list from names)[code], arraySort(arrayDistinct(path))) as names,
  toFloat64(sum(wins)), 0., toFloat64(sum(journeys))
from paths group by names order by names
"""


@dataclass(frozen=True)
class Answer:
    """What one of them needed for one model and each channel's part of the whole."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    shares: Mapping[str, float]


def solve_markov(client: Client) -> dict[str, float]:
    """Removal effects of order 1, as shares."""
    steps = [Step(*row) for row in client.query(JOURNEYS + STEPS).result_rows]
    return _to_shares(find_removal_effects(steps, 1).conversions)


def solve_shapley(client: Client) -> dict[str, float]:
    """Shapley values of the conversion rate, as shares."""
    rows = client.query(JOURNEYS + SETS).result_rows
    names = sorted({name for row in rows for name in row[0]})
    place = {name: number for number, name in enumerate(names)}
    sets = [ChannelSet(tuple(place[name] for name in row[0]), *row[1:]) for row in rows]
    values = find_shapley_values(sets, len(names)).values
    return _to_shares({name: float(values[place[name], 0]) for name in names})


SOLVED: Mapping[str, Callable[[Client], dict[str, float]]] = {
    "Markov, order 1": solve_markov,
    "Shapley": solve_shapley,
}
COMPILED_PYTHON = PROJECT_ROOT / ".venv-peers-compiled" / "bin" / "python"
PEERS: Mapping[str, Sequence[tuple[str, Path, str, str]]] = {
    "Markov, order 1": (
        (
            "ChannelAttribution",
            COMPILED_PYTHON,
            "channel_attribution",
            "simulates paths, where ours solves",
        ),
        (
            "marketing-attribution-models",
            PEER_PYTHON,
            "marketing_attribution",
            "solves the same system",
        ),
    ),
    "Shapley": (
        (
            "marketing-attribution-models",
            PEER_PYTHON,
            "marketing_attribution",
            "plays a game for each set alone, worth its own rate instead of all its subsets'",
        ),
    ),
}
"""Model → library, Python that has it, script, why its shares differ; ChannelAttribution has no
Shapley."""
ARGUMENT = {"Markov, order 1": "markov", "Shapley": "shapley"}


def run_own(client: Client, pid: int) -> dict[str, Answer]:
    """Each model from the touches in the engine, its CPU and this process's together."""
    return {model: _solve(client, pid, solve) for model, solve in SOLVED.items()}


def compare(own: Mapping[str, Answer], given: Sequence[str], touches: int) -> list[str]:
    """A line for ours and for each peer; a peer that fails is told with its last words."""
    lines = []
    for model, answer in own.items():
        lines.append(_spell(touches, f"{model}: ours", answer, ""))
        for name, python, script, reason in PEERS[model]:
            if not python.exists():
                lines.append(f"{touches:>12,}  {model}: {name} is left out: there is no {python}")
                continue
            done = subprocess.run(
                [str(python), "-m", f"benchmarks.peers.{script}", *given, ARGUMENT[model]],
                cwd=PROJECT_ROOT, capture_output=True, text=True, check=False,
            )  # fmt: skip
            if done.returncode:
                said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
                lines.append(f"{touches:>12,}  {model}: {name} failed: {said[-1]}")
                continue
            theirs = Answer(**json.loads(done.stdout.splitlines()[-1]))
            apart = measure_distance(answer.shares, theirs.shares) * 100
            remark = (
                f" {theirs.seconds / answer.seconds:.1f} × ours in time,"
                f" {theirs.cpu_seconds / answer.cpu_seconds:.1f} × in CPU, wanted ≥ {WANTED_TIMES};"
                f" shares {apart:.2g} points apart at most: {reason}"
            )
            lines.append(_spell(touches, f"{model}: {name}", theirs, remark))
    return lines


def measure_distance(ours: Mapping[str, float], theirs: Mapping[str, float]) -> float:
    """The largest difference of a channel's share."""
    return max(abs(ours.get(name, 0.0) - theirs.get(name, 0.0)) for name in {*ours, *theirs})


def _solve(client: Client, pid: int, solve: Callable[[Client], dict[str, float]]) -> Answer:
    step = measure_step(client, pid, lambda: solve(client))
    return Answer(step.seconds, step.cpu_seconds, step.peak_mb, step.answer)


def _to_shares(values: Mapping[str, float]) -> dict[str, float]:
    whole = sum(values.values())
    return {name: value / whole for name, value in values.items()}


def _spell(touches: int, name: str, answer: Answer, remark: str) -> str:
    return (
        f"{touches:>12,}  {name:<45}{answer.seconds:>8.1f} s {answer.cpu_seconds:>8.1f} CPU s"
        f" {answer.peak_mb:>8,.0f} MB peak{remark}"
    )
