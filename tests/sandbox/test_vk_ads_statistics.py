"""Statistics of the VK Ads stand-in."""

from __future__ import annotations

from typing import Any

import pytest

from include.sandbox.vendors.vk_ads import VkAds
from tests.sandbox.ad_world import AdBench, cell, make_ad_world

STATS = [
    cell("5001", "2026-11-17", 10111, 1000, 10, 500.5, 2),
    cell("5001", "2026-11-17", 10111, 200, 4, 31.9, 0, device="desktop"),
    cell("5001", "2026-11-18", 10111, 100, 0, 12.0),
    cell("5001", "2026-11-18", 10112, 300, 3, 60.0, 1),
    cell("5001", "2026-10-01", 10211, 50, 5, 20.0, 1),
    cell("5002", "2026-11-17", 20111, 9, 9, 9.0),
]
CURVE = [
    {"vendor": "vk_ads", "metric": "conversions", "age_days": n, "share": s}
    for n, s in ((0, 0.0), (3, 0.5), (30, 1.0))
]
DAYS = {"date_from": "2026-11-17", "date_to": "2026-11-18"}


@pytest.fixture
def vk() -> AdBench:
    return AdBench(VkAds, make_ad_world("vk_ads", stats=STATS))


def _get(vk: AdBench, path: str, **params: Any) -> Any:
    headers = {"Authorization": "Bearer demo-token"}
    return vk.web.get(f"/api/{path}.json", params=params, headers=headers)


def _code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_day_of_a_banner_adds_its_cells_with_money_as_text(vk: AdBench) -> None:
    told = _get(vk, "v2/statistics/banners/day", id="10111,10112", **DAYS).json()
    assert [item["id"] for item in told["items"]] == [10111, 10112]
    day = told["items"][0]["rows"][0]
    assert day == {
        "date": "2026-11-17",
        "base": {
            "shows": 1200,
            "clicks": 14,
            "goals": 0,
            "spent": "532.40",
            "cpm": "443.67",
            "cpc": "38.03",
            "cpa": "0",
            "ctr": 1.166667,
            "cr": 0,
            "vk": {"goals": 2, "cpa": "266.20", "cr": 14.285714},
        },
    }
    assert told["items"][0]["total"]["base"]["shows"] == 1300
    assert told["total"]["base"]["spent"] == "604.40"


def test_a_day_without_delivery_is_zeros_or_absent_as_the_knob_says(vk: AdBench) -> None:
    ask = {"id": "10112", **DAYS}
    rows = _get(vk, "v2/statistics/banners/day", **ask).json()["items"][0]["rows"]
    assert (rows[0]["base"]["shows"], rows[0]["base"]["spent"], rows[0]["base"]["vk"]["cpa"]) == (
        0,
        "0",
        0,
    )
    vk.stage.knobs["vk_ads.zero_days"] = False
    rows = _get(vk, "v2/statistics/banners/day", **ask).json()["items"][0]["rows"]
    assert [row["date"] for row in rows] == ["2026-11-18"]


@pytest.mark.parametrize(
    ("kind", "number", "shows"),
    [
        ("banners", 10111, 1300),
        ("ad_groups", 1011, 1600),
        ("ad_plans", 101, 1600),
        ("users", 5001, 1600),
    ],
)
def test_every_level_adds_up_what_is_below(vk: AdBench, kind: str, number: int, shows: int) -> None:
    told = _get(vk, f"v2/statistics/{kind}/day", id=number, **DAYS).json()
    assert told["items"][0]["id"] == number
    assert told["total"]["base"]["shows"] == shows


def test_a_summary_is_of_all_time_and_has_no_rows(vk: AdBench) -> None:
    told = _get(vk, "v2/statistics/ad_plans/summary", id=["101", "102"]).json()
    assert [set(item) for item in told["items"]] == [{"id", "total"}] * 2
    assert told["total"]["base"]["shows"] == 1650
    ignored = {"date_from": "nonsense", "date_to": "2020-01-01", "attribution": "nonsense"}
    again = _get(vk, "v2/statistics/ad_plans/summary", id="101,102", **ignored)
    assert again.json() == told


def test_a_deleted_object_keeps_its_statistics(vk: AdBench) -> None:
    days = {"date_from": "2026-10-01", "date_to": "2026-10-01"}
    told = _get(vk, "v2/statistics/banners/day", id=10211, **days).json()
    assert told["total"]["base"]["vk"]["goals"] == 1


def test_goals_grow_with_the_age_of_the_day(vk: AdBench) -> None:
    world = make_ad_world("vk_ads", stats=STATS, restatement_curve=CURVE)
    vk.stage.world = world
    ask = {"id": 101, **DAYS, "attribution": "impression"}

    def goals() -> int:
        return _get(vk, "v2/statistics/ad_plans/day", **ask).json()["total"]["base"]["vk"]["goals"]

    young = goals()
    vk.stage.clock.advance(40 * 86_400)
    assert (young < 3, goals()) == (True, 3)


def test_goals_dated_by_their_event_come_later_and_then_stay(vk: AdBench) -> None:
    vk.stage.world = make_ad_world("vk_ads", stats=STATS, restatement_curve=CURVE)
    ask = {"id": 101, "date_from": "2026-11-17", "date_to": "2026-11-30"}

    def goals() -> dict[str, int]:
        rows = _get(vk, "v2/statistics/ad_plans/day", **ask).json()["items"][0]["rows"]
        return {row["date"]: row["base"]["vk"]["goals"] for row in rows}

    young = goals()
    assert {day for day, count in young.items() if count} == {"2026-11-19"}
    vk.stage.clock.advance(2 * 86_400)
    older = goals()
    vk.stage.clock.advance(60 * 86_400)
    assert {day: goals()[day] for day in ("2026-11-17", "2026-11-20", "2026-11-21")} == {
        day: older[day] for day in ("2026-11-17", "2026-11-20", "2026-11-21")
    }
    ask["date_to"] = "2026-12-31"
    assert sum(goals().values()) == 3


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("banners", "ERR_WRONG_BANNERS"),
        ("ad_groups", "ERR_WRONG_ADGROUPS"),
        ("ad_plans", "ERR_WRONG_ADPLANS"),
        ("users", "ERR_WRONG_USERS"),
    ],
)
def test_one_alien_id_refuses_the_whole_call(vk: AdBench, kind: str, code: str) -> None:
    known = {"banners": 10111, "ad_groups": 1011, "ad_plans": 101, "users": 5001}[kind]
    answer = _get(vk, f"v2/statistics/{kind}/day", id=f"{known},20111", **DAYS)
    assert _code(answer) == (400, code)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"id": ""}, "ERR_WRONG_PARAMETER"),
        ({"id": "ten"}, "ERR_WRONG_PARAMETER"),
        ({"metrics": "nonsense"}, "ERR_WRONG_PARAMETER"),
        ({"attribution": "nonsense"}, "ERR_WRONG_PARAMETER"),
        ({"date_from": "17.11.2026"}, "ERR_WRONG_DATE"),
        ({"date_from": "2026-11-19"}, "ERR_WRONG_DATE"),
        ({"date_from": "2025-11-18"}, "ERR_WRONG_DATE"),
        ({"id": ",".join(map(str, range(1, 202)))}, "ERR_LIMIT_EXCEEDED"),
    ],
)
def test_a_wrong_request_has_the_code_of_its_fault(vk: AdBench, params: Any, code: str) -> None:
    ask = {"id": "10111", **DAYS} | params
    assert _code(_get(vk, "v2/statistics/banners/day", **ask)) == (400, code)


def test_days_are_needed_and_366_of_them_are_kept(vk: AdBench) -> None:
    missing = _get(vk, "v2/statistics/banners/day", id=10111, date_from="2026-11-17")
    assert _code(missing) == (400, "ERR_WRONG_PARAMETER")
    whole = {"id": 10111, "date_from": "2025-11-19", "date_to": "2026-11-20"}
    assert _get(vk, "v2/statistics/banners/day", **whole).status_code == 200
    vk.stage.knobs["vk_ads.most_days"] = 92
    season = whole | {"date_from": "2026-08-21"}
    assert _get(vk, "v2/statistics/banners/day", **season).status_code == 200
    assert _code(_get(vk, "v2/statistics/banners/day", **whole))[1] == "ERR_LIMIT_EXCEEDED"


def test_metrics_choose_blocks_and_all_gives_every_one(vk: AdBench) -> None:
    ask = {"id": 10111, **DAYS}
    row = _get(vk, "v2/statistics/banners/day", metrics="base,uniques", **ask).json()["total"]
    assert set(row) == {"base", "uniques"}
    assert set(row["uniques"]) == {"reach", "total", "increment", "initial_total", "frequency"}
    assert (row["uniques"]["reach"], row["uniques"]["total"] > 0) == (0, True)
    every = _get(vk, "v2/statistics/banners/day", metrics="all", **ask).json()["total"]
    assert {"events", "video", "romi", "tps", "social_network", "custom_event"} < set(every)
    assert {"ad_offers", "carousel", "playable", "uniques_video"} < set(every)
    assert "sending_form" in every["events"]
    networks = every["social_network"]
    assert (networks["vk_join"], networks["ok_join"]) == (0, networks["result_join"])
    assert networks["result_join"] > 0


def test_version_3_has_totals_of_objects_with_delivery_only(vk: AdBench) -> None:
    told = _get(vk, "v3/statistics/banners/day", fields="base", **DAYS).json()
    assert [set(item) for item in told["items"]] == [{"id", "user_id", "total"}] * 2
    assert (told["count"], told["limit"], told["offset"]) == (2, 20, 0)
    assert told["total"]["base"]["shows"] == 1600
    assert {item["user_id"] for item in told["items"]} == {5001}
    vk.stage.knobs["vk_ads.v3_idle"] = True
    idle = _get(vk, "v3/statistics/banners/day", fields="base", **DAYS).json()
    assert (idle["count"], idle["total"]["base"]["shows"]) == (4, 1600)


def test_version_3_is_sorted_filtered_and_paged(vk: AdBench) -> None:
    def ids(**params: Any) -> list[int]:
        told = _get(vk, "v3/statistics/banners/day", **DAYS, **params).json()
        return [item["id"] for item in told["items"]]

    assert ids(sort_by="base.clicks", d="desc") == [10111, 10112]
    assert ids(sort_by="base.clicks") == [10112, 10111]
    assert ids(limit=1, offset=1) == [10112]
    assert ids(id=10112) == [10112]
    assert ids(id_ne=10112) == [10111]
    assert ids(ad_group_id=1012) == []
    assert ids(banner_status="active", package_id=2001) == [10111, 10112]
    assert ids(metrics="base", banner_status="deleted") == []


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"limit": 251}, "validation_failed"),
        ({"fields": "nonsense"}, "ERR_WRONG_PARAMETER"),
        ({"sort_by": "base.nonsense"}, "ERR_WRONG_PARAMETER"),
    ],
)
def test_version_3_refuses_what_it_does_not_know(vk: AdBench, params: Any, code: str) -> None:
    assert _code(_get(vk, "v3/statistics/banners/day", **DAYS, **params)) == (400, code)


def test_goals_are_told_by_source_and_kind_of_conversion(vk: AdBench) -> None:
    ask = {"id": 10111, **DAYS}
    path = "v2/statistics/goals/banners/day"
    goal = _get(vk, path, conversion_type="postclick", **ask).json()["items"][0]["rows"][0]["goals"]
    assert (goal[0]["count"], goal[0]["source"], goal[0]["conversion_type"]) == (
        2,
        "topmail",
        "postclick",
    )
    views = _get(vk, path, conversion_type="postview", **ask).json()
    nobody = views["total"]["goals"][0]
    assert [nobody[key] for key in ("count", "cr", "cpa", "value", "romi")] == [0, 0, 0, "0", 0]
    assert _get(vk, path, **ask).json()["total"]["goals"][0]["conversion_type"] == "total"
    assert _code(_get(vk, path, conversion_type="none", **ask))[1] == "ERR_WRONG_PARAMETER"


@pytest.mark.parametrize("name", ["inapp", "offline_conversions"])
def test_conversions_nobody_counts_have_the_same_frame(vk: AdBench, name: str) -> None:
    told = _get(vk, f"v2/statistics/{name}/banners/day", id=10111, **DAYS).json()
    assert [len(item["rows"]) for item in told["items"]] == [2]


@pytest.mark.parametrize("kind", ["banners", "ad_plans", "campaigns", "users"])
def test_the_last_hour_is_sixty_numbers(vk: AdBench, kind: str) -> None:
    number = {"banners": 10111, "users": 5001}.get(kind, 101)
    told = _get(vk, f"v3/statistics/faststat/{kind}", id=number).json()
    assert len(told["items"][0]["minutely"]["shows"]) == 60


def test_the_last_hour_is_not_told_of_groups(vk: AdBench) -> None:
    answer = _get(vk, "v3/statistics/faststat/ad_groups", id=1011)
    assert _code(answer) == (404, "ERR_WRONG_RESOURCE")


def test_numbers_of_a_day_can_come_as_text(vk: AdBench) -> None:
    vk.stage.knobs["vk_ads.text_numbers"] = True
    told = _get(vk, "v2/statistics/banners/day", id=10111, **DAYS).json()
    assert (told["items"][0]["id"], told["total"]["base"]["shows"]) == ("10111", "1300")


def test_planted_faults_empty_rename_and_rescale_an_answer(vk: AdBench) -> None:
    ask = {"id": 10111, **DAYS}
    path = "v2/statistics/banners/day"
    vk.plant("zero_rows")
    assert _get(vk, path, **ask).json()["items"] == []
    vk.plant("renamed_field", **{"from": "spent", "to": "spend"})
    assert "spend" in _get(vk, path, **ask).json()["total"]["base"]
    vk.plant("changed_meaning", field="spent", factor=1.2)
    assert _get(vk, path, **ask).json()["total"]["base"]["spent"] == "653.28"
    assert _get(vk, path, **ask).json()["total"]["base"]["spent"] == "544.40"
