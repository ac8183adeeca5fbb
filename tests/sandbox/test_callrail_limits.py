"""The CallRail stand-in: how many requests of each kind an hour and a day have."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from include.sandbox.vendors.callrail.access import DAY, HOUR, Quotas
from include.sandbox.vendors.callrail.errors import ApiError
from include.sandbox.vendors.vendor import Stage
from tests.sandbox.callrail_company import make_api, make_stage, under


@pytest.fixture
def stage() -> Stage:
    return make_stage()


@pytest.fixture
def api(stage: Stage) -> TestClient:
    return make_api(stage)


@pytest.mark.parametrize(
    ("kind", "hourly", "daily"),
    [("general", 1000, 10_000), ("sms", 150, 1000), ("outbound_call", 100, 2000)],
)
def test_the_hour_and_the_day_have_their_quotas(stage, kind, hourly, daily):
    quotas, passed = Quotas(stage.clock), 0
    by_hour = []
    for _ in range(-(-daily // hourly) + 1):
        before = passed
        with pytest.raises(ApiError) as refused:
            while passed <= daily:
                quotas.count(kind, {})
                passed += 1
        assert refused.value.status == 429
        by_hour.append(passed - before)
        stage.clock.advance(HOUR)
    assert (by_hour[0], sum(by_hour), by_hour[-1]) == (hourly, daily, 0)
    stage.clock.advance(DAY)
    quotas.count(kind, {})


def test_a_used_up_hour_ends_in_429_without_promises_and_comes_back(api, stage):
    stage.knobs["callrail.general_per_hour"] = 2
    assert [api.get("/v3/a.json").status_code for _ in range(2)] == [200, 200]
    refused = api.get("/v3/a.json")
    assert refused.status_code == 429
    assert "retry-after" not in refused.headers
    stage.clock.advance(3600)
    assert api.get("/v3/a.json").status_code == 200


def test_the_quota_of_the_day_outlasts_the_hour(api, stage):
    stage.knobs.update({"callrail.general_per_day": 3, "callrail.retry_after": 60})
    assert [api.get("/v3/a.json").status_code for _ in range(4)] == [200, 200, 200, 429]
    stage.clock.advance(3600)
    assert api.get("/v3/a.json").headers["retry-after"] == "60"
    stage.clock.advance(86_400)
    assert api.get("/v3/a.json").status_code == 200


@pytest.mark.parametrize(("path", "hourly"), [("text-messages", 150), ("calls", 100)])
def test_messages_and_outbound_calls_have_quotas_of_their_own(api, path, hourly):
    names = ("caller_id", "business_phone_number", "customer_phone_number", "company_id", "content")
    body = dict.fromkeys(names, "1")
    codes = [api.post(under(path), json=body).status_code for _ in range(hourly + 1)]
    assert codes == [201] * hourly + [429]
    assert api.get("/v3/a.json").status_code == 200
    assert api.post(under(path), json={}).status_code == 422
