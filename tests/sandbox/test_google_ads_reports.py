"""Answers of the Google Ads stand-in: their shape, their figures, their pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from include.sandbox.vendors.google_ads import GoogleAds
from tests.sandbox.ad_world import AdBench, cell, make_ad_world

FIRST, SECOND, MANAGER = "1234567890", "2234567890", "1112223333"
STATS = [
    cell(FIRST, "2026-11-17", 10111, 100, 5, 12.5, 2, keyword_id=77, region="New York"),
    cell(FIRST, "2026-11-17", 10111, 10, 1, 1.5, 0, device="desktop", region="Chicago"),
    cell(FIRST, "2026-11-18", 10112, 200, 1, 2.5, 1, network="network", region="Chicago"),
    cell(FIRST, "2026-10-05", 10211, 50, 5, 20.0, 1, region="Chicago"),
    cell(SECOND, "2026-11-17", 20111, 9, 9, 9.0),
]
CURVE = [
    {"vendor": "google_ads", "metric": "conversions", "age_days": age, "share": share}
    for age, share in ((0, 0.0), (10, 1.0))
]
DAYS = "segments.date BETWEEN '2026-11-17' AND '2026-11-20'"
COUNTED = "metrics.impressions, metrics.clicks, metrics.cost_micros"


def _visit(number: int, at: datetime, gclid: str, **changes: Any) -> dict[str, Any]:
    return {
        "visit_id": number,
        "started_at": at,
        "click_id_kind": "gclid",
        "click_id": gclid,
        "ad_vendor": "google_ads",
        "campaign_id": 101,
        "ad_group_id": 1011,
        "ad_id": 10111,
        "device": "mobile",
        "utm_term": "steel pipe",
        **changes,
    }


VISITS = [
    _visit(1, datetime(2026, 11, 20, 4, 59, tzinfo=UTC), "before-midnight"),
    _visit(2, datetime(2026, 11, 20, 5, 0, tzinfo=UTC), "first"),
    _visit(3, datetime(2026, 11, 20, 6, 0, tzinfo=UTC), "first"),
    _visit(4, datetime(2026, 11, 20, 7, 0, tzinfo=UTC), "second", utm_term="", device="desktop"),
    _visit(5, datetime(2026, 11, 20, 23, 0, tzinfo=UTC), "to-come"),
    _visit(6, datetime(2026, 11, 20, 7, 0, tzinfo=UTC), "yclid", click_id_kind="yclid"),
    _visit(7, datetime(2026, 11, 20, 7, 0, tzinfo=UTC), "other", ad_id=20111),
]


@pytest.fixture
def google() -> AdBench:
    world = make_ad_world(
        "google_ads", (FIRST, SECOND), "America/New_York", "USD", STATS, visit=VISITS
    )
    return AdBench(GoogleAds, world)


def _post(google: AdBench, method: str, query: str, customer: str = FIRST, **body: Any) -> Any:
    headers = {"Authorization": "Bearer demo-token", "login-customer-id": MANAGER}
    url = f"/v26/customers/{customer}/googleAds:{method}"
    return google.web.post(url, json={"query": query} | body, headers=headers)


def _rows(google: AdBench, query: str, customer: str = FIRST) -> list[Any]:
    answer = _post(google, "search", query, customer)
    assert answer.status_code == 200, answer.text
    return answer.json().get("results", [])


def test_the_stream_is_an_array_of_batches_with_int64_as_text(google: AdBench) -> None:
    google.stage.knobs["google_ads.batch_rows"] = 2
    query = (
        "SELECT customer.id, campaign.id, ad_group.id, ad_group_ad.ad.id, segments.date, "
        f"segments.device, segments.ad_network_type, {COUNTED}, metrics.conversions, "
        f"metrics.conversions_value FROM ad_group_ad WHERE {DAYS}"
    )
    answer = _post(google, "searchStream", query)
    batches = answer.json()
    assert [len(batch["results"]) for batch in batches] == [2, 1]
    assert set(batches[0]) == {"results", "fieldMask", "requestId", "queryResourceConsumption"}
    assert batches[0]["fieldMask"].startswith("customer.id,campaign.id,adGroup.id,adGroupAd.ad.id")
    mobile = next(r for r in batches[0]["results"] if r["segments"]["device"] == "MOBILE")
    assert mobile == {
        "customer": {"resourceName": f"customers/{FIRST}", "id": FIRST},
        "campaign": {"resourceName": f"customers/{FIRST}/campaigns/101", "id": "101"},
        "adGroup": {"resourceName": f"customers/{FIRST}/adGroups/1011", "id": "1011"},
        "adGroupAd": {
            "resourceName": f"customers/{FIRST}/adGroupAds/1011~10111",
            "ad": {"resourceName": f"customers/{FIRST}/ads/10111", "id": "10111"},
        },
        "segments": {"date": "2026-11-17", "device": "MOBILE", "adNetworkType": "SEARCH"},
        "metrics": {
            "impressions": "100",
            "clicks": "5",
            "costMicros": "12500000",
            "conversions": 2.0,
            "conversionsValue": 2000.0,
        },
    }


def test_names_not_selected_can_be_left_out(google: AdBench) -> None:
    query = "SELECT campaign.id FROM campaign PARAMETERS omit_unselected_resource_names=true"
    assert _rows(google, query)[0] == {"campaign": {"id": "101"}}


def test_rows_of_zeros_are_left_out_only_where_segments_split_them(google: AdBench) -> None:
    whole = _rows(google, f"SELECT campaign.id, {COUNTED} FROM campaign WHERE {DAYS}")
    assert [row["metrics"]["impressions"] for row in whole] == ["310", "0"]
    split = _rows(
        google, f"SELECT campaign.id, segments.month, {COUNTED} FROM campaign WHERE {DAYS}"
    )
    assert [row["campaign"]["id"] for row in split] == ["101"]
    unconverted = _rows(
        google, f"SELECT segments.date, metrics.conversions FROM campaign WHERE {DAYS}"
    )
    assert [row["metrics"]["conversions"] for row in unconverted] == [2.0, 1.0]


def test_a_removed_campaign_keeps_its_figures(google: AdBench) -> None:
    row = _rows(
        google,
        "SELECT campaign.id, campaign.status, metrics.clicks, segments.date FROM campaign "
        "WHERE segments.date = '2026-10-05'",
    )[0]
    assert (row["campaign"]["status"], row["metrics"]["clicks"]) == ("REMOVED", "5")


@pytest.mark.parametrize(
    ("segment", "values"),
    [
        ("week", {"2026-11-16", "2026-10-05"}),
        ("month", {"2026-11-01", "2026-10-01"}),
        ("quarter", {"2026-10-01"}),
        ("year", {2026}),
        ("day_of_week", {"MONDAY", "TUESDAY", "WEDNESDAY"}),
        ("hour", {9, 10, 14, 16}),
        ("device", {"MOBILE", "DESKTOP"}),
        ("ad_network_type", {"SEARCH", "CONTENT"}),
    ],
)
def test_every_split_adds_up_to_the_same_clicks(
    google: AdBench, segment: str, values: set[Any]
) -> None:
    days = "segments.date BETWEEN '2026-10-01' AND '2026-11-20'"
    rows = _rows(google, f"SELECT segments.{segment}, metrics.clicks FROM customer WHERE {days}")
    key = "".join(w.capitalize() if i else w for i, w in enumerate(segment.split("_")))
    assert {row["segments"][key] for row in rows} == values
    assert sum(int(row["metrics"]["clicks"]) for row in rows) == 12


def test_every_level_adds_up_to_the_same_cost(google: AdBench) -> None:
    for resource in ("customer", "campaign_budget", "ad_group_ad", "geographic_view"):
        rows = _rows(google, f"SELECT metrics.cost_micros FROM {resource} WHERE {DAYS}")
        assert sum(int(row["metrics"]["costMicros"]) for row in rows) == 16_500_000, resource


def test_performance_max_has_figures_but_no_ads(google: AdBench) -> None:
    world = make_ad_world("google_ads", (FIRST, SECOND), stats=STATS)
    table = world.table("campaign")
    names = ["Performance Max | US", *table["name"].to_pylist()[1:]]
    place = table.schema.get_field_index("name")
    changed = table.set_column(place, table.schema.field("name"), [names])
    google.stage.world = type(world)(
        0, "changed", world.starts_on, world.ends_on, {**world.tables, "campaign": changed}
    )
    query = "campaign.id, segments.ad_network_type, metrics.clicks FROM {} WHERE " + DAYS
    whole = _rows(google, "SELECT " + query.format("campaign"))
    assert [row["segments"]["adNetworkType"] for row in whole] == ["MIXED"]
    assert _rows(google, "SELECT " + query.format("ad_group_ad")) == []
    assert len(_rows(google, "SELECT ad_group.id FROM ad_group")) == 1


def test_conversions_grow_with_the_age_of_the_click(google: AdBench) -> None:
    google.stage.world = make_ad_world(
        "google_ads", (FIRST, SECOND), stats=STATS, restatement_curve=CURVE
    )
    query = f"SELECT metrics.conversions, metrics.clicks FROM customer WHERE {DAYS}"
    young = _rows(google, query)[0]["metrics"]
    google.stage.clock.advance(30 * 86_400)
    assert young == {"conversions": 0.0, "clicks": "7"}
    assert _rows(google, query)[0]["metrics"] == {"conversions": 3.0, "clicks": "7"}


def test_conversions_are_split_by_their_action(google: AdBench) -> None:
    rows = _rows(
        google,
        "SELECT segments.conversion_action, segments.conversion_action_name, metrics.conversions "
        f"FROM campaign WHERE {DAYS}",
    )
    assert {row["segments"]["conversionActionName"] for row in rows} == {"Lead form", "Phone call"}
    assert round(sum(row["metrics"]["conversions"] for row in rows), 6) == 3
    named = _rows(
        google, "SELECT conversion_action.id, conversion_action.name FROM conversion_action"
    )
    assert [row["conversionAction"]["name"] for row in named] == ["Lead form", "Phone call"]


def test_keywords_show_only_what_they_brought(google: AdBench) -> None:
    rows = _rows(
        google,
        "SELECT ad_group_criterion.criterion_id, ad_group_criterion.keyword.text, "
        "ad_group_criterion.keyword.match_type, segments.date, metrics.clicks "
        f"FROM keyword_view WHERE {DAYS}",
    )
    criterion = rows[0]["adGroupCriterion"]
    assert (len(rows), criterion["criterionId"], criterion["keyword"]["text"]) == (
        1,
        "77",
        "steel pipe",
    )


def test_places_are_told_by_constants(google: AdBench) -> None:
    rows = _rows(
        google,
        "SELECT geographic_view.country_criterion_id, geographic_view.location_type, "
        f"segments.geo_target_region, metrics.clicks FROM geographic_view WHERE {DAYS}",
    )
    constants = {row["segments"]["geoTargetRegion"] for row in rows}
    assert {row["geographicView"]["countryCriterionId"] for row in rows} == {"2840"}
    listed = _rows(
        google,
        "SELECT geo_target_constant.id, geo_target_constant.name, "
        "geo_target_constant.canonical_name, geo_target_constant.country_code, "
        "geo_target_constant.target_type FROM geo_target_constant "
        "WHERE geo_target_constant.country_code = 'US'",
    )
    assert constants < {row["geoTargetConstant"]["resourceName"] for row in listed}
    present = _rows(google, f"SELECT metrics.clicks FROM user_location_view WHERE {DAYS}")
    assert present[0]["metrics"]["clicks"] == "7"


@pytest.mark.parametrize("view", ["detail_placement_view", "group_placement_view"])
def test_placements_are_of_the_content_network_alone(google: AdBench, view: str) -> None:
    query = f"SELECT {view}.placement, campaign.id, metrics.impressions FROM {view} WHERE {DAYS}"
    assert [row["metrics"]["impressions"] for row in _rows(google, query)] == ["200"]


def test_a_click_leads_from_its_gclid_to_the_ad(google: AdBench) -> None:
    query = (
        "SELECT click_view.gclid, campaign.id, ad_group.id, click_view.ad_group_ad, "
        "click_view.keyword, segments.date, segments.device FROM click_view "
        "WHERE segments.date = '2026-11-20'"
    )
    rows = _rows(google, query)
    assert [row["clickView"]["gclid"] for row in rows] == ["first", "second"]
    assert rows[0]["clickView"]["adGroupAd"] == f"customers/{FIRST}/adGroupAds/1011~10111"
    assert rows[0]["clickView"]["keyword"] == f"customers/{FIRST}/adGroupCriteria/1011~77"
    assert "keyword" not in rows[1]["clickView"]
    assert [row["segments"]["device"] for row in rows] == ["MOBILE", "DESKTOP"]


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        (DAYS, "DATE_RANGE_TOO_WIDE"),
        ("segments.device = 'MOBILE'", "EXPECTED_REFERENCED_FIELD_IN_SELECT_CLAUSE"),
        ("campaign.id = 101", "EXPECTED_FILTERS_ON_DATE_RANGE"),
        ("segments.date = '2026-08-21'", "INVALID_DATE"),
    ],
)
def test_clicks_are_asked_for_one_recent_day_at_a_time(
    google: AdBench, condition: str, code: str
) -> None:
    query = f"SELECT click_view.gclid FROM click_view WHERE {condition}"
    answer = _post(google, "search", query)
    assert answer.status_code == 400
    assert code in answer.text


def test_a_manager_lists_the_accounts_below_it(google: AdBench) -> None:
    query = (
        "SELECT customer_client.id, customer_client.descriptive_name, customer_client.manager, "
        "customer_client.currency_code, customer_client.time_zone, customer_client.status, "
        "customer_client.level FROM customer_client"
    )
    rows = [row["customerClient"] for row in _rows(google, query, MANAGER)]
    assert [(row["id"], row["level"], row["manager"]) for row in rows] == [
        (MANAGER, "0", True),
        (FIRST, "1", False),
        (SECOND, "1", False),
    ]
    assert len(_rows(google, f"{query} WHERE customer_client.level = 1", MANAGER)) == 2
    assert len(_rows(google, query)) == 1


@pytest.mark.parametrize(
    ("query", "count"),
    [
        (
            "SELECT customer.id, customer.descriptive_name, customer.currency_code, "
            "customer.time_zone, customer.auto_tagging_enabled, customer.tracking_url_template, "
            "customer.final_url_suffix FROM customer",
            1,
        ),
        (
            "SELECT campaign.id, campaign.name, campaign.status, campaign.serving_status, "
            "campaign.primary_status, campaign.advertising_channel_type, "
            "campaign.advertising_channel_sub_type, campaign.start_date_time, "
            "campaign.end_date_time, campaign.tracking_url_template, campaign.final_url_suffix "
            "FROM campaign",
            2,
        ),
        (
            "SELECT campaign.id, ad_group.id, ad_group.name, ad_group.status, ad_group.type, "
            "ad_group.final_url_suffix FROM ad_group",
            3,
        ),
        (
            "SELECT ad_group.id, ad_group_ad.ad.id, ad_group_ad.ad.name, ad_group_ad.ad.type, "
            "ad_group_ad.status, ad_group_ad.ad.final_urls, ad_group_ad.ad.final_url_suffix, "
            "ad_group_ad.ad.tracking_url_template FROM ad_group_ad",
            4,
        ),
        ("SELECT ad_group_criterion.keyword.text FROM ad_group_criterion", 2),
        ("SELECT campaign_budget.amount_micros FROM campaign_budget", 2),
    ],
)
def test_dictionaries_list_entities_of_every_status(
    google: AdBench, query: str, count: int
) -> None:
    assert len(_rows(google, query)) == count


def test_pages_follow_a_token_for_two_hours_and_the_same_query(google: AdBench) -> None:
    google.stage.knobs["google_ads.page_rows"] = 3
    query = "SELECT ad_group_ad.ad.id FROM ad_group_ad"
    settings = {"searchSettings": {"returnTotalResultsCount": True}}
    first = _post(google, "search", query, **settings).json()
    assert (len(first["results"]), first["totalResultsCount"]) == (3, "4")
    token = first["nextPageToken"]
    last = _post(google, "search", query, pageToken=token).json()
    assert (len(last["results"]), "nextPageToken" in last, "totalResultsCount" in last) == (
        1,
        False,
        False,
    )
    other = _post(google, "search", "SELECT campaign.id FROM campaign", pageToken=token)
    assert "INVALID_PAGE_TOKEN" in other.text
    google.plant("expired_page_token")
    assert "EXPIRED_PAGE_TOKEN" in _post(google, "search", query, pageToken=token).text
    google.stage.clock.advance(2 * 3600)
    assert "EXPIRED_PAGE_TOKEN" in _post(google, "search", query, pageToken=token).text


def test_a_page_size_is_not_supported(google: AdBench) -> None:
    answer = _post(google, "search", "SELECT campaign.id FROM campaign", pageSize=100)
    assert (answer.status_code, "PAGE_SIZE_NOT_SUPPORTED" in answer.text) == (400, True)


def test_no_rows_are_no_batch_or_one_without_results(google: AdBench) -> None:
    query = "SELECT campaign.id FROM campaign WHERE campaign.id = 9"
    assert _post(google, "searchStream", query).json() == []
    google.stage.knobs["google_ads.empty_batch"] = True
    batches = _post(google, "searchStream", query).json()
    assert ["results" in batch for batch in batches] == [False]
    assert "results" not in _post(google, "search", query).json()


def test_a_summary_adds_up_all_rows(google: AdBench) -> None:
    query = f"SELECT ad_group_ad.ad.id, metrics.clicks FROM ad_group_ad WHERE {DAYS}"
    settings = {"searchSettings": {"returnSummaryRow": True}}
    assert _post(google, "search", query, **settings).json()["summaryRow"] == {
        "metrics": {"clicks": "7"}
    }
    only = _post(google, "searchStream", query, summaryRowSetting="SUMMARY_ROW_ONLY").json()
    assert [batch["summaryRow"]["metrics"]["clicks"] for batch in only] == ["7"]


def test_an_error_can_come_after_good_batches(google: AdBench) -> None:
    google.stage.knobs["google_ads.batch_rows"] = 1
    google.plant("stream_error", after_batches=1)
    answer = _post(google, "searchStream", "SELECT campaign.id FROM campaign")
    assert answer.status_code == 200
    assert [("results" in b, "error" in b) for b in answer.json()] == [(True, False), (False, True)]


def test_planted_faults_empty_rename_and_rescale_an_answer(google: AdBench) -> None:
    query = f"SELECT metrics.cost_micros FROM customer WHERE {DAYS}"
    google.plant("zero_rows")
    assert _post(google, "searchStream", query).json() == []
    google.plant("renamed_field", **{"from": "costMicros", "to": "cost"})
    assert _rows(google, query)[0]["metrics"] == {"cost": "16500000"}
    google.plant("changed_meaning", field="costMicros", factor=0.000001)
    assert _rows(google, query)[0]["metrics"] == {"costMicros": "16"}
