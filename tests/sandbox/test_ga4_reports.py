"""Reports of the GA4 stand-in: rows, filters, ranges, pivots, realtime, metadata."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.ga4 import PROPERTY_ID
from include.sandbox.vendors.ga4.request import read_report
from tests.sandbox.ga4_world import (
    MARCH,
    REPORT,
    ask,
    expect_refusal,
    make_api,
    make_stage,
    rows_of,
)


@pytest.fixture
def stage() -> Any:
    return make_stage()


@pytest.fixture
def api(stage: Any) -> Any:
    return make_api(stage)


def test_all_values_are_text_and_days_are_those_of_the_property(api):
    answer = ask(api, "date")
    assert rows_of(answer) == {
        ("20260310",): ("3",),
        ("20260311",): ("1",),
        ("20260312",): ("1",),
    }
    assert answer["metricHeaders"] == [{"name": "sessions", "type": "TYPE_INTEGER"}]
    assert answer["rowCount"] == 3
    assert answer["metadata"]["timeZone"] == "America/New_York"
    assert answer["metadata"]["currencyCode"] == "USD"
    assert answer["kind"] == "analyticsData#runReport"


def test_a_late_visit_appears_once_the_vendor_knows_it(api, stage):
    stage.clock.advance(7200)
    assert rows_of(ask(api, "date"))[("20260310",)] == ("4",)


def test_an_empty_report_has_no_rows_at_all(api):
    answer = ask(api, "date", dateRanges=[{"startDate": "2025-01-01", "endDate": "2025-01-02"}])
    assert "rows" not in answer
    assert answer["dimensionHeaders"] == [{"name": "date"}]


def test_an_empty_report_may_say_why(api, stage):
    old = [{"startDate": "2025-01-01", "endDate": "2025-01-02"}]
    assert "emptyReason" not in ask(api, "date", dateRanges=old)["metadata"]
    stage.knobs["ga4.empty_reason"] = "NO_DATA"
    assert ask(api, "date", dateRanges=old)["metadata"]["emptyReason"] == "NO_DATA"
    assert "emptyReason" not in ask(api, "date")["metadata"]


def test_a_page_has_no_more_than_a_quarter_of_a_million_rows():
    body = {"metrics": [{"name": "sessions"}], "dateRanges": MARCH, "limit": "900000"}
    assert read_report(body, date(2026, 3, 12), {}, "USD").limit == 250_000
    assert read_report(body | {"limit": 0}, date(2026, 3, 12), {}, "USD").limit == 10_000


def test_enumerations_become_numbers_where_asked_and_are_read_so(api):
    body = {
        "dimensions": [{"name": "sessionMedium"}],
        "metrics": [{"name": "sessions"}, {"name": "bounceRate"}],
        "dateRanges": MARCH,
        "limit": "100",
        "offset": "0",
        "dimensionFilter": {
            "filter": {
                "fieldName": "sessionMedium",
                "stringFilter": {"matchType": 1, "value": "cpc"},
            }
        },
    }
    answer = api.post(f"{REPORT}?$alt=json;enum-encoding=int", json=body).json()
    assert [header["type"] for header in answer["metricHeaders"]] == [1, 2]
    assert rows_of(answer) == {("cpc",): ("1", "0")}


def test_sources_follow_marks_then_the_referrer(api):
    names = ("sessionSource", "sessionMedium", "sessionDefaultChannelGroup")
    assert set(rows_of(ask(api, *names))) == {
        ("google", "cpc", "Paid Search"),
        ("google", "organic", "Organic Search"),
        ("(direct)", "(none)", "Direct"),
    }


def test_client_ids_come_by_the_registered_dimension(api):
    assert rows_of(ask(api, "customUser:client_id"))[("a.1",)] == ("2",)


def test_users_are_distinct_and_do_not_add_up_over_days(api):
    metrics = [{"name": n} for n in ("totalUsers", "newUsers", "engagedSessions", "keyEvents")]
    whole = rows_of(ask(api, metrics=metrics))[()]
    assert whole == ("4", "4", "4", "1")


def test_events_are_counted_by_name(api):
    answer = ask(api, "eventName", metrics=[{"name": "eventCount"}, {"name": "sessions"}])
    rows = rows_of(answer)
    assert rows[("generate_lead",)] == ("1", "1")
    assert rows[("page_view",)] == ("13", "5")
    whole = rows_of(ask(api, metrics=[{"name": "eventCount"}]))[()]
    assert int(whole[0]) == sum(int(count) for count, _ in rows.values())


def test_rows_are_read_page_by_page(api):
    first = ask(api, "date", limit="2", orderBys=[{"dimension": {"dimensionName": "date"}}])
    assert len(ask(api, "date", limit="0")["rows"]) == 3
    second = ask(
        api, "date", limit=2, offset="2", orderBys=[{"dimension": {"dimensionName": "date"}}]
    )
    assert [*rows_of(first), *rows_of(second)] == [
        ("20260310",),
        ("20260311",),
        ("20260312",),
    ]
    assert first["rowCount"] == second["rowCount"] == 3


def test_several_ranges_add_a_dimension_of_their_own(api):
    ranges = [
        {"startDate": "2daysAgo", "endDate": "2daysAgo"},
        {"startDate": "yesterday", "endDate": "today", "name": "recent"},
    ]
    answer = ask(api, dateRanges=ranges)
    assert answer["dimensionHeaders"] == [{"name": "dateRange"}]
    assert rows_of(answer) == {("date_range_0",): ("3",), ("recent",): ("2",)}


def test_totals_and_extremes_are_told_apart(api):
    answer = ask(api, "date", metricAggregations=["TOTAL", "MAXIMUM", 5])
    assert answer["totals"][0]["dimensionValues"] == [{"value": "RESERVED_TOTAL"}]
    values = [answer[k][0]["metricValues"][0]["value"] for k in ("totals", "maximums", "minimums")]
    assert values == ["5", "3", "1"]


def test_metric_filters_and_empty_rows(api):
    above = {
        "filter": {
            "fieldName": "sessions",
            "numericFilter": {"operation": "GREATER_THAN", "value": {"int64Value": "1"}},
        }
    }
    assert set(rows_of(ask(api, "date", metricFilter=above))) == {("20260310",)}
    keys = [{"name": "keyEvents"}]
    assert len(rows_of(ask(api, "date", metrics=keys))) == 1
    assert len(rows_of(ask(api, "date", metrics=keys, keepEmptyRows=True))) == 3


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ({"filter": {"fieldName": "city", "inListFilter": {"values": ["chicago"]}}}, 5),
        (
            {
                "notExpression": {
                    "filter": {"fieldName": "deviceCategory", "stringFilter": {"value": "mobile"}}
                }
            },
            4,
        ),
        (
            {
                "orGroup": {
                    "expressions": [
                        {
                            "filter": {
                                "fieldName": "sessionMedium",
                                "stringFilter": {"matchType": "PARTIAL_REGEXP", "value": "^cp"},
                            }
                        },
                        {
                            "filter": {
                                "fieldName": "sessionMedium",
                                "stringFilter": {"matchType": "CONTAINS", "value": "GANI"},
                            }
                        },
                    ]
                }
            },
            2,
        ),
        (
            {
                "andGroup": {
                    "expressions": [
                        {
                            "filter": {
                                "fieldName": "hour",
                                "betweenFilter": {
                                    "fromValue": {"int64Value": "11"},
                                    "toValue": {"doubleValue": 12},
                                },
                            }
                        },
                        {"filter": {"fieldName": "sessionCampaignName", "emptyFilter": {}}},
                    ]
                }
            },
            0,
        ),
    ],
)
def test_dimension_filters_choose_rows(api, expression, found):
    rows = rows_of(ask(api, dimensionFilter=expression))
    assert rows == ({(): (str(found),)} if found else {})


def test_comparisons_and_expressions_make_new_columns(api):
    mobile = {"filter": {"fieldName": "deviceCategory", "stringFilter": {"value": "mobile"}}}
    answer = ask(api, comparisons=[{"name": "Mobile", "dimensionFilter": mobile}, {"name": "All"}])
    assert rows_of(answer) == {("All",): ("5",), ("Mobile",): ("1",)}
    joined = {
        "name": "both",
        "dimensionExpression": {
            "concatenate": {"dimensionNames": ["deviceCategory", "city"], "delimiter": "-"}
        },
    }
    rate = {"name": "rate", "expression": "screenPageViews/sessions"}
    answer = ask(api, dimensions=[joined], metrics=[rate])
    assert rows_of(answer)[("mobile-Chicago",)] == ("3",)


def test_a_batch_answers_five_reports_and_no_more(api):
    one = {"metrics": [{"name": "sessions"}], "dateRanges": MARCH}
    url = f"/v1beta/properties/{PROPERTY_ID}:batchRunReports"
    reports = api.post(url, json={"requests": [one] * 5}).json()["reports"]
    assert [report["rows"][0]["metricValues"][0]["value"] for report in reports] == ["5"] * 5
    assert (
        expect_refusal(api, {"requests": [one] * 6}, "batchRunReports")["status"]
        == "INVALID_ARGUMENT"
    )


def test_a_pivot_shows_the_values_of_each_pivot(api):
    body = {
        "dimensions": [{"name": "date"}, {"name": "deviceCategory"}],
        "metrics": [{"name": "sessions"}],
        "dateRanges": MARCH,
        "pivots": [
            {"fieldNames": ["date"], "limit": "1"},
            {"fieldNames": ["deviceCategory"], "limit": 5},
        ],
    }
    answer = api.post(f"/v1beta/properties/{PROPERTY_ID}:runPivotReport", json=body).json()
    assert rows_of(answer) == {("20260310", "desktop"): ("2",), ("20260310", "mobile"): ("1",)}
    assert [header["rowCount"] for header in answer["pivotHeaders"]] == [3, 2]
    batch = f"/v1beta/properties/{PROPERTY_ID}:batchRunPivotReports"
    assert api.post(batch, json={"requests": [body]}).json()["pivotReports"][0]["rows"]
    assert (
        expect_refusal(api, body | {"pivots": []}, "runPivotReport")["status"] == "INVALID_ARGUMENT"
    )


def test_realtime_knows_the_last_half_hour_only(api):
    url = f"/v1beta/properties/{PROPERTY_ID}:runRealtimeReport"
    body = {"dimensions": [{"name": "minutesAgo"}], "metrics": [{"name": "activeUsers"}]}
    assert rows_of(api.post(url, json=body).json()) == {("10",): ("1",)}
    narrow = body | {"minuteRanges": [{"startMinutesAgo": 5}]}
    assert "rows" not in api.post(url, json=narrow).json()
    moon = {"filter": {"fieldName": "moon", "emptyFilter": {}}}
    for odd in ({"dimensionFilter": moon}, {"orderBys": [{"metric": {"metricName": "moon"}}]}):
        assert expect_refusal(api, body | odd, "runRealtimeReport")["status"] == "INVALID_ARGUMENT"
    wide = body | {"minuteRanges": [{"startMinutesAgo": 40}]}
    assert expect_refusal(api, wide, "runRealtimeReport")["status"] == "INVALID_ARGUMENT"


def test_metadata_names_every_field(api):
    metadata = api.get(f"/v1beta/properties/{PROPERTY_ID}/metadata").json()
    names = {item["apiName"] for item in metadata["dimensions"]}
    assert {"date", "customUser:client_id"} <= names
    general = api.get("/v1beta/properties/0/metadata").json()
    assert "customUser:client_id" not in {item["apiName"] for item in general["dimensions"]}


@pytest.mark.parametrize(
    "change",
    [
        {"dimensions": [{"name": "moon"}]},
        {"metrics": [{"name": "moon"}]},
        {"dimensions": [{"name": "itemName"}], "metrics": [{"name": "eventCount"}]},
        {"dimensions": [{"name": "date"}] * 10},
        {"metrics": [{"name": "s", "expression": "import os"}]},
        {"dateRanges": []},
        {"dateRanges": MARCH * 5},
        {"dateRanges": [{"startDate": "soon", "endDate": "today"}]},
        {"dateRanges": [{"startDate": "today", "endDate": "yesterday"}]},
        {"limit": "many"},
        {"orderBys": [{"metric": {"metricName": "totalUsers"}}]},
        {"dimensionFilter": {"filter": {"fieldName": "date", "stringFilter": {"matchType": 99}}}},
        {"dimensionFilter": {"filter": {"fieldName": "date"}}},
        {"dimensionFilter": {"filter": "date"}},
        {"cohortSpec": "x"},
        {"metrics": "sessions"},
        {"dimensionFilter": {"filter": {"fieldName": "moon", "emptyFilter": {}}}},
        {
            "comparisons": [
                {"dimensionFilter": {"filter": {"fieldName": "moon", "emptyFilter": {}}}}
            ]
        },
    ],
)
def test_what_cannot_be_understood_is_an_invalid_argument(api, change):
    body = {"metrics": [{"name": "sessions"}], "dateRanges": MARCH} | change
    assert expect_refusal(api, body)["status"] == "INVALID_ARGUMENT"


def test_more_than_ten_metrics_are_refused_unless_an_operator_allows_them(api, stage):
    metrics = [{"name": f"m{n}", "expression": "sessions"} for n in range(11)]
    body = {"metrics": metrics, "dateRanges": MARCH}
    assert "limited to 10" in expect_refusal(api, body)["message"]
    stage.knobs["ga4.limit_metrics"] = 11
    assert api.post(REPORT, json=body).status_code == 200


def test_small_rows_fold_into_other_and_samples_are_admitted(api, stage):
    stage.knobs["ga4.row_limit"] = 1
    folded = ask(api, "customUser:client_id")
    assert folded["metadata"]["dataLossFromOtherRow"] is True
    assert rows_of(folded)[("(other)",)] == ("3",)
    stage.knobs.update({"ga4.row_limit": 0, "ga4.today_is_other": 1})
    assert rows_of(ask(api, "date", "deviceCategory"))[("20260312", "(other)")] == ("1",)
    stage.knobs["ga4.sampling_events"] = 10
    sampled = ask(api)["metadata"]["samplingMetadatas"][0]
    assert int(sampled["samplesReadCount"]) < int(sampled["samplingSpaceSize"])


def test_planted_faults_change_an_answer_quietly(api, stage):
    stage.faults.plant(Fault("zero_rows", "ga4"))
    assert "rows" not in ask(api, "date")
    stage.faults.plant(Fault("renamed_field", values={"from": "sessions", "to": "visits"}))
    assert ask(api, "date")["metricHeaders"][0]["name"] == "visits"
    stage.faults.plant(Fault("changed_meaning", values={"field": "sessions", "factor": 1000}))
    assert rows_of(ask(api))[()] == ("5000",)
    stage.faults.plant(Fault("new_field", values={"name": "shine", "value": 7}))
    shiny = ask(api)
    assert (shiny["metricHeaders"][1]["name"], rows_of(shiny)[()]) == ("shine", ("5", "7"))
    stage.faults.plant(Fault("odd_value", values={"field": "sessions", "value": "many"}))
    assert rows_of(ask(api)) == {(): ("many",)}
    stage.faults.plant(Fault("shifted_page"))
    shifted = ask(api, "date", limit=2, offset=2)
    assert set(rows_of(shifted)) == {("20260311",), ("20260312",)}
    stage.faults.plant(Fault("expired_token", "ga4"))
    assert expect_refusal(api, {})["status"] == "UNAUTHENTICATED"


def _cohort_report(**more: Any) -> dict[str, Any]:
    cohort = {
        "name": "tenth",
        "dimension": "firstSessionDate",
        "dateRange": {"startDate": "2026-03-10", "endDate": "2026-03-10"},
    }
    span = {"granularity": "DAILY", "startOffset": 0, "endOffset": 3}
    return {
        "dimensions": [{"name": "cohort"}, {"name": "cohortNthDay"}],
        "metrics": [{"name": "cohortActiveUsers"}, {"name": "cohortTotalUsers"}],
        "cohortSpec": {"cohorts": [cohort], "cohortsRange": span},
    } | more


def test_cohorts_follow_users_from_their_first_day(api):
    answer = api.post(REPORT, json=_cohort_report()).json()
    assert rows_of(answer) == {("tenth", "0000"): ("2", "2")}


@pytest.mark.parametrize(
    "change",
    [
        {"dateRanges": MARCH},
        {"dimensions": [{"name": "date"}]},
        {"dimensions": [{"name": "cohort"}, {"name": "cohortNthWeek"}]},
        {"cohortSpec": {"cohorts": []}},
        {"cohortSpec": None, "dateRanges": MARCH},
    ],
)
def test_half_a_cohort_report_is_refused(api, change):
    assert expect_refusal(api, _cohort_report(**change))["status"] == "INVALID_ARGUMENT"
