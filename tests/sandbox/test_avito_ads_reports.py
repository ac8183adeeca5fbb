"""Lists and daily statistics of the Avito Ads stand-in."""

from __future__ import annotations

from typing import Any

import pytest

from include.sandbox.vendors.avito_ads import AvitoAds
from tests.sandbox.ad_world import AdBench, cell, make_ad_world

STATS = [
    cell("5001", "2026-11-18", 10111, 1000, 10, 443.4),
    cell("5001", "2026-11-18", 10111, 200, 4, 88.3, device="desktop"),
    cell("5001", "2026-11-19", 10121, 100, 1, 50.5),
    cell("5002", "2026-11-18", 20111, 9, 9, 9.0),
]
DAYS = {"dateFrom": "2026-11-18", "dateTo": "2026-11-20"}


@pytest.fixture
def avito() -> AdBench:
    return AdBench(AvitoAds, make_ad_world("avito_ads", stats=STATS))


def _post(avito: AdBench, path: str, body: Any = None, prefix: str = "ads", **keys: Any) -> Any:
    headers = {"Authorization": "Bearer demo-token"}
    url = f"/{prefix}/v1/account/5001/{path}"
    return avito.web.post(url, json=keys if body is None else body, headers=headers)


def _ids(answer: Any, kind: str) -> list[int]:
    return [row["id"] for row in answer.json()[kind]]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (
            "campaigns",
            "id name status budget paymentModel campaignType startDate endDate userId accountId "
            "advertiserId contractId managerID createdAt updatedAt",
        ),
        (
            "groups",
            "id name accountID campaignID status budget price paymentModel campaignType "
            "advertiserID",
        ),
        ("creatives", "id name title link status groupID campaignID"),
    ],
)
def test_every_object_shows_the_fields_of_its_kind(avito: AdBench, kind: str, fields: str) -> None:
    told = _post(avito, kind, filter={}, limit=100, page=1).json()
    assert set(told) == {"total", kind}
    assert set(fields.split()) <= set(told[kind][0])


def test_the_case_of_ids_depends_on_the_object(avito: AdBench) -> None:
    campaign = _post(avito, "campaigns").json()["campaigns"][0]
    assert (campaign["accountId"], campaign["advertiserId"] > 0, campaign["managerID"] > 0) == (
        5001,
        True,
        True,
    )
    group = _post(avito, "groups").json()["groups"][0]
    assert (group["accountID"], group["campaignID"]) == (5001, 101)
    creative = _post(avito, "creatives").json()["creatives"][0]
    assert (creative["groupID"], creative["campaignID"]) == (1011, 101)
    assert creative["link"].endswith("utm_content=10111")


def test_a_list_is_paged_from_one_with_twenty_a_page(avito: AdBench) -> None:
    first = _post(avito, "creatives", page=1, limit=3)
    assert (first.json()["total"], _ids(first, "creatives")) == (4, [10111, 10112, 10121])
    assert _ids(_post(avito, "creatives", page=2, limit=3), "creatives") == [10211]
    assert _ids(_post(avito, "creatives", page=3, limit=3), "creatives") == []
    assert len(_post(avito, "creatives").json()["creatives"]) == 4


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 101},
        {"limit": 0},
        {"page": 0},
        {"filter": 7},
        {"filter": {"nonsense": [1]}},
        {"filter": {"ids": 5}},
        {"filter": {"timeFrame": {"from": "yesterday", "to": "2026-01-01"}}},
        [1],
    ],
)
def test_a_malformed_list_is_400(avito: AdBench, body: Any) -> None:
    answer = _post(avito, "campaigns", body=body)
    assert (answer.status_code, answer.json()["code"]) == (400, 400)
    assert answer.json()["message"]


@pytest.mark.parametrize(
    ("kind", "wanted", "ids"),
    [
        ("campaigns", {"statuses": ["archived"]}, [102]),
        ("campaigns", {"timeFrame": {"from": "2026-11-01", "to": "2026-11-05"}}, [101]),
        ("campaigns", {"createdAt": {"from": "2026-08-01", "to": "2026-09-01"}}, [102]),
        ("groups", {"campaignIDs": [101]}, [1011, 1012]),
        ("groups", {"ids": [1021]}, [1021]),
        ("creatives", {"groupIDs": [1011]}, [10111, 10112]),
        ("creatives", {"paymentModels": ["CPC"]}, []),
        ("creatives", {"ids": []}, [10111, 10112, 10121, 10211]),
    ],
)
def test_a_filter_chooses_what_it_names(
    avito: AdBench, kind: str, wanted: Any, ids: list[int]
) -> None:
    assert _ids(_post(avito, kind, filter=wanted), kind) == ids


def test_a_campaign_comes_with_its_groups_and_creatives_in_whole_roubles(avito: AdBench) -> None:
    told = _post(avito, "campaigns/101/stats", **DAYS).json()
    days = [(row["timestamp"], row["views"], row["spend"]) for row in told["campaign"]["data"]]
    assert days == [("2026-11-18", 1200, 532), ("2026-11-19", 100, 50)]
    row = told["campaign"]["data"][0]
    assert (row["ctr"], row["cpm"], row["cpc"], row["spendBonus"]) == (1.17, 443.3, 38.0, 0)
    assert told["campaign"]["totalData"]["views"] == 1300
    assert [(g["id"], len(g["data"])) for g in told["groups"]] == [(1011, 1), (1012, 1)]
    assert told["creatives"][0]["groupId"] == 1011
    assert {"videoViews25", "q75", "vtr"} < set(row)


def test_what_had_no_views_has_empty_data(avito: AdBench) -> None:
    told = _post(avito, "campaigns/101/stats", **DAYS).json()
    silent = next(c for c in told["creatives"] if c["id"] == 10112)
    assert (silent["data"], silent["totalData"]) == ([], {})


def test_what_had_no_views_may_be_left_out(avito: AdBench) -> None:
    avito.stage.knobs["avito_ads.lists_idle"] = False
    told = _post(avito, "campaigns/101/stats", **DAYS)
    assert (_ids(told, "groups"), _ids(told, "creatives")) == ([1011, 1012], [10111, 10121])
    idle = _post(avito, "campaigns/102/stats", **DAYS).json()
    assert (idle["campaign"]["data"], idle["groups"], idle["creatives"]) == ([], [], [])


def test_counters_of_zero_may_be_left_out(avito: AdBench) -> None:
    avito.stage.knobs["avito_ads.omits_zeros"] = True
    told = _post(avito, "campaigns/101/stats", **DAYS).json()["campaign"]
    assert {"spendBonus", "videoViews25", "vtr"}.isdisjoint(told["data"][0])
    assert (told["data"][0]["spend"], "spendBonus" in told["totalData"]) == (532, False)


def test_totals_are_the_sums_of_their_own_days(avito: AdBench) -> None:
    campaign = _post(avito, "campaigns/101/stats", **DAYS).json()["campaign"]
    for name in ("views", "clicks", "spend", "spendBonus"):
        assert campaign["totalData"][name] == sum(row[name] for row in campaign["data"])


def test_groups_and_creatives_can_be_asked_for_alone(avito: AdBench) -> None:
    groups = _post(avito, "campaigns/101/groups/stats", **DAYS, groupIDs=[1012])
    assert (list(groups.json()), _ids(groups, "groups")) == (["groups"], [1012])
    creatives = _post(avito, "campaigns/101/creatives/stats", **DAYS, creativeIDs=[10111, 9])
    assert (list(creatives.json()), _ids(creatives, "creatives")) == (["creatives"], [10111])
    assert _post(avito, "campaigns/101/groups/stats", **DAYS).status_code == 400


@pytest.mark.parametrize(
    "days",
    [
        {"dateFrom": "2026-11-20", "dateTo": "2026-11-18"},
        {"dateFrom": "2026-08-01", "dateTo": "2026-11-09"},
        {"dateFrom": "18.11.2026", "dateTo": "2026-11-20"},
        {"dateFrom": "2026-11-18"},
    ],
)
def test_a_period_that_cannot_be_is_400(avito: AdBench, days: Any) -> None:
    assert _post(avito, "campaigns/101/stats", **days).status_code == 400


def test_a_hundred_days_are_allowed(avito: AdBench) -> None:
    days = {"dateFrom": "2026-08-01", "dateTo": "2026-11-08"}
    assert _post(avito, "campaigns/101/stats", **days).status_code == 200


@pytest.mark.parametrize(
    "path", ["campaigns/201/stats", "campaigns/x/stats", "campaigns/1/a/stats"]
)
def test_a_campaign_out_of_reach_is_404(avito: AdBench, path: str) -> None:
    answer = _post(avito, path, **DAYS)
    assert (answer.status_code, answer.json()["code"]) == (404, 404)


def test_the_sandbox_prefix_answers_too(avito: AdBench) -> None:
    assert _post(avito, "campaigns", prefix="ads-sandbox").json()["total"] == 2


def test_the_form_of_a_day_is_a_knob(avito: AdBench) -> None:
    avito.stage.knobs["avito_ads.timestamp_has_time"] = True
    told = _post(avito, "campaigns/101/stats", **DAYS).json()
    assert told["campaign"]["data"][0]["timestamp"] == "2026-11-18T00:00:00+03:00"


def test_planted_faults_empty_rename_and_rescale_an_answer(avito: AdBench) -> None:
    avito.plant("zero_rows")
    assert _post(avito, "campaigns/101/stats", **DAYS).json()["campaign"]["data"] == []
    avito.plant("zero_rows")
    assert _post(avito, "groups").json() == {"total": 0, "groups": []}
    avito.plant("renamed_field", **{"from": "spend", "to": "cost"})
    avito.plant("changed_meaning", field="views", factor=2)
    row = _post(avito, "campaigns/101/stats", **DAYS).json()["campaign"]["data"][0]
    assert (row["cost"], row["views"], "spend" in row) == (532, 2400, False)
