"""Lands the visits of the streamed world as Yandex Metrica's own slices, without its API.

Every block is one ``append`` slice of ``yandex_metrica/visit`` of account :data:`ACCOUNT`, with its
manifest and its marker that it waits to be published, so it is loaded into raw like anything that
was pulled. A visit's id is its touch's id in the truth; advertising that was seen but not clicked
makes no visit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.connectors.protocol import Batch, Slice
from include.connectors.yandex_metrica.fields import RESOURCES, VISIT
from include.sandbox.world.world import END_DAY
from include.warehouse.landing import Landing

ACCOUNT = "large"
SOURCE = "yandex_metrica"
ZONE = "Europe/Moscow"
MARKS = {
    "paid_search": ("ad", "yandex", "cpc"),
    "display": ("ad", "yandex", "display"),
    "paid_social": ("ad", "vk", "cpc"),
    "classified": ("ad", "avito", "cpc"),
    "organic": ("organic", "", ""),
    "social": ("social", "", ""),
    "email": ("email", "newsletter", "email"),
    "referral": ("referral", "", ""),
    "direct": ("direct", "", ""),
    "exhibition": ("direct", "", ""),
    "outbound_call": ("direct", "", ""),
}
"""Channel → Metrica's traffic source, utm_source and utm_medium."""
COMMON_URL = "https://{site}/"


class LargeLanding:
    """Where the visits go; :meth:`add` one block after the other."""

    def __init__(self, root: str) -> None:
        self._landing = Landing(root)
        # A block is no business day: its slice is named by its number and stays beside the others.
        self._resource = replace(RESOURCES[VISIT], day_column=None, kind="append")
        self._asked_at = datetime.combine(END_DAY, time(), UTC)

    def add(self, number: int, touches: pa.Table) -> int:
        """Land the visits among a block's touches; returns how many there are."""
        visits = make_visits(touches.filter(touches["is_seen"]), self._resource.schema)
        with self._landing.open_pull(
            SOURCE,
            ACCOUNT,
            self._resource,
            Slice(VISIT, f"block-{number:05d}"),
            pulled_at=self._asked_at,
            connector_version="1",
            run_id="world",
        ) as writer:
            for batch in visits.to_batches():
                writer.add(Batch(batch))
            writer.finish(visits.num_rows)
        return visits.num_rows


def make_visits(touches: pa.Table, schema: pa.Schema) -> pa.Table:
    """Touches as rows of the raw table; what a visit of this world lacks is empty."""
    rows = touches.num_rows
    touches = touches.combine_chunks()
    channel = touches["channel"].combine_chunks()
    site = touches["site"].combine_chunks()
    local = pc.local_timestamp(touches["occurred_at"].cast(pa.timestamp("us", ZONE)))
    bought = pc.greater(touches["campaign_id"], 0)
    filled = {
        "account_id": _repeat(ACCOUNT, rows),
        "visit_id": touches["touch_id"].cast(pa.uint64()),
        "visit_date": local.cast(pa.date32()),
        "started_at": touches["occurred_at"],
        "client_id": touches["client_id"],
        "page_views": _hashed_count(touches["client_id"], 9, pa.uint32()),
        "duration_seconds": _hashed_count(touches["client_id"], 600, pa.uint32()),
        "start_url": _map_words(site, lambda name: COMMON_URL.format(site=name)),
        "device_category": _repeat("desktop", rows),
        "traffic_source": _map_words(channel, lambda name: MARKS[name][0]),
        "utm_source": _map_words(channel, lambda name: MARKS[name][1]),
        "utm_medium": _map_words(channel, lambda name: MARKS[name][2]),
        "utm_campaign": _written(touches["campaign_id"], bought),
        "utm_content": _written(touches["ad_id"], bought),
        "attribution": _repeat("lastsign", rows),
        "time_zone": _repeat(ZONE, rows),
    }
    columns = [
        filled[field.name] if field.name in filled else _empty(field.type, rows) for field in schema
    ]
    return pa.table(columns, names=schema.names)


def _map_words(codes: pa.DictionaryArray, say: Callable[[str], str]) -> pa.DictionaryArray:
    words = [say(word) for word in codes.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(codes.indices, pa.array(words, pa.string()))


def _written(ids: pa.ChunkedArray, is_there: pa.ChunkedArray) -> pa.DictionaryArray:
    """Ids as text; empty where there is none."""
    codes = pc.if_else(is_there, ids, 0).combine_chunks().dictionary_encode()
    words = ["" if value == 0 else str(value) for value in codes.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(codes.indices, pa.array(words, pa.string()))


def _hashed_count(ids: pa.ChunkedArray, below: int, kind: pa.DataType) -> pa.Array:
    """A number from 1 that is always the same for the same visitor."""
    return pa.array(1 + ids.to_numpy() % np.uint64(below)).cast(kind)


def _repeat(word: str, rows: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(rows, np.int8)), pa.array([word], pa.string())
    )


def _empty(kind: pa.DataType, rows: int) -> pa.Array:
    if pa.types.is_string(kind):
        return _repeat("", rows)
    if pa.types.is_list(kind):
        offsets = pa.array(np.zeros(rows + 1, np.int32))
        return pa.ListArray.from_arrays(offsets, pa.array([], kind.value_type), type=kind)
    return pa.repeat(pa.scalar(0, pa.int8()).cast(kind), rows)
