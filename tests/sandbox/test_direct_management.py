"""The management services of the Direct stand-in."""

from __future__ import annotations

import pytest

from include.sandbox.vendors.yandex_direct.errors import TEXTS

ALL = {"SelectionCriteria": {}, "FieldNames": ["Id", "Name", "Type", "State"]}


def test_campaigns_show_every_kind(direct):
    result = direct.call("campaigns", ALL).json()["result"]
    assert "LimitedBy" not in result
    kinds = {(c["Type"], c["State"]) for c in result["Campaigns"]}
    assert kinds == {
        ("TEXT_CAMPAIGN", "ON"),
        ("TEXT_CAMPAIGN", "ARCHIVED"),
        ("UNIFIED_CAMPAIGN", "ON"),
        ("UNKNOWN", "ON"),
    }


def test_wizard_campaigns_may_be_missing_while_their_spend_is_reported(direct):
    direct.control("knobs", {"yandex_direct.wizard_listed": False})
    names = {c["Name"] for c in direct.call("campaigns", ALL).json()["result"]["Campaigns"]}
    assert "Мастер кампаний" not in names
    assert "Мастер кампаний" in direct.report(FieldNames=["CampaignName", "Cost"]).text


def test_type_specific_fields_stand_in_their_own_structure(direct):
    params = ALL | {"TextCampaignFieldNames": ["CounterIds"], "FieldNames": ["Id", "EndDate"]}
    first = direct.call("campaigns", params).json()["result"]["Campaigns"][0]
    assert first["EndDate"] is None
    assert first["TextCampaign"] == {"CounterIds": {"Items": [1234567]}}


def test_limited_by_is_the_next_offset_and_missing_on_the_last_page(direct):
    offset, seen, pages = 0, [], 0
    while True:
        params = ALL | {"Page": {"Limit": 4, "Offset": offset}}
        result = direct.call("campaigns", params).json()["result"]
        seen += [c["Id"] for c in result["Campaigns"]]
        pages += 1
        if "LimitedBy" not in result:
            break
        offset = result["LimitedBy"]
    assert (pages, len(seen), len(set(seen))) == (2, 8, 8)


def test_empty_answers_are_not_uniform(direct):
    nothing = {"SelectionCriteria": {"Ids": [1]}, "FieldNames": ["Id"]}
    assert direct.call("ads", nothing).json() == {"result": {}}
    assert direct.call("keywords", nothing).json() == {"result": {}}
    assert direct.call("adgroups", nothing).json() == {"result": {"AdGroups": []}}


def test_too_many_campaign_ids_are_error_4001_as_a_number(direct):
    params = {"SelectionCriteria": {"CampaignIds": list(range(11))}, "FieldNames": ["Id"]}
    for service in ("ads", "adgroups", "keywords"):
        answer = direct.call(service, params)
        assert answer.status_code == 200
        assert answer.json()["error"]["error_code"] == 4001


def test_every_selection_of_ads_has_its_cap(direct):
    for element, cap in (("VCardIds", 10), ("SitelinkSetIds", 10), ("AdGroupIds", 1000)):
        for count, code in ((cap, None), (cap + 1, 4001)):
            params = {"SelectionCriteria": {element: list(range(count))}, "FieldNames": ["Id"]}
            error = direct.call("ads", params).json().get("error", {})
            assert error.get("error_code") == code, (element, count)


def test_unknown_elements_are_refused(direct):
    for service, params in (
        ("campaigns", ALL | {"Surprise": 1}),
        ("clients", {"FieldNames": ["Login"], "SelectionCriteria": {}}),
        ("dictionaries", {"DictionaryNames": ["GeoRegions"], "Page": {}}),
    ):
        assert direct.call(service, params).json()["error"]["error_code"] == 8000, service


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_every_error_can_be_provoked_in_both_forms(direct, code):
    direct.control("faults", {"kind": "error", "code": code, "count": 2})
    called, reported = direct.call("campaigns", ALL), direct.report()
    assert (called.status_code, called.json()["error"]["error_code"]) == (200, code)
    assert reported.status_code in (400, 500)
    assert reported.json()["error"]["error_code"] == str(code)
    for answer in (called, reported):
        assert answer.json()["error"]["error_string"]
        assert answer.json()["error"]["request_id"] == answer.headers["RequestId"]


def test_a_failed_call_costs_twenty_points_and_others_their_objects(direct):
    def spent(service: str, params: dict, method: str = "get") -> int:
        return int(direct.call(service, params, method).headers["Units"].split("/")[0])

    assert spent("campaigns", ALL | {"Surprise": 1}) == 20
    assert spent("campaigns", ALL) == 10 + 8
    assert spent("clients", {"FieldNames": ["Login"]}) == 10
    ids = [c["Id"] for c in direct.call("campaigns", ALL).json()["result"]["Campaigns"]]
    check = {
        "CampaignIds": ids,
        "FieldNames": ["CampaignsStat"],
        "Timestamp": "2026-11-01T00:00:00Z",
    }
    assert spent("changes", check, "check") == 10
    groups = {"SelectionCriteria": {"CampaignIds": ids[:1]}, "FieldNames": ["Id"]}
    shown = direct.call("adgroups", groups).json()["result"]["AdGroups"]
    assert spent("adgroups", groups) == 15 + len(shown)


def test_groups_ads_and_keywords_hang_together(direct):
    chosen = {"SelectionCriteria": {"CampaignIds": [700012135]}}
    ads = direct.call(
        "ads", chosen | {"FieldNames": ["Id", "AdGroupId"], "TextAdFieldNames": ["Href"]}
    ).json()["result"]["Ads"]
    groups = direct.call("adgroups", chosen | {"FieldNames": ["Id"]}).json()["result"]["AdGroups"]
    keywords = direct.call("keywords", chosen | {"FieldNames": ["AdGroupId", "Keyword"]}).json()
    ids = {g["Id"] for g in groups}
    assert {a["AdGroupId"] for a in ads} == ids
    assert {k["AdGroupId"] for k in keywords["result"]["Keywords"]} == ids
    assert all("utm_source=yandex" in a["TextAd"]["Href"] for a in ads)


def test_an_agency_lists_its_clients_and_an_advertiser_may_not(direct):
    params = {"SelectionCriteria": {"Archived": "NO"}, "FieldNames": ["Login", "Currency"]}
    agency = direct.call("agencyclients", params, headers={"Client-Login": ""})
    assert [c["Login"] for c in agency.json()["result"]["Clients"]] == [
        "demo-client",
        "demo-second",
    ]
    own = {"Authorization": "Bearer client-token"}
    assert direct.call("agencyclients", params, headers=own).json()["error"]["error_code"] == 54


def test_dictionaries_name_the_regions_of_reports(direct):
    answer = direct.call("dictionaries", {"DictionaryNames": ["GeoRegions"]})
    regions = {r["GeoRegionId"]: r["GeoRegionName"] for r in answer.json()["result"]["GeoRegions"]}
    assert regions[213] == "Moscow"


def test_unknown_methods_and_fields_are_refused_inside_http_200(direct):
    assert direct.call("campaigns", ALL, method="archive").json()["error"]["error_code"] == 55
    odd = ALL | {"FieldNames": ["Id", "Nonsense"]}
    answer = direct.call("campaigns", odd)
    assert (answer.status_code, answer.json()["error"]["error_code"]) == (200, 8000)
    no_fields = {"SelectionCriteria": {}}
    assert direct.call("campaigns", no_fields).json()["error"]["error_code"] == 8000


def test_units_are_told_spent_and_run_out_until_the_next_hour(direct):
    direct.control("knobs", {"yandex_direct.daily_units": 240})
    headers = direct.call("campaigns", ALL).headers
    assert headers["Units"] == "18/222/240"
    assert headers["Units-Used-Login"] == "demo-client"
    error = None
    for _ in range(14):
        error = direct.call("campaigns", ALL).json().get("error")
    assert error["error_code"] == 152
    direct.control("clock", {"advance_seconds": 2 * 3600})
    assert "result" in direct.call("campaigns", ALL).json()


def test_changes_name_the_earliest_changed_day(direct):
    def check(timestamp: str) -> dict:
        params = {
            "CampaignIds": [700012135, 1],
            "FieldNames": ["CampaignsStat"],
            "Timestamp": timestamp,
        }
        return direct.call("changes", params, method="check").json()["result"]

    yesterday = check("2026-11-19T09:00:00Z")
    assert yesterday["Modified"]["CampaignsStat"] == [
        {"CampaignId": 700012135, "BorderDate": "2026-11-17"}
    ]
    assert yesterday["NotFound"] == {"CampaignIds": [1]}
    assert yesterday["Timestamp"] == "2026-11-20T09:00:00Z"
    assert check("2026-11-20T09:00:00Z")["Modified"] == {}
