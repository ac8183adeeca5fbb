"""A world too big for memory: 100 million touches streamed to landing, for benchmarks.

People, channels and choices are those of the other sizes; names, CRMs and money are left out.
Needs come in blocks of neighbouring decision days, each with random numbers of its own, so files
are in order of time but for the length of a journey, and any block can be made again alone.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from include.sandbox.world.advertising import AdCatalogue, make_ad_catalogue
from include.sandbox.world.business_lines import CHANNELS, LINES
from include.sandbox.world.calendar import PLACES, draw_time_of_day
from include.sandbox.world.channels import make_spend
from include.sandbox.world.choices import Choices, choose
from include.sandbox.world.devices import MICROS_A_DAY, mix, to_unit
from include.sandbox.world.journeys import (
    CODE,
    MEAN_DURATION_DAYS,
    REGION_COUNT,
    Needs,
    Touches,
    draw_touches,
    weigh_days,
)
from include.sandbox.world.large_landing import LargeLanding
from include.sandbox.world.marks import BOUGHT
from include.sandbox.world.sizes import STREAMED, Size, make_rng
from include.sandbox.world.store import TRUTH_FOLDER, write_table
from include.sandbox.world.tables import BOOL, ID, INSTANT, MICROS, TEXT, make_schema
from include.sandbox.world.world import END_DAY, FIRST_DAY

LARGE = Size(STREAMED, FIRST_DAY, END_DAY, 1_000_000, 6_500_000, 100_000_000, robot_share=0.0)
LANDING_FOLDER = "landing"
TOUCHES_PER_NEED = 8.4
"""Seen or not, and with the needs at the edges of the span whose touches fall outside it."""
BLOCK_NEEDS = 60_000
"""About half a million touches: what is in memory at a time."""
ADS_TO_CHOOSE_FROM = 64
NAMES = pa.dictionary(pa.int8(), TEXT)
LARGE_TABLES = {
    "touch": make_schema(
        ("touch_id", ID),  # 1.., in the order of the files
        ("journey_id", ID),
        ("person_id", ID),
        ("site", NAMES),
        ("client_id", pa.uint64()),  # of the browser's cookie
        ("occurred_at", INSTANT),
        ("channel", NAMES),
        ("campaign_id", ID),
        ("ad_id", ID),
        ("is_seen", BOOL),
        ("was_needed", BOOL),
    ),
    "journey": make_schema(
        ("journey_id", ID),
        ("person_id", ID),
        ("company_id", ID),
        ("site", NAMES),
        ("asked_at", INSTANT),  # null where nobody asked
        ("will_buy", BOOL),
        ("value_micros", MICROS),
    ),
}


@dataclass(frozen=True)
class Streamed:
    """Rows written; processor seconds of making them and of writing truth and landing."""

    touches: int
    visits: int
    journeys: int
    made_seconds: float
    wrote_seconds: float


def stream_large(folder: Path, seed: int, wanted: int = LARGE.visits) -> Streamed:
    """Write blocks until there are enough touches; memory does not grow with their number.

    ``<folder>/landing`` is a landing zone with the visits, ``<folder>/truth/<table>/part-NNNNN``
    holds LARGE_TABLES. The span is covered whatever number is wanted.
    """
    shutil.rmtree(folder / LANDING_FOLDER, ignore_errors=True)
    shutil.rmtree(folder / TRUTH_FOLDER, ignore_errors=True)
    for name in LARGE_TABLES:
        (folder / TRUTH_FOLDER / name).mkdir(parents=True)
    landing = LargeLanding(str(folder / LANDING_FOLDER))
    touches = visits = journeys = 0
    made = wrote = 0.0
    blocks = make_blocks(seed, wanted)
    while True:
        started = time.process_time()
        block = next(blocks, None)
        if block is None:
            break
        ready = time.process_time()
        number, tables = block
        for name, rows in tables.items():
            write_table(rows, folder / TRUTH_FOLDER / name / f"part-{number:05d}.parquet")
        visits += landing.add(number, tables["touch"])
        touches += len(tables["touch"])
        journeys += len(tables["journey"])
        made += ready - started
        wrote += time.process_time() - ready
    about = {
        "seed": seed,
        "size": LARGE.name,
        "touches": touches,
        "visits": visits,
        "journeys": journeys,
    }
    (folder / "large.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    return Streamed(touches, visits, journeys, made, wrote)


def make_blocks(seed: int, wanted: int) -> Iterator[tuple[int, dict[str, pa.Table]]]:
    """Blocks in order of time, ids counted on from block to block; deterministic by seed."""
    count = int(wanted / TOUCHES_PER_NEED)
    spend = make_spend(seed, LARGE)
    ads = lay_out_ads(seed, make_ad_catalogue(seed, LARGE))
    edges = np.linspace(0.0, 1.0, max(1, -(-count // BLOCK_NEEDS)) + 1)
    share = count / (len(edges) - 1)
    first_touch = first_journey = 1
    for number in range(len(edges) - 1):
        rng = make_rng(seed, f"large/{number}")
        needs = draw_block(rng, (edges[number], edges[number + 1]), int(share))
        touches = draw_touches(rng, LARGE, needs, spend)
        touches = touches.take(np.flatnonzero(touches.local >= 0))
        choices = choose(needs, touches)
        tables = {
            "touch": write_touches(needs, touches, choices, ads, first_touch, first_journey),
            "journey": write_journeys(needs, touches, choices, first_journey),
        }
        yield number, tables
        first_touch += len(touches)
        first_journey += len(needs)


def draw_block(rng: np.random.Generator, quantiles: tuple[float, float], count: int) -> Needs:
    """Needs whose decision days lie between two quantiles of the span's season."""
    day, weight = weigh_days(LARGE)
    chance = quantiles[0] + rng.random(count) * (quantiles[1] - quantiles[0])
    edges = np.cumsum(weight / weight.sum())
    decided = day[np.searchsorted(edges, chance).clip(0, len(day) - 1)]
    person = (LARGE.people * rng.random(count) ** 1.6).astype(np.int64)
    kind = mix(person, 41)
    line = np.searchsorted(np.cumsum([one.share for one in LINES])[:-1], to_unit(kind))
    region = (to_unit(mix(person, 42)) ** 1.5 * REGION_COUNT).astype(np.int64)
    return Needs(
        person,
        1 + (kind % np.uint64(LARGE.companies)).astype(np.int64),
        line.astype(np.int8),
        region + np.where(line == len(LINES) - 1, len(PLACES) - REGION_COUNT, 0),
        decided + draw_time_of_day(rng, count),
        1.0 + rng.exponential(MEAN_DURATION_DAYS, count),
        rng.standard_normal(count),
        rng.standard_normal(count),
        np.rint(rng.lognormal(12.0, 0.9, count)).astype(np.int64) * 1_000_000,
    )


def lay_out_ads(seed: int, catalogue: AdCatalogue) -> np.ndarray:
    """(campaign_id, ad_id) by line, channel, region and a number below ADS_TO_CHOOSE_FROM."""
    rng = make_rng(seed, "large/ads")
    shape = (len(LINES), len(CHANNELS), REGION_COUNT, ADS_TO_CHOOSE_FROM, 2)
    ads = np.zeros(shape, np.int64)
    middle = np.datetime64(LARGE.starts_on, "D") + LARGE.days // 2
    campaign = np.append(catalogue.placements["campaign_id"].to_numpy(), 0)
    ad = np.append(catalogue.placements["ad_id"].to_numpy(), 0)
    regions = np.repeat(np.arange(REGION_COUNT), ADS_TO_CHOOSE_FROM)
    days = np.full(len(regions), middle)
    for index, line in enumerate(LINES):
        for channel in BOUGHT:
            chosen = catalogue.choose(line.crm, channel, regions, days, rng)
            both = np.stack([campaign[chosen], ad[chosen]], axis=1)
            ads[index, CODE[channel]] = both.reshape(REGION_COUNT, ADS_TO_CHOOSE_FROM, 2)
    return ads


def write_touches(
    needs: Needs,
    touches: Touches,
    choices: Choices,
    ads: np.ndarray,
    first_touch: int,
    first_journey: int,
) -> pa.Table:
    """The block's rows of ``touch``."""
    need = touches.need
    person, line = needs.person[need], needs.line[need]
    number = mix(touches.instant, 43)
    device = mix(person * 3 + (number & np.uint64(1)).astype(np.int64), 44)
    epoch = np.floor(touches.instant / (MICROS_A_DAY * LARGE.cookie_loss_days) + to_unit(device))
    choice = (number >> np.uint64(58)).astype(np.int64)
    bought = ads[line, touches.channel, needs.place[need] % REGION_COUNT, choice]
    return pa.table(
        [
            pa.array(np.arange(first_touch, first_touch + len(touches))),
            pa.array(need + first_journey),
            pa.array(person + 1),
            name_codes(line, [one.site for one in LINES]),
            pa.array(mix(device ^ epoch.astype(np.uint64), 45)),
            pa.array(touches.instant).cast(INSTANT),
            name_codes(touches.channel, list(CHANNELS)),
            pa.array(bought[:, 0]),
            pa.array(bought[:, 1]),
            pa.array(touches.is_seen),
            pa.array(choices.is_needed),
        ],
        schema=LARGE_TABLES["touch"],
    )


def write_journeys(
    needs: Needs, touches: Touches, choices: Choices, first_journey: int
) -> pa.Table:
    """The block's rows of ``journey``."""
    asked = pa.array(touches.instant[choices.ask_touch], INSTANT, mask=~choices.asks)
    return pa.table(
        [
            pa.array(np.arange(first_journey, first_journey + len(needs))),
            pa.array(needs.person + 1),
            pa.array(needs.company_id),
            name_codes(needs.line, [one.site for one in LINES]),
            asked,
            pa.array(choices.will_buy),
            pa.array(needs.value_micros),
        ],
        schema=LARGE_TABLES["journey"],
    )


def name_codes(codes: np.ndarray, names: list[str]) -> pa.DictionaryArray:
    """Codes as a dictionary column, which needs a byte a row."""
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int8)), pa.array(names))
