"""Asks one customer's queries and proves each answer whole.

Everything is read through ``searchStream``: the array has to end, no element may be an error, and
the sums of the figures have to equal the vendor's own summary row of the same query. An answer
without rows is believed only when it comes twice, or when the account's totals are zero as well.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
import pyarrow.compute as pc

from include.connectors._day_plan import Totals
from include.connectors._http import HttpSession
from include.connectors.google_ads.answers import AnswerReader
from include.connectors.google_ads.fields import METRICS, MICROS
from include.connectors.google_ads.json_stream import read_elements
from include.connectors.google_ads.rows import RowReader
from include.connectors.google_ads.schema import (
    CAMPAIGN_DAYS,
    REPORTS,
    RESOURCES,
    Report,
)
from include.connectors.protocol import (
    AccessDenied,
    Batch,
    IncompleteAnswer,
    Interval,
    RequestRefused,
)

CUSTOMER_QUERY = (
    "SELECT customer.id, customer.descriptive_name, customer.currency_code, customer.time_zone, "
    "customer.manager FROM customer"
)
FRACTION_SLACK, MICROS_SLACK = Decimal("0.001"), Decimal(10_000)
"""What rounding each row may add up to: of conversions, and of their value."""
SLACK = {"conversions": FRACTION_SLACK, "conversion_value_micros": MICROS_SLACK}


@dataclass(frozen=True)
class Customer:
    """What the account says of itself."""

    currency_code: str
    zone: ZoneInfo


class Queries:
    """The queries of one customer."""

    def __init__(
        self,
        http: HttpSession,
        answers: AnswerReader,
        customer_id: str,
        version: str,
        is_vat_included: bool,
    ) -> None:
        self._http = http
        self._answers = answers
        self._customer_id = customer_id
        self._path = f"{version}/customers/{customer_id}/googleAds:searchStream"
        self._what = f"Google Ads of {customer_id}"
        self._is_vat_included = is_vat_included

    @cached_property
    def customer(self) -> Customer:
        """Currency and zone, asked once."""
        rows = [row for part in self._stream(CUSTOMER_QUERY) for row in part.get("results") or ()]
        told = rows[0].get("customer") or {} if rows else {}
        if told.get("manager"):
            raise AccessDenied(
                f"{self._what} is a manager account, which has no figures of its own: name a "
                "client account, and the manager in option login_customer_id"
            )
        try:
            zone = ZoneInfo(str(told["timeZone"]))
            return Customer(str(told["currencyCode"]), zone)
        except (KeyError, ValueError, ZoneInfoNotFoundError):
            pass
        raise RequestRefused(
            f"{self._what} does not say its currency and time zone: check the account's settings"
        )

    def read_day_totals(self, span: Interval) -> Totals:
        """Figures of the whole account by day: one query, one row a day."""
        names = ", ".join(field.name for field in METRICS)
        query = f"SELECT segments.date, {names} FROM customer WHERE {_between(span)}"
        found: dict[date, Mapping[str, Decimal]] = {}
        for part in self._stream(query):
            for row in part.get("results") or ():
                figures = row.get("metrics") or {}
                found[date.fromisoformat(row["segments"]["date"])] = _read_controls(figures)
        return found

    def read(
        self, resource: str, span: Interval | None, currency_code: str, time_zone: str
    ) -> Iterator[Batch]:
        """Rows of a resource, as they arrive; the proof comes last."""
        constants = {
            "account_id": self._customer_id,
            "currency_code": currency_code,
            "is_vat_included": self._is_vat_included,
            "time_zone": time_zone,
        }
        rows = yield from self._read_once(resource, span, constants)
        if rows:
            return
        if resource == CAMPAIGN_DAYS and span is not None:
            totals = self.read_day_totals(span)
            if any(any(figures.values()) for figures in totals.values()):
                raise self._contradiction(resource, "the totals of the account")
            return
        query = _make_query(REPORTS[resource], span)
        if any(part.get("results") for part in self._stream(query)):
            raise self._contradiction(resource, "the same query asked again")

    def try_out(self, resource: str, day: date) -> None:
        """The cheapest query for a resource; raises what the vendor refuses it with."""
        span = Interval(day, day + timedelta(days=1))
        query = f"{_make_query(REPORTS[resource], span)} LIMIT 1"
        for _ in self._stream(query):
            pass

    def _read_once(
        self, resource: str, span: Interval | None, constants: Mapping[str, Any]
    ) -> Generator[Batch, None, int]:
        """Gives back how many rows there were, rejected ones too."""
        report = REPORTS[resource]
        reader = RowReader(report, constants)
        sums = {name: Decimal(0) for name in RESOURCES[resource].control_columns}
        summary: Mapping[str, Any] | None = None
        rows = rejected = 0
        for element in self._elements(_make_query(report, span), report.has_figures):
            part = reader.read(element, rows + 1)
            if part.error is not None:
                raise self._answers.refuse(part.error)
            summary = part.summary or summary
            rows += part.row_count
            batch = part.batch
            rejected += len(batch.rejected)
            if batch.rows is not None:
                for name in sums:
                    sums[name] += Decimal(pc.sum(batch.rows.column(name)).as_py() or 0)
            if part.row_count or batch.findings:
                yield batch
        if report.has_figures and rows and not rejected:
            self._compare(resource, sums, summary)
        return rows

    def _compare(
        self, resource: str, sums: Mapping[str, Decimal], summary: Mapping[str, Any] | None
    ) -> None:
        if summary is None:
            raise self._contradiction(resource, "a summary row that never came")
        told = _read_controls(summary.get("metrics") or {})
        for name, total in sums.items():
            if abs(total - told[name]) > SLACK.get(name, Decimal(0)):
                raise self._contradiction(resource, f"its own total of {name}")

    def _contradiction(self, resource: str, control: str) -> IncompleteAnswer:
        return IncompleteAnswer(
            f"{self._what} answered {resource} with rows that contradict {control}; nothing of it "
            "is kept, ask again later"
        )

    def _stream(self, query: str) -> Iterator[dict[str, Any]]:
        """Batches of a small answer; raises for an error among them."""
        for element in self._elements(query, with_summary=False):
            part = orjson.loads(element)
            if isinstance(part.get("error"), dict):
                raise self._answers.refuse(part["error"])
            yield part

    def _elements(self, query: str, with_summary: bool) -> Iterator[bytes]:
        """Batches as they are on the wire; raises for an array that breaks."""
        body: dict[str, Any] = {"query": query}
        if with_summary:
            body["summaryRowSetting"] = "SUMMARY_ROW_WITH_RESULTS"
        response = self._http.post_json(self._path, body, self._answers.classify, stream=True)
        with closing(self._http.open_body(response)) as raw:
            yield from read_elements(raw, self._what)


def _make_query(report: Report, span: Interval | None) -> str:
    names = ", ".join(field.name for field in report.fields)
    where = ""
    if span is not None and any(field.name == "segments.date" for field in report.fields):
        where = f" WHERE {_between(span)}"
    return f"SELECT {names} FROM {report.source}{where}"


def _between(span: Interval) -> str:
    """Both ends belong to the span in this language; one day is written as one, as clicks need."""
    last = span.date_to - timedelta(days=1)
    if last == span.date_from:
        return f"segments.date = '{last}'"
    return f"segments.date BETWEEN '{span.date_from}' AND '{last}'"


def _read_controls(metrics: Mapping[str, Any]) -> dict[str, Decimal]:
    """Control columns from a row of metrics; absent is 0."""
    value = Decimal(str(metrics.get("conversionsValue") or 0))
    return {
        "cost_micros": Decimal(str(metrics.get("costMicros") or 0)),
        "clicks": Decimal(str(metrics.get("clicks") or 0)),
        "impressions": Decimal(str(metrics.get("impressions") or 0)),
        "conversions": Decimal(str(metrics.get("conversions") or 0)),
        "conversion_value_micros": value * MICROS,
    }
