"""What the reports and dictionaries of the UIS stand-in say."""

from __future__ import annotations

import pytest
import requests

from include.sandbox.vendors.uis.fields import CALL_DEFAULTS, DICTIONARIES, REPORTS
from tests.sandbox.uis_company import VISIT, UisCaller, at, make_brand, make_call


@pytest.fixture
def uis(vendor_server, monkeypatch):
    caller = UisCaller(vendor_server)
    monkeypatch.setattr(
        caller.stage,
        "world",
        make_brand(
            make_call(1, at(18)),
            make_call(2, at(18, 8), status="missed", talk_seconds=0, visit_id=0, manager_id=0),
            make_call(3, at(17, 20), known_at=at(21)),
            make_call(4, at(18), tracker="calltouch"),
            chat=[
                {"tracker": "uis", "chat_id": 4, "started_at": at(18, 9), "message_count": 3}
                | {"finished_at": at(18, 10), "visit_id": 7, "manager_id": 3}
            ],
            form_request=[
                {"tracker": "uis", "request_id": 9, "submitted_at": at(18, 7), "name": "Пётр"}
                | {"visit_id": 7, "phone": "8 (916) 000", "email": "p@example.com"}
            ],
        ),
    )
    return caller


def test_without_fields_a_call_has_its_default_ones(uis):
    answered, missed = uis.rows("calls_report")
    assert list(answered) == list(CALL_DEFAULTS)
    assert (answered["start_time"], answered["finish_time"]) == (
        "2026-11-18 11:00:00",
        "2026-11-18 11:01:05",
    )
    assert (answered["id"], answered["communication_id"]) == (1, 5_000_000_001)
    assert answered["contact_phone_number"] == "79161234567"
    assert (answered["is_lost"], missed["is_lost"]) == (False, True)
    assert (answered["wait_duration"], missed["wait_duration"]) == (5, None)
    assert (answered["talk_duration"], answered["total_duration"]) == (60, 65)
    assert (answered["source"], missed["source"]) == ("dynamic_call_tracking", "call_tracking")
    assert missed["call_records"] == [] and missed["full_record_file_link"] is None


def test_a_call_knows_its_visit_and_empty_values_keep_their_keys(uis):
    fields = ["ym_client_id", "yclid", "gclid", "utm_source", "visitor_session_id", "channel"]
    fields += ["visitor_type", "tags", "segments", "employees", "sale_date", "visitor_device"]
    with_visit, without = uis.rows("calls_report", fields=fields)
    assert list(with_visit) == fields
    assert with_visit["ym_client_id"] == "1700000000000000001"
    assert (with_visit["yclid"], with_visit["gclid"]) == ("55", None)
    assert (with_visit["channel"], with_visit["visitor_session_id"]) == ("paid", 7)
    assert (with_visit["visitor_type"], without["visitor_type"]) == ("Новый", "Не заполнен")
    assert with_visit["employees"][0]["employee_full_name"] == "Белова Анна"
    assert without["utm_source"] is None and without["employees"] == []
    assert without["segments"] == [] and without["sale_date"] is None


def test_late_calls_and_later_tags_appear_in_their_time(uis, monkeypatch):
    tagged = make_call(1, at(18), changed_at=at(21))
    world = make_brand(tagged, make_call(3, at(17, 20), known_at=at(21)))
    monkeypatch.setattr(uis.stage, "world", world)
    assert uis.rows("calls_report", fields=["id", "tags"]) == [{"id": 1, "tags": []}]
    uis.control("clock", {"now": "2026-11-21T12:00:00+00:00"})
    later = uis.rows("calls_report", fields=["id", "tags"])
    assert [row["id"] for row in later] == [3, 1]
    assert later[1]["tags"][0]["tag_name"] == "цель"


def test_a_call_going_on_is_shown_only_when_asked_for(uis, monkeypatch):
    monkeypatch.setattr(
        uis.stage,
        "world",
        make_brand(
            make_call(
                1,
                at(
                    20,
                    8,
                    59,
                ),
            )
        ),
    )
    uis.control("clock", {"now": "2026-11-20T08:59:30+00:00"})
    days = {"date_till": "2026-11-21 00:00:00"}
    assert uis.rows("calls_report", **days) == []
    (going_on,) = uis.rows("calls_report", include_ongoing_calls=True, **days)
    assert going_on["finish_time"] is None


def test_the_period_is_of_the_accounts_zone_and_its_end_is_not_in_it(uis):
    def count(begin: str, end: str) -> int:
        return len(uis.rows("calls_report", date_from=begin, date_till=end))

    assert count("2026-11-18 11:00:00", "2026-11-18 11:00:01") == 1
    assert count("2026-11-18 00:00:00", "2026-11-18 11:00:00") == 0


def test_a_call_has_a_leg_of_the_caller_and_one_of_who_answered(uis):
    legs = uis.rows("call_legs_report")
    assert [(leg["call_session_id"], leg["is_operator"]) for leg in legs] == [
        (1, False),
        (1, True),
        (2, False),
    ]
    assert legs[0]["is_transfered"] is False
    assert (legs[2]["is_failed"], legs[2]["connect_time"]) == (True, None)


def test_web_forms_have_a_time_of_another_name(uis):
    (form,) = uis.rows("offline_messages_report")
    assert (form["id"], form["date_time"]) == (9, "2026-11-18 12:00:00")
    assert "start_time" not in form
    assert (form["visitor_phone_number"], form["visitor_name"]) == ("8 (916) 000", "Пётр")
    assert form["communication_type"] == "offline_message"


def test_chats_and_their_messages_are_told(uis):
    (chat,) = uis.rows("chats_report")
    assert (chat["messages_count"], chat["duration"], chat["status"]) == (3, 3600, "closed")
    messages = uis.call("get.chat_messages_report", chat_id=4)["result"]["data"]
    assert [message["source"] for message in messages] == ["visitor", "operator", "visitor"]
    unknown = uis.call("get.chat_messages_report", chat_id=5)
    assert uis.refusal(unknown) == (-32602, "entity_not_found")


def test_communications_are_all_kinds_together_without_phones(uis):
    rows = uis.rows("communications_report")
    kinds = [row["communication_type"] for row in rows]
    assert kinds == ["call", "offline_message", "call", "chat"]
    assert "contact_phone_number" not in rows[0]
    assert len({row["id"] for row in rows}) == 4


def test_sessions_goals_and_daily_figures_come_from_visits(uis):
    (session,) = uis.rows("visitor_sessions_report")
    assert (session["id"], session["duration"], session["engine"]) == (7, 90, "Яндекс")
    assert session["integrated_campaign_data"] == {
        "adv_system": "yandex_direct",
        "ext_campaign_id": 700,
    }
    (goal,) = uis.rows("goals_report")
    assert (goal["visitor_session_id"], goal["date_time"]) == (7, "2026-11-18 10:01:30")
    stat = uis.rows("campaign_daily_stat", site_id=4001)
    assert [(row["campaign_name"], row["calls_count"]) for row in stat] == [
        ("Платная реклама", 1),
        ("Прямые заходы", 1),
    ]
    wrong = uis.report("campaign_daily_stat", site_id=1)
    assert uis.refusal(wrong) == (-32602, "entity_not_found")


def test_a_visit_without_the_trackers_cookie_is_not_a_session(uis, monkeypatch):
    blocked = VISIT | {"call_visitor_id": ""}
    monkeypatch.setattr(uis.stage, "world", make_brand(make_call(1, at(18)), visit=[blocked]))
    assert uis.rows("visitor_sessions_report") == []
    assert uis.rows("calls_report", fields=["visitor_id"]) == [{"visitor_id": None}]


@pytest.mark.parametrize("method", sorted(DICTIONARIES))
def test_every_dictionary_has_all_its_fields(uis, method):
    rows = uis.call(method)["result"]["data"]
    assert all(tuple(row) == DICTIONARIES[method] for row in rows)


def test_dictionaries_name_what_the_reports_refer_to(uis):
    def read(method: str) -> list:
        return uis.call(method)["result"]["data"]

    assert read("get.account") == [
        {"app_id": 1103, "name": "uralkrep.example", "timezone": "Asia/Yekaterinburg"}
    ]
    assert [employee["full_name"] for employee in read("get.employees")] == ["Белова Анна"]
    assert [number["virtual_phone_number"] for number in read("get.virtual_numbers")] == [
        "73431234567"
    ]
    (call, *_) = uis.rows("calls_report", fields=["campaign_id", "tags", "site_id", "contact_id"])
    assert call["campaign_id"] in {campaign["id"] for campaign in read("get.campaigns")}
    assert call["tags"][0]["tag_id"] in {tag["id"] for tag in read("get.tags")}
    assert call["site_id"] == read("get.sites")[0]["id"]
    assert call["contact_id"] == read("get.contacts")[0]["id"]


@pytest.mark.parametrize("method", sorted(set(REPORTS) - {"get.chat_messages_report"}))
def test_every_report_of_an_empty_world_is_an_empty_list(uis, monkeypatch, method):
    monkeypatch.setattr(uis.stage, "world", make_brand(visit=[]))
    result = uis.report(method.removeprefix("get."))["result"]
    assert (result["data"], result["metadata"]["total_items"]) == ([], 0)


def test_the_recording_of_a_call_can_be_fetched(uis):
    link = uis.rows("calls_report")[0]["full_record_file_link"]
    path = link.removeprefix("https://app.uiscom.ru")
    answer = requests.get(uis.url + path, timeout=10)
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.content.startswith(b"ID3")
    for other in (path.replace("talk", "voice_mail"), path[:-2] + "f/", path.replace("1/", "2/")):
        assert requests.get(uis.url + other, timeout=10).status_code == 404


@pytest.mark.parametrize(
    ("fault", "row"),
    [
        ({"kind": "zero_rows"}, None),
        ({"kind": "renamed_field", "from": "id", "to": "call_id"}, {"call_id": 1}),
        ({"kind": "changed_meaning", "field": "id", "factor": 1000}, {"id": 1000}),
        ({"kind": "unknown_field", "field": "mood", "value": "glad"}, {"id": 1, "mood": "glad"}),
        ({"kind": "bad_value", "field": "id", "value": "one", "row": 0}, {"id": "one"}),
    ],
)
def test_answers_can_be_spoilt_by_planted_faults(uis, fault, row):
    uis.control("faults", fault | {"path_contains": "calls_report"})
    spoilt = uis.rows("calls_report", fields=["id"])
    assert (spoilt[0] if spoilt else None) == row
    assert uis.rows("calls_report", fields=["id"])[0] == {"id": 1}


def test_rows_inserted_while_paging_come_twice_and_are_counted(uis):
    uis.control("faults", {"kind": "shifted_page", "rows": 1})
    pages = [uis.report("calls_report", fields=["id"], limit=1, offset=n) for n in (0, 1)]
    assert [page["result"]["data"] for page in pages] == [[{"id": 1}], [{"id": 1}]]
    assert [page["result"]["metadata"]["total_items"] for page in pages] == [2, 3]


def test_a_sale_marks_the_calls_and_forms_of_its_phone_once_the_deal_is_won(uis, monkeypatch):
    crm = {"crm": "amocrm"}
    pipeline = crm | {"pipeline_id": 1}
    deal = pipeline | {"deal_id": 50, "stage_id": "paid", "amount_micros": 1_500_400_000}
    deal |= {"created_at": at(18), "closed_at": at(19)}
    entry = pipeline | {"entity": "deal", "entity_id": 50}
    form = {"tracker": "uis", "request_id": 9, "submitted_at": at(18), "phone": "8 916 123-45-67"}
    world = make_brand(
        make_call(1, at(18)),
        make_call(2, at(19, 12)),
        form_request=[form],
        crm_lead=[crm | {"lead_id": 1, "deal_id": 50, "phone": "+79161234567"}],
        crm_deal=[deal],
        crm_stage=[
            pipeline | {"stage_id": "new", "semantics": "open"},
            pipeline | {"stage_id": "paid", "semantics": "won"},
        ],
        crm_stage_event=[
            entry | {"event_id": 1, "stage_id": "new", "occurred_at": at(18)},
            entry | {"event_id": 2, "stage_id": "paid", "occurred_at": at(19)},
        ],
    )
    monkeypatch.setattr(uis.stage, "world", world)
    fields = ["sale_date", "sale_cost"]
    sold = {"sale_date": "2026-11-19 11:00:00", "sale_cost": 1500.4}
    unsold = {"sale_date": None, "sale_cost": None}
    assert uis.rows("calls_report", fields=fields) == [sold, unsold]
    assert uis.rows("offline_messages_report", fields=fields) == [sold]
    uis.control("clock", {"now": "2026-11-18T12:00:00+00:00"})
    assert uis.rows("calls_report", fields=fields) == [unsold]
