"""Asks one property's reports, page by page, and proves each answer whole.

Pages are in order of their dimensions, so nothing moves between them: as many different rows have
to come as ``rowCount`` says, and figures that are counted, not estimated, have to add up to the
vendor's own total. A report without rows is believed only when the same metrics without any
dimension but the day are zero as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow.compute as pc

from include.connectors._day_plan import Totals
from include.connectors._http import HttpSession, read_json
from include.connectors._records import Column, Record, RecordReader
from include.connectors.ga4.answers import AnswerReader
from include.connectors.ga4.schema import (
    CLIENT_ID,
    DAY,
    KNOWN_VALUES,
    MICROS,
    MINUTE,
    PROPERTY_DAYS,
    REPORTS,
    RESOURCES,
    Report,
    decode_minutes,
)
from include.connectors.protocol import Batch, IncompleteAnswer, Interval, RequestRefused

SLACK = Decimal("0.01")
"""What rounding each row to a millionth may add up to; of micros, see MICROS_SLACK."""
MICROS_SLACK = Decimal(10_000)


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
    ) -> None:
        self._http = http
        self._answers = answers
        self._property_id = property_id
        self._client_id_dimension = client_id_dimension
        self._page_rows = page_rows
        self._path = f"v1beta/properties/{property_id}:runReport"
        self._what = f"GA4 of property {property_id}"

    def read_day_totals(self, span: Interval) -> DayTotals:
        """One row a day, the control columns of the property's own table."""
        report = REPORTS[PROPERTY_DAYS]
        names = {f.column: f.name for f in report.metrics}
        wanted = RESOURCES[PROPERTY_DAYS].control_columns
        found: dict[date, dict[str, Decimal]] = {}
        zone = ""
        for answer in self._pages(report, span):
            zone = str((answer.get("metadata") or {}).get("timeZone", ""))
            for record in _read_records(answer):
                text = str(record.get(DAY.name, ""))
                day = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
                found[day] = {
                    column: _control(column, record.get(names[column])) for column in wanted
                }
        try:
            return DayTotals(found, ZoneInfo(zone))
        except (ValueError, ZoneInfoNotFoundError):
            pass
        raise RequestRefused(f"{self._what} does not say its time zone: check the property")

    def read(self, resource: str, span: Interval) -> Iterator[Batch]:
        """Rows of a resource by pages; the proof comes last."""
        report = REPORTS[resource]
        sums = {f.column: Decimal(0) for f in report.metrics if f.is_additive}
        seen: set[tuple[Any, ...]] = set()
        told: set[str] = set()
        last: Mapping[str, Any] = {}
        rows = rejected = 0
        for answer in self._pages(report, span):
            last = answer
            records = _read_records(answer)
            batch = self._make_reader(report, answer).read(records, rows + 1)
            keys = [
                tuple(record.get(self._name(f.name)) for f in report.dimensions)
                for record in records
            ]
            seen.update(keys)
            rows += len(records)
            rejected += len(batch.rejected)
            if batch.rows is not None:
                for column in sums:
                    total = pc.sum(batch.rows.column(column)).as_py()
                    sums[column] += Decimal(total or 0)
            if records or batch.findings:
                yield _add_findings(batch, told)
        if not rows:
            self._confirm_nothing(report, span)
            return
        row_count = int(last.get("rowCount") or 0)
        if len(seen) != rows or rows != row_count:
            raise IncompleteAnswer(
                f"{self._what} answered {resource} with {len(seen):,} different rows of "
                f"{row_count:,}; nothing of it is kept, ask again later"
            )
        if not rejected and not _is_estimated(last):
            self._compare(report, sums, last)

    def try_out(self, resource: str, day: date) -> None:
        """The cheapest query for a resource; raises what the vendor refuses it with."""
        span = Interval(day, day + timedelta(days=1))
        self._ask(REPORTS[resource], span, 0, limit=1)

    def _confirm_nothing(self, report: Report, span: Interval) -> None:
        control = replace(report, fields=(DAY, *report.metrics))
        answer = self._ask(control, span, 0)
        if answer.get("rows") and not _is_estimated(answer):
            raise IncompleteAnswer(
                f"{self._what} answered {report.resource} without a row, while its totals are "
                "not zero; nothing of it is kept, ask again later"
            )

    def _compare(
        self, report: Report, sums: Mapping[str, Decimal], answer: Mapping[str, Any]
    ) -> None:
        totals = _read_records({**answer, "rows": answer.get("totals") or []})
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

    def _pages(self, report: Report, span: Interval) -> Iterator[dict[str, Any]]:
        """Every page; ends where the count is reached, or at a page without rows."""
        offset = 0
        while True:
            answer = self._ask(report, span, offset)
            yield answer
            rows = len(answer.get("rows") or ())
            offset += rows
            if not rows or offset >= int(answer.get("rowCount") or 0):
                return

    def _ask(self, report: Report, span: Interval, offset: int, limit: int = 0) -> dict[str, Any]:
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
        }
        response = self._http.post_json(self._path, body, self._answers.classify)
        answer = read_json(response, f"{self._what}, {report.resource}")
        if not isinstance(answer, dict):
            raise RequestRefused(f"{self._what} answered no object; the API has changed")
        return answer

    def _make_reader(self, report: Report, answer: Mapping[str, Any]) -> RecordReader:
        metadata = answer.get("metadata") or {}
        schema = RESOURCES[report.resource].schema
        constants: dict[str, Any] = {
            "account_id": self._property_id,
            "currency_code": str(metadata.get("currencyCode", "")),
            "time_zone": str(metadata.get("timeZone", "")),
            "is_sampled": bool(metadata.get("samplingMetadatas")),
            "is_thresholded": bool(metadata.get("subjectToThresholding")),
            "has_other_row": bool(metadata.get("dataLossFromOtherRow")),
        }
        columns = [
            Column(
                f.column,
                decode_minutes(ZoneInfo(constants["time_zone"])) if f is MINUTE else f.decode,
                self._name(f.name),
                required=True,
            )
            for f in report.fields
        ]
        known = {name: value for name, value in constants.items() if name in schema.names}
        return RecordReader(f"ga4 {report.resource}", schema, columns, known)

    def _name(self, name: str) -> str:
        return self._client_id_dimension if name == CLIENT_ID else name


def _read_records(answer: Mapping[str, Any]) -> list[Record]:
    """Rows as mappings of header to value; of an answer without rows, none."""
    rows = answer.get("rows") or []
    parts = (("dimensionHeaders", "dimensionValues"), ("metricHeaders", "metricValues"))
    names = [[str(h.get("name")) for h in answer.get(headers) or ()] for headers, _ in parts]
    records = []
    for row in rows:
        record: dict[str, Any] = {}
        for own, (_, values) in zip(names, parts, strict=True):
            record.update(zip(own, (v.get("value") for v in row.get(values) or ()), strict=False))
        records.append(record)
    return records


def _is_estimated(answer: Mapping[str, Any]) -> bool:
    """Whether hidden or sampled rows keep the sum away from the total."""
    metadata = answer.get("metadata") or {}
    return bool(metadata.get("subjectToThresholding") or metadata.get("samplingMetadatas"))


def _control(column: str, value: Any) -> Decimal:
    """A metric's text in the unit of its column."""
    number = Decimal(str(value or 0))
    return number * MICROS if column.endswith("_micros") else number


def _add_findings(batch: Batch, told: set[str]) -> Batch:
    findings = list(batch.findings)
    if batch.rows is not None:
        for column, known in KNOWN_VALUES.items():
            if column in batch.rows.schema.names:
                values: Sequence[str] = pc.unique(batch.rows.column(column)).to_pylist()
                odd = sorted(set(values) - set(known))
                findings += [f"unknown value {value} of {column}" for value in odd]
    new = tuple(text for text in findings if text not in told)
    told.update(new)
    return replace(batch, findings=new)
