"""The amoCRM stand-in: what is written through the API shows in its lists and its events."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.amocrm_account import OFFER, AmoCaller, day, seconds

KIND_FIELD, DELIVERY_FIELD, SHIPPING_FIELD = 188_660, 188_661, 188_662


@pytest.fixture
def amo() -> AmoCaller:
    return AmoCaller()


def _fields(**values: Any) -> list[dict[str, Any]]:
    return [
        {"field_id": int(number[1:]), "values": [{"value": value}]}
        for number, value in values.items()
    ]


def test_a_lead_that_is_posted_is_listed_with_its_fields_and_told(amo):
    fields = _fields(f188660="Дилер", f188661=True, f188662=seconds(40))
    answer = amo.send(
        "POST",
        "leads",
        [
            {
                "name": "Из формы",
                "price": 500,
                "request_id": "mine",
                "custom_fields_values": fields,
                "_embedded": {"contacts": [{"id": 9}], "companies": [{"id": 7}]},
            },
            {},
        ],
    )
    assert answer.status_code == 200
    first, second = answer.json()["_embedded"]["leads"]
    assert (first["request_id"], second["request_id"]) == ("mine", "1")
    (lead,) = amo.rows(f"leads?filter[id]={first['id']}&with=contacts")
    assert (lead["price"], lead["pipeline_id"], lead["updated_at"]) == (500, 10, seconds(30))
    assert lead["_embedded"]["contacts"][0]["id"] == 9
    values = {one["field_id"]: one["values"][0] for one in lead["custom_fields_values"]}
    assert values == {
        KIND_FIELD: {"value": "Дилер", "enum_id": 188_672, "enum_code": "Дилер"},
        DELIVERY_FIELD: {"value": True},
        SHIPPING_FIELD: {"value": seconds(40)},
    }
    told = amo.rows("events?filter[type]=lead_added&limit=2")
    assert {event["entity_id"] for event in told} == {first["id"], second["id"]}
    amo.vendor.reset()
    assert first["id"] not in amo.ids("leads")


def test_a_change_moves_the_lead_its_cursor_and_leaves_events_of_each_kind(amo):
    body = {
        "status_id": 143,
        "pipeline_id": 10,
        "price": 7,
        "responsible_user_id": 1,
        "loss_reason_id": 4_203_700,
        "custom_fields_values": _fields(f188660="Завод"),
    }
    answer = amo.send("PATCH", "leads/801", body).json()
    assert (answer["id"], answer["updated_at"]) == (801, seconds(30))
    (lead,) = amo.rows("leads?filter[id]=801&with=loss_reason")
    assert (lead["status_id"], lead["closed_at"], lead["price"]) == (143, seconds(30), 7)
    assert lead["loss_reason_id"] == 4_203_700
    codes = [one["field_code"] for one in lead["custom_fields_values"]]
    assert {"UTM_SOURCE", "YCLID", None} <= set(codes)
    events = amo.rows(f"events?filter[created_at][from]={seconds(30)}")
    told = {event["type"]: (event["value_before"], event["value_after"]) for event in events}
    assert told == {
        "lead_status_changed": (
            [{"lead_status": {"id": 142, "pipeline_id": 10}}],
            [{"lead_status": {"id": 143, "pipeline_id": 10}}],
        ),
        "entity_responsible_changed": (
            [{"responsible_user": {"id": 3}}],
            [{"responsible_user": {"id": 1}}],
        ),
        "sale_field_changed": (
            [{"sale_field_value": {"sale": 120_000}}],
            [{"sale_field_value": {"sale": 7}}],
        ),
        f"custom_field_{KIND_FIELD}_value_changed": (
            [],
            [
                {
                    "custom_field_value": {
                        "field_id": KIND_FIELD,
                        "value": "Завод",
                        "enum_id": 188_671,
                        "enum_code": "Завод",
                    }
                }
            ],
        ),
    }


def test_reopening_a_lead_clears_when_and_why_it_was_closed(amo):
    amo.send("PATCH", "leads", [{"id": 804, "status_id": 40_020_001}])
    (lead,) = amo.rows("leads?filter[id]=804")
    assert (lead["closed_at"], lead["loss_reason_id"]) == (None, None)
    assert amo.ids(f"leads?filter[updated_at][from]={seconds(29)}") == [804]


def test_contacts_and_companies_are_written_and_found(amo):
    company = amo.send("POST", "companies", [{"name": "АО Новое"}]).json()
    number = company["_embedded"]["companies"][0]["id"]
    person = {
        "first_name": "Лев",
        "_embedded": {"companies": [{"id": number}]},
        "custom_fields_values": [
            {"field_code": "PHONE", "values": [{"value": "+79031112233", "enum_code": "MOB"}]}
        ],
    }
    made = amo.send("POST", "contacts", [person]).json()["_embedded"]["contacts"][0]["id"]
    (contact,) = amo.rows("contacts?query=9031112233")
    phone = contact["custom_fields_values"][0]["values"][0]
    assert (contact["id"], phone["enum_code"]) == (made, "MOB")
    (found,) = amo.rows("companies?query=новое&with=contacts")
    assert [one["id"] for one in found["_embedded"]["contacts"]] == [made]
    amo.send("PATCH", f"contacts/{made}", {"last_name": "Толстой"})
    assert amo.get(f"contacts/{made}").json()["name"] == "Лев Толстой"


def test_a_task_is_written_and_completed_with_words(amo):
    task = {"text": "Позвонить", "complete_till": seconds(31), "entity_id": 801}
    made = amo.send("POST", "tasks", [task]).json()["_embedded"]["tasks"][0]["id"]
    done = {"is_completed": True, "result": {"text": "Не берут"}}
    assert amo.get(f"tasks/{made}").json()["result"] == []
    amo.send("PATCH", f"tasks/{made}", done)
    told = amo.get(f"tasks/{made}").json()
    assert (told["is_completed"], told["result"]) == (True, {"text": "Не берут"})
    (event,) = amo.rows(f"events?filter[type]=task_completed&filter[created_at]={seconds(30)}")
    assert event["entity_id"] == made


def test_a_call_that_is_posted_becomes_a_note_and_an_event(amo):
    call = {"direction": "inbound", "duration": 30, "source": "pbx", "call_status": 4}
    known = call | {"phone": "8 912 000-00-01", "uniq": "u-1"}
    answer = amo.send("POST", "calls", [known, call | {"phone": "+70000000000"}]).json()
    assert (answer["_total_items"], len(answer["errors"])) == (1, 1)
    assert answer["errors"][0]["request_id"] == "1"
    note = amo.rows("leads/notes?filter[note_type]=call_in")[-1]
    assert (note["entity_id"], note["params"]["uniq"]) == (801, "u-1")
    (event,) = amo.rows(f"events?filter[type]=incoming_call&filter[created_at]={seconds(30)}")
    assert event["value_after"] == [{"note": {"id": note["id"]}}]
    assert amo.get("calls").status_code == 404


def test_a_note_is_written_to_its_entity(amo):
    body = [{"note_type": "common", "params": {"text": "Привет"}}]
    assert amo.send("POST", "contacts/9/notes", body).status_code == 200
    (note,) = amo.rows("contacts/notes?filter[note_type]=common")
    assert (note["entity_id"], note["params"]["text"]) == (9, "Привет")
    assert amo.send("POST", "leads/notes", [body[0] | {"entity_id": 1}]).status_code == 400


@pytest.mark.parametrize(
    ("item", "code", "path"),
    [
        ({"custom_fields_values": _fields(f1=1)}, "NotSupportedChoice", ".0.field_id"),
        ({"custom_fields_values": _fields(f188660="Кто?")}, "NotSupportedChoice", "0.value"),
        ({"custom_fields_values": _fields(f188661="да")}, "InvalidType", "0.value"),
        ({"custom_fields_values": _fields(f188662="завтра")}, "InvalidType", "0.value"),
        ({"status_id": 1}, "NotSupportedChoice", "status_id"),
        ({"pipeline_id": 1}, "NotSupportedChoice", "pipeline_id"),
        ({"pipeline_id": 20, "status_id": OFFER}, "NotSupportedChoice", "status_id"),
        ({"responsible_user_id": 99}, "NotSupportedChoice", "responsible_user_id"),
        ({"price": "много"}, "InvalidType", "price"),
        ({"price": True}, "InvalidType", "price"),
        ({"_embedded": {"contacts": [{"id": 1}]}}, "NotSupportedChoice", "contacts.0.id"),
    ],
)
def test_a_wrong_item_refuses_the_whole_request_by_name(amo, item, code, path):
    answer = amo.send("POST", "leads", [{}, item | {"request_id": "bad"}])
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    (issue,) = answer.json()["validation-errors"]
    assert (issue["request_id"], issue["errors"][0]["code"]) == ("bad", code)
    assert issue["errors"][0]["path"].endswith(path)
    assert amo.ids("leads") == [502, 801, 804]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "leads", [{}] * 250, 200),
        ("POST", "leads", [{}] * 251, 400),
        ("POST", "leads", {}, 400),
        ("POST", "leads", [], 400),
        ("PATCH", "leads", [{"price": 1}], 400),
        ("PATCH", "leads/1", {"price": 1}, 404),
        ("POST", "tasks", [{"text": "без срока"}], 400),
        ("POST", "users", [{}], 405),
        ("DELETE", "leads/801", None, 405),
        ("POST", "nothing", [{}], 404),
    ],
)
def test_writing_has_its_limits(amo, method, path, body, status):
    assert amo.send(method, path, body).status_code == status


def test_a_lead_comes_back_from_the_bin_and_that_is_told(amo):
    amo.stage.knobs["amocrm.restored"] = {"802": day(12).isoformat()}
    amo.go_to(10)
    assert 802 not in amo.ids("leads")
    amo.go_to(13)
    (lead,) = amo.rows("leads?filter[id]=802")
    assert (lead["is_deleted"], lead["updated_at"]) == (False, seconds(12))
    assert amo.rows("leads?with=only_deleted") == []
    for _ in range(2):
        (event,) = amo.rows("events?filter[type]=lead_restored")
    assert (event["entity_id"], event["created_at"]) == (802, seconds(12))


def test_a_manager_of_narrow_rights_sees_their_own_alone(amo):
    amo.token = "manager-token"
    assert amo.ids("leads") == [502, 801, 804]
    amo.stage.knobs["amocrm.manager_sees"] = "own"
    assert amo.ids("leads") == [502, 804]
    assert amo.ids("tasks") == [1]
    amo.token = "demo-token"
    assert amo.ids("leads") == [502, 801, 804]


def test_a_page_that_is_too_heavy_times_out_until_it_is_shorter(amo):
    amo.stage.knobs["amocrm.heavy_limit"] = 100
    refused = amo.get("leads?limit=250")
    assert (refused.status_code, refused.json()["status"]) == (504, 504)
    assert amo.get("leads?limit=100").status_code == 200
    assert amo.get("leads/801").status_code == 200


def test_a_moved_account_refreshes_nothing_at_its_old_address_but_says_where_it_is(amo):
    amo.stage.knobs["amocrm.moved_to"] = "uralkrep"
    body = {"client_id": "demo-app", "client_secret": "demo-secret", "redirect_uri": "https://x"}
    body |= {"grant_type": "refresh_token", "refresh_token": "demo-refresh"}
    assert amo.http.post("/oauth2/access_token", json=body).status_code == 404
    ask = {"X-Refresh-Token": "demo-refresh"}
    told = amo.http.get("/oauth2/account/current/subdomain", headers=ask).json()
    assert told["domain"] == "uralkrep.amocrm.ru"
    amo.stage.knobs.clear()
    assert amo.http.post("/oauth2/access_token", json=body).status_code == 200


def test_what_is_written_survives_a_change_of_the_worlds_day(amo):
    amo.go_to(8)
    amo.send("PATCH", "leads/801", {"price": 5})
    amo.go_to(30)
    (lead,) = amo.rows("leads?filter[id]=801")
    assert (lead["price"], lead["status_id"], lead["updated_at"]) == (5, 142, seconds(14))


def test_selects_of_catalog_elements_name_their_enum(amo):
    (bill,) = amo.rows("catalogs/1002/elements")
    (status,) = [one for one in bill["custom_fields_values"] if one["field_code"] == "BILL_STATUS"]
    assert {"value", "enum_id", "enum_code"} == set(status["values"][0])
    assert status["is_computed"] is False


def test_an_account_may_count_in_another_currency(amo):
    amo.stage.knobs["amocrm.currency"] = "KZT"
    assert amo.get("account").json()["currency"] == "KZT"
