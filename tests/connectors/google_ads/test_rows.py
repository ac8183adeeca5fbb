"""Rows of a stream: the quick reader and the careful one agree, and oddities reach the careful."""

from __future__ import annotations

import io
import json
from copy import deepcopy
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.connectors.google_ads import json_stream
from include.connectors.google_ads.json_stream import read_elements
from include.connectors.google_ads.plain_batches import PlainReader
from include.connectors.google_ads.rows import RowReader
from include.connectors.google_ads.schema import REPORTS
from include.connectors.protocol import IncompleteAnswer, RequestRefused

CONSTANTS = {
    "account_id": "1234567890",
    "currency_code": "USD",
    "is_vat_included": False,
    "time_zone": "America/New_York",
}
ROW: dict[str, Any] = {
    "customer": {"resourceName": "customers/1"},
    "campaign": {"resourceName": "customers/1/campaigns/5", "id": "5", "name": 'a "q" \\ é\n'},
    "adGroup": {"resourceName": "customers/1/adGroups/6", "id": "6", "name": "g"},
    "adGroupAd": {
        "resourceName": "customers/1/adGroupAds/6~7",
        "ad": {"resourceName": "customers/1/ads/7", "id": "7"},
    },
    "metrics": {
        "clicks": "5",
        "impressions": "120",
        "costMicros": "12500000",
        "conversions": 1.333333333333,
        "conversionsValue": 900.1234567,
        "allConversions": 2,
        "viewThroughConversions": "0",
    },
    "segments": {"date": "2026-11-20", "device": "MOBILE", "adNetworkType": "SEARCH"},
}
REPORT = REPORTS["ad_performance_daily"]


def _change(**parts: dict[str, Any]) -> dict[str, Any]:
    """A row with values replaced; None takes one away."""
    row = deepcopy(ROW)
    for part, values in parts.items():
        for name, value in values.items():
            row[part].pop(name, None)
            if value is not None:
                row[part][name] = value
    return row


def _element(*rows: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"results": list(rows), "fieldMask": "a", **more}).encode()


def _read(element: bytes, careful: bool = False) -> Any:
    reader = RowReader(REPORT, CONSTANTS)
    reader._plain.is_able = not careful
    return reader.read(element, 1)


@pytest.mark.parametrize(
    "rows",
    [
        [ROW],
        [ROW, _change(metrics={"clicks": None, "conversions": None, "conversionsValue": None})],
        [ROW, _change(campaign={"name": None}, segments={"device": None})],
        [_change(metrics={"conversions": 0.1 + 0.2, "conversionsValue": 1e-7})],
    ],
)
def test_the_quick_reader_gives_what_the_careful_one_gives(rows: list[dict[str, Any]]) -> None:
    element = _element(*rows, summaryRow={"metrics": {"clicks": "5"}})
    assert PlainReader(REPORT, CONSTANTS).read(element) is not None
    quick, careful = _read(element), _read(element, careful=True)
    assert quick.batch.rows.equals(careful.batch.rows)
    assert (quick.row_count, quick.summary["metrics"]["clicks"]) == (len(rows), "5")
    assert careful.summary == {"metrics": {"clicks": "5"}}


def test_figures_are_exact() -> None:
    (row,) = _read(_element(ROW)).batch.rows.to_pylist()
    assert (row["cost_micros"], str(row["conversions"])) == (12_500_000, "1.333333")
    assert (row["conversion_value_micros"], str(row["all_conversions"])) == (
        900_123_457,
        "2.000000",
    )


def test_every_report_but_clicks_is_read_the_quick_way() -> None:
    slow = [name for name, one in REPORTS.items() if not PlainReader(one, CONSTANTS).is_able]
    assert slow == ["click"]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (_change(metrics={"shine": 7}), "unknown field metrics.shine"),
        (_change(segments={"device": "HOLOGRAM"}), "unknown value HOLOGRAM of device"),
    ],
)
def test_news_is_kept_and_told_once(row: dict[str, Any], says: str) -> None:
    reader = RowReader(REPORT, CONSTANTS)
    first, second = reader.read(_element(row, ROW), 1), reader.read(_element(row), 3)
    assert first.batch.rows.num_rows == 2
    assert (first.batch.findings, second.batch.findings) == ((says,), ())


def test_a_row_that_does_not_fit_is_rejected_alone() -> None:
    part = _read(_element(ROW, _change(metrics={"clicks": "many"}), ROW))
    assert (part.batch.rows.num_rows, part.row_count) == (2, 3)
    (rejected,) = part.batch.rejected
    assert (rejected.reason_code, rejected.line_number) == ("wrong_type", 2)
    lost = _read(_element(ROW, _change(segments={"date": None})))
    assert [row.reason_code for row in lost.batch.rejected] == ["missing_value"]


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ({"metrics": {"costMicros": None}}, "metrics.costMicros"),
        ({"campaign": {"id": None}}, "campaign.id"),
    ],
)
def test_a_field_gone_from_every_row_is_a_changed_api(parts: Any, name: str) -> None:
    with pytest.raises(RequestRefused, match=name):
        _read(_element(_change(**parts), _change(**parts)))


def test_an_error_among_the_batches_is_handed_on() -> None:
    part = _read(b'{"error": {"code": 503, "status": "UNAVAILABLE"}}')
    assert part.error == {"code": 503, "status": "UNAVAILABLE"}


NESTED = st.recursive(
    st.text(st.characters(codec="utf-8"), max_size=12) | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(
    elements=st.lists(st.dictionaries(st.text(max_size=6), NESTED, max_size=3), max_size=5),
    chunk_bytes=st.integers(1, 40),
    indent=st.sampled_from([None, 1]),
    is_ascii=st.booleans(),
)
def test_elements_come_out_as_they_went_in_however_the_body_is_cut(
    elements: list[Any], chunk_bytes: int, indent: int | None, is_ascii: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "CHUNK_BYTES", chunk_bytes)
        body = json.dumps(elements, indent=indent, ensure_ascii=is_ascii).encode()
        assert [json.loads(e) for e in read_elements(io.BytesIO(body), "it")] == elements


def test_an_array_without_its_end_is_incomplete_wherever_it_breaks() -> None:
    body = b"[" + _element(ROW)
    for kept in range(len(body) + 1):
        with pytest.raises(IncompleteAnswer):
            list(read_elements(io.BytesIO(body[:kept]), "it"))


def test_a_single_object_is_given_whole_and_a_page_is_not() -> None:
    assert list(read_elements(io.BytesIO(b' {"error": {}} '), "it")) == [b'{"error": {}}']
    with pytest.raises(IncompleteAnswer):
        list(read_elements(io.BytesIO(b"<html>"), "it"))


def test_constants_fill_their_columns() -> None:
    rows = _read(_element(ROW)).batch.rows
    assert isinstance(rows, pa.RecordBatch)
    assert {name: rows.column(name)[0].as_py() for name in CONSTANTS} == CONSTANTS
