"""The amoCRM stand-in: what is a lead at which instant, and how leads and cards are listed."""

from __future__ import annotations

import pytest

from include.sandbox.world.world import World
from tests.sandbox.amocrm_account import OFFER, AmoCaller, day, make_world, seconds


@pytest.fixture
def amo() -> AmoCaller:
    return AmoCaller()


def test_an_enquiry_is_unsorted_until_answered_and_keeps_its_id_as_a_deal(amo):
    amo.go_to(1.2)
    assert amo.ids("leads") == []
    assert len(amo.rows("leads/unsorted")) == 3
    amo.go_to(1.6)
    (lead,) = amo.rows("leads")
    assert (lead["id"], lead["name"], lead["pipeline_id"]) == (801, "Болты", 10)
    assert (lead["created_at"], lead["updated_at"]) == (seconds(1), seconds(1.5))
    assert len(amo.rows("leads/unsorted")) == 2
    amo.go_to(6)
    (deal,) = amo.rows("leads?filter[id]=801")
    assert (deal["name"], deal["status_id"]) == ("Болты, 2 тонны", OFFER)
    assert deal["created_at"] == seconds(1)


def test_an_enquiry_that_led_to_nothing_is_a_lost_lead(amo):
    (lead,) = amo.rows("leads?filter[id]=502&with=loss_reason")
    assert (lead["status_id"], lead["closed_at"]) == (143, seconds(3))
    assert lead["_embedded"]["loss_reason"][0]["name"] == "Спам"
    assert lead["loss_reason_id"] == lead["_embedded"]["loss_reason"][0]["id"]


def test_closing_is_undone_by_reopening(amo):
    seen = []
    for at in (9, 11, 13, 15):
        amo.go_to(at)
        (lead,) = amo.rows("leads?filter[id]=801")
        seen.append((lead["status_id"], lead["closed_at"]))
    assert seen == [(OFFER, None), (143, seconds(10)), (OFFER, None), (142, seconds(14))]


def test_a_deleted_lead_leaves_the_list_and_shows_little_in_the_bin(amo):
    amo.go_to(7)
    assert 802 in amo.ids("leads")
    amo.go_to(9)
    assert 802 not in amo.ids("leads")
    (row,) = amo.rows("leads?with=only_deleted")
    assert (row["id"], row["is_deleted"], "price" in row) == (802, True, False)
    assert amo.get("leads/802").status_code == 204
    assert amo.get("leads/802?with=only_deleted").json()["is_deleted"] is True
    amo.go_to(40)
    assert amo.rows("leads?with=only_deleted") == []


def test_a_merged_lead_is_nowhere(amo):
    amo.go_to(8)
    assert 803 in amo.ids("leads")
    amo.go_to(9.1)
    assert 803 not in amo.ids("leads")
    assert 803 not in amo.ids("leads?with=only_deleted")
    assert amo.get("leads/803").status_code == 204
    amo.stage.knobs["amocrm.missing_status"] = 404
    assert amo.get("leads/803").status_code == 404


def test_a_second_enquiry_of_a_deal_is_merged_into_it(amo):
    repeat = {"lead_id": 505, "stage_id": "in_work", "deal_id": 801, "created_at": day(5)}
    rows = make_world().table("crm_lead").to_pylist()
    amo.stage.world = make_world(crm_lead=[*rows, repeat])
    amo.go_to(30)
    assert 505 not in amo.ids("leads")
    assert len(amo.rows("events?filter[type]=entity_merged&filter[entity]=lead")) == 2


def test_optional_parts_come_only_with_with(amo):
    (bare,) = amo.rows("leads?filter[id]=801")
    assert set(bare["_embedded"]) == {"tags", "companies"}
    assert "source_id" not in bare
    wanted = "contacts,loss_reason,source_id,is_price_modified_by_robot,catalog_elements"
    (full,) = amo.rows(f"leads?filter[id]=801&with={wanted}")
    (contact,) = full["_embedded"]["contacts"]
    assert (contact["id"], contact["is_main"]) == (9, True)
    (element,) = full["_embedded"]["catalog_elements"]
    assert element["metadata"] == {"quantity": 4, "catalog_id": 1001, "price_id": 189_003}
    assert full["source_id"] and full["is_price_modified_by_robot"] is False
    assert full["_embedded"]["loss_reason"] == []


def test_marks_of_the_visit_are_tracking_data_and_nothing_is_null_not_empty(amo):
    (lead,) = amo.rows("leads?filter[id]=801")
    values = {f["field_code"]: f["values"][0]["value"] for f in lead["custom_fields_values"]}
    assert values == {
        "UTM_SOURCE": "yandex",
        "_YM_UID": "1712345678901234567",
        "YCLID": "1234567890123456789",
    }
    assert {f["field_type"] for f in lead["custom_fields_values"]} == {"tracking_data"}
    (plain,) = amo.rows("leads?filter[id]=804")
    assert plain["custom_fields_values"] is None


def test_money_is_whole_roubles(amo):
    (lead,) = amo.rows("leads?filter[id]=801")
    assert (lead["price"], type(lead["price"])) == (120_000, int)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("filter[id]=801,804", [801, 804]),
        ("filter[id][]=801&filter[id][]=804", [801, 804]),
        ("filter[id][0]=801&filter[id][1]=804", [801, 804]),
        ("filter[pipeline_id]=20", [804]),
        ("filter[statuses][0][pipeline_id]=10&filter[statuses][0][status_id]=143", [502]),
        ("filter[responsible_user_id]=3", [801]),
        ("filter[name]=Опт", [804]),
        ("filter[price][from]=1", [801]),
        ("filter[price]=0", [502, 804]),
        (f"filter[updated_at][from]={seconds(7)}", [801, 804]),
        (f"filter[updated_at][from]={seconds(7) + 1}", [801]),
        (f"filter[updated_at][to]={seconds(7)}", [502, 804]),
        (f"filter[updated_at]={seconds(7)},{seconds(8)}", [804]),
        (f"filter[closed_at][from]={seconds(10)}", [801]),
        ("query=болты", [801]),
        ("order[updated_at]=desc", [801, 804, 502]),
        ("order[created_at]=asc", [502, 801, 804]),
        ("filter[unheard_of]=1", [502, 801, 804]),
        ("filter[id]=1", []),
    ],
)
def test_leads_are_filtered_and_ordered(amo, query, ids):
    assert amo.ids(f"leads?{query}") == ids


def test_contacts_and_companies_hide_who_was_deleted_or_merged(amo):
    amo.go_to(1)
    assert amo.ids("contacts") == [9, 10, 11]
    amo.go_to(30)
    (contact,) = amo.rows("contacts?with=leads,customers,catalog_elements")
    assert [lead["id"] for lead in contact["_embedded"]["leads"]] == [801]
    assert contact["_embedded"]["customers"] == contact["_embedded"]["catalog_elements"] == []
    phones = contact["custom_fields_values"][0]
    assert (phones["field_code"], phones["field_type"]) == ("PHONE", "multitext")
    assert [v["value"] for v in phones["values"]] == ["+7 (912) 000-00-01", "89120000002"]
    (company,) = amo.rows("companies?with=leads,contacts")
    assert [one["id"] for one in company["_embedded"]["contacts"]] == [9]
    assert amo.get("contacts/10").status_code == 204
    assert amo.get("companies/7").json()["name"] == "ООО Ромашка"
    assert amo.ids("contacts?query=0000002") == [9]
    assert amo.rows(f"contacts?filter[updated_at][from]={seconds(20)}") == []


def test_unsorted_requests_have_a_uid_a_category_and_a_lead_to_come(amo):
    amo.go_to(1.2)
    rows = amo.rows("leads/unsorted")
    assert {row["category"] for row in rows} == {"forms", "sip"}
    (call,) = amo.rows("leads/unsorted?filter[category][]=sip")
    assert call["metadata"]["called_at"] == seconds(1)
    assert amo.get(f"leads/unsorted/{call['uid']}").json()["uid"] == call["uid"]
    assert amo.rows("leads/unsorted?filter[pipeline_id]=20") == []
    assert len(amo.rows(f"leads/unsorted?filter[uid]={call['uid']}")) == 1
    assert [row["_embedded"]["leads"][0]["id"] for row in rows] == [501, 502, 801]


def test_enquiries_move_aside_where_deals_bear_the_same_numbers(amo):
    shared = {"crm": "amocrm", "created_at": day(0)}
    amo.stage.world = World.of(
        crm_lead=[{**shared, "lead_id": 1, "closed_at": day(1), "stage_id": "junk"}],
        crm_deal=[{**shared, "deal_id": 1, "pipeline_id": 10, "stage_id": "qualify"}],
    )
    assert amo.ids("leads") == [1, 1_000_000_001]


def test_an_empty_account_answers_without_a_body(amo):
    amo.stage.world = World.of()
    for path in ("leads", "contacts", "companies", "events", "tasks", "leads/pipelines", "users"):
        answer = amo.get(path)
        assert (answer.status_code, answer.content) == (204, b""), path
    assert amo.get("account").status_code == 200


def test_pages_are_linked_until_the_last_and_there_is_no_total(amo):
    first = amo.get("leads?limit=2&with=contacts&order[id]=asc").json()
    assert (first["_page"], [row["id"] for row in first["_embedded"]["leads"]]) == (1, [502, 801])
    assert set(first["_links"]) == {"self", "next"}
    assert set(first) == {"_page", "_links", "_embedded"}
    headers = {"Authorization": "Bearer demo-token"}
    second = amo.http.get(first["_links"]["next"]["href"], headers=headers).json()
    assert [row["id"] for row in second["_embedded"]["leads"]] == [804]
    assert set(second["_links"]) == {"self", "first", "prev"}
    assert "contacts" in second["_embedded"]["leads"][0]["_embedded"]
    assert amo.get("leads?limit=2&page=3").status_code == 204


def test_a_deal_entered_twice_for_one_enquiry_is_two_leads_until_merged(amo):
    twin = {"deal_id": 805, "lead_id": 503, "pipeline_id": 10, "stage_id": "qualify"}
    twin |= {"crm": "amocrm", "created_at": day(5), "updated_at": day(7), "merged_into_id": 801}
    rows = make_world().table("crm_deal").to_pylist()
    amo.stage.world = make_world(crm_deal=[*rows, twin])
    amo.go_to(6)
    leads = {row["id"]: row["created_at"] for row in amo.rows("leads")}
    assert (leads[801], leads[805]) == (seconds(1), seconds(5))
    amo.go_to(30)
    assert amo.ids("leads") == [502, 801, 804]
    added = amo.rows("events?filter[type]=lead_added&order[created_at]=asc")
    assert sorted(row["entity_id"] for row in added) == [502, 801, 802, 803, 804, 805]


def test_tags_of_leads_are_listed_and_narrowed(amo):
    amo.go_to(6)
    (lead,) = amo.rows("leads?filter[id]=801")
    tag = lead["_embedded"]["tags"][0]
    assert tag in amo.rows("leads/tags")
    assert amo.rows(f"leads/tags?filter[id][]={tag['id']}") == [tag]
    assert amo.rows(f"leads/tags?filter[name]={tag['name']}") == [tag]


@pytest.mark.parametrize("path", ["contacts/tags", "companies/tags", "customers", "sources"])
def test_what_the_account_does_not_use_is_empty_and_no_error(amo, path):
    assert amo.get(path).status_code == 204
