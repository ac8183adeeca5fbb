"""What the Google Ads stand-in understands of the query language, and how it refuses the rest."""

from __future__ import annotations

from typing import Any

import pytest

from include.sandbox.vendors.google_ads import GoogleAds
from include.sandbox.vendors.google_ads.attributes import FIELDS
from include.sandbox.vendors.google_ads.errors import ApiError
from include.sandbox.vendors.google_ads.fields import Row
from include.sandbox.vendors.google_ads.gaql import Condition, parse_query
from tests.sandbox.ad_world import AdBench, cell, make_ad_world

FIRST, MANAGER = "1234567890", "1112223333"
DAYS = "segments.date BETWEEN '2026-11-17' AND '2026-11-20'"
STATS = [
    cell(FIRST, "2026-11-17", 10111, 100, 5, 12.5, 2),
    cell(FIRST, "2026-11-18", 10112, 200, 1, 2.5, 0, device="desktop"),
]


@pytest.fixture
def google() -> AdBench:
    return AdBench(GoogleAds, make_ad_world("google_ads", (FIRST, "2234567890"), stats=STATS))


def _ask(google: AdBench, query: str, customer: str = FIRST) -> Any:
    headers = {"Authorization": "Bearer demo-token", "login-customer-id": MANAGER}
    url = f"/v26/customers/{customer}/googleAds:search"
    return google.web.post(url, json={"query": query}, headers=headers)


def _code(answer: Any) -> str:
    code = answer.json()["error"]["details"][0]["errors"][0]["errorCode"]
    return ".".join(next(iter(code.items())))


def test_a_query_is_read_into_its_clauses() -> None:
    query = parse_query(
        "select campaign.id, metrics.clicks from campaign where campaign.name = 'O\\'Neil' and "
        "metrics.clicks > 5 and campaign.status in ('ENABLED', PAUSED) "
        "order by metrics.clicks desc, campaign.id limit 3 "
        "parameters include_drafts=true, omit_unselected_resource_names = true"
    )
    assert query.fields == ("campaign.id", "metrics.clicks")
    assert query.conditions == (
        Condition("campaign.name", "=", ("O'Neil",)),
        Condition("metrics.clicks", ">", ("5",)),
        Condition("campaign.status", "IN", ("ENABLED", "PAUSED")),
    )
    assert query.order_by == (("metrics.clicks", True), ("campaign.id", False))
    assert (query.limit, query.parameters) == (
        3,
        {"include_drafts": "true", "omit_unselected_resource_names": "true"},
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("campaign.id FROM campaign", "EXPECTED_SELECT"),
        ("SELECT campaign.id", "EXPECTED_FROM"),
        ("SELECT FROM campaign", "BAD_FIELD_NAME"),
        ("SELECT campaign.id,", "UNEXPECTED_END_OF_QUERY"),
        ("SELECT campaign.id FROM campaign WHERE", "UNEXPECTED_END_OF_QUERY"),
        ("SELECT campaign.id FROM campaign WHERE campaign.id ~ 5", "BAD_SYMBOL"),
        ("SELECT campaign.id FROM campaign WHERE campaign.id 5", "BAD_OPERATOR"),
        ("SELECT campaign.id FROM campaign WHERE campaign.name = 'a", "STRING_NOT_TERMINATED"),
        ("SELECT campaign.id FROM campaign WHERE campaign.id IN 5", "EXPECTED_LIST"),
        (
            "SELECT campaign.id FROM campaign WHERE campaign.id IN ()",
            "PROHIBITED_EMPTY_LIST_IN_CONDITION",
        ),
        ("SELECT campaign.id FROM campaign WHERE campaign.id BETWEEN 1, 2", "EXPECTED_AND"),
        ("SELECT campaign.id FROM campaign WHERE campaign.id = 1 campaign.id = 2", "EXPECTED_AND"),
        ("SELECT campaign.id FROM campaign ORDER campaign.id", "EXPECTED_BY"),
        ("SELECT campaign.id FROM campaign LIMIT many", "BAD_LIMIT_VALUE"),
        ("SELECT campaign.id FROM campaign LIMIT 0", "LIMIT_VALUE_TOO_LOW"),
        ("SELECT campaign.id FROM campaign LIMIT 1 2", "UNEXPECTED_INPUT"),
        ("SELECT campaign.id FROM campaign PARAMETERS fast=true", "BAD_PARAMETER_NAME"),
        ("SELECT campaign.id FROM campaign PARAMETERS include_drafts=1", "BAD_PARAMETER_VALUE"),
    ],
)
def test_syntax_is_refused_by_name(text: str, name: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse_query(text)
    assert refused.value.error_name == name


def test_a_filter_has_a_largest_number_of_values() -> None:
    values = ", ".join(str(n) for n in range(20_001))
    with pytest.raises(ApiError, match="FILTER_HAS_TOO_MANY_VALUES"):
        parse_query(f"SELECT campaign.id FROM campaign WHERE campaign.id IN ({values})")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("SELECT campaign.foo FROM campaign", "UNRECOGNIZED_FIELD"),
        ("SELECT campaign.start_date FROM campaign", "UNRECOGNIZED_FIELD"),
        ("SELECT metrics.nonsense FROM campaign", "UNRECOGNIZED_FIELD"),
        ("SELECT campaign.id FROM nonsense", "BAD_RESOURCE_TYPE_IN_FROM_CLAUSE"),
        ("SELECT ad_group.id FROM campaign", "PROHIBITED_RESOURCE_TYPE_IN_SELECT_CLAUSE"),
        (
            "SELECT campaign.id FROM campaign WHERE ad_group.id = 1",
            "PROHIBITED_RESOURCE_TYPE_IN_WHERE_CLAUSE",
        ),
        (
            "SELECT customer_client.id, metrics.clicks FROM customer_client",
            "PROHIBITED_METRIC_IN_SELECT_OR_WHERE_CLAUSE",
        ),
        (
            "SELECT click_view.gclid, metrics.cost_micros FROM click_view",
            "PROHIBITED_METRIC_IN_SELECT_OR_WHERE_CLAUSE",
        ),
        (
            f"SELECT campaign.id, segments.geo_target_region FROM campaign WHERE {DAYS}",
            "PROHIBITED_SEGMENT_IN_SELECT_OR_WHERE_CLAUSE",
        ),
        (
            "SELECT campaign.id, segments.conversion_action, metrics.clicks FROM campaign "
            f"WHERE {DAYS}",
            "PROHIBITED_SEGMENT_WITH_METRIC_IN_SELECT_OR_WHERE_CLAUSE",
        ),
        (
            "SELECT campaign.id FROM campaign WHERE segments.device = 'MOBILE'",
            "EXPECTED_REFERENCED_FIELD_IN_SELECT_CLAUSE",
        ),
        (
            "SELECT campaign.id FROM campaign ORDER BY metrics.clicks",
            "EXPECTED_REFERENCED_FIELD_IN_SELECT_CLAUSE",
        ),
        (
            "SELECT ad_group_ad.ad.final_urls FROM ad_group_ad ORDER BY ad_group_ad.ad.final_urls",
            "PROHIBITED_FIELD_IN_ORDER_BY_CLAUSE",
        ),
        (
            "SELECT campaign.id, segments.date FROM campaign",
            "EXPECTED_FILTERS_ON_DATE_RANGE",
        ),
        (
            "SELECT campaign.id, segments.date FROM campaign WHERE segments.date > '2026-11-01'",
            "EXPECTED_FILTERS_ON_DATE_RANGE",
        ),
        ("SELECT campaign.id FROM campaign WHERE campaign.status = 'ON'", "BAD_ENUM_CONSTANT"),
        ("SELECT campaign.id FROM campaign WHERE campaign.id = 'ten'", "BAD_NUMBER"),
        ("SELECT customer.id FROM customer WHERE customer.manager = 'no'", "BAD_VALUE"),
        (
            "SELECT campaign.id FROM campaign WHERE campaign.id LIKE '1%'",
            "OPERATOR_FIELD_MISMATCH",
        ),
        (
            "SELECT campaign.id FROM campaign WHERE campaign.name CONTAINS ANY ('a')",
            "OPERATOR_FIELD_MISMATCH",
        ),
        (
            "SELECT ad_group_ad.ad.id FROM ad_group_ad WHERE ad_group_ad.ad.final_urls = 'a'",
            "OPERATOR_FIELD_MISMATCH",
        ),
        (
            "SELECT ad_group_ad.ad.id FROM ad_group_ad "
            "WHERE ad_group_ad.ad.responsive_search_ad.headlines CONTAINS ANY ('a')",
            "PROHIBITED_FIELD_IN_WHERE_CLAUSE",
        ),
        (
            "SELECT campaign.id FROM campaign WHERE campaign.name DURING TODAY",
            "OPERATOR_FIELD_MISMATCH",
        ),
        (
            "SELECT campaign.id FROM campaign WHERE campaign.name REGEXP_MATCH '('",
            "INVALID_STRING_VALUE",
        ),
        (
            "SELECT campaign.id FROM campaign WHERE segments.date DURING LAST_YEAR",
            "INVALID_VALUE_WITH_DURING_OPERATOR",
        ),
        (
            "SELECT metrics.clicks, segments.month FROM campaign "
            "WHERE segments.month = '2026-11-02'",
            "MISALIGNED_DATE_FOR_FILTER",
        ),
    ],
)
def test_a_query_that_cannot_be_is_refused_by_name(google: AdBench, query: str, name: str) -> None:
    answer = _ask(google, query)
    assert (answer.status_code, _code(answer)) == (400, f"queryError.{name}")


@pytest.mark.parametrize(
    ("condition", "name"),
    [
        ("segments.date = '20.11.2026'", "INVALID_DATE"),
        ("segments.date BETWEEN '2026-11-20' AND '2026-11-17'", "START_DATE_AFTER_END_DATE"),
        (
            "segments.date BETWEEN '2023-09-01' AND '2026-11-17'",
            "REQUESTED_DATE_GRANULARITY_NOT_SUPPORTED",
        ),
    ],
)
def test_days_that_cannot_be_are_refused_by_name(
    google: AdBench, condition: str, name: str
) -> None:
    answer = _ask(google, f"SELECT segments.date, metrics.clicks FROM campaign WHERE {condition}")
    assert (answer.status_code, _code(answer)) == (400, f"dateRangeError.{name}")


def test_months_are_kept_longer_than_days(google: AdBench) -> None:
    answer = _ask(
        google,
        "SELECT segments.month, metrics.clicks FROM campaign "
        "WHERE segments.date BETWEEN '2023-09-01' AND '2026-11-17'",
    )
    assert answer.json()["results"][0]["segments"] == {"month": "2026-11-01"}


def test_a_manager_has_no_metrics(google: AdBench) -> None:
    answer = _ask(google, "SELECT metrics.clicks FROM customer", MANAGER)
    assert _code(answer) == "queryError.REQUESTED_METRICS_FOR_MANAGER"
    assert _ask(google, "SELECT customer.id FROM customer", MANAGER).status_code == 200


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ("campaign.id = 101", [101]),
        ("campaign.id != 101", [102]),
        ("campaign.id IN (102, 999)", [102]),
        ("campaign.id NOT IN (102)", [101]),
        ("campaign.id BETWEEN 100 AND 101", [101]),
        ("campaign.id >= 102", [102]),
        ("campaign.name LIKE 'bra%'", [101]),
        ("campaign.name NOT LIKE '%ran%'", [102]),
        ("campaign.name REGEXP_MATCH 'B.*'", [101]),
        ("campaign.status = 'REMOVED'", [102]),
        ("campaign.end_date_time IS NULL", [101]),
        ("campaign.end_date_time IS NOT NULL", [102]),
        ("campaign.advertising_channel_type = 'DISPLAY'", []),
    ],
)
def test_conditions_choose_rows(google: AdBench, condition: str, ids: list[int]) -> None:
    found = _ask(google, f"SELECT campaign.id FROM campaign WHERE {condition}").json()
    assert [int(row["campaign"]["id"]) for row in found.get("results", [])] == ids


def test_a_list_is_searched_by_contains(google: AdBench) -> None:
    url = "https://severmet.example/?utm_content=10111"

    def count(kind: str) -> int:
        query = (
            "SELECT ad_group_ad.ad.id FROM ad_group_ad "
            f"WHERE ad_group_ad.ad.final_urls CONTAINS {kind} ('{url}')"
        )
        return len(_ask(google, query).json()["results"])

    assert [count(kind) for kind in ("ANY", "ALL", "NONE")] == [1, 1, 3]


@pytest.mark.parametrize(
    ("condition", "clicks"),
    [
        ("segments.date = '2026-11-17'", 5),
        ("segments.date >= '2026-11-18' AND segments.date < '2026-11-20'", 1),
        ("segments.date IN ('2026-11-17', '2026-11-18')", 6),
        ("segments.date DURING LAST_7_DAYS", 6),
        ("segments.date DURING YESTERDAY", 0),
        ("segments.date DURING TODAY", 0),
        ("segments.date DURING THIS_MONTH", 6),
        ("segments.date DURING LAST_MONTH", 0),
        ("segments.date DURING THIS_WEEK_MON_TODAY", 6),
        ("segments.date DURING LAST_WEEK_SUN_SAT", 0),
        ("segments.month = '2026-11-01'", 6),
        ("segments.year = 2025", 0),
        ("segments.date != '2026-11-17'", 1),
    ],
)
def test_days_are_chosen_without_being_selected(
    google: AdBench, condition: str, clicks: int
) -> None:
    query = f"SELECT metrics.clicks FROM customer WHERE {condition}"
    assert _ask(google, query).json()["results"][0]["metrics"] == {"clicks": str(clicks)}


def test_rows_are_sorted_and_limited(google: AdBench) -> None:
    query = (
        "SELECT ad_group_ad.ad.id, metrics.impressions FROM ad_group_ad "
        f"WHERE {DAYS} AND metrics.impressions > 0 ORDER BY metrics.impressions DESC"
    )
    every = _ask(google, query).json()["results"]
    assert [row["adGroupAd"]["ad"]["id"] for row in every] == ["10112", "10111"]
    assert len(_ask(google, f"{query} LIMIT 1").json()["results"]) == 1


def test_the_field_service_tells_fields_one_by_one_and_by_query(google: AdBench) -> None:
    headers = {"Authorization": "Bearer demo-token"}
    query = (
        "SELECT name, category, selectable, filterable, sortable, selectable_with, data_type "
        "WHERE name = 'segments.device'"
    )
    answer = google.web.post(
        "/v26/googleAdsFields:search", json={"query": query}, headers=headers
    ).json()
    told = answer["results"][0]
    assert (answer["totalResultsCount"], told["category"], told["dataType"]) == (
        "1",
        "SEGMENT",
        "ENUM",
    )
    assert "campaign" in told["selectableWith"]
    one = google.web.get("/v26/googleAdsFields/campaign.id", headers=headers).json()
    assert (one["resourceName"], one["dataType"]) == ("googleAdsFields/campaign.id", "INT64")
    missing = google.web.get("/v26/googleAdsFields/campaign.foo", headers=headers)
    assert missing.status_code == 404


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("SELECT name FROM campaign", "UNEXPECTED_FROM_CLAUSE"),
        ("SELECT nonsense", "UNRECOGNIZED_FIELD"),
        ("SELECT name WHERE name > 'a'", "BAD_OPERATOR"),
    ],
)
def test_the_field_service_refuses_too(google: AdBench, query: str, name: str) -> None:
    headers = {"Authorization": "Bearer demo-token"}
    url = "/v26/googleAdsFields:search"
    answer = google.web.post(url, json={"query": query}, headers=headers)
    assert _code(answer) == f"queryError.{name}"


def test_every_enum_told_can_be_filtered_by() -> None:
    row = Row({"id": 1}, {"name": "x", "channel": "paid_search", "status": "active"})
    told = {
        name: field.read(row)
        for name, field in FIELDS.items()
        if field.data_type == "ENUM" and field.category == "ATTRIBUTE"
    }
    assert told["campaign.bidding_strategy_type"] == "MAXIMIZE_CONVERSIONS"
    assert [n for n, v in told.items() if v is not None and v not in FIELDS[n].enum_values] == []


def test_a_field_without_a_value_is_known_and_left_out(google: AdBench) -> None:
    query = (
        "SELECT campaign.id, campaign.target_cpa.target_cpa_micros, campaign.labels, "
        "metrics.search_impression_share, metrics.interaction_event_types FROM campaign "
        f"WHERE {DAYS}"
    )
    first, second = _ask(google, query).json()["results"]
    assert set(first["campaign"]) == {"resourceName", "id"}
    assert (first["metrics"], "metrics" in second) == ({"interactionEventTypes": ["CLICK"]}, False)


@pytest.mark.parametrize("body", [{}, {"query": ""}, {"query": 5}])
def test_a_query_is_needed(google: AdBench, body: Any) -> None:
    headers = {"Authorization": "Bearer demo-token", "login-customer-id": MANAGER}
    url = f"/v26/customers/{FIRST}/googleAds:search"
    answer = google.web.post(url, json=body, headers=headers)
    assert _code(answer) == "requestError.REQUIRED_FIELD_MISSING"


@pytest.mark.parametrize("content", [b"SELECT", b"[1]"])
def test_what_is_no_json_object_is_refused_before_the_api(google: AdBench, content: bytes) -> None:
    headers = {"Authorization": "Bearer demo-token", "login-customer-id": MANAGER}
    url = f"/v26/customers/{FIRST}/googleAds:search"
    error = google.web.post(url, content=content, headers=headers).json()["error"]
    assert (error["code"], error["status"], "details" in error) == (400, "INVALID_ARGUMENT", False)


def test_places_nobody_is_shown_in_split_nothing_and_have_no_value(google: AdBench) -> None:
    names = ("airport", "canton", "county", "district", "postal_code", "province", "state")
    query = f"SELECT {', '.join(f'segments.geo_target_{name}' for name in names)}, metrics.clicks "
    rows = _ask(google, f"{query} FROM geographic_view WHERE {DAYS}").json()["results"]
    assert [(row["metrics"]["clicks"], row.get("segments", {})) for row in rows] == [("6", {})]


def test_rows_of_a_stream_can_be_spoilt_in_ways_nobody_expects(google: AdBench) -> None:
    def metrics() -> list[Any]:
        headers = {"Authorization": "Bearer direct-token"}
        url = f"/v26/customers/{FIRST}/googleAds:searchStream"
        query = {"query": f"SELECT metrics.clicks FROM customer WHERE {DAYS}"}
        batches = google.web.post(url, json=query, headers=headers).json()
        return [row["metrics"] for batch in batches for row in batch["results"]]

    google.plant("new_field", **{"in": "metrics", "name": "shine", "value": 7})
    assert metrics() == [{"clicks": "6", "shine": 7}]
    google.plant("odd_value", field="clicks", value="many")
    assert metrics() == [{"clicks": "many"}]
    google.plant("repeated_batch")
    assert metrics() == [{"clicks": "6"}, {"clicks": "6"}]
