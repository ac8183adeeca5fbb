"""tapi-yandex-metrika: logs from request to cleaning, reports page by page, counters and goals."""

from __future__ import annotations

import pytest
from tapi_yandex_metrika import (
    YandexMetrikaLogsapi,
    YandexMetrikaManagement,
    YandexMetrikaStats,
    tapi_yandex_metrika,
)
from tapi_yandex_metrika.exceptions import YandexMetrikaTokenError

FIELDS = "ym:s:visitID,ym:s:date,ym:s:clientID,ym:s:startURL,ym:s:lastTrafficSource"
DAYS = {"date1": "2026-01-12", "date2": "2026-01-14"}


@pytest.fixture
def at_loopback(stand_ins, monkeypatch):
    """Clients made from here on speak to the stand-in."""
    root = f"{stand_ins.base('yandex_metrica')}/"
    adapter = tapi_yandex_metrika.YandexMetrikaClientAdapterAbstract
    monkeypatch.setattr(adapter, "get_api_root", lambda *_, **__: root)
    return stand_ins


@pytest.fixture
def counter(at_loopback) -> int:
    """The first counter of the token."""
    counters = YandexMetrikaManagement(access_token="demo-token").counters().get()
    return counters.data["counters"][0]["id"]


def _logs(counter: int) -> YandexMetrikaLogsapi:
    return YandexMetrikaLogsapi(
        access_token="demo-token", default_url_params={"counterId": counter}
    )


def test_a_log_is_evaluated_made_downloaded_and_cleaned(at_loopback, counter):
    logs = _logs(counter)
    params = {"fields": FIELDS, "source": "visits", **DAYS}
    assert logs.evaluate().get(params=params).data["log_request_evaluation"]["possible"]
    made = logs.create().post(params=params)
    request_id = made.data["log_request"]["request_id"]
    status = "created"
    for _ in range(60):
        at_loopback.advance(60)
        status = logs.info(requestId=request_id).get().data["log_request"]["status"]
        if status == "processed":
            break
    assert status == "processed"
    parts = logs.download(requestId=request_id).get()
    rows = list(parts().iter_dicts())
    assert len(rows) > 10
    assert len({row["ym:s:visitID"] for row in rows}) == len(rows)
    assert {row["ym:s:date"] for row in rows} == {f"2026-01-{day}" for day in (12, 13, 14)}
    cleaned = logs.clean(requestId=request_id).post()
    assert cleaned.data["log_request"]["status"] == "cleaned_by_user"


def test_a_report_is_read_page_by_page(at_loopback, counter):
    report = (
        YandexMetrikaStats(access_token="demo-token")
        .stats()
        .get(
            params={
                "ids": counter,
                "metrics": "ym:s:visits",
                "dimensions": "ym:s:date,ym:s:lastTrafficSource",
                "sort": "ym:s:date",
                "accuracy": "full",
                "limit": 3,
                **DAYS,
            }
        )
    )
    rows = list(report().iter_rows())
    assert len(rows) == report.data["total_rows"] > 3
    assert sum(row[-1] for row in rows) == report.data["totals"][0]


def test_goals_of_a_counter_are_listed(at_loopback, counter):
    goals = YandexMetrikaManagement(access_token="demo-token").goals(counterId=counter).get()
    assert {goal["type"] for goal in goals.data["goals"]} >= {"form", "phone"}


def test_a_wrong_token_is_told_as_such(at_loopback):
    with pytest.raises(YandexMetrikaTokenError):
        YandexMetrikaManagement(access_token="no-such-token").counters().get()
