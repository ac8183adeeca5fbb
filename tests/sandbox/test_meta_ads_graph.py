"""The Meta stand-in: tokens, nodes, lists, batches, meters and refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest

from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.meta_ads.access import APP_ID, APP_SECRET, prove
from include.sandbox.vendors.meta_ads.book import BUSINESS_ID
from include.sandbox.vendors.meta_ads.errors import KNOWN
from tests.sandbox.meta_ads_world import ACT, make_api, make_stage

ARCHIVED_TOO = json.dumps(
    [{"field": "campaign.effective_status", "operator": "IN", "value": ["ACTIVE", "ARCHIVED"]}]
)


@pytest.fixture
def stage() -> Any:
    return make_stage()


@pytest.fixture
def api(stage: Any) -> Any:
    return make_api(stage)


def _error(answer: Any) -> tuple[int, int]:
    error = answer.json()["error"]
    return error["code"], error.get("error_subcode", 0)


def test_the_token_may_come_by_query_form_or_header(api):
    assert api.get("/v26.0/me").json()["id"]
    bare = make_api(api.stage, token="")
    assert bare.get("/me", headers={"Authorization": "Bearer demo-token"}).status_code == 200
    form = {"access_token": "demo-token", "method": "get", "fields": "name"}
    assert bare.post(f"/v26.0/{ACT}", data=form).json() == {"name": "Northbolt", "id": ACT}


def test_missing_unknown_and_expired_tokens_are_told_apart(api, stage):
    assert _error(make_api(stage, token="").get("/v26.0/me")) == (102, 0)
    unknown = make_api(stage, token="nobody").get("/v26.0/me")
    assert _error(unknown) == (190, 0)
    assert "invalid_token" in unknown.headers["www-authenticate"]
    minted = api.get(
        "/v26.0/oauth/access_token",
        params={
            "grant_type": "fb_exchange_token",
            "client_id": APP_ID,
            "client_secret": APP_SECRET,
            "fb_exchange_token": "short-token",
        },
    ).json()
    assert minted["expires_in"] == 60 * 86_400
    headers = {"Authorization": f"Bearer {minted['access_token']}"}
    assert api.get("/v26.0/me", headers=headers).status_code == 200
    stage.clock.advance(60 * 86_400)
    assert _error(api.get("/v26.0/me", headers=headers)) == (190, 463)
    told = api.get("/debug_token", params={"input_token": minted["access_token"]}).json()["data"]
    assert told["is_valid"] is False
    told = api.get("/debug_token", params={"input_token": "demo-token"}).json()["data"]
    assert (told["is_valid"], told["expires_at"], "ads_read" in told["scopes"]) == (True, 0, True)


def test_a_false_proof_of_the_secret_is_refused(api, stage):
    right = {"appsecret_proof": prove("demo-token")}
    assert api.get("/v26.0/me", params=right).status_code == 200
    assert _error(api.get("/v26.0/me", params={"appsecret_proof": "0"})) == (100, 0)
    stage.knobs["meta_ads.require_appsecret_proof"] = 1
    assert _error(api.get("/v26.0/me")) == (100, 0)


def test_tokens_without_permission_are_refused_by_code(stage):
    assert _error(make_api(stage, token="unapproved-token").get(f"/v26.0/{ACT}/ads")) == (10, 0)
    refused = make_api(stage, token="no-ads-token").get(f"/v26.0/{ACT}/ads")
    assert (_error(refused), refused.status_code) == ((200, 0), 403)


def test_accounts_are_listed_by_user_and_by_business(api):
    fields = {"fields": "id,account_id,name,currency,timezone_name,account_status"}
    listed = api.get("/v26.0/me/adaccounts", params=fields).json()["data"]
    assert listed == [
        {
            "account_id": "77",
            "name": "Northbolt",
            "currency": "USD",
            "timezone_name": "America/New_York",
            "account_status": 1,
            "id": ACT,
        }
    ]
    owned = api.get(f"/v26.0/{BUSINESS_ID}/owned_ad_accounts").json()["data"]
    assert [row["id"] for row in owned] == [ACT]
    assert api.get(f"/v26.0/{BUSINESS_ID}/client_ad_accounts").json() == {"data": []}


def test_archived_campaigns_are_hidden_unless_filtered_for(api):
    url = f"/v26.0/{ACT}/campaigns"
    params = {"fields": "id,name,effective_status", "limit": "200"}
    shown = api.get(url, params=params).json()["data"]
    assert shown == [{"id": "11", "name": "Autumn", "effective_status": "ACTIVE"}]
    everything = api.get(url, params=params | {"filtering": ARCHIVED_TOO}).json()["data"]
    assert [row["id"] for row in everything] == ["11", "12"]
    by_status = params | {"effective_status": '["ARCHIVED"]'}
    assert [row["id"] for row in api.get(url, params=by_status).json()["data"]] == ["12"]


def test_a_campaign_that_has_not_begun_is_not_there(api, stage):
    assert _error(api.get("/v26.0/13")) == (100, 33)
    stage.clock.advance(40 * 86_400)
    assert api.get("/v26.0/13").json() == {"id": "13"}


def test_ads_tell_their_creative_with_its_url_tags(api):
    fields = "id,adset_id,campaign_id,status,creative{id,url_tags,object_story_spec}"
    ad = api.get(f"/v26.0/{ACT}/ads", params={"fields": fields}).json()["data"][0]
    assert (ad["id"], ad["adset_id"], ad["campaign_id"]) == ("1111", "111", "11")
    assert ad["creative"]["url_tags"] == "utm_source=facebook&utm_content={{ad.id}}"
    link = ad["creative"]["object_story_spec"]["link_data"]["link"]
    assert link == "https://northbolt.example/bolts"
    assert api.get(f"/v26.0/{ad['creative']['id']}", params={"fields": "id"}).status_code == 200
    bare = api.get(f"/v26.0/{ACT}/ads", params={"fields": '["creative"]'}).json()["data"][0]
    assert bare["creative"] == {"id": ad["creative"]["id"]}


def test_parents_are_told_with_the_fields_asked_of_them(api):
    fields = {"fields": "campaign{name},adset{name,campaign}"}
    assert api.get("/v26.0/1111", params=fields).json() == {
        "campaign": {"name": "Autumn", "id": "11"},
        "adset": {"name": "Set 111", "campaign": {"id": "11"}, "id": "111"},
        "id": "1111",
    }


def test_edges_of_campaigns_and_ad_sets_list_their_own(api):
    assert [r["id"] for r in api.get("/v26.0/11/adsets").json()["data"]] == ["111"]
    assert [r["id"] for r in api.get("/v26.0/111/ads").json()["data"]] == ["1111", "1112"]
    assert api.get(f"/v26.0/{ACT}/adcreatives").json()["data"]


def test_several_nodes_are_read_by_their_ids(api):
    found = api.get("/v26.0/", params={"ids": "11,1111", "fields": "name"}).json()
    assert found == {
        "11": {"name": "Autumn", "id": "11"},
        "1111": {"name": "Ad 1111", "id": "1111"},
    }


def test_pages_follow_next_until_it_is_absent(api):
    url = f"/v26.0/{ACT}/ads?limit=1&fields=id&access_token=demo-token"
    seen = []
    while url:
        page = api.get(url).json()
        seen += [row["id"] for row in page["data"]]
        url = page["paging"].get("next")
        assert url is None or "access_token=demo-token" in url
    assert seen == ["1111", "1112"]
    beyond = api.get(f"/v26.0/{ACT}/ads", params={"after": page["paging"]["cursors"]["after"]})
    assert beyond.json() == {"data": []}
    assert _error(api.get(f"/v26.0/{ACT}/ads", params={"after": "???"})) == (100, 0)


def test_unknown_fields_objects_and_versions_are_refused(api):
    assert _error(api.get("/v26.0/11", params={"fields": "moon"})) == (100, 0)
    assert _error(api.get("/v26.0/999")) == (100, 33)
    assert _error(api.get("/v26.0/act_999/insights")) == (100, 33)
    assert _error(api.get(f"/v26.0/{ACT}/moons")) == (100, 0)
    assert _error(api.get("/v9.0/me")) == (2635, 0)
    assert _error(api.get("/v26.0/11", params={"fields": "creative{id"})) == (100, 0)
    assert _error(api.get("/")) == (100, 0)


def test_too_large_a_limit_is_too_much_data(api):
    answer = api.get(f"/v26.0/{ACT}/ads", params={"limit": "5001"})
    assert _error(answer) == (100, 1487534)
    assert "reduce the amount of data" in answer.json()["error"]["message"]


def test_a_batch_answers_every_element_by_itself(api, stage):
    batch = [
        {"method": "GET", "relative_url": "v26.0/me"},
        {"method": "GET", "relative_url": f"{ACT}/ads?fields=id&limit=1"},
        {"method": "GET", "relative_url": "v26.0/999"},
    ]
    answer = api.post("/v26.0/", data={"batch": json.dumps(batch)}).json()
    assert [item["code"] for item in answer] == [200, 200, 400]
    assert json.loads(answer[1]["body"])["data"] == [{"id": "1111"}]
    assert {"x-app-usage", "Content-Type"} <= {h["name"] for h in answer[0]["headers"]}
    stage.faults.plant(Fault("batch_null", "meta_ads"))
    plain = {"batch": json.dumps(batch), "include_headers": "false"}
    answer = api.post("/", data=plain).json()
    assert answer[0] is None
    assert "headers" not in answer[1]


def test_a_batch_of_more_than_fifty_is_refused(api):
    batch = json.dumps([{"method": "GET", "relative_url": "me"}] * 51)
    assert _error(api.post("/v26.0", data={"batch": batch})) == (100, 0)
    assert _error(api.post("/v26.0", data={"batch": "[]"})) == (100, 0)


def test_each_element_of_a_batch_counts_for_the_limits(api, stage):
    stage.knobs["meta_ads.management_calls_per_hour"] = 2
    batch = json.dumps([{"method": "GET", "relative_url": f"{ACT}/ads"}] * 3)
    assert [i["code"] for i in api.post("/", data={"batch": batch}).json()] == [200, 200, 400]


def test_four_headers_tell_how_much_is_used(api, stage):
    stage.knobs.update({"meta_ads.insights_calls_per_hour": 10, "meta_ads.app_calls_per_hour": 20})
    headers = api.get(f"/v26.0/{ACT}/insights").headers
    assert json.loads(headers["x-fb-ads-insights-throttle"])["acc_id_util_pct"] == 10.0
    assert json.loads(headers["x-app-usage"])["call_count"] == 5
    use = json.loads(headers["x-business-use-case-usage"])["77"][0]
    assert (use["type"], use["call_count"], use["estimated_time_to_regain_access"]) == (
        "ads_insights",
        10,
        0,
    )
    account = json.loads(headers["x-ad-account-usage"])
    assert account["reset_time_duration"] == 0
    other = api.get(f"/v26.0/{ACT}/ads").headers
    use = json.loads(other["x-business-use-case-usage"])["77"][0]
    assert use["type"] == "ads_management"
    assert "x-fb-ads-insights-throttle" not in other


@pytest.mark.parametrize(
    ("knob", "edge", "error"),
    [
        ("insights_calls_per_hour", "insights", (80000, 2446079)),
        ("management_calls_per_hour", "ads", (80004, 2446079)),
        ("app_calls_per_hour", "insights", (4, 1504022)),
        ("app_calls_per_hour", "ads", (4, 0)),
    ],
)
def test_a_used_up_hour_refuses_until_it_has_passed(api, stage, knob, edge, error):
    stage.knobs[f"meta_ads.{knob}"] = 2
    url = f"/v26.0/{ACT}/{edge}"
    assert [api.get(url).status_code for _ in range(2)] == [200, 200]
    refused = api.get(url)
    assert _error(refused) == error
    if not knob.startswith("app"):
        use = json.loads(refused.headers["x-business-use-case-usage"])["77"][0]
        assert use["estimated_time_to_regain_access"] == 60
    stage.clock.advance(3600)
    assert api.get(url).status_code == 200


def test_an_account_above_its_score_is_locked_out(api, stage):
    stage.knobs.update({"meta_ads.score_limit": 1, "meta_ads.lockout_seconds": 120})
    assert api.get(f"/v26.0/{ACT}/ads").status_code == 200
    refused = api.get(f"/v26.0/{ACT}/ads")
    assert _error(refused) == (17, 2446079)
    account = json.loads(refused.headers["x-ad-account-usage"])
    assert (account["acc_id_util_pct"], account["reset_time_duration"]) == (100.0, 120)
    assert refused.json()["error"]["is_transient"] is True
    stage.clock.advance(300)
    assert api.get(f"/v26.0/{ACT}/ads").status_code == 200


@pytest.mark.parametrize(("code", "subcode"), sorted(KNOWN))
def test_every_error_of_the_vendor_can_be_planted(api, stage, code, subcode):
    values = {"code": code, "subcode": subcode}
    stage.faults.plant(Fault("error", "meta_ads", values=values))
    refused = api.get(f"/v26.0/{ACT}/insights")
    assert (_error(refused), refused.status_code) == ((code, subcode), KNOWN[code, subcode][1])
    assert set(refused.json()["error"]) >= {"message", "type", "fbtrace_id", "is_transient"}
    assert api.get(f"/v26.0/{ACT}/insights").status_code == 200


def test_every_code_of_the_vendors_tables_has_a_text_of_its_own():
    limits = {(code, 2446079) for code in (17, *range(80000, 80007), 80008)}
    limits |= {(4, 0), (32, 0), (613, 1487742), (4, 1504022), (4, 1504039)}
    faults = {(1, 99), (2, 0), (2, 1504043), (2, 1504044), (100, 1504018), (2, 1504038)}
    reports = {(2, 1504041), (2, 1504042), (-2, 2490547), (2601, 1815107), (100, 1487534), (1, 0)}
    ours = {(104, 0), (960, 0), (190, 460), (190, 463), (190, 467), (102, 0), (10, 0), (200, 0)}
    assert set(KNOWN) >= limits | faults | reports | ours | {(100, 0), (100, 33), (2635, 0)}
    texts = [KNOWN[key][0] for key in limits]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("code", [80001, 80002, 80003, 80005, 80006, 80008])
def test_limits_of_other_kinds_of_calls_are_temporary_too(api, stage, code):
    stage.faults.plant(Fault("error", "meta_ads", values={"code": code, "subcode": 2446079}))
    refused = api.get(f"/v26.0/{ACT}/ads")
    error = refused.json()["error"]
    assert (error["code"], error["is_transient"], refused.status_code) == (code, True, 400)
    assert error["message"].startswith(f"(#{code}) There have been too many calls to")


def test_every_code_from_200_to_299_is_a_missing_permission(api, stage):
    for code in (201, 273, 299):
        stage.faults.plant(Fault("error", "meta_ads", values={"code": code}))
        refused = api.get(f"/v26.0/{ACT}/ads")
        assert (_error(refused), refused.status_code) == ((code, 0), 403)
        assert "Permissions error" in refused.json()["error"]["message"]


def test_a_planted_error_says_what_the_operator_wrote(api, stage):
    text = "(#100) Cannot include reach in summary param"
    stage.faults.plant(Fault("error", "meta_ads", values={"code": 100, "message": text}))
    assert api.get(f"/v26.0/{ACT}/insights").json()["error"]["message"] == text


def test_the_token_is_not_exchanged_for_strangers(api):
    params = {"grant_type": "fb_exchange_token", "client_id": APP_ID, "client_secret": "guessed"}
    params["fb_exchange_token"] = "short-token"
    assert _error(api.get("/v26.0/oauth/access_token", params=params)) == (1, 0)
    params |= {"grant_type": "password"}
    assert _error(api.get("/v26.0/oauth/access_token", params=params)) == (100, 0)


def test_old_versions_are_answered_where_an_operator_wants_it(api, stage):
    stage.knobs["meta_ads.upgrade_old_versions"] = 1
    assert api.get("/v9.0/me").status_code == 200
    stage.knobs.update({"meta_ads.upgrade_old_versions": 0, "meta_ads.oldest_version": 25})
    assert _error(api.get("/v24.0/me")) == (2635, 0)
    assert api.get("/v25.0/me").status_code == 200


def test_the_headers_tell_the_level_of_the_app(api, stage):
    stage.knobs["meta_ads.access_tier"] = "development_access"
    headers = api.get(f"/v26.0/{ACT}/insights").headers
    for name in ("x-ad-account-usage", "x-fb-ads-insights-throttle"):
        assert json.loads(headers[name])["ads_api_access_tier"] == "development_access"


def test_an_expired_token_can_be_planted(api, stage):
    stage.faults.plant(Fault("expired_token", "meta_ads"))
    assert _error(api.get("/v26.0/me")) == (190, 463)


@pytest.mark.parametrize(
    ("edge", "fields"),
    [
        ("campaigns", "id,name,spend_cap,pacing_type,special_ad_category_country"),
        ("adsets", "id,bid_info,budget_remaining,targeting,daily_min_spend_target,pacing_type"),
        ("ads", "id,bid_info,bid_type,targeting,tracking_specs,conversion_domain"),
        ("adcreatives", "id,product_set_id,image_crops,object_story_id,link_og_id,thumbnail_url"),
    ],
)
def test_fields_the_vendor_knows_and_nobody_has_set_are_left_out(api, edge, fields):
    answer = api.get(f"/v26.0/{ACT}/{edge}", params={"fields": fields}).json()
    assert answer["data"]
    assert all(set(row) <= set(fields.split(",")) for row in answer["data"])
    refused = api.get(f"/v26.0/{ACT}/{edge}", params={"fields": f"{fields},made_up"})
    assert _error(refused) == (100, 0)


def test_a_list_tells_how_many_there_are_when_asked(api):
    params = {"limit": "1", "summary": "true"}
    page = api.get(f"/v26.0/{ACT}/ads", params=params).json()
    whole = api.get(f"/v26.0/{ACT}/ads", params={"limit": "500"}).json()
    assert page["summary"] == {"total_count": len(whole["data"])}
    assert "summary" not in whole
