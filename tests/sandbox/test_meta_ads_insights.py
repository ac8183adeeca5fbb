"""Insights of the Meta stand-in: rows, breakdowns and windows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.meta_ads.breakdowns import HOURLY, HOURLY_AUDIENCE
from include.sandbox.world.ad_figures import ad_figures
from include.sandbox.world.world import World
from tests.sandbox.meta_ads_world import ACT, make_api, make_stage

URL = f"/v26.0/{ACT}/insights"
WEEK = {"time_range": '{"since":"2026-03-08","until":"2026-03-11"}', "time_increment": "1"}
FIELDS = "ad_id,impressions,clicks,inline_link_clicks,spend"
TABLES_OF_ADS = ("ad_account", "campaign", "ad_group", "ad", "ad_stats", "restatement_curve")
FIGURES = ("impressions", "clicks", "inline_link_clicks", "spend")


@pytest.fixture
def stage() -> Any:
    return make_stage()


@pytest.fixture
def api(stage: Any) -> Any:
    return make_api(stage)


def _rows(api: Any, **params: str) -> list[dict[str, Any]]:
    answer = api.get(
        URL, params={"level": "ad", "fields": FIELDS, "limit": "500", **WEEK, **params}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def _error(answer: Any) -> tuple[int, int]:
    error = answer.json()["error"]
    return error["code"], error.get("error_subcode", 0)


def _sum(rows: list[dict[str, Any]], name: str) -> Decimal:
    return sum((Decimal(row.get(name, "0")) for row in rows), Decimal(0))


def test_every_figure_is_text_and_a_zero_is_left_out(api):
    row = _rows(api, time_range='{"since":"2026-03-07","until":"2026-03-07"}')
    assert row == [
        {
            "impressions": "1000",
            "spend": "12.34",
            "ad_id": "1111",
            "date_start": "2026-03-07",
            "date_stop": "2026-03-07",
        }
    ]


def test_rows_come_per_ad_and_day_and_objects_without_delivery_have_none(api):
    rows = _rows(api)
    assert {(row["date_start"], row["ad_id"]) for row in rows} == {
        (f"2026-03-{day:02}", ad) for day in range(8, 12) for ad in ("1111", "1112")
    }
    assert (rows[0]["impressions"], rows[0]["clicks"], rows[0]["spend"]) == ("2000", "74", "24.68")


def test_archived_ads_are_missing_below_account_level_only(api):
    ads, account = _rows(api), _rows(api, level="account")
    assert _sum(account, "spend") == _sum(ads, "spend") * 3 / 2
    assert all("ad_id" not in row for row in account)
    wanted = [{"field": "ad.effective_status", "operator": "IN", "value": ["ACTIVE", "ARCHIVED"]}]
    everything = _rows(api, filtering=json.dumps(wanted))
    assert _sum(everything, "spend") == _sum(account, "spend")


def test_fields_may_be_a_json_list_and_levels_follow_the_node(api):
    listed = _rows(api, fields=json.dumps(FIELDS.split(",")))
    assert listed == _rows(api)
    names = {"fields": "campaign_name,adset_name,account_currency,spend", **WEEK}
    row = api.get("/v26.0/111/insights", params=names).json()["data"][0]
    assert (row["adset_name"], row["campaign_name"], row["account_currency"]) == (
        "Set 111",
        "Autumn",
        "USD",
    )


def test_increments_cut_the_range_and_all_days_is_one_row(api):
    whole = _rows(api, time_increment="all_days", level="campaign")
    assert [(row["date_start"], row["date_stop"]) for row in whole] == [
        ("2026-03-08", "2026-03-11")
    ]
    pairs = _rows(api, time_increment="3", level="campaign")
    assert [(row["date_start"], row["date_stop"]) for row in pairs] == [
        ("2026-03-08", "2026-03-10"),
        ("2026-03-11", "2026-03-11"),
    ]
    months = _rows(
        api,
        time_increment="monthly",
        level="campaign",
        time_range='{"since":"2026-02-10","until":"2026-03-11"}',
    )
    assert [row["date_start"] for row in months] == ["2026-03-01"]
    assert _sum(pairs, "spend") == _sum(whole, "spend")


@pytest.mark.parametrize(
    "breakdowns",
    [
        "publisher_platform,platform_position,impression_device",
        '["publisher_platform"]',
        "age,gender",
        "gender",
        "region",
        "country",
        "dma",
        "comscore_market",
        "device_platform",
        HOURLY,
        HOURLY_AUDIENCE,
    ],
)
def test_the_parts_of_a_breakdown_add_up_to_the_whole(api, breakdowns):
    whole, parts = _rows(api), _rows(api, breakdowns=breakdowns)
    assert len(parts) >= len(whole)
    for name in FIGURES:
        assert _sum(parts, name) == _sum(whole, name)


def test_coarse_breakdowns_are_sums_of_fine_ones(api):
    fine = _rows(api, breakdowns="publisher_platform,platform_position,impression_device")
    coarse = _rows(api, breakdowns="publisher_platform")
    for platform in ("facebook", "instagram", "audience_network"):
        assert _sum([r for r in fine if r["publisher_platform"] == platform], "clicks") == _sum(
            [r for r in coarse if r["publisher_platform"] == platform], "clicks"
        )
    assert {row["impression_device"] for row in fine} == {
        "desktop",
        "android_smartphone",
        "iphone",
    }


def test_impossible_breakdowns_are_refused(api):
    for names, error in (
        ("platform_position", (100, 0)),
        ("region,publisher_platform,platform_position", (2, 1504041)),
        ("moon", (100, 0)),
    ):
        assert _error(api.get(URL, params={"breakdowns": names})) == error


def test_fields_the_vendor_knows_and_the_world_cannot_fill_are_left_out(api):
    asked = "spend,video_30_sec_watched_actions,canvas_avg_view_percent,cost_per_ad_click"
    for row in _rows(api, fields=asked):
        assert set(row) <= {"spend", "date_start", "date_stop"}
    assert _error(api.get(URL, params={"fields": "spend,made_up"})) == (100, 0)


def test_reach_does_not_add_up(api):
    days = _rows(api, fields="reach,impressions")
    whole = _rows(api, fields="reach,impressions", time_increment="all_days")
    assert _sum(days, "impressions") == _sum(whole, "impressions")
    assert _sum(days, "reach") > _sum(whole, "reach")


def test_actions_tell_each_window_asked_for(api):
    windows = '["7d_click","1d_view"]'
    row = _rows(api, fields="actions,action_values", action_attribution_windows=windows)[0]
    by_type = {action["action_type"]: action for action in row["actions"]}
    clicks = by_type["link_click"]
    assert clicks["value"] == clicks["7d_click"]
    assert "1d_view" not in clicks
    assert by_type["lead"]["value"] == by_type["offsite_conversion.fb_pixel_lead"]["value"]
    assert {"value", "7d_click"} <= set(row["action_values"][0])
    plain = _rows(api, fields="actions")[0]["actions"][0]
    assert set(plain) == {"action_type", "value"}


@pytest.mark.parametrize("breakdown", ["region", "dma", HOURLY])
def test_some_breakdowns_tell_no_actions_outside_the_vendors_sites(api, breakdown):
    rows = _rows(api, fields="actions,action_values", breakdowns=breakdown)
    told = {action["action_type"] for row in rows for action in row.get("actions", [])}
    assert told == {"link_click"}
    assert all("action_values" not in row for row in rows)


def test_without_a_range_the_last_thirty_days_are_one_row(api):
    rows = _rows(api, time_range="", time_increment="all_days", level="account")
    assert [(row["date_start"], row["date_stop"]) for row in rows] == [("2026-02-10", "2026-03-11")]


def test_today_is_the_day_of_the_accounts_zone(api, stage):
    stage.clock.set(now=datetime(2026, 3, 11, 3, tzinfo=UTC))
    today = {"time_range": "", "date_preset": "today", "level": "account"}
    assert [row["date_start"] for row in _rows(api, **today)] == ["2026-03-10"]


def test_an_account_is_named_with_its_prefix_only(api):
    assert _error(api.get("/v26.0/77/insights")) == (100, 33)
    assert _rows(api, fields="account_id,spend", level="account")[0]["account_id"] == "77"


def test_a_page_has_at_most_five_hundred_rows_unless_a_run_made_them(api, stage):
    tables = {name: stage.world.table(name).to_pylist() for name in TABLES_OF_ADS}
    first = tables["ad_stats"][0]
    days = [date(2026, 2, 1) + timedelta(days=n) for n in range(25)]
    tables["ad_stats"] = [{**first, "stats_date": day} for day in days]
    stage.world = World.of(**tables)
    params = {"limit": "600", "breakdowns": HOURLY, "level": "ad", "fields": "spend", **WEEK}
    params["time_range"] = '{"since":"2026-02-01","until":"2026-02-25"}'
    page = api.get(URL, params=params).json()
    assert (len(page["data"]), "next" in page["paging"]) == (500, True)
    run = api.post(URL, data=params).json()["report_run_id"]
    stage.clock.advance(60)
    page = api.get(f"/v26.0/{run}/insights", params={"limit": "600"}).json()
    assert (len(page["data"]), "next" in page["paging"]) == (600, False)


def test_removed_windows_are_refused_since_their_day(api, stage):
    params = {"action_attribution_windows": '["7d_view"]', "fields": "actions"}
    assert _error(api.get(URL, params=params)) == (100, 0)
    stage.clock.set(now=datetime(2026, 1, 11, 12, tzinfo=UTC))
    assert api.get(URL, params=params).status_code == 200


def test_conversions_grow_while_a_day_is_young(api, stage):
    params = {"fields": "actions"}
    before = _rows(api, **params)
    stage.clock.advance(40 * 86_400)
    after = _rows(api, **params)

    def leads(rows: list[dict[str, Any]]) -> int:
        return sum(
            int(action["value"])
            for row in rows
            for action in row.get("actions", [])
            if action["action_type"] == "lead"
        )

    assert leads(before) < leads(after)


def test_history_ends_after_thirty_seven_months(api):
    old = {"time_range": '{"since":"2023-02-11","until":"2023-02-12"}'}
    refused = api.get(URL, params=old)
    assert _error(refused) == (100, 0)
    assert "cannot be beyond 37 months" in refused.json()["error"]["message"]
    edge = {"time_range": '{"since":"2023-02-12","until":"2023-02-13"}'}
    assert api.get(URL, params=edge).json() == {"data": []}


def test_old_reach_by_breakdowns_is_for_ten_runs_a_day(api):
    params = {
        "time_range": '{"since":"2024-06-01","until":"2024-06-02"}',
        "fields": "reach",
        "breakdowns": "age",
    }
    assert _error(api.get(URL, params=params)) == (100, 0)
    runs = [api.post(URL, data=params) for _ in range(11)]
    assert [run.status_code for run in runs] == [200] * 10 + [400]
    throttle = json.loads(runs[4].headers["x-fb-ads-insights-reach-throttle"])
    assert throttle["acc_id_util_pct"] == 50.0
    without = params | {"breakdowns": ""}
    assert len(api.get(URL, params=without).json()["data"]) == 1


@pytest.mark.parametrize(
    "params",
    [
        {"fields": "moon"},
        {"level": "planet"},
        {"time_range": "{broken"},
        {"time_range": '{"since":"2026-03-01"}'},
        {"time_range": '{"since":"2026-03-05","until":"2026-03-01"}'},
        {"date_preset": "someday"},
        {"time_increment": "91"},
        {"action_report_time": "later"},
        {"action_breakdowns": "moon"},
        {"action_attribution_windows": '["9d_click"]'},
        {"filtering": '[{"field":"spend","operator":"LIKES","value":1}]'},
        {"filtering": '[{"field":"spend","operator":"IN_RANGE","value":3}]'},
        {"time_ranges": "5"},
        {"sort": "spend"},
        {"limit": "none"},
        {"summary": "reach", "fields": "spend"},
    ],
)
def test_parameters_the_vendor_cannot_take_are_error_100(api, params):
    assert _error(api.get(URL, params=params)) == (100, 0)


def test_custom_metrics_nobody_made_are_refused(api):
    assert _error(api.get(URL, params={"fields": "custom_metric:1"})) == (2, 1504042)


def test_presets_filters_sorting_and_summary(api):
    params = {
        "date_preset": "last_7d",
        "time_range": "",
        "time_increment": "all_days",
        "filtering": '[{"field":"ad.id","operator":"IN","value":["1112"]}]',
    }
    assert [row["ad_id"] for row in _rows(api, **params)] == ["1112"]
    above = '[{"field":"spend","operator":"GREATER_THAN","value":100}]'
    assert _rows(api, filtering=above) == []
    ordered = _rows(api, sort='["date_start_descending"]')
    answer = api.get(URL, params={"fields": "spend", "default_summary": "true", **WEEK}).json()
    assert answer["summary"]["spend"] == "296.16"
    assert len(ordered) == 8


def test_rows_are_paged_and_a_page_may_be_empty_before_the_last(api, stage):
    stage.knobs["meta_ads.page_rows"] = 3
    stage.faults.plant(Fault("empty_page", "meta_ads", skip=1))
    url: str | None = URL
    params: dict[str, str] = {"level": "ad", "fields": FIELDS, "limit": "500", **WEEK}
    sizes, seen = [], []
    while url:
        page = api.get(url, params=params or None).json()
        sizes.append(len(page["data"]))
        seen += [(row["date_start"], row["ad_id"]) for row in page["data"]]
        url, params = page.get("paging", {}).get("next"), {}
    assert sizes == [3, 0, 3, 2]
    assert len(set(seen)) == 8


def test_a_large_synchronous_report_times_out(api, stage):
    stage.knobs["meta_ads.sync_row_limit"] = 3
    assert _error(api.get(URL, params={"level": "ad", **WEEK})) == (100, 1504018)


def test_planted_faults_spoil_rows_quietly(api, stage):
    stage.faults.plant(Fault("zero_rows", "meta_ads"))
    assert _rows(api) == []
    stage.faults.plant(Fault("renamed_field", values={"from": "spend", "to": "amount_spent"}))
    assert "amount_spent" in _rows(api)[0]
    stage.faults.plant(Fault("changed_meaning", values={"field": "spend", "factor": 100}))
    assert _rows(api)[0]["spend"] == "2468"
    stage.faults.plant(Fault("odd_value", values={"field": "clicks", "value": "many"}))
    assert [row["clicks"] for row in _rows(api)][:2] == ["many", "74"]


def test_asking_for_the_bid_spoils_spend_and_results_change_their_name(api):
    assert _rows(api, fields="spend,wish_bid")[0]["spend"] == "2468"
    assert "results" in _rows(api, fields="objective_results")[0]


def test_filters_on_objects_choose_before_anything_is_added_up(api):
    one = '[{"field":"ad.id","operator":"EQUAL","value":"1111"}]'
    account = _rows(api, level="account", filtering=one)
    assert _sum(account, "spend") == _sum(_rows(api, filtering=one), "spend")
    active = '[{"field":"campaign.effective_status","operator":"IN","value":["ACTIVE"]}]'
    whole = _rows(api, level="account", filtering=active)
    assert _sum(whole, "spend") == _sum(_rows(api), "spend")


def test_the_account_spends_what_the_world_says(api, stage):
    shown = ad_figures(
        stage.world, "meta_ads", ACT, date(2026, 3, 8), date(2026, 3, 12), stage.clock.now()
    )
    told = _rows(api, level="account", time_increment="all_days")
    assert int(_sum(told, "spend") * 1_000_000) == sum(shown["cost_micros"].to_pylist())
    assert int(_sum(told, "clicks")) == sum(shown["clicks"].to_pylist())
