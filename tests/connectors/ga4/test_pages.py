"""Pages of a report: whole columns and single rows give the same, and oddities are found."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from include.connectors.ga4.pages import PageReader
from include.connectors.ga4.schema import CLIENT_ID, REPORTS, Field
from include.connectors.protocol import IncompleteAnswer, RequestRefused

REPORT = REPORTS["client_session"]
VALUES = {
    "date": "20261101",
    "dateHourMinute": "202611010130",
    "customUser:client_id": "a.1",
    "sessionSource": "google",
    "sessionMedium": "cpc",
    "sessionCampaignName": 'bolts "é" \\ \n',
    "sessionDefaultChannelGroup": "Paid Search",
    "deviceCategory": "desktop",
    "landingPagePlusQueryString": "/bolts?x=1",
    "sessions": "1",
    "engagedSessions": "0",
    "screenPageViews": "3",
    "eventCount": "7",
    "keyEvents": "0.3333333333",
}
DIMENSIONS, METRICS = list(VALUES)[:9], list(VALUES)[9:]


def _name(field: Field) -> str:
    return "customUser:client_id" if field.name == CLIENT_ID else field.name


def _response(*rows: dict[str, str], **more: Any) -> requests.Response:
    names = rows[0] if rows else VALUES
    body = {
        "dimensionHeaders": [{"name": n} for n in names if n in DIMENSIONS],
        "metricHeaders": [{"name": n} for n in names if n not in DIMENSIONS],
        "rows": [
            {
                "dimensionValues": [{"value": v} for n, v in row.items() if n in DIMENSIONS],
                "metricValues": [{"value": v} for n, v in row.items() if n not in DIMENSIONS],
            }
            for row in rows
        ],
        "rowCount": len(rows),
        "metadata": {"currencyCode": "USD", "timeZone": "America/New_York"},
        **more,
    }
    made = requests.Response()
    made._content = json.dumps({k: v for k, v in body.items() if v != []}).encode()
    return made


def _reader() -> PageReader:
    return PageReader(REPORT, {"account_id": "384211507"}, _name)


def test_whole_columns_give_what_single_rows_give() -> None:
    response = _response(
        VALUES,
        VALUES | {"customUser:client_id": "b.2", "sessions": "12.6", "keyEvents": "1e-7"},
        propertyQuota={"tokensPerDay": {"remaining": 5}},
        totals=[{"dimensionValues": [], "metricValues": [{"value": "2"}]}],
    )
    plain = _reader()._read_plain(response.content)
    careful = _reader()._read_carefully(json.loads(response.content), 1)
    assert plain is not None
    assert plain.batch.rows.equals(careful.batch.rows)
    assert (plain.row_count, plain.keys) == (careful.row_count, careful.keys)
    assert plain.answer["rowCount"] == 2
    assert plain.answer["totals"][0]["metricValues"] == [{"value": "2"}]


def test_a_minute_is_one_of_the_propertys_clock() -> None:
    (row,) = _reader().read(_response(VALUES), 1, "it").batch.rows.to_pylist()
    # clocks go back this night: of two such minutes the first is meant
    assert row["session_minute_at"].isoformat() == "2026-11-01T05:30:00+00:00"
    assert str(row["key_events"]) == "0.333333"


def test_a_page_without_rows_still_tells_its_metadata() -> None:
    page = _reader().read(_response(), 1, "it")
    assert (page.row_count, page.batch.rows) == (0, None)
    assert page.answer["metadata"]["timeZone"] == "America/New_York"


def test_a_value_that_does_not_fit_rejects_its_row_alone() -> None:
    rows = (VALUES, VALUES | {"eventCount": "many"}, VALUES | {"date": "(other)"})
    page = _reader().read(_response(*rows), 11, "it")
    assert (page.row_count, page.batch.rows.num_rows) == (3, 1)
    assert [(r.line_number, r.reason_code) for r in page.batch.rejected] == [
        (12, "wrong_type"),
        (13, "wrong_type"),
    ]


def test_a_header_nobody_asked_for_is_told_once() -> None:
    reader = _reader()
    pages = [reader.read(_response(VALUES | {"shine": "7"}), 1, "it") for _ in range(2)]
    assert [page.batch.findings for page in pages] == [("unknown field shine",), ()]
    assert pages[0].batch.rows.num_rows == 1


def test_a_header_that_is_gone_is_a_changed_api() -> None:
    less = {name: value for name, value in VALUES.items() if name != "sessions"}
    with pytest.raises(RequestRefused, match="sessions"):
        _reader().read(_response(less), 1, "it")


@pytest.mark.parametrize("body", [b"", b'{"rows": [{"dimensionValues": [', b"<html></html>"])
def test_a_body_cut_short_is_incomplete(body: bytes) -> None:
    response = requests.Response()
    response._content = body
    with pytest.raises(IncompleteAnswer):
        _reader().read(response, 1, "it")
