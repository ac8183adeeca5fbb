"""Rows of 20 columns shaped like an advertising report, cheap enough not to be what is measured.

A pool of batches is made once and given out again and again: only its first round costs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from include.connectors.yandex_direct.schema import PERFORMANCE_SCHEMA, REPORT_COLUMNS

BATCH_ROWS = 65_536
_POOL_BATCHES = 8
CAMPAIGNS, GROUPS_PER_CAMPAIGN, ADS_PER_GROUP = 50, 10, 20
FIRST_DAY = date(2026, 1, 1)


def arrow_batches(count: int) -> Iterator[pa.RecordBatch]:
    """``count`` rows as batches of the report's schema."""
    left = count
    for batch in itertools.cycle(_pool()):
        if left <= 0:
            return
        yield batch.slice(0, min(left, batch.num_rows))
        left -= batch.num_rows


def records(count: int) -> Iterator[dict[str, Any]]:
    """``count`` rows as Python dicts, as a JSON API would give them."""
    return itertools.islice(itertools.cycle(_pool_records()), count)


def write_report(path: Path, count: int) -> None:
    """A report of ``count`` rows in the vendor's own format, with its closing line."""
    fields = [column.field for column in REPORT_COLUMNS]
    names = [column.column for column in REPORT_COLUMNS]
    with path.open("wb") as stream:
        stream.write("\t".join(fields).encode() + b"\n")
        for batch in arrow_batches(count):
            columns = [
                column.cast(pa.string()).fill_null("--") for column in batch.select(names).columns
            ]
            pa_csv.write_csv(
                pa.RecordBatch.from_arrays(columns, names=names),
                stream,
                pa_csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none"),
            )
        stream.write(f"Total rows: {count}\n".encode())


@cache
def _pool() -> list[pa.RecordBatch]:
    random = np.random.default_rng(7)
    return [_make_batch(random) for _ in range(_POOL_BATCHES)]


@cache
def _pool_records() -> list[dict[str, Any]]:
    return _pool()[0].to_pylist()


def _make_batch(random: np.random.Generator) -> pa.RecordBatch:
    size = BATCH_ROWS

    def number(kind: pa.DataType, high: int, null_share: float = 0.0) -> pa.Array:
        mask = random.random(size) < null_share
        return pa.array(random.integers(1, high, size), kind, mask=mask)

    def text(values: list[str]) -> pa.Array:
        codes = pa.array(random.integers(0, len(values), size), pa.int32())
        return pa.DictionaryArray.from_arrays(codes, pa.array(values)).cast(pa.string())

    # As in a real account: a group belongs to one campaign, an ad to one group, and names follow
    # their ids.
    ads = random.integers(0, CAMPAIGNS * GROUPS_PER_CAMPAIGN * ADS_PER_GROUP, size)
    groups = ads // ADS_PER_GROUP
    campaigns = groups // GROUPS_PER_CAMPAIGN

    def named(values: list[str], codes: np.ndarray) -> pa.Array:
        return pa.array(values).take(pa.array(codes))

    first = (FIRST_DAY - date(1970, 1, 1)).days
    days = pa.array(np.sort(random.integers(first, first + 28, size)), pa.int32())
    columns = {
        "account_id": text(["bench"]),
        "stats_date": days.cast(pa.date32()),
        "campaign_id": pa.array(70_000_000 + 7 * campaigns, pa.uint64()),
        "campaign_name": named([f"Кампания {n} | search" for n in range(CAMPAIGNS)], campaigns),
        "campaign_type": text(["TEXT_CAMPAIGN", "SMART_CAMPAIGN"]),
        "ad_group_id": pa.array(5_000_000_000 + 11 * groups, pa.uint64()),
        "ad_group_name": named(
            [f"group {n}" for n in range(CAMPAIGNS * GROUPS_PER_CAMPAIGN)], groups
        ),
        "ad_id": pa.array(10_000_000_000 + 13 * ads, pa.uint64()),
        "ad_network_type": text(["SEARCH", "AD_NETWORK"]),
        "device": text(["DESKTOP", "MOBILE", "TABLET"]),
        "location_of_presence_id": number(pa.uint32(), 1000),
        "location_of_presence_name": text(["Москва", "Санкт-Петербург", "Казань"]),
        "impressions": number(pa.uint64(), 10_000, 0.1),
        "clicks": number(pa.uint64(), 500),
        "cost_micros": number(pa.int64(), 1_000_000_000),
        "sessions": number(pa.uint64(), 500, 0.1),
        "bounces": number(pa.uint64(), 100, 0.1),
        "currency_code": text(["RUB"]),
        "is_vat_included": pa.repeat(pa.scalar(False), size),
        "report_name": text(["bench-report"]),
    }
    return pa.RecordBatch.from_pydict(columns, schema=PERFORMANCE_SCHEMA)
