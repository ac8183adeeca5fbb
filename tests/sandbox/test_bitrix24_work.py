"""Calls, activities, tasks, product rows and invoices of the Bitrix24 stand-in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.sandbox.bitrix24_portal import NOON, PortalCaller, at, standard_tables


@pytest.fixture
def portal() -> PortalCaller:
    return PortalCaller()


def test_calls_are_numbered_in_the_order_they_became_known(portal):
    calls = portal.rows("voximplant.statistic.get", {"FILTER": {">ID": 0}, "SORT": "ID"})
    assert [(call["ID"], call["EXTERNAL_CALL_ID"]) for call in calls] == [
        ("1", "800"),
        ("2", "900"),
    ]
    portal.stage.clock.set(now=at(-0.5))
    assert portal.ids("voximplant.statistic.get", FILTER={">ID": 2}) == ["3"]


def test_a_call_says_what_became_of_it(portal):
    missed, answered = portal.rows("voximplant.statistic.get")
    assert (missed["CALL_FAILED_CODE"], missed["CALL_DURATION"]) == ("304", "0")
    assert (answered["CALL_FAILED_CODE"], answered["CALL_DURATION"]) == ("200", "95")
    assert (answered["CALL_TYPE"], answered["PORTAL_USER_ID"]) == ("2", "1")
    assert answered["COST_CURRENCY"] == "RUR"
    assert missed["CRM_ENTITY_ID"] is None
    assert (answered["CRM_ENTITY_TYPE"], answered["CRM_ENTITY_ID"]) == ("CONTACT", "21")
    assert not [name for name in answered if "WAIT" in name]


def test_the_recording_comes_later(portal):
    assert portal.rows("voximplant.statistic.get")[1]["CALL_RECORD_URL"] == ""
    portal.stage.clock.set(now=NOON + timedelta(days=1))
    assert portal.rows("voximplant.statistic.get")[1]["CALL_RECORD_URL"].startswith("https://")


def test_calls_are_filtered_and_ordered_by_upper_case_parameters(portal):
    body = {"FILTER": {">=CALL_START_DATE": "2026-11-18T00:00:00+03:00"}}
    assert portal.ids("voximplant.statistic.get", **body) == ["2"]
    assert portal.ids("voximplant.statistic.get", SORT="ID", ORDER="DESC") == ["2", "1"]
    assert portal.ids("voximplant.statistic.get", FILTER={"CALL_FAILED_CODE": 304}) == ["1"]


def test_calls_of_managers_the_portal_does_not_know_are_left_out(portal):
    table = portal.stage.world.table("call").to_pylist()
    world = type(portal.stage.world).of(call=table)
    portal.stage.world = world
    assert portal.ids("voximplant.statistic.get") == ["1"]


def test_activities_are_what_was_planned_and_the_calls_filed(portal):
    rows = {row["ID"]: row for row in portal.rows("crm.activity.list")}
    assert list(rows) == ["51", "52", "10000002"]
    assert [rows[number]["TYPE_ID"] for number in rows] == ["3", "1", "2"]
    assert (rows["52"]["COMPLETED"], rows["51"]["COMPLETED"]) == ("Y", "N")
    call = rows["10000002"]
    assert (call["PROVIDER_ID"], call["DIRECTION"]) == ("VOXIMPLANT_CALL", "1")
    assert (call["OWNER_TYPE_ID"], call["OWNER_ID"]) == ("3", "21")
    assert "COMMUNICATIONS" not in call


def test_activities_are_filtered_by_provider_and_by_last_update(portal):
    body = {"filter": {"PROVIDER_ID": "VOXIMPLANT_CALL"}, "select": ["COMMUNICATIONS"]}
    (call,) = portal.rows("crm.activity.list", body)
    assert call["COMMUNICATIONS"][0]["VALUE"] == "+79160000002"
    late = {">=LAST_UPDATED": "2026-11-16T12:00:00+03:00"}
    assert portal.ids("crm.activity.list", filter=late) == ["52", "10000002"]


def test_a_call_that_is_bound_later_is_updated_then():
    tables = standard_tables()
    tables["crm_contact"] = [tables["crm_contact"][0] | {"created_at": at(1)}]
    portal = PortalCaller(tables)
    (call,) = portal.rows("crm.activity.list", {"filter": {"PROVIDER_ID": "VOXIMPLANT_CALL"}})
    assert call["CREATED"] == "2026-11-18T12:01:35+03:00"
    assert call["LAST_UPDATED"] == "2026-11-19T12:00:00+03:00"


def test_an_activity_done_later_is_still_open_now(portal):
    portal.stage.clock.set(now=at(4.5))
    rows = {row["ID"]: row for row in portal.rows("crm.activity.list")}
    assert (rows["52"]["COMPLETED"], rows["52"]["LAST_UPDATED"]) == ("N", rows["52"]["CREATED"])


def test_tasks_are_asked_for_in_capitals_and_answered_in_camel_case(portal):
    body = {
        "filter": {">=CHANGED_DATE": "2026-11-14T12:00:00+03:00", "RESPONSIBLE_ID": 1},
        "select": ["ID", "TITLE", "STATUS", "CHANGED_DATE", "UF_CRM_TASK"],
        "order": {"ID": "ASC"},
    }
    answer = portal.post("tasks.task.list", body).json()
    assert answer["total"] == 1
    assert answer["result"]["tasks"] == [
        {
            "id": "51",
            "title": "Send the offer",
            "status": "2",
            "changedDate": "2026-11-14T12:00:00+03:00",
            "ufCrmTask": ["D_1"],
        }
    ]


def test_an_unknown_order_of_tasks_is_error_zero(portal):
    answer = portal.post("tasks.task.list", {"order": {"NOTHING": "ASC"}})
    assert (answer.status_code, answer.json()["error"]) == (400, 0)


def test_product_rows_are_numbers_of_one_owner(portal):
    body = {"filter": {"=ownerType": "D", "=ownerId": 1}}
    (row,) = portal.rows("crm.item.productrow.list", body)["productRows"]
    assert (row["price"], row["priceExclusive"], row["quantity"]) == (122, 100, 3)
    assert (row["taxRate"], row["taxIncluded"], row["productName"]) == (22, "Y", "Bolt")
    body["filter"]["=ownerId"] = 2
    assert portal.rows("crm.item.productrow.list", body)["productRows"] == []
    assert portal.post("crm.item.productrow.list").json()["error"] == "INVALID_ARG_VALUE"


def test_classic_product_rows_mix_text_and_numbers(portal):
    (row,) = portal.rows("crm.deal.productrows.get", {"id": 1})
    assert (row["ID"], row["PRODUCT_ID"], row["PRICE"]) == ("61", 7, 122)
    assert portal.rows("crm.lead.productrows.get", {"id": 1}) == []
    assert portal.post("crm.deal.productrows.get", {"id": 99}).status_code == 400


def test_an_invoice_is_a_typed_item(portal):
    body = {"entityTypeId": 31, "filter": {">id": 0}, "order": {"id": "ASC"}, "start": -1}
    (invoice,) = portal.rows("crm.item.list", body)["items"]
    assert (invoice["id"], invoice["opportunity"], invoice["taxValue"]) == (71, 1220.5, 220)
    assert (invoice["parentId2"], invoice["stageId"]) == (2, "DT31_1:P")
    assert "7700000001" in invoice.values()


def test_items_of_other_kinds_are_the_same_entities_typed(portal):
    body = {"entityTypeId": 2, "filter": {"id": 4}}
    (deal,) = portal.rows("crm.item.list", body)["items"]
    assert (deal["id"], deal["opportunity"], deal["categoryId"]) == (4, 19999.99, 2)
    assert (deal["stageId"], deal["leadId"]) == ("C2:OFFER", 0)
    assert deal["createdTime"] == "2026-11-10T12:00:00+03:00"
    contact = portal.rows("crm.item.get", {"entityTypeId": 3, "id": 21})["item"]
    assert contact["fm"][0]["value"] == "+74950000001"
    assert "ufCrm_1713790573" in portal.rows("crm.item.fields", {"entityTypeId": 2})["fields"]


def test_items_know_groups_of_conditions(portal):
    body = {
        "entityTypeId": 2,
        "filter": {
            "0": {"logic": "OR", "0": {"id": 1}, "1": {"=stageId": "WON"}},
            ">opportunity": 1000.01,
        },
        "select": ["id"],
    }
    assert portal.rows("crm.item.list", body) == {"items": [{"id": 2}]}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"entityTypeId": 5}, "ENTITY_TYPE_NOT_SUPPORTED"),
        ({"entityTypeId": 2, "filter": {"nothing": 1}}, "INVALID_ARG_VALUE"),
    ],
)
def test_items_of_unknown_type_or_field_are_refused(portal, body, error):
    answer = portal.post("crm.item.list", body)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert portal.post("crm.item.get", {"entityTypeId": 2, "id": 99}).status_code == 400
