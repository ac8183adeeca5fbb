"""Daily figures of creatives, one call a campaign, proven against the campaign's own days.

What a campaign has more than its creatives stays as a row of creative 0: creatives may be missing
from the answer, and money is rounded to whole roubles for each of them. Counters of zero may be
left out by the vendor, whole days too; an empty answer is believed when it comes twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from include.connectors._records import RecordReader
from include.connectors.avito_ads.client import Client, Record
from include.connectors.avito_ads.schema import (
    FIGURES,
    IGNORED_FIGURES,
    KNOWN_CAMPAIGN_TYPES,
    KNOWN_PAYMENT_MODELS,
    NEEDED_FIGURES,
    PERFORMANCE,
    PERFORMANCE_COLUMNS,
    PERFORMANCE_SCHEMA,
)
from include.connectors.protocol import Batch, IncompleteAnswer, Interval, RequestRefused

MOST_DAYS = 100
DAY = timedelta(days=1)
COUNTERS = tuple(FIGURES.values())
CONTROLLED = ("views", "clicks", "spend", "spendBonus")
ZEROS: Record = dict.fromkeys(COUNTERS, 0)
NOTHING: Mapping[str, Decimal] = dict.fromkeys(COUNTERS, Decimal(0))
ENDED_MARGIN = timedelta(days=7)
"""Corrections of a campaign's last day still belong to it, and its end may have been moved."""
Figures = dict[str, Decimal]


class Statistics:
    """Reads figures of one account in one zone."""

    def __init__(self, client: Client, zone: ZoneInfo, constants: Mapping[str, Any]) -> None:
        self._client = client
        self._zone = zone
        self._constants = {"account_id": client.who, **constants}
        self._days: dict[str, date] = {}

    def read_totals(self, span: Interval) -> dict[date, Figures]:
        """Counters of all campaigns by day; a day without any is not there."""
        totals: dict[date, Figures] = {}
        for campaign in self._find_campaigns(span):
            for day, figures in self._read_control(self._ask(campaign, span)).items():
                found = totals.setdefault(day, dict(NOTHING))
                for name, count in figures.items():
                    found[name] += count
        return totals

    def read(self, span: Interval, unproven_from: date) -> Iterator[Batch]:
        """Every creative-day with a figure; days from ``unproven_from`` on still move meanwhile."""
        reader = RecordReader(
            f"avito_ads/{PERFORMANCE}",
            PERFORMANCE_SCHEMA,
            PERFORMANCE_COLUMNS,
            self._constants,
            ignored=IGNORED_FIGURES,
        )
        for campaign in self._find_campaigns(span):
            told = self._ask(campaign, span)
            if not told["campaign"]["data"]:
                told = self._ask(campaign, span)
            yield from self._read_campaign(told, reader, unproven_from)

    @cached_property
    def _campaigns(self) -> Sequence[Record]:
        return self._client.list_objects("campaigns")

    def _find_campaigns(self, span: Interval) -> Iterator[Record]:
        """Campaigns that may have figures within a span."""
        for campaign in self._campaigns:
            ends, made = campaign.get("endDate"), campaign.get("createdAt")
            if ends and self._day_of(ends) + ENDED_MARGIN < span.date_from:
                continue
            if made and self._day_of(made) >= span.date_to:
                continue
            yield campaign

    def _ask(self, campaign: Record, span: Interval) -> Record:
        """One campaign with its groups and creatives, its figures whole by their own total."""
        days = {
            "dateFrom": span.date_from.isoformat(),
            "dateTo": (span.date_to - DAY).isoformat(),
        }
        told = self._client.post(f"campaigns/{campaign['id']}/stats", days)
        head = told.get("campaign")
        if not isinstance(head, Mapping) or not isinstance(head.get("data"), list):
            raise RequestRefused(
                f"Avito Ads answered statistics of campaign {campaign['id']} without its days: "
                "the API has changed, compare the connector with the vendor's documentation"
            )
        self._require_fields(told)
        total = head.get("totalData") or {}
        read = {name: sum(_count(row, name) for row in head["data"]) for name in CONTROLLED}
        if any(name in total and _count(total, name) != read[name] for name in CONTROLLED):
            raise IncompleteAnswer(
                f"days of Avito campaign {campaign['id']} do not add up to its own total; rows "
                "are missing, ask again"
            )
        return told

    def _require_fields(self, told: Record) -> None:
        """Zeros may be left out, so a counter counts as renamed when an unknown one is there."""
        rows = [*told["campaign"]["data"], *_rows_of(told.get("creatives") or ())]
        fields = set().union(*rows) if rows else set(NEEDED_FIGURES)
        missing = [name for name in NEEDED_FIGURES if name not in fields]
        unknown = sorted(fields - set(COUNTERS) - IGNORED_FIGURES)
        if missing and unknown:
            raise RequestRefused(
                f"Avito Ads statistics no longer have the field {missing[0]}, but {unknown[0]}: "
                "the API has changed, compare its changelog with the connector's columns"
            )

    def _read_control(self, told: Record) -> dict[date, Figures]:
        return {
            self._day_of(row.get("timestamp")): {n: _count(row, n) for n in COUNTERS}
            for row in told["campaign"]["data"]
        }

    def _read_campaign(
        self, told: Record, reader: RecordReader, unproven_from: date
    ) -> Iterator[Batch]:
        head = told["campaign"]
        common = {
            "campaign_id": head["id"],
            "payment_model": head.get("paymentModel"),
            "campaign_type": head.get("campaignType"),
        }
        records = [
            self._to_record(row, common, creative.get("groupId"), creative["id"])
            for creative in told.get("creatives") or ()
            for row in creative.get("data") or ()
        ]
        batch = reader.read([record for record in records if _has_figures(record)])
        findings = (*batch.findings, *_find_unknown(head))
        yield Batch(batch.rows, batch.rejected, findings)
        rest = self._find_remainders(self._read_control(told), batch.rows, head, unproven_from)
        if rest:
            remainders = [
                {**common, "stats_date": day.isoformat(), "ad_group_id": 0, "creative_id": 0}
                | {name: str(count) for name, count in figures.items()}
                for day, figures in sorted(rest.items())
            ]
            yield reader.read(remainders)

    def _find_remainders(
        self,
        control: Mapping[date, Figures],
        rows: pa.RecordBatch | None,
        head: Record,
        unproven_from: date,
    ) -> dict[date, Figures]:
        """What the campaign's days have more than the creatives that were read."""
        rest = {day: dict(figures) for day, figures in control.items()}
        for day, figures in _sum_by_day(rows).items():
            found = rest.setdefault(day, dict(NOTHING))
            for name, count in figures.items():
                found[name] -= count
        for day, figures in sorted(rest.items()):
            too_many = [n for n, c in figures.items() if c < 0 and not n.startswith("spend")]
            if too_many and day < unproven_from:
                raise IncompleteAnswer(
                    f"creatives of Avito campaign {head['id']} have more {too_many[0]} on {day} "
                    "than the campaign itself; the figures moved, ask again"
                )
            for name in too_many:
                figures[name] = Decimal(0)
        return {day: figures for day, figures in rest.items() if any(figures.values())}

    def _to_record(self, row: Record, common: Record, group: Any, creative: Any) -> dict[str, Any]:
        return {
            **ZEROS,
            **row,
            **common,
            "stats_date": self._day_of(row.get("timestamp")).isoformat(),
            "ad_group_id": group,
            "creative_id": creative,
        }

    def _day_of(self, text: Any) -> date:
        """The account's day of ``2026-11-18`` or of an instant; the form is not documented."""
        known = self._days.get(str(text))
        if known is not None:
            return known
        try:
            instant = datetime.fromisoformat(str(text))
        except ValueError:
            instant = None
        if instant is None:
            raise RequestRefused(
                f"Avito Ads names a day in a form nobody knows ({str(text)[:30]!r}): the API has "
                "changed"
            )
        local = instant.astimezone(self._zone) if instant.tzinfo else instant
        self._days[str(text)] = local.date()
        return local.date()


def _rows_of(creatives: Iterable[Record]) -> Iterator[Record]:
    for creative in creatives:
        yield from creative.get("data") or ()


def _count(row: Record, name: str) -> Decimal:
    """A counter of the vendor's; zero when it is left out."""
    try:
        return Decimal(str(row.get(name, 0)))
    except InvalidOperation:
        pass
    raise RequestRefused(
        f"Avito Ads tells {name} as something that is no number: the API has changed, compare the "
        "connector with the vendor's documentation"
    )


def _has_figures(record: Record) -> bool:
    return any(str(record[name]) not in ("0", "0.0") for name in COUNTERS)


def _sum_by_day(rows: pa.RecordBatch | None) -> dict[date, Figures]:
    if rows is None:
        return {}
    sums = (
        pa.Table.from_batches([rows])
        .group_by("stats_date", use_threads=False)
        .aggregate([(name, "sum") for name in FIGURES])
    )
    return {
        row["stats_date"]: {path: Decimal(row[f"{name}_sum"]) for name, path in FIGURES.items()}
        for row in sums.to_pylist()
    }


def _find_unknown(head: Record) -> list[str]:
    """Values of the vendor's vocabularies that it does not document."""
    known = {"paymentModel": KNOWN_PAYMENT_MODELS, "campaignType": KNOWN_CAMPAIGN_TYPES}
    return [
        f"unknown {name} {head[name]}"
        for name, values in known.items()
        if head.get(name) is not None and head[name] not in values
    ]
