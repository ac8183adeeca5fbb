"""What clients may write into the Bitrix24 stand-in, and the methods seldom asked."""

from __future__ import annotations

import pytest

from include.sandbox.vendors.bitrix24.directories import ADDRESS_TOTAL
from tests.sandbox.bitrix24_portal import NOON, PortalCaller, make_deal, standard_tables


@pytest.fixture
def portal() -> PortalCaller:
    return PortalCaller()


def _merge(portal: PortalCaller, kind: int, *ids: int):
    body = {"params": {"entityTypeId": kind, "entityIds": list(ids)}}
    return portal.post("crm.entity.mergeBatch", body)


def test_a_merge_removes_the_losers_and_modifies_the_winner():
    deals = [make_deal(number, amount_micros=5_000_000) for number in (1, 2, 3)]
    portal = PortalCaller({"crm_deal": deals})
    answer = _merge(portal, 2, 2, 1, 3).json()["result"]
    assert answer == {"STATUS": "SUCCESS", "ENTITY_IDS": [1, 3]}
    assert portal.ids("crm.deal.list") == ["2"]
    assert portal.rows("crm.deal.get", {"id": 2})["DATE_MODIFY"] == "2026-11-20T12:00:00+03:00"
    portal.vendor.reset()
    assert portal.ids("crm.deal.list") == ["1", "2", "3"]


def test_a_merge_relinks_what_pointed_at_a_loser():
    tables = standard_tables()
    spare = tables["crm_contact"][0] | {"contact_id": 23}
    tables["crm_contact"].append(spare)
    portal = PortalCaller(tables)
    assert _merge(portal, 3, 23, 21).json()["result"]["STATUS"] == "SUCCESS"
    assert portal.ids("crm.contact.list") == ["23"]
    assert portal.rows("crm.lead.get", {"id": 1})["CONTACT_ID"] == "23"


def test_entities_that_contradict_each_other_are_not_merged(portal):
    answer = _merge(portal, 2, 1, 2).json()["result"]
    assert answer == {"STATUS": "CONFLICT", "ENTITY_IDS": []}
    assert portal.ids("crm.deal.list") == ["1", "2", "3", "4"]


@pytest.mark.parametrize(("kind", "ids"), [(0, (1, 2)), (2, (1,)), (2, (1, 99))])
def test_a_merge_of_nothing_is_refused(portal, kind, ids):
    answer = _merge(portal, kind, *ids)
    assert (answer.status_code, answer.json()["error"]) == (400, 0)


def test_a_trace_is_added_and_deleted_but_never_read(portal):
    body = {"TRACE": '{"SOURCE_ID":"6"}', "ENTITIES": [{"TYPE": "DEAL", "ID": 1}]}
    first, second = (portal.rows("crm.tracking.trace.add", body) for _ in range(2))
    assert second == first + 1
    assert portal.rows("crm.tracking.trace.delete", {"ID": first}) is True
    assert portal.post("crm.tracking.trace.delete", {"ID": first}).status_code == 400
    assert portal.post("crm.tracking.trace.get", {"ID": second}).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"TRACE": "{"},
        {"TRACE": "{}", "ENTITIES": [{"TYPE": "TASK", "ID": 1}]},
        {"TRACE": "{}", "ENTITIES": [{"TYPE": "DEAL", "ID": 99}]},
    ],
)
def test_a_bad_trace_is_refused(portal, body):
    answer = portal.post("crm.tracking.trace.add", body)
    assert (answer.status_code, answer.json()["error"]) == (400, "ERROR_CORE")


def test_addresses_claim_to_be_fifty_whatever_there_are(portal):
    answer = portal.post("crm.address.list").json()
    assert answer["total"] == ADDRESS_TOTAL == 50
    assert [row["ENTITY_ID"] for row in answer["result"]] == ["31"]


def test_invoices_of_the_old_kind_have_a_method_of_their_own(portal):
    assert portal.post("crm.item.list", {"entityTypeId": 5}).status_code == 400
    assert portal.rows("crm.invoice.list") == []


def test_an_invoice_tells_its_stages(portal):
    items = portal.rows("crm.stagehistory.list", {"entityTypeId": 31})["items"]
    assert [(item["OWNER_ID"], item["TYPE_ID"], item["STAGE_ID"]) for item in items] == [
        (71, 1, "DT31_1:S"),
        (71, 3, "DT31_1:P"),
    ]


def test_a_request_that_works_longer_than_a_minute_is_cut(portal):
    portal.stage.knobs["bitrix24.call_seconds"] = 61
    answer = portal.post("crm.deal.list")
    assert (answer.status_code, "html" in answer.headers["content-type"]) == (504, True)
    portal.stage.knobs["bitrix24.call_seconds"] = 2
    assert portal.post("crm.deal.list").status_code == 200
    cmd = {f"c{place}": "crm.lead.list" for place in range(31)}
    assert portal.post("batch", {"cmd": cmd}).status_code == 504
    portal.stage.knobs["bitrix24.request_limit_seconds"] = 120
    assert portal.post("batch", {"cmd": cmd}).status_code == 200


def test_the_reset_of_operating_time_may_be_told_as_text(portal):
    number = portal.post("crm.activity.list").json()["time"]["operating_reset_at"]
    assert number == pytest.approx(NOON.timestamp() + 600, abs=1)
    portal.stage.knobs["bitrix24.tells_reset_as_text"] = True
    text = portal.post("crm.activity.list").json()["time"]["operating_reset_at"]
    assert text.startswith("2026-11-20T12:") and text.endswith("+03:00")


def test_an_authorization_code_lives_half_a_minute(portal):
    def code() -> str:
        answer = portal.http.get("/oauth/authorize/", params={"client_id": "local.demo"})
        return answer.headers["location"].partition("code=")[2].partition("&")[0]

    def spend(word: str) -> int:
        form = {"grant_type": "authorization_code", "client_id": "local.demo", "code": word}
        form["client_secret"] = "demo-secret"
        return portal.http.post("/oauth/token/", data=form).status_code

    assert spend(code()) == 200
    late = code()
    portal.stage.clock.advance(30)
    assert spend(late) == 400
