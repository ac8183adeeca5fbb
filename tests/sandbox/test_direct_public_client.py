"""A public client nobody here wrote walks the Direct stand-in: tapi-yandex-direct."""

from __future__ import annotations

from typing import Any

import pytest
from tapi_yandex_direct import YandexDirect, tapi_yandex_direct

from tests.sandbox.conftest import standard_report


@pytest.fixture
def client(direct, monkeypatch) -> Any:
    """The client pointed at loopback; its sleeps move the vendor's clock."""

    def point_at_stand_in(adapter: object, api_params: dict, resource_name: str) -> str:
        return f"{direct.url}/"

    monkeypatch.setattr(
        tapi_yandex_direct.YandexDirectClientAdapter, "get_api_root", point_at_stand_in
    )
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        direct.server.stage.clock.advance(seconds)

    monkeypatch.setattr(tapi_yandex_direct.time, "sleep", sleep)
    made = YandexDirect(
        access_token="demo-token",
        login="demo-client",
        processing_mode="offline",
        return_money_in_micros=True,
        skip_report_summary=True,
    )
    made.slept = slept
    return made


def test_the_client_walks_a_report_from_queue_to_rows(direct, client):
    report = client.reports().post(data={"params": standard_report()})
    rows = report().to_dicts()
    assert report.columns == standard_report()["FieldNames"]
    assert len(rows) > 100
    ours = direct.report(headers={"processingMode": "online"}).text.splitlines()[2:-1]
    assert [list(row.values()) for row in rows] == [line.split("\t") for line in ours]


def test_the_client_reads_every_page_of_campaigns(direct, client):
    direct.control("knobs", {"yandex_direct.page_limit": 3})
    body = {
        "method": "get",
        "params": {"SelectionCriteria": {}, "FieldNames": ["Id", "Name"], "Page": {"Limit": 3}},
    }
    campaigns = client.campaigns().post(data=body)
    ids = [row["Id"] for page in campaigns().pages() for row in page().items()]
    assert (len(ids), len(set(ids))) == (8, 8)


def test_the_client_reads_clients_and_changes(direct, client):
    clients = client.clients().post(data={"method": "get", "params": {"FieldNames": ["Currency"]}})
    assert clients().extract() == [{"Currency": "RUB"}]
    check = {
        "CampaignIds": [700012135],
        "FieldNames": ["CampaignsStat"],
        "Timestamp": "2026-11-18T00:00:00Z",
    }
    changes = client.changes().post(data={"method": "check", "params": check})
    assert changes().extract()["CampaignsStat"][0]["CampaignId"] == 700012135
