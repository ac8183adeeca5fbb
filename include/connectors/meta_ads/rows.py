"""Turns rows of Meta's answers into rows of the raw tables; every figure comes as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.connectors._records import (
    Column,
    RecordReader,
    days,
    decimals,
    integers,
    iso_instants,
    texts,
)
from include.connectors.meta_ads.schema import (
    ACTION,
    ACTION_SCHEMA,
    AD,
    AD_SCHEMA,
    AD_SET,
    AD_SET_SCHEMA,
    CAMPAIGN,
    CAMPAIGN_SCHEMA,
    PERFORMANCE,
    PERFORMANCE_SCHEMA,
)
from include.connectors.protocol import Batch

Record = Mapping[str, Any]

PLATFORMS = frozenset(
    {"facebook", "instagram", "audience_network", "messenger", "threads", "whatsapp", "unknown"}
)
OBJECT_STATUSES = frozenset(
    {
        "ACTIVE", "ADSET_PAUSED", "ARCHIVED", "CAMPAIGN_PAUSED", "DELETED", "DISAPPROVED",
        "IN_PROCESS", "PAUSED", "PENDING_BILLING_INFO", "PENDING_REVIEW", "PREAPPROVED",
        "WITH_ISSUES",
    }
)  # fmt: skip
MICROS = pa.scalar(Decimal(1_000_000), pa.decimal128(7, 0))
_FRACTIONS = decimals(6, 18)
_ACTION_LISTS = frozenset({"actions", "action_values"})
_LINKS = ("link_data", "video_data", "template_data")


def counts(values: list[Any]) -> pa.Array:
    """Whole numbers; one left out is zero."""
    return integers(values).fill_null(0)


def fractions(values: list[Any]) -> pa.Array:
    """Counts of conversions, which attribution may split; one left out is zero."""
    return _FRACTIONS(values).fill_null(Decimal(0))


def micros(values: list[Any]) -> pa.Array:
    """Whole currency as text → millionths, exact; an amount left out is zero."""
    return pc.multiply(fractions(values), MICROS).cast(pa.int64())


def names(values: list[Any]) -> pa.Array:
    """Text; one left out is empty."""
    return texts(values).fill_null("")


PERFORMANCE_COLUMNS = (
    Column("stats_date", days, path="date_start", required=True),
    Column("campaign_id", integers, required=True),
    Column("campaign_name", names),
    Column("ad_set_id", integers, path="adset_id", required=True),
    Column("ad_set_name", names, path="adset_name"),
    Column("ad_id", integers, required=True),
    Column("ad_name", names),
    Column("publisher_platform", names, required=True),
    Column("platform_position", names),
    Column("impression_device", names),
    Column("impressions", counts),
    Column("clicks", counts),
    Column("inline_link_clicks", counts),
    Column("reach", integers),
    Column("cost_micros", micros, path="spend"),
)
ACTION_COLUMNS = (
    Column("stats_date", days, path="date_start", required=True),
    Column("campaign_id", integers, required=True),
    Column("ad_set_id", integers, path="adset_id", required=True),
    Column("ad_id", integers, required=True),
    Column("action_type", texts, required=True),
    Column("action_count", fractions, path="value"),
    Column("action_count_7d_click", fractions, path="7d_click"),
    Column("action_count_1d_view", fractions, path="1d_view"),
    Column("action_value_micros", micros, path="worth"),
    Column("attribution_setting", names),
)
_OBJECT_COLUMNS = (
    Column("status", texts, required=True),
    Column("effective_status", texts, required=True),
    Column("updated_at", iso_instants, path="updated_time"),
)


def _read_link(record: Record) -> str | None:
    """The address behind an ad's link, button or video; none for a post that is promoted."""
    story = (record.get("creative") or {}).get("object_story_spec") or {}
    for name in _LINKS:
        data = story.get(name) or {}
        button = ((data.get("call_to_action") or {}).get("value") or {}).get("link")
        if link := data.get("link") or button:
            return str(link)
    return None


OBJECT_COLUMNS: Mapping[str, tuple[Column, ...]] = {
    CAMPAIGN: (
        Column("campaign_id", integers, path="id", required=True),
        Column("campaign_name", names, path="name"),
        Column("objective", names),
        Column("starts_at", iso_instants, path="start_time"),
        Column("stops_at", iso_instants, path="stop_time"),
        *_OBJECT_COLUMNS,
    ),
    AD_SET: (
        Column("ad_set_id", integers, path="id", required=True),
        Column("campaign_id", integers, required=True),
        Column("ad_set_name", names, path="name"),
        *_OBJECT_COLUMNS,
    ),
    AD: (
        Column("ad_id", integers, path="id", required=True),
        Column("ad_set_id", integers, path="adset_id", required=True),
        Column("campaign_id", integers, required=True),
        Column("ad_name", names, path="name"),
        Column("creative_id", integers, path="creative.id"),
        Column("landing_url", texts, read=_read_link),
        Column("url_tags", texts, path="creative.url_tags"),
        *_OBJECT_COLUMNS,
    ),
}
OBJECT_SCHEMAS = {CAMPAIGN: CAMPAIGN_SCHEMA, AD_SET: AD_SET_SCHEMA, AD: AD_SCHEMA}


class PerformanceReader:
    """Pages of the ad report by placement."""

    def __init__(self, constants: Mapping[str, Any]) -> None:
        self._reader = RecordReader(
            f"Meta Ads {PERFORMANCE}",
            PERFORMANCE_SCHEMA,
            PERFORMANCE_COLUMNS,
            constants,
            ignored=("date_stop",),
        )
        self._platforms = _Declared("publisher_platform", PLATFORMS)

    def read(self, page: Sequence[Record]) -> Batch:
        """One page."""
        return _tell(self._reader.read(page), self._platforms.look(page))


class ActionReader:
    """Pages of the ad report with actions: one row of it becomes one per action type."""

    def __init__(self, constants: Mapping[str, Any]) -> None:
        self._reader = RecordReader(
            f"Meta Ads {ACTION}",
            ACTION_SCHEMA,
            ACTION_COLUMNS,
            constants,
            ignored=("date_stop", *_ACTION_LISTS),
        )

    def read(self, page: Sequence[Record]) -> Batch:
        """One page."""
        return self._reader.read(list(_split_actions(page)))


class ObjectReader:
    """Pages of campaigns, ad sets or ads; one that moves while it is paged is taken once."""

    def __init__(self, resource: str, account: str) -> None:
        self._reader = RecordReader(
            f"Meta Ads {resource}",
            OBJECT_SCHEMAS[resource],
            OBJECT_COLUMNS[resource],
            {"account_id": account},
            payload="payload",
        )
        self._seen: set[Any] = set()
        self._statuses = _Declared("effective_status", OBJECT_STATUSES)

    def read(self, page: Sequence[Record]) -> Batch:
        """One page."""
        rows = [row for row in page if row.get("id") not in self._seen]
        self._seen.update(row.get("id") for row in rows)
        return _tell(self._reader.read(rows), self._statuses.look(rows))


def _split_actions(page: Iterable[Record]) -> Iterator[Record]:
    for row in page:
        kept = {name: value for name, value in row.items() if name not in _ACTION_LISTS}
        worths = {a.get("action_type"): a.get("value") for a in row.get("action_values") or ()}
        for action in row.get("actions") or ():
            yield {**kept, **action, "worth": worths.pop(action.get("action_type"), None)}
        for kind, worth in worths.items():
            yield {**kept, "action_type": kind, "worth": worth}


class _Declared:
    """Tells each value of a field that nobody has declared, once."""

    def __init__(self, field: str, known: Iterable[str]) -> None:
        self._field = field
        self._known = set(known)

    def look(self, rows: Sequence[Record]) -> tuple[str, ...]:
        met = {str(row[self._field]) for row in rows if row.get(self._field) is not None}
        new = sorted(met - self._known)
        self._known.update(new)
        return tuple(f"unknown {self._field} {value}" for value in new)


def _tell(batch: Batch, findings: tuple[str, ...]) -> Batch:
    return Batch(batch.rows, batch.rejected, (*batch.findings, *findings))
