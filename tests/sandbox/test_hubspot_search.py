"""The search of the HubSpot stand-in: filters, sorts, pages, the wall and the lagging index."""

from __future__ import annotations

import pytest

from include.sandbox.vendors.hubspot.errors import ApiError
from include.sandbox.vendors.hubspot.object_types import find_type
from include.sandbox.vendors.hubspot.people import make_company
from include.sandbox.vendors.hubspot.search import search_records
from tests.sandbox.hubspot_portal import PortalCaller, at, make_deal, millis

SEARCH = "/crm/v3/objects/deals/search"
STAGE = "dealstage"


@pytest.fixture
def portal() -> PortalCaller:
    return PortalCaller()


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ({"propertyName": STAGE, "operator": "EQ", "value": "CLOSEDWON"}, ["2"]),
        ({"propertyName": STAGE, "operator": "NEQ", "value": "closedwon"}, ["1", "3", "4"]),
        ({"propertyName": "amount", "operator": "GT", "value": "1500"}, ["4"]),
        ({"propertyName": "amount", "operator": "GTE", "value": "1500.0"}, ["1", "2", "3", "4"]),
        ({"propertyName": "amount", "operator": "LT", "value": 2000}, ["1", "2", "3"]),
        ({"propertyName": "hs_object_id", "operator": "LTE", "value": "2"}, ["1", "2"]),
        (
            {
                "propertyName": "hs_object_id",
                "operator": "BETWEEN",
                "value": "2",
                "highValue": "3",
            },
            ["2", "3"],
        ),
        (
            {"propertyName": STAGE, "operator": "IN", "values": ["closedwon", "closedlost"]},
            ["2", "3"],
        ),
        ({"propertyName": STAGE, "operator": "NOT_IN", "values": ["closedwon"]}, ["1", "3", "4"]),
        ({"propertyName": "closed_lost_reason", "operator": "HAS_PROPERTY"}, ["3"]),
        ({"propertyName": "utm_source", "operator": "NOT_HAS_PROPERTY"}, ["4"]),
        ({"propertyName": "dealname", "operator": "CONTAINS_TOKEN", "value": "de*"}, list("1234")),
        ({"propertyName": "dealname", "operator": "CONTAINS_TOKEN", "value": "ea"}, []),
        ({"propertyName": "dealname", "operator": "NOT_CONTAINS_TOKEN", "value": "3"}, list("124")),
        (
            {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": millis(at(3))},
            ["1", "2", "3"],
        ),
        (
            {"propertyName": "createdate", "operator": "LT", "value": "2026-11-10T12:00:00Z"},
            [],
        ),
    ],
)
def test_a_filter_keeps_what_its_operator_says(portal, condition, ids):
    assert portal.find(condition) == ids


def test_filters_of_a_group_are_all_needed_and_groups_are_alternatives(portal):
    won = {"propertyName": STAGE, "operator": "EQ", "value": "closedwon"}
    large = {"propertyName": "amount", "operator": "GT", "value": "5000"}
    assert portal.find(won, large) == []
    body = portal.search("deals", filterGroups=[{"filters": [won]}, {"filters": [large]}])
    assert [one["id"] for one in body["results"]] == ["2", "4"]
    assert portal.search("deals", filters=[won])["total"] == 1


def test_a_query_looks_into_names_and_addresses(portal):
    assert portal.search("contacts", query="JANE21@example")["total"] == 1
    assert portal.search("deals", query="nothing")["results"] == []


@pytest.mark.parametrize(
    ("sorts", "first"),
    [
        (["amount"], "1"),
        (["-amount"], "4"),
        ([{"propertyName": "hs_object_id", "direction": "DESCENDING"}], "4"),
        ([{"propertyName": "hs_object_id", "direction": "ASCENDING"}], "1"),
        (["closed_lost_reason DESC"], "3"),
        ([], "1"),
    ],
)
def test_one_sort_puts_results_in_order(portal, sorts, first):
    assert portal.search("deals", sorts=sorts)["results"][0]["id"] == first


def test_results_are_paged_by_offset_and_counted(portal):
    first = portal.search("deals", limit=3, properties=["amount"])
    assert (first["total"], len(first["results"])) == (4, 3)
    assert first["paging"] == {"next": {"after": "3"}}
    assert first["results"][0]["properties"]["amount"] == "1500.00"
    last = portal.search("deals", limit=3, after="3")
    assert ([one["id"] for one in last["results"]], "paging" in last) == (["4"], False)
    assert portal.post("/crm/objects/2026-03/deals/search", {}).json()["total"] == 4


def test_searches_show_neither_associations_nor_archived(portal):
    body = portal.search("deals", associations=["contacts"])
    assert "5" not in [one["id"] for one in body["results"]]
    assert not [one for one in body["results"] if "associations" in one]


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"limit": 200, "after": "9801"},
        {"after": "10000"},
        {"after": "-1"},
        {"sorts": ["amount", "createdate"]},
        {"filterGroups": [{"filters": []}] * 6},
        {"filters": [{"propertyName": "amount", "operator": "HAS_PROPERTY"}] * 7},
        {
            "filterGroups": [
                {"filters": [{"propertyName": "amount", "operator": "HAS_PROPERTY"}] * 5}
            ]
            * 4
        },
        {"filters": [{"propertyName": "amount", "operator": "LIKE", "value": "1"}]},
        {"filters": [{"propertyName": "amount", "operator": "EQ"}]},
        {"filters": [{"propertyName": "amount", "operator": "IN", "value": "1"}]},
        {"filters": [{"propertyName": "amount", "operator": "BETWEEN", "value": "1"}]},
        {"filters": [{"propertyName": "nothing", "operator": "EQ", "value": "1"}]},
    ],
)
def test_a_bad_search_is_a_validation_error(portal, body):
    answer = portal.post(SEARCH, body)
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")


def test_ten_thousand_results_are_the_wall_whatever_the_total():
    row = {"title": "x", "domain": "", "phone": "", "inn": "", "deleted_at": None}
    row |= {"created_at": at(1), "updated_at": at(1)}
    records = [make_company(row | {"company_id": number}, []) for number in range(1, 10_251)]
    kind = find_type("companies")
    page, total, after = search_records(records, kind, {"limit": 200, "after": "9800"})
    assert (len(page), total, after) == (200, 10_250, "10000")
    with pytest.raises(ApiError):
        search_records(records, kind, {"limit": 200, "after": after})


def test_windows_by_id_walk_past_the_wall(portal):
    window = {"propertyName": "hs_object_id", "operator": "GT", "value": "2"}
    assert portal.find(window) == ["3", "4"]


def test_the_index_is_some_seconds_behind():
    portal = PortalCaller({"crm_deal": [make_deal(1, created_at=at(0), updated_at=at(0))]})
    assert portal.search("deals")["total"] == 0
    assert len(portal.results("/crm/v3/objects/deals")) == 1
    portal.stage.clock.advance(31)
    assert portal.search("deals")["total"] == 1
    portal.stage.knobs["hubspot.search_lag_seconds"] = 60
    assert portal.search("deals")["total"] == 0


def test_contacts_are_modified_under_another_name(portal):
    late = {"operator": "GTE", "value": millis(at(13))}
    assert portal.find({"propertyName": "lastmodifieddate", **late}, kind="contacts") == ["21"]
    body = {"filters": [{"propertyName": "hs_lastmodifieddate", **late}]}
    assert portal.post("/crm/v3/objects/contacts/search", body).status_code == 400
