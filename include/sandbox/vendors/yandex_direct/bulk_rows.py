"""Very many report rows for load tests, rendered once and streamed with the wanted day put in.

The rows are plausible but carry no meaning: same columns, other ad ids, no restatement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

CHUNK_ROWS = 50_000
DAY_PLACEHOLDER = "0000-00-00"


def stream_bulk_day(
    fields: Sequence[str], day: date, rows: int, seed: int
) -> Iterator[tuple[bytes, int]]:
    """Chunks of whole lines with their line count, ``rows`` lines in all."""
    wanted = day.isoformat().encode()
    for start in range(0, rows, CHUNK_ROWS):
        count = min(CHUNK_ROWS, rows - start)
        chunk = _render_chunk(tuple(fields), start, count, seed)
        yield chunk.replace(DAY_PLACEHOLDER.encode(), wanted), count


@lru_cache(maxsize=256)
def _render_chunk(fields: tuple[str, ...], start: int, count: int, seed: int) -> bytes:
    rng = np.random.default_rng([seed, start])
    number = np.arange(start, start + count)
    group = number // 20
    campaign = group // 50
    clicks = rng.poisson(1.5, count)

    def labelled(label: str, values: np.ndarray) -> pa.Array:
        return pc.binary_join_element_wise(label, pa.array(values).cast(pa.string()), " ")

    def one_of(values: Sequence[object]) -> pa.Array:
        return pa.array(values).take(pa.array(rng.integers(0, len(values), count)))

    columns = {
        "Date": pa.array([DAY_PLACEHOLDER] * count),
        "CampaignId": pa.array(700_000_000 + campaign),
        "CampaignName": labelled("Насосы | Поиск", campaign),
        "CampaignType": one_of(("TEXT_CAMPAIGN", "UNIFIED_CAMPAIGN")),
        "AdGroupId": pa.array(5_000_000_000 + group),
        "AdGroupName": labelled("Запорная арматура", group),
        "AdId": pa.array(1_900_000_000 + number),
        "AdNetworkType": one_of(("SEARCH", "AD_NETWORK")),
        "Device": one_of(("DESKTOP", "MOBILE", "TABLET")),
        "LocationOfPresenceId": one_of((213, 2, 54, 65)),
        "LocationOfPresenceName": one_of(("Moscow", "Saint Petersburg", "Yekaterinburg")),
        "Impressions": pa.array(rng.poisson(40, count) + clicks),
        "Clicks": pa.array(clicks),
        "Cost": pa.array(clicks * rng.integers(1000, 9000, count) * 10_000),
        "Sessions": pa.array(clicks),
        "Bounces": pa.array(clicks // 3),
    }
    dash = pa.array(["--"] * count)
    texts = [columns.get(name, dash).cast(pa.string()) for name in fields]
    lines = pc.binary_join_element_wise(*texts, "\t")
    return ("\n".join(lines.to_pylist()) + "\n").encode()
