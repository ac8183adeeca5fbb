"""tapi-yandex-direct: reports through the offline queue at the vendor's own pace, pages, errors."""

from __future__ import annotations

import pytest
from tapi_yandex_direct import YandexDirect, tapi_yandex_direct
from tapi_yandex_direct.exceptions import YandexDirectClientError, YandexDirectTokenError

LOGIN = "demo-client"


@pytest.fixture
def make_client(stand_ins, monkeypatch):
    """Makes a client of loopback for a token."""
    root = f"{stand_ins.base('yandex_direct')}/"
    monkeypatch.setattr(
        tapi_yandex_direct.YandexDirectClientAdapter, "get_api_root", lambda *_, **__: root
    )

    def make(access: str = "demo-token") -> YandexDirect:
        return YandexDirect(
            access_token=access,
            login=LOGIN,
            processing_mode="offline",
            return_money_in_micros=True,
            skip_report_summary=True,
        )

    return make


def _report(name: str) -> dict:
    return {
        "params": {
            "SelectionCriteria": {"DateFrom": "2026-01-12", "DateTo": "2026-01-16"},
            "FieldNames": ["Date", "CampaignId", "CampaignName", "Impressions", "Clicks", "Cost"],
            "ReportName": name,
            "ReportType": "CAMPAIGN_PERFORMANCE_REPORT",
            "DateRangeType": "CUSTOM_DATE",
            "Format": "TSV",
            "IncludeVAT": "NO",
        }
    }


@pytest.mark.waits
def test_a_report_is_waited_for_and_read(make_client):
    report = make_client().reports().post(data=_report("week"))
    rows = report().to_dicts()
    days = {row["Date"] for row in rows}
    assert days == {f"2026-01-{day}" for day in range(12, 17)}
    assert sum(int(row["Cost"]) for row in rows) > 0


def test_every_page_of_campaigns_is_read(make_client):
    body = {
        "method": "get",
        "params": {"SelectionCriteria": {}, "FieldNames": ["Id", "Name"], "Page": {"Limit": 2}},
    }
    campaigns = make_client().campaigns().post(data=body)
    ids = [row["Id"] for page in campaigns().pages() for row in page().items()]
    whole = make_client().campaigns().post(data={**body, "params": {**body["params"], "Page": {}}})
    assert len(ids) > 2
    assert sorted(ids) == sorted(row["Id"] for row in whole().extract())


def test_a_missing_token_is_told_as_such_and_a_wrong_one_by_its_code(make_client):
    # The client looks for the code under another name, so it knows a token error by its text only.
    body = {"method": "get", "params": {"SelectionCriteria": {}, "FieldNames": ["Id"]}}
    with pytest.raises(YandexDirectTokenError):
        make_client("").campaigns().post(data=body)
    with pytest.raises(YandexDirectClientError, match="error_code=53"):
        make_client("no-such-token").campaigns().post(data=body)
