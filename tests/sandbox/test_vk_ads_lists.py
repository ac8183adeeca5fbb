"""Lists and dictionaries of the VK Ads stand-in."""

from __future__ import annotations

from typing import Any

import pytest

from include.sandbox.vendors.vk_ads import VkAds
from include.sandbox.world.world import World
from tests.sandbox.ad_world import AdBench, make_ad_world

ALL = "active,blocked,deleted"


@pytest.fixture
def vk() -> AdBench:
    return AdBench(VkAds, make_ad_world("vk_ads"))


def _get(vk: AdBench, name: str, **params: Any) -> Any:
    headers = {"Authorization": "Bearer demo-token"}
    return vk.web.get(f"/api/v2/{name}.json", params=params, headers=headers)


def _ids(vk: AdBench, name: str, **params: Any) -> list[int]:
    return [item["id"] for item in _get(vk, name, **params).json()["items"]]


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("ad_plans", {"id", "name"}),
        ("ad_groups", {"id", "name", "ad_plan_id", "package_id"}),
        ("banners", {"id", "ad_group_id", "moderation_status", "ord_marker"}),
    ],
)
def test_unasked_a_list_shows_its_default_fields(vk: AdBench, name: str, fields: set[str]) -> None:
    told = _get(vk, name).json()
    assert set(told) == {"count", "offset", "limit", "items"}
    assert (set(told["items"][0]), told["limit"]) == (fields, 20)


def test_deleted_objects_are_listed_only_when_asked_for(vk: AdBench) -> None:
    assert _ids(vk, "ad_plans") == [101]
    assert _ids(vk, "ad_plans", _status__in=ALL) == [101, 102]
    assert _ids(vk, "ad_plans", _status="deleted") == [102]
    assert _ids(vk, "ad_plans", _status__ne="deleted") == [101]


def test_what_has_not_begun_is_not_there_and_what_ends_later_still_runs(vk: AdBench) -> None:
    vk.stage.clock.set(now=vk.stage.clock.now().replace(month=10))
    assert _ids(vk, "ad_plans", _status="active") == [101, 102]
    vk.stage.clock.set(now=vk.stage.clock.now().replace(month=12))
    assert _ids(vk, "ad_plans", _status__in=ALL) == [101, 102, 103]


def test_pages_are_cut_by_limit_and_offset_in_the_order_asked(vk: AdBench) -> None:
    first = _get(vk, "banners", limit=2, offset=0, sorting="-id").json()
    assert [item["id"] for item in first["items"]] == [10121, 10112]
    assert (first["count"], first["limit"], first["offset"]) == (3, 2, 0)
    assert _ids(vk, "banners", limit=2, offset=2, sorting="-id") == [10111]
    assert _ids(vk, "banners", limit=2, offset=4) == []


def test_fields_are_exactly_those_asked_for(vk: AdBench) -> None:
    fields = "id,status,budget_limit_day,date_start,updated,objective"
    assert _get(vk, "ad_plans", fields=fields).json()["items"] == [
        {
            "id": 101,
            "status": "active",
            "budget_limit_day": "1500.00",
            "date_start": "2026-01-01",
            "updated": "2026-01-01 00:00:00",
            "objective": "site_conversions",
        }
    ]


@pytest.mark.parametrize(
    ("params", "field", "code"),
    [
        ({"fields": "ad_groups"}, "fields", "unknown_field"),
        ({"limit": 51}, "limit", "max_value"),
        ({"limit": 0}, "limit", "min_value"),
        ({"limit": "many"}, "limit", "invalid"),
        ({"offset": -1}, "offset", "min_value"),
        ({"sorting": "nonsense"}, "sorting", "invalid_choice"),
        ({"_nonsense": "1"}, "_nonsense", "unknown_filter"),
        ({"_id__between": "1"}, "_id__between", "unknown_operator"),
    ],
)
def test_a_wrong_parameter_is_named(vk: AdBench, params: Any, field: str, code: str) -> None:
    answer = _get(vk, "ad_plans", **params)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "validation_failed")
    assert error["fields"][field]["code"] == code


def test_filters_choose_by_id_parent_and_time_of_change(vk: AdBench) -> None:
    assert _ids(vk, "ad_plans", _id=101) == [101]
    assert _ids(vk, "banners", _id__in="10111,10121") == [10111, 10121]
    assert _ids(vk, "banners", _ad_group_id=1012) == [10121]
    assert _ids(vk, "banners", _ad_group_status="deleted", _status__in=ALL) == [10211]
    changed = {"_updated__gte": "2026-10-01 00:00:00", "_status__in": ALL}
    assert _ids(vk, "ad_plans", **changed) == [102]
    assert _ids(vk, "ad_groups", _last_updated__lt="2026-10-01 00:00:00") == [1011, 1012]


def test_a_larger_page_is_a_knob(vk: AdBench) -> None:
    vk.stage.knobs["vk_ads.list_limit"] = 250
    assert _get(vk, "banners", limit=250).status_code == 200


def test_a_banner_names_its_url_by_id_and_the_url_is_read_apart(vk: AdBench) -> None:
    banner = _get(vk, "banners", fields="id,urls,delivery").json()["items"][0]
    assert (list(banner["urls"]), list(banner["urls"]["primary"])) == (["primary"], ["id"])
    number = banner["urls"]["primary"]["id"]
    url = _get(vk, f"urls/{number}").json()
    assert url["url"] == "https://severmet.example/?utm_content=10111"
    missing = _get(vk, "urls/1")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "ERR_WRONG_IDS")
    vk.stage.knobs |= {"vk_ads.whole_urls": True, "vk_ads.url_slot": "click"}
    assert _get(vk, "banners", fields="urls").json()["items"][0]["urls"] == {"click": url}
    assert set(url) >= {"url_object_id", "url_object_type", "url_types", "counters"}


def test_banners_are_found_by_their_url_and_text(vk: AdBench) -> None:
    number = _get(vk, "banners", fields="urls", _id=10112).json()["items"][0]["urls"]["primary"]
    assert _ids(vk, "banners", _url=number["id"]) == [10112]
    assert _ids(vk, "banners", _textblock="Ad 10121") == [10121]


def test_a_group_tells_its_tags_and_a_banner_its_moderation(vk: AdBench) -> None:
    fields = "status,delivery,enable_utm,utm,objective,created,updated"
    group = _get(vk, "ad_groups", fields=fields).json()["items"][0]
    assert (group["enable_utm"], group["utm"], group["delivery"]) == (False, "", "delivering")
    asked = _get(vk, "banners", fields="moderation_status,textblocks,ord_marker").json()
    assert asked["items"][0]["moderation_status"] == "allowed"


def test_numbers_can_come_as_text(vk: AdBench) -> None:
    vk.stage.knobs["vk_ads.text_numbers"] = True
    told = _get(vk, "ad_groups", limit=1).json()
    assert (told["count"], told["items"][0]["ad_plan_id"]) == ("2", "101")
    flags = _get(vk, "ad_groups", fields="enable_utm").json()["items"][0]
    assert flags["enable_utm"] is False


def test_the_user_says_the_currency(vk: AdBench) -> None:
    told = _get(vk, "user").json()
    assert (told["id"], told["username"]) == (5001, "5001@agency_client")
    assert (told["currency"], "additional_info" in told) == ("RUB", True)
    headers = {"Authorization": "Bearer demo-token"}
    assert vk.web.get("/api/v3/user.json", headers=headers).json() == told
    vk.stage.knobs["vk_ads.user_currency"] = False
    assert "currency" not in _get(vk, "user").json()


@pytest.mark.parametrize("name", ["regions", "pads_trees", "packages"])
def test_dictionaries_are_lists_too(vk: AdBench, name: str) -> None:
    told = _get(vk, name, limit=1).json()
    assert (len(told["items"]), told["count"] > 1 or name == "pads_trees") == (1, True)


def test_a_planted_empty_list_is_a_success(vk: AdBench) -> None:
    vk.plant("zero_rows")
    assert _get(vk, "banners").json()["items"] == []
    assert _get(vk, "banners").json()["count"] == 3


def test_a_world_without_accounts_has_no_user(vk: AdBench) -> None:
    vk.stage.world = World.of()
    answer = _get(vk, "ad_plans")
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_user")
