"""Reference books of the Bitrix24 stand-in, by the methods older integrations call."""

from __future__ import annotations

import pytest

from tests.sandbox.bitrix24_portal import PortalCaller


@pytest.fixture
def portal() -> PortalCaller:
    return PortalCaller()


def test_the_old_list_of_pipelines_leaves_out_the_default_one(portal):
    new = portal.rows("crm.category.list", {"entityTypeId": 2})["categories"]
    old = portal.rows("crm.dealcategory.list")
    assert [row["ID"] for row in old] == [str(row["id"]) for row in new if row["id"]]
    assert set(old[0]) == {"ID", "CREATED_DATE", "NAME", "IS_LOCKED", "SORT"}
    (default,) = [row for row in new if not row["id"]]
    told = portal.rows("crm.dealcategory.default.get")
    assert told == {"ID": 0, "NAME": default["name"]}


def test_stages_of_a_pipeline_are_those_of_its_book(portal):
    category = portal.rows("crm.dealcategory.list")[0]["ID"]
    book = portal.rows("crm.dealcategory.status", {"id": category})
    assert book == f"DEAL_STAGE_{category}"
    stages = portal.rows("crm.dealcategory.stage.list", {"id": category})
    body = {"filter": {"ENTITY_ID": book}, "order": {"SORT": "ASC"}}
    assert stages == portal.rows("crm.status.list", body)
    assert stages == portal.rows("crm.status.entity.items", {"entityId": book})
    assert portal.rows("crm.dealcategory.stage.list")[0]["ENTITY_ID"] == "DEAL_STAGE"
    assert portal.rows("crm.dealcategory.stage.list", {"id": 999}) == []


def test_books_and_kinds_of_owners_are_named(portal):
    kinds = {row["ENTITY_ID"] for row in portal.rows("crm.status.list")}
    assert {row["ID"] for row in portal.rows("crm.status.entity.types")} == kinds
    codes = {row["ID"]: row["SYMBOL_CODE_SHORT"] for row in portal.rows("crm.enum.ownertype")}
    assert (codes[1], codes[2], codes[31]) == ("L", "D", "SI")


def test_one_activity_and_one_task_are_read_by_id(portal):
    activity = portal.rows("crm.activity.list")[0]
    one = portal.rows("crm.activity.get", {"id": activity["ID"]})
    assert activity.items() <= one.items()
    task = portal.rows("tasks.task.list")["tasks"][0]
    told = portal.rows("tasks.task.get", {"taskId": task["id"]})["task"]
    assert (told["id"], told["title"]) == (task["id"], task["title"])
    assert portal.post("tasks.task.get", {"taskId": 999}).status_code == 400
    assert portal.post("crm.activity.get", {"id": 999}).status_code == 400


def test_contacts_of_a_company_are_those_that_name_it(portal):
    contacts = portal.rows("crm.contact.list")
    contact = next(row for row in contacts if row["COMPANY_ID"] not in ("0", None))
    links = portal.rows("crm.company.contact.items.get", {"id": contact["COMPANY_ID"]})
    assert int(contact["ID"]) in [link["CONTACT_ID"] for link in links]
    assert links[0]["IS_PRIMARY"] == "Y"
    assert portal.post("crm.company.contact.items.get", {"id": 999}).status_code == 400
