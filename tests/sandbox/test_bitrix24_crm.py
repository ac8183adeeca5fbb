"""What the Bitrix24 stand-in shows of leads, deals, stages and directories."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.sandbox.bitrix24_portal import (
    METRICA_FIELD,
    NOON,
    REASON_FIELD,
    PortalCaller,
    at,
    standard_tables,
)


@pytest.fixture
def portal() -> PortalCaller:
    return PortalCaller()


def _reason_ids(portal: PortalCaller) -> dict[str, str]:
    fields = portal.rows("crm.deal.userfield.list")
    members = next(field for field in fields if field["USER_TYPE_ID"] == "enumeration")["LIST"]
    return {member["VALUE"]: member["ID"] for member in members}


def test_every_scalar_of_a_deal_is_text(portal):
    deal = portal.rows("crm.deal.list", {"select": ["*", "UF_*"], "filter": {"ID": 4}})[0]
    assert all(value is None or isinstance(value, str) for value in deal.values())
    assert (deal["OPPORTUNITY"], deal["CURRENCY_ID"]) == ("19999.99", "RUB")
    assert (deal["CATEGORY_ID"], deal["STAGE_ID"]) == ("2", "C2:OFFER")
    assert deal["DATE_CREATE"] == "2026-11-10T12:00:00+03:00"
    assert (deal["LEAD_ID"], deal["COMPANY_ID"], deal["CLOSED"]) == (None, "0", "N")


def test_the_first_pipeline_is_number_zero_with_bare_stage_ids(portal):
    deals = {row["ID"]: row for row in portal.rows("crm.deal.list")}
    assert (deals["1"]["CATEGORY_ID"], deals["1"]["STAGE_ID"]) == ("0", "QUALIFIED")
    assert (deals["2"]["STAGE_ID"], deals["2"]["STAGE_SEMANTIC_ID"]) == ("WON", "S")
    assert (deals["3"]["STAGE_ID"], deals["3"]["STAGE_SEMANTIC_ID"]) == ("LOSE", "F")


def test_the_closing_date_of_a_deal_is_only_planned(portal):
    deal = portal.rows("crm.deal.get", {"id": 2})
    assert deal["CLOSEDATE"] == "2026-11-17T00:00:00+03:00"
    history = portal.rows("crm.stagehistory.list", {"entityTypeId": 2, "filter": {"OWNER_ID": 2}})
    assert history["items"][-1]["CREATED_TIME"] == "2026-11-17T12:00:00+03:00"


def test_a_converted_lead_is_pointed_at_by_its_deal(portal):
    lead = portal.rows("crm.lead.get", {"id": 1})
    assert (lead["STATUS_ID"], lead["STATUS_SEMANTIC_ID"]) == ("CONVERTED", "S")
    assert lead["DATE_CLOSED"] == "2026-11-10T12:00:00+03:00"
    assert portal.ids("crm.deal.list", filter={"LEAD_ID": 1}) == ["1"]
    assert (lead["NAME"], lead["LAST_NAME"], lead["BIRTHDATE"]) == ("Ivan", "Petrov", "")


def test_an_enumeration_holds_the_id_of_its_member(portal):
    reasons = _reason_ids(portal)
    rows = portal.rows("crm.deal.list", {"select": ["UF_*"]})
    assert {row["ID"]: row[REASON_FIELD] for row in rows}["3"] == reasons["price"]
    assert portal.ids("crm.deal.list", filter={REASON_FIELD: reasons["price"]}) == ["3"]


def test_labels_of_custom_fields_need_a_language(portal):
    first = portal.rows("crm.deal.userfield.list")[0]
    assert (first["FIELD_NAME"], first["EDIT_FORM_LABEL"]) == (METRICA_FIELD, None)
    first = portal.rows("crm.deal.userfield.list", {"filter": {"LANG": "ru"}})[0]
    assert first["EDIT_FORM_LABEL"] == "ClientID Метрики"


def test_a_deal_closed_later_was_open_before(portal):
    portal.stage.clock.set(now=at(3) - timedelta(seconds=1))
    deals = {row["ID"]: row for row in portal.rows("crm.deal.list")}
    assert deals["2"]["STAGE_SEMANTIC_ID"] != "F"
    assert deals["2"]["DATE_MODIFY"] < "2026-11-17T12:00:00+03:00"
    portal.stage.clock.set(now=at(3))
    assert portal.rows("crm.deal.get", {"id": 2})["DATE_MODIFY"] == "2026-11-17T12:00:00+03:00"


def test_nothing_of_the_future_is_shown(portal):
    assert portal.ids("crm.lead.list") == ["1", "2"]
    portal.stage.clock.set(now=NOON + timedelta(hours=1))
    assert portal.ids("crm.lead.list") == ["1", "2", "3"]
    assert portal.rows("crm.lead.list")[2]["HAS_PHONE"] == "N"


def test_a_new_world_replaces_the_old_at_once(portal):
    assert portal.ids("crm.company.list") == ["31"]
    portal.stage.world = PortalCaller({}).stage.world
    assert portal.ids("crm.company.list") == []


def test_deleted_and_merged_deals_just_disappear(portal):
    assert portal.ids("crm.deal.list") == ["1", "2", "3", "4"]
    portal.stage.clock.set(now=at(1) - timedelta(seconds=1))
    assert portal.ids("crm.deal.list") == ["1", "2", "3", "4", "5", "6"]


def test_a_merge_moves_the_winner_and_relinks_what_pointed_at_the_loser(portal):
    assert portal.ids("crm.contact.list") == ["21"]
    assert portal.rows("crm.contact.get", {"id": 21})["DATE_MODIFY"] == "2026-11-16T12:00:00+03:00"
    assert portal.rows("crm.deal.get", {"id": 1})["CONTACT_ID"] == "21"
    assert portal.rows("crm.deal.contact.items.get", {"id": 1}) == [
        {"CONTACT_ID": 21, "SORT": 10, "ROLE_ID": 0, "IS_PRIMARY": "Y"}
    ]
    portal.stage.knobs["bitrix24.relink_merged"] = False
    assert portal.rows("crm.deal.get", {"id": 1})["CONTACT_ID"] == "22"


def test_contacts_of_a_deal_that_is_not_there_are_refused(portal):
    assert portal.rows("crm.deal.contact.items.get", {"id": 2}) == []
    assert portal.post("crm.deal.contact.items.get", {"id": 99}).status_code == 400
    assert portal.post("crm.deal.contact.items.get").status_code == 400
    companies = portal.rows("crm.contact.company.items.get", {"id": 21})
    assert companies[0]["COMPANY_ID"] == 31


def test_stage_history_is_typed_and_says_why_it_changed(portal):
    answer = portal.post("crm.stagehistory.list", {"entityTypeId": 2}).json()
    items = {item["ID"]: item for item in answer["result"]["items"]}
    assert answer["total"] == len(items) == 7
    assert items[106] == {
        "ID": 106,
        "TYPE_ID": 5,
        "OWNER_ID": 4,
        "CREATED_TIME": "2026-11-14T12:00:00+03:00",
        "CATEGORY_ID": 2,
        "STAGE_SEMANTIC_ID": "P",
        "STAGE_ID": "C2:OFFER",
    }
    assert [items[number]["TYPE_ID"] for number in (102, 104)] == [1, 2]


def test_stage_history_of_leads_says_status(portal):
    body = {"entityTypeId": 1, "start": -1, "filter": {">ID": 101}}
    items = portal.rows("crm.stagehistory.list", body)["items"]
    assert items == [
        {
            "ID": 103,
            "TYPE_ID": 3,
            "OWNER_ID": 1,
            "CREATED_TIME": "2026-11-10T12:00:00+03:00",
            "STATUS_SEMANTIC_ID": "S",
            "STATUS_ID": "CONVERTED",
        }
    ]


def test_stage_history_outlives_its_owner_unless_the_knob_says_no(portal):
    body = {"entityTypeId": 2, "filter": {"OWNER_ID": 5}}
    assert len(portal.rows("crm.stagehistory.list", body)["items"]) == 1
    portal.stage.knobs["bitrix24.keep_history_of_deleted"] = False
    assert portal.rows("crm.stagehistory.list", body)["items"] == []


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"entityTypeId": 14}, "ENTITY_TYPE_NOT_SUPPORTED"),
        ({}, "ENTITY_TYPE_NOT_SUPPORTED"),
        ({"entityTypeId": 2, "filter": {"TITLE": "x"}}, "INVALID_ARG_VALUE"),
        ({"entityTypeId": 2, "order": {"TITLE": "ASC"}}, "INVALID_ARG_VALUE"),
        ({"entityTypeId": 2, "order": {"ID": "UP"}}, "INVALID_ARG_VALUE"),
    ],
)
def test_stage_history_refuses_what_it_does_not_know(portal, body, error):
    answer = portal.post("crm.stagehistory.list", body)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert portal.rows("crm.stagehistory.list", {"entityTypeId": 5}) == {"items": []}


def test_users_have_a_true_boolean_and_the_dismissed_are_among_them(portal):
    users = portal.rows("user.get")
    assert [(user["ID"], user["ACTIVE"]) for user in users] == [
        ("1", True),
        ("2", True),
        ("3", False),
    ]
    assert users[0]["TIMESTAMP_X"] == {}
    for value in (True, "Y", "1", "true"):
        assert len(portal.rows("user.get", {"FILTER": {"ACTIVE": value}})) == 2
    assert portal.ids("user.get", ID=3) == ["3"]
    assert portal.ids("user.get", sort="ID", order="DESC") == ["3", "2", "1"]
    assert portal.rows("user.current")["NAME"] == "Anna"


def test_pipelines_are_categories_the_first_of_which_is_the_default(portal):
    categories = portal.rows("crm.category.list", {"entityTypeId": 2})["categories"]
    assert categories[0] == {
        "id": 0,
        "name": "Sales",
        "sort": 10,
        "entityTypeId": 2,
        "isDefault": "Y",
    }
    assert [category["id"] for category in categories] == [0, 2]


def test_statuses_name_stages_sources_and_their_meaning(portal):
    def find(entity: str) -> dict[str, dict]:
        rows = portal.rows("crm.status.list", {"filter": {"ENTITY_ID": entity}})
        return {row["STATUS_ID"]: row for row in rows}

    assert find("DEAL_STAGE")["LOSE"]["SEMANTICS"] == "F"
    assert find("DEAL_STAGE")["NEW"]["SEMANTICS"] is None
    assert list(find("DEAL_STAGE_2")) == ["C2:NEW", "C2:OFFER", "C2:WON"]
    assert list(find("STATUS")) == ["NEW", "IN_WORK", "CONVERTED", "JUNK"]
    assert find("SOURCE")["CALL"]["NAME"] == "Звонок"
    assert find("SMART_INVOICE_STAGE_1")["DT31_1:P"]["SEMANTICS"] == "S"


def test_a_renamed_stage_has_its_old_name_before(portal):
    def name() -> str:
        body = {"filter": {"ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "QUALIFIED"}}
        return portal.rows("crm.status.list", body)[0]["NAME"]

    assert name() == "Qualified"
    portal.stage.clock.set(now=at(6))
    assert name() == "Checked"


def test_duplicates_are_found_by_phone_and_email(portal):
    found = portal.rows(
        "crm.duplicate.findbycomm",
        {"type": "PHONE", "values": ["+79160000002"], "entity_type": "CONTACT"},
    )
    assert found == {"CONTACT": [21]}
    found = portal.rows(
        "crm.duplicate.findbycomm", {"type": "EMAIL", "values": ["IVAN@example.com"]}
    )
    assert found == {"LEAD": [1, 2], "CONTACT": [21]}
    body = {"type": "PHONE", "values": ["+70001112233"]}
    assert portal.rows("crm.duplicate.findbycomm", body) == []
    assert portal.post("crm.duplicate.findbycomm", {"type": "FAX"}).status_code == 400
    assert portal.post("crm.duplicate.findbycomm", {"type": "PHONE"}).status_code == 400


def test_a_company_tells_its_tax_number_in_a_field_of_its_own(portal):
    company = portal.rows("crm.company.list", {"select": ["TITLE", "UF_*", "WEB"]})[0]
    assert "7700000001" in company.values()
    assert company["WEB"][0]["VALUE"] == "romashka.example"


def test_the_service_methods_say_who_calls(portal):
    assert portal.rows("profile")["ADMIN"] is True
    assert "crm" in portal.rows("scope")
    assert "crm.deal.list" in portal.rows("methods")
    assert portal.rows("server.time") == "2026-11-20T12:00:00+03:00"
    assert portal.rows("app.info")["STATUS"] == "L"


def test_the_second_lost_stage_is_apology():
    tables = standard_tables()
    extra = tables["crm_stage"][7] | {"stage_id": "late", "sort": 50}
    tables["crm_stage"].append(extra)
    rows = PortalCaller(tables).rows("crm.status.list", {"filter": {"ENTITY_ID": "DEAL_STAGE"}})
    assert [row["STATUS_ID"] for row in rows][-2:] == ["LOSE", "APOLOGY"]
