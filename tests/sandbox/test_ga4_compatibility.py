"""Which fields the GA4 stand-in refuses together, as the vendor's own check of them answers."""

from __future__ import annotations

from typing import Any

import pytest

from include.sandbox.vendors.ga4 import PROPERTY_ID
from tests.sandbox.ga4_world import MARCH, expect_refusal, make_api, make_stage


@pytest.fixture
def api() -> Any:
    return make_api(make_stage())


def _ask(dimensions: str, metrics: str) -> dict[str, Any]:
    return {
        "dimensions": [{"name": name} for name in dimensions.split()],
        "metrics": [{"name": name} for name in metrics.split()],
        "dateRanges": MARCH,
    }


@pytest.mark.parametrize(
    ("dimensions", "metrics", "removed"),
    [
        ("itemName", "eventCount", "itemName"),
        ("date itemId", "keyEvents:purchase", "itemId"),
        ("date", "itemRevenue totalRevenue", "itemRevenue"),
        ("sourceMedium", "newUsers", "sourceMedium"),
        ("campaignName", "itemsPurchased", "campaignName"),
        ("userGender sessionSource", "sessions", "userGender"),
    ],
)
def test_fields_of_different_scopes_are_refused_together(api, dimensions, metrics, removed):
    error = expect_refusal(api, _ask(dimensions, metrics))
    assert error["status"] == "INVALID_ARGUMENT"
    assert f"Please remove {removed} to make the request compatible" in error["message"]


@pytest.mark.parametrize(
    ("dimensions", "metrics"),
    [
        ("itemName", "sessions totalUsers"),
        ("eventName itemId", "itemRevenue itemsPurchased"),
        ("defaultChannelGroup", "keyEvents totalRevenue"),
        ("userGender country", "activeUsers"),
        ("language region operatingSystemWithVersion", "sessions bounceRate"),
    ],
)
def test_fields_the_vendor_takes_together_are_answered(api, dimensions, metrics):
    url = f"/v1beta/properties/{PROPERTY_ID}:runReport"
    answer = api.post(url, json=_ask(dimensions, metrics)).json()
    assert [header["name"] for header in answer["dimensionHeaders"]] == dimensions.split()


def test_the_check_names_what_would_clash(api):
    url = f"/v1beta/properties/{PROPERTY_ID}:checkCompatibility"
    asked = {"metrics": [{"name": "screenPageViews"}], "compatibilityFilter": "INCOMPATIBLE"}
    found = api.post(url, json=asked).json()
    names = {item["dimensionMetadata"]["apiName"] for item in found["dimensionCompatibilities"]}
    assert {"itemName", "itemId", "source", "sourceMedium", "campaignId"} <= names
    assert not {"eventName", "sessionSource", "date"} & names
    metrics = {item["metricMetadata"]["apiName"] for item in found["metricCompatibilities"]}
    assert metrics == {"itemRevenue"}
