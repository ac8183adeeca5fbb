"""Asks one property's reports, page by page, and proves each answer whole.

Pages are in order of their dimensions, so nothing moves between them: as many different rows have
to come as ``rowCount`` says, and figures that are counted, not estimated, have to add up to the
vendor's own total. A report without rows is believed only when the same metrics without any
dimension but the day are zero as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow.compute as pc
import requests

from include.connectors._day_plan import Totals
from include.connectors._http import HttpSession, read_json
from include.connectors.ga4.answers import AnswerReader
from include.connectors.ga4.pages import PageReader, read_records
from include.connectors.ga4.schema import (
    CLIENT_ID,
    DAY,
    MICROS,
    PROPERTY_DAYS,
    REPORTS,
    RESOURCES,
    Report,
)
from include.connectors.protocol import (
    Batch,
    IncompleteAnswer,
    Interval,
    RequestRefused,
    TemporaryFailure,
)

SLACK = Decimal("0.01")
"""What rounding each row to a millionth may add up to; of micros, see MICROS_SLACK."""
MICROS_SLACK = Decimal(10_000)
MOST_DAYS = 10_000
"""Of a probe of day totals, in one page."""

TOKEN_METERS = {
    "tokensPerDay": "try later tomorrow",
    "tokensPerHour": "try later in the next hour",
    "tokensPerProjectPerHour": "try later in the next hour",
}


@dataclass(frozen=True)
class DayTotals:
    """Totals of the property by day, and the zone those days are of."""

    by_day: Totals
    zone: ZoneInfo


class Reports:
    """The reports of one property."""

    def __init__(
        self,
        http: HttpSession,
        answers: AnswerReader,
        property_id: str,
        client_id_dimension: str,
        page_rows: int,
        leave_tokens: int,
        is_vat_included: bool,
    ) -> None:
        self._http = http
        self._answers = answers
        self._client_id_dimension = client_id_dimension
        self._page_rows = page_rows
        self._leave_tokens = leave_tokens
        self._used_up = ""
        self._constants = {"account_id": property_id, "is_vat_included": is_vat_included}
        self._path = f"v1beta/properties/{property_id}:runReport"
        self._what = f"GA4 of property {property_id}"

    def read_day_totals(self, span: Interval) -> DayTotals:
        """One row a day, the control columns of the property's own table."""
        report = REPORTS[PROPERTY_DAYS]
        names = {f.column: f.name for f in report.metrics}
        wanted = RESOURCES[PROPERTY_DAYS].control_columns
        found: dict[date, dict[str, Decimal]] = {}
        answer = self._ask(report, span, MOST_DAYS)
        zone = str((answer.get("metadata") or {}).get("timeZone", ""))
        for record in read_records(answer):
            text = str(record.get(DAY.name, ""))
            day = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
            found[day] = {column: _control(column, record.get(names[column])) for column in wanted}
        try:
            return DayTotals(found, ZoneInfo(zone))
        except (ValueError, ZoneInfoNotFoundError):
            pass
        raise RequestRefused(f"{self._what} does not say its time zone: check the property")

    def read(self, resource: str, span: Interval) -> Iterator[Batch]:
        """Rows of a resource by pages; the proof comes last."""
        report = REPORTS[resource]
        reader = PageReader(report, self._constants, lambda field: self._name(field.name))
        sums = {f.column: Decimal(0) for f in report.metrics if f.is_additive}
        seen: set[str] = set()
        rows = rejected = 0
        while True:
            response = self._post(report, span, rows)
            page = reader.read(response, rows + 1, f"{self._what}, {resource}")
            self._watch_quota(page.answer)
            row_count = int(page.answer.get("rowCount") or 0)
            seen.update(page.keys)
            rows += page.row_count
            rejected += len(page.batch.rejected)
            if page.batch.rows is not None:
                for column in sums:
                    total = pc.sum(page.batch.rows.column(column)).as_py()
                    sums[column] += Decimal(total or 0)
            if page.row_count or page.batch.findings:
                yield page.batch
            if not page.row_count or rows >= row_count:
                break
        if not rows:
            self._confirm_nothing(report, span)
            return
        if len(seen) != rows or rows != row_count:
            raise IncompleteAnswer(
                f"{self._what} answered {resource} with {len(seen):,} different rows of "
                f"{row_count:,}; nothing of it is kept, ask again later"
            )
        if not rejected and not _is_estimated(page.answer):
            self._compare(report, sums, page.answer)

    def try_out(self, resource: str, day: date) -> None:
        """The cheapest query for a resource; raises what the vendor refuses it with."""
        span = Interval(day, day + timedelta(days=1))
        self._ask(REPORTS[resource], span, limit=1)

    def _confirm_nothing(self, report: Report, span: Interval) -> None:
        control = replace(report, fields=(DAY, *report.metrics))
        answer = self._ask(control, span)
        if answer.get("rows") and not _is_estimated(answer):
            raise IncompleteAnswer(
                f"{self._what} answered {report.resource} without a row, while its totals are "
                "not zero; nothing of it is kept, ask again later"
            )

    def _compare(
        self, report: Report, sums: Mapping[str, Decimal], answer: Mapping[str, Any]
    ) -> None:
        totals = read_records({**answer, "rows": answer.get("totals") or []})
        for field in report.metrics:
            if field.column not in sums or not totals:
                continue
            told = _control(field.column, totals[0].get(field.name))
            slack = MICROS_SLACK if field.column.endswith("_micros") else SLACK
            if abs(told - sums[field.column]) > slack:
                raise IncompleteAnswer(
                    f"{self._what} answered {report.resource} with rows that contradict its own "
                    f"total of {field.name}; nothing of it is kept, ask again later"
                )

    def _ask(self, report: Report, span: Interval, limit: int = 0) -> dict[str, Any]:
        """The first page of a small report."""
        response = self._post(report, span, 0, limit)
        answer = read_json(response, f"{self._what}, {report.resource}")
        if not isinstance(answer, dict):
            raise RequestRefused(f"{self._what} answered no object; the API has changed")
        self._watch_quota(answer)
        return answer

    def _watch_quota(self, answer: Mapping[str, Any]) -> None:
        """Remember a meter that runs low: dashboards of the property live on the same tokens."""
        quota = answer.get("propertyQuota") or {}
        for meter, when in TOKEN_METERS.items():
            left = (quota.get(meter) or {}).get("remaining")
            if left is not None and int(left) < self._leave_tokens:
                self._used_up = f"{meter} has {left} tokens left, fewer than leave_tokens; {when}"

    def _post(
        self, report: Report, span: Interval, offset: int, limit: int = 0
    ) -> requests.Response:
        if self._used_up:
            raise TemporaryFailure(f"{self._what}: {self._used_up}")
        last = span.date_to - timedelta(days=1)
        names = [self._name(field.name) for field in report.dimensions]
        body = {
            "dimensions": [{"name": name} for name in names],
            "metrics": [{"name": field.name} for field in report.metrics],
            "dateRanges": [{"startDate": str(span.date_from), "endDate": str(last)}],
            "orderBys": [{"dimension": {"dimensionName": name}} for name in names],
            "metricAggregations": ["TOTAL"],
            "limit": str(limit or self._page_rows),
            "offset": str(offset),
            "returnPropertyQuota": True,
        }
        return self._http.post_json(self._path, body, self._answers.classify)

    def _name(self, name: str) -> str:
        return self._client_id_dimension if name == CLIENT_ID else name


def _is_estimated(answer: Mapping[str, Any]) -> bool:
    """Whether hidden or sampled rows keep the sum away from the total."""
    metadata = answer.get("metadata") or {}
    return bool(metadata.get("subjectToThresholding") or metadata.get("samplingMetadatas"))


def _control(column: str, value: Any) -> Decimal:
    """A metric's text in the unit of its column."""
    number = Decimal(str(value or 0))
    return number * MICROS if column.endswith("_micros") else number
