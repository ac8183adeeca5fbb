"""What the HubSpot stand-in shows of objects, their history and associations."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.sandbox.hubspot_portal import NOON, PortalCaller, at, make_deal, standard_tables

DEALS = "/crm/v3/objects/deals"
CONTACTS = "/crm/v3/objects/contacts"


@pytest.fixture
def portal() -> PortalCaller:
    return PortalCaller()


def _ids(rows: list[dict]) -> list[str]:
    return [row["id"] for row in rows]


def test_a_list_shows_usual_properties_as_texts(portal):
    deal = portal.results(DEALS)[0]
    assert deal["id"] == "1"
    assert deal["properties"] == {
        "amount": "1500.00",
        "closedate": "2026-12-10T12:00:00Z",
        "createdate": "2026-11-10T12:00:00Z",
        "dealname": "Deal 1",
        "dealstage": "qualifiedtobuy",
        "hs_lastmodifieddate": deal["updatedAt"],
        "hs_object_id": "1",
        "pipeline": "default",
    }
    assert deal["createdAt"] == "2026-11-10T12:00:00Z"
    assert deal["archived"] is False


def test_the_date_versioned_paths_answer_the_same(portal):
    assert portal.results("/crm/objects/2026-03/deals") == portal.results(DEALS)
    for old, new in (
        ("/crm/v3/owners", "/crm/owners/2026-03"),
        ("/crm/v3/pipelines/deals", "/crm/pipelines/2026-03/deals"),
        ("/crm/v3/properties/deals", "/crm/properties/2026-03/deals"),
    ):
        assert portal.results(new) == portal.results(old)
    body = {"inputs": [{"id": "1"}]}
    new = portal.post("/crm/associations/2026-03/deals/contacts/batch/read", body)
    assert new.json() == portal.post("/crm/v4/associations/deals/contacts/batch/read", body).json()


def test_pages_go_on_after_the_last_id(portal):
    first = portal.get(DEALS, limit=3).json()
    assert _ids(first["results"]) == ["1", "2", "3"]
    assert first["paging"]["next"]["after"] == "3"
    assert first["paging"]["next"]["link"].endswith("deals?limit=3&after=3")
    last = portal.get(DEALS, limit=3, after="3").json()
    assert (_ids(last["results"]), "paging" in last) == (["4"], False)
    assert portal.get(DEALS, after="99").json() == {"results": []}
    assert portal.http.get(first["paging"]["next"]["link"], headers=portal.headers).json() == last


def test_ten_rows_come_where_no_limit_is_named():
    portal = PortalCaller({"crm_deal": [make_deal(number) for number in range(1, 13)]})
    assert len(portal.results(DEALS)) == 10


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 101},
        {"limit": 0},
        {"limit": "many"},
        {"limit": 51, "propertiesWithHistory": "dealstage"},
        {"after": "x"},
        {"associations": "spaceships"},
    ],
)
def test_a_bad_list_is_a_validation_error(portal, query):
    answer = portal.get(DEALS, **query)
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")


def test_an_unknown_object_type_is_a_validation_error(portal):
    assert portal.get("/crm/v3/objects/spaceships").status_code == 400
    assert portal.get("/crm/v3/objects/0-3").status_code == 200


def test_only_existing_properties_are_shown_and_empty_ones_are_null(portal):
    for query in (
        {"properties": "amount,closed_lost_reason,nothing"},
        {"properties": ["amount", "closed_lost_reason", "nothing"]},
    ):
        properties = portal.results(DEALS, **query)[0]["properties"]
        assert properties["closed_lost_reason"] is None
        assert set(properties) == {
            "amount",
            "closed_lost_reason",
            "createdate",
            "hs_lastmodifieddate",
            "hs_object_id",
        }


def test_a_closed_deal_has_its_real_closing_date_and_reason(portal):
    wanted = "dealstage,closedate,closed_lost_reason,hs_is_closed_won,hs_v2_date_entered_closedwon"
    deals = {row["id"]: row["properties"] for row in portal.results(DEALS, properties=wanted)}
    assert (deals["2"]["dealstage"], deals["2"]["closedate"]) == (
        "closedwon",
        "2026-11-17T12:00:00Z",
    )
    assert (deals["2"]["hs_is_closed_won"], deals["3"]["hs_is_closed_won"]) == ("true", "false")
    assert deals["2"]["hs_v2_date_entered_closedwon"] == "2026-11-17T12:00:00Z"
    assert (deals["3"]["dealstage"], deals["3"]["closed_lost_reason"]) == ("closedlost", "price")


def test_history_has_the_newest_value_first(portal):
    deal = portal.get(f"{DEALS}/1", propertiesWithHistory="dealstage,hubspot_owner_id").json()
    stages = deal["propertiesWithHistory"]["dealstage"]
    assert [(one["value"], one["timestamp"]) for one in stages] == [
        ("qualifiedtobuy", "2026-11-12T12:00:00Z"),
        ("appointmentscheduled", "2026-11-10T12:00:00Z"),
    ]
    assert stages[0]["sourceType"] == "CRM_UI"
    assert stages[0]["sourceId"] == f"userId:{stages[0]['updatedByUserId']}"
    owners = deal["propertiesWithHistory"]["hubspot_owner_id"]
    assert [one["value"] for one in owners] == ["2", "1"]


def test_a_property_that_never_changed_has_one_value(portal):
    deal = portal.get(f"{DEALS}/1", propertiesWithHistory="amount,closed_lost_reason").json()
    history = deal["propertiesWithHistory"]
    assert [one["value"] for one in history["amount"]] == ["1500.00"]
    assert history["closed_lost_reason"] == []


def test_a_deal_is_shown_as_it_was(portal):
    portal.stage.clock.set(now=at(3) - timedelta(seconds=1))
    deal = portal.get(f"{DEALS}/2").json()["properties"]
    assert (deal["dealstage"], deal["closedate"]) == (
        "appointmentscheduled",
        "2026-12-10T12:00:00Z",
    )


def test_archived_deals_are_a_list_of_their_own_for_ninety_days(portal):
    assert _ids(portal.results(DEALS, archived="False")) == ["1", "2", "3", "4"]
    (gone,) = portal.results(DEALS, archived="true")
    assert (gone["id"], gone["archived"]) == ("5", True)
    assert gone["archivedAt"] == "2026-11-19T12:00:00Z"
    assert portal.get(f"{DEALS}/5").status_code == 404
    assert portal.get(f"{DEALS}/5", archived="true").status_code == 200
    portal.stage.clock.set(now=NOON + timedelta(days=90))
    assert portal.results(DEALS, archived="true") == []


def test_a_merged_id_leads_to_the_survivor_and_is_in_no_list(portal):
    contact = portal.get(f"{CONTACTS}/22", properties="hs_merged_object_ids").json()
    assert (contact["id"], contact["properties"]["hs_merged_object_ids"]) == ("21", "22")
    assert _ids(portal.results(CONTACTS)) == ["21"]
    assert _ids(portal.results(CONTACTS, archived="true")) == ["23"]
    survivor = portal.get(f"{DEALS}/6").json()
    assert (survivor["id"], survivor["updatedAt"]) == ("1", "2026-11-19T12:00:00Z")


def test_one_object_by_another_property(portal):
    found = portal.get(f"{CONTACTS}/JANE21@example.com", idProperty="email")
    assert found.json()["id"] == "21"
    for word in ("nobody@example.com", "99", "word"):
        answer = portal.get(f"{CONTACTS}/{word}")
        assert (answer.status_code, answer.json()["category"]) == (404, "OBJECT_NOT_FOUND")


def test_associations_of_a_list_follow_merges(portal):
    deal = portal.results(DEALS, associations="contacts,companies,line_items,notes")[0]
    assert deal["associations"] == {
        "contacts": {"results": [{"id": "21", "type": "deal_to_contact"}]},
        "companies": {"results": [{"id": "41", "type": "deal_to_company"}]},
        "line items": {"results": [{"id": "71", "type": "deal_to_line_item"}]},
    }
    assert "associations" not in portal.results(DEALS, associations="contacts")[3]
    contact = portal.get(f"{CONTACTS}/21", associations="deals,leads").json()
    assert _ids(contact["associations"]["deals"]["results"]) == ["1", "2"]
    assert _ids(contact["associations"]["leads"]["results"]) == ["51"]


def test_a_batch_read_tells_what_is_missing_by_207(portal):
    body = {"inputs": [{"id": "1"}, {"id": "2"}], "properties": ["amount"]}
    answer = portal.post(f"{DEALS}/batch/read", body)
    assert (answer.status_code, answer.json()["status"]) == (200, "COMPLETE")
    assert _ids(answer.json()["results"]) == ["1", "2"]
    body["inputs"].append({"id": "99"})
    answer = portal.post(f"{DEALS}/batch/read", body)
    assert (answer.status_code, answer.json()["numErrors"]) == (207, 1)
    assert answer.json()["errors"][0]["context"] == {"ids": ["99"]}
    body = {"inputs": [{"id": "1"}], "propertiesWithHistory": ["dealstage"]}
    (deal,) = portal.post(f"{DEALS}/batch/read", body).json()["results"]
    assert len(deal["propertiesWithHistory"]["dealstage"]) == 2


def test_a_batch_read_is_of_a_hundred_at_most(portal):
    inputs = [{"id": str(number)} for number in range(101)]
    for body in (
        {"inputs": inputs},
        {"inputs": inputs[:51], "propertiesWithHistory": ["dealstage"]},
        {"inputs": "1"},
        {},
    ):
        assert portal.post(f"{DEALS}/batch/read", body).status_code == 400
    answer = portal.http.post(f"{DEALS}/batch/read", content="{", headers=portal.headers)
    assert answer.status_code == 400


def test_a_contact_keeps_its_client_ids_and_first_visit(portal):
    wanted = (
        "phone,mobilephone,hs_additional_emails,hs_analytics_source,hs_analytics_source_data_1,"
        "hs_analytics_first_url,hs_google_click_id,ga_client_id,hs_lead_status,associatedcompanyid"
    )
    found = portal.get(f"{CONTACTS}/21", properties=wanted).json()["properties"]
    assert found["mobilephone"] == "+13125550101"
    assert found["hs_additional_emails"] == "jane@home.example"
    assert found["hs_analytics_source"] == "PAID_SEARCH"
    assert found["hs_analytics_source_data_1"] == "bolts"
    assert "utm_campaign=bolts" in found["hs_analytics_first_url"]
    assert (found["hs_google_click_id"], found["ga_client_id"]) == ("Cj0", "11.22")
    assert (found["hs_lead_status"], found["associatedcompanyid"]) == ("OPEN_DEAL", "41")
    assert {"lastmodifieddate", "createdate"} <= set(found)
    assert "hs_lastmodifieddate" not in found


def test_a_lead_is_an_enquiry_as_typed(portal):
    lead = portal.get(
        "/crm/v3/objects/leads/51",
        properties="hs_pipeline_stage,enquiry_phone,click_id,hs_lead_first_outreach_date",
        propertiesWithHistory="hs_pipeline_stage",
    ).json()
    assert lead["properties"]["hs_pipeline_stage"] == "qualified-stage-id"
    assert lead["properties"]["enquiry_phone"] == "312 555 0100"
    stages = lead["propertiesWithHistory"]["hs_pipeline_stage"]
    assert [one["value"] for one in stages] == ["qualified-stage-id", "new-stage-id"]


def test_calls_are_logged_when_the_tracker_shows_them(portal):
    wanted = (
        "hs_timestamp,hs_call_direction,hs_call_status,hs_call_duration,hs_call_from_number,"
        "hs_call_to_number,hs_call_recording_url,hs_call_disposition,hubspot_owner_id"
    )
    calls = portal.results("/crm/v3/objects/calls", properties=wanted, associations="contacts")
    planned, missed, answered = calls
    assert planned["properties"]["hs_call_status"] == "QUEUED"
    assert missed["properties"]["hs_call_status"] == "NO_ANSWER"
    assert missed["properties"]["hs_call_duration"] == "0"
    assert answered["properties"]["hs_call_duration"] == "95000"
    assert answered["properties"]["hs_call_direction"] == "INBOUND"
    assert answered["properties"]["hs_call_from_number"] == "+13125550100"
    assert answered["properties"]["hs_call_recording_url"] is None
    assert answered["associations"]["contacts"]["results"][0]["id"] == "21"
    portal.stage.clock.set(now=at(-1))
    later = portal.results("/crm/v3/objects/calls", properties=wanted)
    assert len(later) == 4
    assert later[2]["properties"]["hs_call_recording_url"].startswith("https://")


def test_tasks_meetings_emails_and_notes_are_objects(portal):
    def one(kind: str, names: str) -> dict:
        (row,) = portal.results(f"/crm/v3/objects/{kind}", properties=names, associations="deals")
        assert row["associations"]["deals"]["results"][0]["id"] == "1"
        return row["properties"]

    assert one("tasks", "hs_task_status")["hs_task_status"] == "NOT_STARTED"
    assert one("meetings", "hs_meeting_outcome")["hs_meeting_outcome"] == "COMPLETED"
    assert one("emails", "hs_email_status")["hs_email_status"] == "SENT"
    assert portal.get("/crm/v3/objects/notes").json() == {"results": []}


def test_line_items_products_and_invoices_hold_the_money(portal):
    (item,) = portal.results("/crm/v3/objects/line_items", associations="deals")
    assert (item["properties"]["quantity"], item["properties"]["amount"]) == ("3", "183.00")
    assert item["associations"]["deals"]["results"][0]["id"] == "1"
    (product,) = portal.results("/crm/v3/objects/products")
    assert product["properties"]["name"] == "Bolt"
    wanted = "hs_amount_paid,hs_number,hs_currency"
    (invoice,) = portal.results("/crm/v3/objects/invoices", properties=wanted)
    assert invoice["properties"]["hs_amount_paid"] == "1500.50"
    assert invoice["properties"]["hs_number"] == "INV-81"


def test_owners_who_left_are_archived(portal):
    active = portal.results("/crm/v3/owners", limit=100)
    assert [(one["id"], one["firstName"]) for one in active] == [("1", "Ann"), ("2", "Bob")]
    (gone,) = portal.results("/crm/v3/owners", archived="true")
    assert (gone["id"], gone["userId"]) == ("3", None)
    first = portal.get("/crm/v3/owners", limit=1).json()
    assert first["paging"]["next"]["after"] == "1"
    assert portal.get("/crm/v3/owners/2").json()["firstName"] == "Bob"
    user = str(active[1]["userId"])
    assert portal.get(f"/crm/v3/owners/{user}", idProperty="userId").json()["id"] == "2"
    assert portal.get("/crm/v3/owners/99").status_code == 404


def test_pipelines_tell_which_stages_are_closed(portal):
    first, second = portal.results("/crm/v3/pipelines/deals")
    assert (first["id"], second["id"]) == ("default", "7")
    stages = {stage["id"]: stage["metadata"] for stage in first["stages"]}
    assert stages["closedwon"] == {"isClosed": "true", "probability": "1.0"}
    assert stages["closedlost"] == {"isClosed": "true", "probability": "0.0"}
    assert stages["qualifiedtobuy"]["isClosed"] == "false"
    assert [stage["id"] for stage in second["stages"]] == ["7_qualifiedtobuy", "won"]
    assert portal.get("/crm/v3/pipelines/deals/7").json() == second
    assert portal.results("/crm/v3/pipelines/deals/7/stages") == second["stages"]
    assert portal.get("/crm/v3/pipelines/deals/8").status_code == 404
    assert portal.get("/crm/v3/pipelines/contacts").status_code == 400
    (leads,) = portal.results("/crm/v3/pipelines/leads")
    assert leads["stages"][0]["id"] == "new-stage-id"


def test_a_renamed_stage_has_its_old_label_before(portal):
    def label() -> str:
        return portal.results("/crm/v3/pipelines/deals")[0]["stages"][1]["label"]

    assert label() == "Qualifiedtobuy"
    portal.stage.clock.set(now=at(6))
    assert label() == "Checked"


def test_properties_are_described_with_type_and_options(portal):
    described = {one["name"]: one for one in portal.results("/crm/v3/properties/deals")}
    assert described["amount"]["type"] == "number"
    assert described["closedate"]["type"] == "datetime"
    assert described["utm_source"]["hubspotDefined"] is False
    options = [option["value"] for option in described["dealstage"]["options"]]
    assert {"closedwon", "7_qualifiedtobuy"} <= set(options)
    assert portal.get("/crm/v3/properties/deals/amount").json() == described["amount"]
    assert portal.get("/crm/v3/properties/deals/nothing").status_code == 404


def test_nothing_of_the_future_and_of_other_crms_is_shown():
    tables = standard_tables()
    tables["crm_deal"] = [
        make_deal(1, created_at=NOON + timedelta(seconds=1)),
        make_deal(2, crm="amocrm"),
    ]
    assert PortalCaller(tables).get(DEALS).json() == {"results": []}


def test_a_new_world_replaces_the_old_at_once(portal):
    assert len(portal.results(DEALS)) == 4
    portal.stage.world = PortalCaller({}).stage.world
    assert portal.results(DEALS) == []


@pytest.mark.parametrize("kind", ["tickets", "quotes", "0-5", "ticket", "deal_split"])
def test_standard_types_the_portal_does_not_use_are_empty_and_no_error(portal, kind):
    assert portal.get(f"/crm/v3/objects/{kind}").json() == {"results": []}
    assert portal.search("tickets")["total"] == 0
    names = {row["name"] for row in portal.results(f"/crm/v3/properties/{kind}")}
    assert "hs_lastmodifieddate" in names
    assert portal.results(DEALS, associations="tickets,quotes")[0].get("associations") is None
    assert portal.results("/crm/v3/schemas") == []
    assert [one["label"] for one in portal.results("/crm/v3/pipelines/tickets")] == [
        "Support Pipeline"
    ]


def test_objects_answer_on_the_paths_of_version_4_too(portal):
    assert portal.results("/crm/v4/objects/deals") == portal.results(DEALS)


def test_the_link_of_a_page_repeats_what_was_asked(portal):
    asked = {"limit": 3, "properties": "dealname,amount", "archived": "False"}
    link = portal.get(DEALS, **asked).json()["paging"]["next"]["link"]
    assert link.endswith("deals?limit=3&properties=dealname,amount&archived=False&after=3")
    rest = portal.http.get(link, headers=portal.headers).json()["results"]
    assert _ids(rest) == ["4"]
    owners = portal.get("/crm/v3/owners", limit=1).json()["paging"]["next"]["link"]
    assert "owners?limit=1&after=" in owners


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_older_versions_list_the_same_properties_bare(portal, version):
    old = portal.get(f"/properties/{version}/deals/properties").json()
    new = portal.results("/crm/v3/properties/deals")
    told = ("name", "label", "type", "fieldType", "groupName", "hubspotDefined")
    assert [[row[name] for name in told] for row in old] == [
        [row[name] for name in told] for row in new
    ]
    assert portal.get(f"/properties/{version}/nothing/properties").status_code == 400
