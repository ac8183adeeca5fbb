"""The GA4 stand-in: tokens, reports and what is asked of them, quotas and refusals."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.routing import Router
from starlette.testclient import TestClient

from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.ga4 import PROPERTY_ID, VENDOR
from include.sandbox.vendors.ga4.access import JWT_GRANT, SERVICE_ACCOUNT
from include.sandbox.vendors.ga4.errors import HTTP_CODES
from include.sandbox.vendors.ga4.quotas import QUOTAS
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World

NOW = datetime(2026, 3, 12, 15, tzinfo=UTC)
REPORT = f"/v1beta/properties/{PROPERTY_ID}:runReport"
MARCH = [{"startDate": "2026-03-01", "endDate": "2026-03-31"}]
KEY = {"Authorization": "Bearer demo-token"}


def _visit(number: int, at: datetime, client: str, **more: Any) -> dict[str, Any]:
    return {
        "visit_id": number,
        "site": "com",
        "ga_client_id": client,
        "started_at": at,
        "known_at": at,
        "duration_seconds": 60,
        "page_views": 3,
        "is_bounce": False,
        "entry_url": "https://northbolt.example/bolts?x=1",
        "device": "desktop",
        "country": "United States",
        "city": "Chicago",
        "is_robot": False,
        "goal_ids": [],
        **more,
    }


def _world() -> World:
    day = datetime(2026, 3, 10, 15, tzinfo=UTC)
    paid = {"utm_source": "google", "utm_medium": "cpc", "utm_campaign": "bolts"}
    return World.of(
        visit=[
            _visit(1, day, "a.1", **paid, goal_ids=[7]),
            _visit(2, day + timedelta(hours=2), "a.1", is_bounce=True, page_views=1),
            _visit(3, day + timedelta(days=1), "b.2", referrer="https://www.google.com/"),
            # half past midnight in London, still the 10th in New York
            _visit(4, datetime(2026, 3, 11, 0, 30, tzinfo=UTC), "c.3", device="mobile"),
            _visit(5, day, "", **paid),
            _visit(6, day, "bot.1", is_robot=True),
            _visit(7, day, "ru.1", site="ru_main"),
            _visit(8, day, "late.1", known_at=NOW + timedelta(hours=1)),
            _visit(9, NOW - timedelta(minutes=10), "d.4"),
        ]
    )


@pytest.fixture
def stage() -> Stage:
    made = Stage(world=_world())
    made.clock.set(now=NOW, frozen=True)
    return made


@pytest.fixture
def api(stage: Stage) -> TestClient:
    return TestClient(Router(routes=list(VENDOR(stage).routes())), headers=KEY)


def _ask(api: TestClient, *names: str, **more: Any) -> dict[str, Any]:
    body = {
        "dimensions": [{"name": name} for name in names],
        "metrics": [{"name": "sessions"}],
        "dateRanges": MARCH,
        **more,
    }
    answer = api.post(REPORT, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _rows(answer: dict[str, Any]) -> dict[tuple[str, ...], tuple[str, ...]]:
    return {
        tuple(v["value"] for v in row["dimensionValues"]): tuple(
            v["value"] for v in row["metricValues"]
        )
        for row in answer.get("rows", [])
    }


def _refused(api: TestClient, body: dict[str, Any], method: str = "runReport") -> dict[str, Any]:
    answer = api.post(f"/v1beta/properties/{PROPERTY_ID}:{method}", json=body)
    assert answer.status_code == answer.json()["error"]["code"]
    return answer.json()["error"]


def test_all_values_are_text_and_days_are_those_of_the_property(api):
    answer = _ask(api, "date")
    assert _rows(answer) == {("20260310",): ("3",), ("20260311",): ("1",), ("20260312",): ("1",)}
    assert answer["metricHeaders"] == [{"name": "sessions", "type": "TYPE_INTEGER"}]
    assert answer["rowCount"] == 3
    assert answer["metadata"]["timeZone"] == "America/New_York"
    assert answer["metadata"]["currencyCode"] == "USD"
    assert answer["kind"] == "analyticsData#runReport"


def test_a_late_visit_appears_once_the_vendor_knows_it(api, stage):
    stage.clock.advance(7200)
    assert _rows(_ask(api, "date"))[("20260310",)] == ("4",)


def test_an_empty_report_has_no_rows_at_all(api):
    answer = _ask(api, "date", dateRanges=[{"startDate": "2025-01-01", "endDate": "2025-01-02"}])
    assert "rows" not in answer
    assert answer["dimensionHeaders"] == [{"name": "date"}]


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
    assert _rows(answer) == {("cpc",): ("1", "0")}


def test_sources_follow_marks_then_the_referrer(api):
    names = ("sessionSource", "sessionMedium", "sessionDefaultChannelGroup")
    assert set(_rows(_ask(api, *names))) == {
        ("google", "cpc", "Paid Search"),
        ("google", "organic", "Organic Search"),
        ("(direct)", "(none)", "Direct"),
    }


def test_client_ids_come_by_the_registered_dimension(api):
    assert _rows(_ask(api, "customUser:client_id"))[("a.1",)] == ("2",)


def test_users_are_distinct_and_do_not_add_up_over_days(api):
    metrics = [{"name": n} for n in ("totalUsers", "newUsers", "engagedSessions", "keyEvents")]
    whole = _rows(_ask(api, metrics=metrics))[()]
    assert whole == ("4", "4", "4", "1")


def test_events_are_counted_by_name(api):
    answer = _ask(api, "eventName", metrics=[{"name": "eventCount"}, {"name": "sessions"}])
    rows = _rows(answer)
    assert rows[("generate_lead",)] == ("1", "1")
    assert rows[("page_view",)] == ("13", "5")
    whole = _rows(_ask(api, metrics=[{"name": "eventCount"}]))[()]
    assert int(whole[0]) == sum(int(count) for count, _ in rows.values())


def test_rows_are_read_page_by_page(api):
    first = _ask(api, "date", limit="2", orderBys=[{"dimension": {"dimensionName": "date"}}])
    second = _ask(
        api, "date", limit=2, offset="2", orderBys=[{"dimension": {"dimensionName": "date"}}]
    )
    assert [*_rows(first), *_rows(second)] == [("20260310",), ("20260311",), ("20260312",)]
    assert first["rowCount"] == second["rowCount"] == 3


def test_several_ranges_add_a_dimension_of_their_own(api):
    ranges = [
        {"startDate": "2daysAgo", "endDate": "2daysAgo"},
        {"startDate": "yesterday", "endDate": "today", "name": "recent"},
    ]
    answer = _ask(api, dateRanges=ranges)
    assert answer["dimensionHeaders"] == [{"name": "dateRange"}]
    assert _rows(answer) == {("date_range_0",): ("3",), ("recent",): ("2",)}


def test_totals_and_extremes_are_told_apart(api):
    answer = _ask(api, "date", metricAggregations=["TOTAL", "MAXIMUM", 5])
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
    assert set(_rows(_ask(api, "date", metricFilter=above))) == {("20260310",)}
    keys = [{"name": "keyEvents"}]
    assert len(_rows(_ask(api, "date", metrics=keys))) == 1
    assert len(_rows(_ask(api, "date", metrics=keys, keepEmptyRows=True))) == 3


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
    rows = _rows(_ask(api, dimensionFilter=expression))
    assert rows == ({(): (str(found),)} if found else {})


def test_comparisons_and_expressions_make_new_columns(api):
    mobile = {"filter": {"fieldName": "deviceCategory", "stringFilter": {"value": "mobile"}}}
    answer = _ask(api, comparisons=[{"name": "Mobile", "dimensionFilter": mobile}, {"name": "All"}])
    assert _rows(answer) == {("All",): ("5",), ("Mobile",): ("1",)}
    joined = {
        "name": "both",
        "dimensionExpression": {
            "concatenate": {"dimensionNames": ["deviceCategory", "city"], "delimiter": "-"}
        },
    }
    rate = {"name": "rate", "expression": "screenPageViews/sessions"}
    answer = _ask(api, dimensions=[joined], metrics=[rate])
    assert _rows(answer)[("mobile-Chicago",)] == ("3",)


def test_a_batch_answers_five_reports_and_no_more(api):
    one = {"metrics": [{"name": "sessions"}], "dateRanges": MARCH}
    url = f"/v1beta/properties/{PROPERTY_ID}:batchRunReports"
    reports = api.post(url, json={"requests": [one] * 5}).json()["reports"]
    assert [report["rows"][0]["metricValues"][0]["value"] for report in reports] == ["5"] * 5
    assert _refused(api, {"requests": [one] * 6}, "batchRunReports")["status"] == "INVALID_ARGUMENT"


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
    assert _rows(answer) == {("20260310", "desktop"): ("2",), ("20260310", "mobile"): ("1",)}
    assert [header["rowCount"] for header in answer["pivotHeaders"]] == [3, 2]
    batch = f"/v1beta/properties/{PROPERTY_ID}:batchRunPivotReports"
    assert api.post(batch, json={"requests": [body]}).json()["pivotReports"][0]["rows"]
    assert _refused(api, body | {"pivots": []}, "runPivotReport")["status"] == "INVALID_ARGUMENT"


def test_realtime_knows_the_last_half_hour_only(api):
    url = f"/v1beta/properties/{PROPERTY_ID}:runRealtimeReport"
    body = {"dimensions": [{"name": "minutesAgo"}], "metrics": [{"name": "activeUsers"}]}
    assert _rows(api.post(url, json=body).json()) == {("10",): ("1",)}
    narrow = body | {"minuteRanges": [{"startMinutesAgo": 5}]}
    assert "rows" not in api.post(url, json=narrow).json()
    wide = body | {"minuteRanges": [{"startMinutesAgo": 40}]}
    assert _refused(api, wide, "runRealtimeReport")["status"] == "INVALID_ARGUMENT"


def test_metadata_and_compatibility_name_every_field(api):
    metadata = api.get(f"/v1beta/properties/{PROPERTY_ID}/metadata").json()
    names = {item["apiName"] for item in metadata["dimensions"]}
    assert {"date", "customUser:client_id"} <= names
    general = api.get("/v1beta/properties/0/metadata").json()
    assert "customUser:client_id" not in {item["apiName"] for item in general["dimensions"]}
    url = f"/v1beta/properties/{PROPERTY_ID}:checkCompatibility"
    asked = {"metrics": [{"name": "sessions"}], "compatibilityFilter": "INCOMPATIBLE"}
    found = api.post(url, json=asked).json()["dimensionCompatibilities"]
    assert {item["dimensionMetadata"]["apiName"] for item in found} == {
        "itemName", "itemId", "itemCategory",
    }  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"dimensions": [{"name": "moon"}]},
        {"metrics": [{"name": "moon"}]},
        {"dimensions": [{"name": "itemName"}]},
        {"dimensions": [{"name": "date"}] * 10},
        {"metrics": [{"name": "s", "expression": "import os"}]},
        {"dateRanges": []},
        {"dateRanges": MARCH * 5},
        {"dateRanges": [{"startDate": "soon", "endDate": "today"}]},
        {"dateRanges": [{"startDate": "today", "endDate": "yesterday"}]},
        {"limit": "many"},
        {"orderBys": [{"metric": {"metricName": "totalUsers"}}]},
        {"dimensionFilter": {"filter": {"fieldName": "date", "stringFilter": {"matchType": 99}}}},
    ],
)
def test_what_cannot_be_understood_is_an_invalid_argument(api, change):
    body = {"metrics": [{"name": "sessions"}], "dateRanges": MARCH} | change
    assert _refused(api, body)["status"] == "INVALID_ARGUMENT"


def test_more_than_ten_metrics_are_refused_unless_an_operator_allows_them(api, stage):
    metrics = [{"name": f"m{n}", "expression": "sessions"} for n in range(11)]
    body = {"metrics": metrics, "dateRanges": MARCH}
    assert "limited to 10" in _refused(api, body)["message"]
    stage.knobs["ga4.limit_metrics"] = 11
    assert api.post(REPORT, json=body).status_code == 200


def test_bad_tokens_foreign_properties_and_unknown_paths(api):
    bad = api.post(REPORT, json={}, headers={"Authorization": "Bearer nobody"})
    assert (bad.status_code, bad.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    stranger = api.post(REPORT, json={}, headers={"Authorization": "Bearer stranger-token"})
    assert (stranger.status_code, stranger.json()["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert api.post("/v1beta/properties/1:runReport", json={}).status_code == 403
    assert api.post("/v1beta/properties/abc:runReport", json={}).status_code == 400
    assert api.post(f"/v1beta/properties/{PROPERTY_ID}:dance", json={}).status_code == 404
    assert api.get(f"/v1beta/properties/{PROPERTY_ID}/audienceExports").status_code == 404


def _sign(issuer: str, life: int = 3600) -> str:
    claims = {
        "iss": issuer,
        "iat": 1000,
        "exp": 1000 + life,
        "scope": "https://www.googleapis.com/auth/analytics.readonly",
    }
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()}.x"


def test_a_minted_token_lives_for_an_hour_of_the_calendar(api, stage):
    grant = {"grant_type": JWT_GRANT, "assertion": _sign(SERVICE_ACCOUNT)}
    token = api.post("/token", data=grant).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert api.post(REPORT, json={"metrics": []}, headers=headers).status_code == 400
    stage.clock.advance(3600)
    assert api.post(REPORT, json={}, headers=headers).status_code == 401


def test_the_token_endpoint_refuses_what_it_cannot_trust(api):
    refresh = {
        "grant_type": "refresh_token",
        "client_id": "demo-client",
        "client_secret": "demo-secret",
        "refresh_token": "demo-refresh",
    }
    assert api.post("/token", data=refresh).json()["token_type"] == "Bearer"
    for change, error in (
        ({"refresh_token": "old"}, "invalid_grant"),
        ({"client_secret": "x"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": JWT_GRANT, "assertion": "odd"}, "invalid_grant"),
        ({"grant_type": JWT_GRANT, "assertion": _sign(SERVICE_ACCOUNT, 9999)}, "invalid_grant"),
    ):
        assert api.post("/token", data=refresh | change).json()["error"] == error
    other = {"grant_type": JWT_GRANT, "assertion": _sign("other@x.iam.gserviceaccount.com")}
    headers = {"Authorization": f"Bearer {api.post('/token', data=other).json()['access_token']}"}
    assert api.post(REPORT, json={}, headers=headers).status_code == 403


def test_the_quota_is_told_where_asked_and_really_spent(api):
    first = _ask(api, returnPropertyQuota=True)["propertyQuota"]
    assert set(first) == set(QUOTAS)
    assert first["tokensPerDay"] == {"consumed": 1, "remaining": 199_999}
    assert first["concurrentRequests"] == {"remaining": 9}
    _ask(api)
    again = _ask(api, returnPropertyQuota=True)["propertyQuota"]
    assert again["tokensPerHour"]["remaining"] == 39_997
    assert "propertyQuota" not in _ask(api)


@pytest.mark.parametrize(
    ("meter", "seconds"),
    [("tokensPerProjectPerHour", 3600), ("tokensPerHour", 3600), ("tokensPerDay", 86_400)],
)
def test_exhausted_tokens_are_429_until_their_window_has_passed(api, stage, meter, seconds):
    stage.knobs.update({f"ga4.{meter}": 20, "ga4.tokens_per_report": 10})
    body = {"metrics": [{"name": "sessions"}], "dateRanges": MARCH}
    assert [api.post(REPORT, json=body).status_code for _ in range(3)] == [200, 200, 429]
    error = _refused(api, body)
    assert (error["status"], error["message"]) == ("RESOURCE_EXHAUSTED", QUOTAS[meter].message)
    stage.clock.advance(seconds)
    assert api.post(REPORT, json=body).status_code == 200


def test_ten_server_errors_an_hour_close_the_property(api, stage):
    stage.faults.plant(Fault("error", "ga4", count=10, values={"status": "UNAVAILABLE"}))
    assert [api.post(REPORT, json={}).status_code for _ in range(10)] == [503] * 10
    assert "server errors" in _refused(api, {})["message"]


def test_thresholded_reports_hide_small_rows_and_are_rationed(api, stage):
    answer = _ask(api, "userGender")
    assert answer["metadata"]["subjectToThresholding"] is True
    assert "rows" not in answer
    stage.knobs["ga4.potentiallyThresholdedRequestsPerHour"] = 1
    body = {"dimensions": [{"name": "userGender"}], "metrics": [{"name": "sessions"}]}
    error = _refused(api, body | {"dateRanges": MARCH})
    assert error["status"] == "RESOURCE_EXHAUSTED"


def test_simultaneous_requests_are_limited(api, stage):
    stage.knobs["ga4.concurrentRequests"] = 0
    assert "concurrent" in _refused(api, {})["message"]
    stage.knobs.update({"ga4.tier": "360", "ga4.concurrentRequests": 50})
    quota = _ask(api, returnPropertyQuota=True)["propertyQuota"]
    assert quota["concurrentRequests"] == {"remaining": 49}
    assert quota["tokensPerDay"]["remaining"] == 1_999_999


def test_small_rows_fold_into_other_and_samples_are_admitted(api, stage):
    stage.knobs["ga4.row_limit"] = 1
    folded = _ask(api, "customUser:client_id")
    assert folded["metadata"]["dataLossFromOtherRow"] is True
    assert _rows(folded)[("(other)",)] == ("3",)
    stage.knobs.update({"ga4.row_limit": 0, "ga4.today_is_other": 1})
    assert _rows(_ask(api, "date", "deviceCategory"))[("20260312", "(other)")] == ("1",)
    stage.knobs["ga4.sampling_events"] = 10
    sampled = _ask(api)["metadata"]["samplingMetadatas"][0]
    assert int(sampled["samplesReadCount"]) < int(sampled["samplingSpaceSize"])


@pytest.mark.parametrize("status", sorted(HTTP_CODES))
def test_each_refusal_can_be_planted(api, stage, status):
    stage.faults.plant(Fault("error", "ga4", values={"status": status}))
    error = _refused(api, {})
    assert (error["status"], error["code"]) == (status, HTTP_CODES[status])


def test_planted_faults_change_an_answer_quietly(api, stage):
    stage.faults.plant(Fault("zero_rows", "ga4"))
    assert "rows" not in _ask(api, "date")
    stage.faults.plant(Fault("renamed_field", values={"from": "sessions", "to": "visits"}))
    assert _ask(api, "date")["metricHeaders"][0]["name"] == "visits"
    stage.faults.plant(Fault("changed_meaning", values={"field": "sessions", "factor": 1000}))
    assert _rows(_ask(api))[()] == ("5000",)
    stage.faults.plant(Fault("expired_token", "ga4"))
    assert _refused(api, {})["status"] == "UNAUTHENTICATED"
