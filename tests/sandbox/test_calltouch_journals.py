"""What the journals of calls and requests of the Calltouch stand-in say."""

from __future__ import annotations

import pytest

from tests.sandbox.calltouch_company import (
    CALLS,
    SITE,
    VISIT,
    CalltouchCaller,
    at,
    make_call,
    make_form,
    make_office,
)

MONTH = {"day": "01/11/2026", "to": "20/11/2026", "page": 1, "limit": 1000}


@pytest.fixture
def calltouch(vendor_server, monkeypatch):
    caller = CalltouchCaller(vendor_server)
    lead = {"crm": "bitrix24", "lead_id": 1, "deal_id": 50, "phone": "+7 916 123 45 67"}
    deal = {"crm": "bitrix24", "deal_id": 50, "pipeline_id": 0, "stage_id": "paid"}
    deal |= {"created_at": at(18), "closed_at": at(19), "amount_micros": 1_500_400_000}
    deal |= {"source": "CALL", "title": "Трубы"}
    pipeline = {"crm": "bitrix24", "pipeline_id": 0}
    stages = [pipeline | {"stage_id": "new", "semantics": "open"}]
    stages.append(pipeline | {"stage_id": "paid", "semantics": "won"})
    entry = pipeline | {"entity": "deal", "entity_id": 50, "manager_id": 3}
    events = [
        entry | {"event_id": 1, "stage_id": "new", "occurred_at": at(18)},
        entry | {"event_id": 2, "stage_id": "paid", "occurred_at": at(19)},
    ]
    monkeypatch.setattr(
        caller.stage,
        "world",
        make_office(
            make_call(1, at(18)),
            make_call(2, at(18, 8), visit_id=0, status="missed", talk_seconds=0, is_first=False),
            make_call(3, at(18, 22), is_target=False),
            make_call(4, at(18, 7), known_at=at(21)),
            make_call(5, at(18), tracker="uis"),
            form_request=[make_form(9, at(18)), make_form(10, at(18, 10), visit_id=0)],
            crm_lead=[lead],
            crm_deal=[deal],
            crm_stage=stages,
            crm_stage_event=events,
        ),
    )
    return caller


def test_without_pages_a_day_of_calls_is_a_bare_array(calltouch):
    calls = calltouch.calls().json()
    assert [call["callId"] for call in calls] == [1, 2]
    first, second = calls
    assert (first["date"], first["timestamp"]) == ("18/11/2026 09:00:00", 1_794_981_600)
    assert (first["duration"], first["waitingConnect"]) == (60, 5)
    assert (first["callerNumber"], first["phoneNumber"]) == ("79161234567", "74951234567")
    assert (first["successful"], second["successful"]) == (True, False)
    assert (first["uniqTargetCall"], second["uniqTargetCall"]) == (True, False)
    assert first["manager"] == "Белова Анна"
    assert "callTags" not in first and "mapVisits" not in first


def test_a_call_knows_its_visit_and_has_nulls_without_one(calltouch):
    first, second = calltouch.calls().json()
    assert (first["yaClientId"], first["clientId"]) == ("1700000000000000001", "1.2")
    assert (first["sessionId"], second["sessionId"]) == (7, None)
    assert second["ctClientId"] is None and second["yaClientId"] is None
    assert (first["source"], first["medium"], first["keyword"]) == ("ya", "cpc", "труба")
    assert (second["source"], second["utmSource"]) == ("(direct)", "")
    assert first["url"].endswith("utm_source=ya&yclid=55")


def test_pages_turn_the_answer_into_an_object_over_many_days(calltouch):
    page = calltouch.calls(**(MONTH | {"limit": 2})).json()
    assert {key: page[key] for key in page if key != "records"} == {
        "page": 1,
        "pageTotal": 2,
        "pageSize": 2,
        "recordsTotal": 3,
    }
    second = calltouch.calls(**(MONTH | {"limit": 2, "page": 2})).json()
    assert [call["callId"] for call in page["records"] + second["records"]] == [1, 2, 3]
    beyond = calltouch.calls(**(MONTH | {"page": 9})).json()
    assert (beyond["records"], beyond["pageTotal"]) == ([], 1)


def test_an_empty_range_has_no_pages_at_all(calltouch):
    page = calltouch.calls("01/01/2026", "02/01/2026", page=1, limit=10).json()
    assert (page["records"], page["pageTotal"], page["recordsTotal"]) == ([], 0, 0)
    assert calltouch.calls("01/01/2026").json() == []


def test_a_call_after_midnight_is_of_the_cabinets_next_day(calltouch):
    assert [call["callId"] for call in calltouch.calls("19/11/2026").json()] == [3]


def test_late_calls_and_later_marks_appear_in_their_time(calltouch, monkeypatch):
    changed = make_call(1, at(18), changed_at=at(21))
    world = make_office(changed, make_call(4, at(18, 7), known_at=at(21)))
    monkeypatch.setattr(calltouch.stage, "world", world)
    (early,) = calltouch.calls(withCallTags="true").json()
    assert (early["targetCall"], early["callTags"]) == (False, [])
    calltouch.control("clock", {"now": "2026-11-21T12:00:00+00:00"})
    later = calltouch.calls(withCallTags="true").json()
    assert [call["callId"] for call in later] == [1, 4]
    assert later[0]["targetCall"] is True
    assert later[0]["callTags"] == [{"category": "", "type": "MANUAL", "names": ["лид"]}]


@pytest.mark.parametrize(
    ("flag", "ids"),
    [
        ("uniqueOnly", [1, 3]),
        ("targetOnly", [1, 2]),
        ("uniqTargetOnly", [1]),
        ("callbackOnly", []),
    ],
)
def test_flags_choose_calls(calltouch, flag, ids):
    calls = calltouch.calls(**MONTH, **{flag: "true"}).json()["records"]
    assert [call["callId"] for call in calls] == ids


def test_flags_add_what_is_asked_for(calltouch):
    flags = ("withMapVisits", "withOrders", "withComments", "withYandexDirect", "withText")
    flags += ("withGoogleAdwords", "withDcm")
    first, second = calltouch.calls(**dict.fromkeys(flags, "true"), attribution=0).json()
    assert first["mapVisits"][0]["sessionId"] == 7 and second["mapVisits"] == []
    assert first["yandexDirect"] == {
        "campaignId": 700,
        "adGroupId": 70,
        "adId": 7_000,
        "criteriaId": 0,
    }
    assert first["googleAdWords"] is None and first["comments"] == [] and first["phrases"] == []
    assert (first["orders"][0]["orderNumber"], first["orders"][0]["completedAmount"]) == (
        "50",
        1500,
    )
    assert first["attribution"] == 0


CALL_FIELDS = (
    "callId callphase date timestamp duration waitingConnect callerNumber phoneNumber "
    "redirectNumber successful statusDetails uniqueCall targetCall uniqTargetCall callbackCall "
    "manager city source medium keyword url callUrl ref hostname utmSource utmMedium utmCampaign "
    "utmContent utmTerm sessionId ctCallerId ctClientId ctGlobalId clientId yaClientId sipCallId "
    "callReferenceId userAgent ip subPoolName attribution attrs additionalTags callbackInfo"
)
REQUEST_FIELDS = (
    "requestId requestNumber date dateStr subject requestUrl manager uniqueRequest "
    "targetRequest uniqTargetRequest session client orders comments mapVisits yandexDirect "
    "googleAdWords ctClientId ctGlobalId RequestTags widgetInfo dcm"
)
SESSION_FIELDS = (
    "sessionId keywords city ip browser source medium ref url utmSource utmMedium utmCampaign "
    "utmContent utmTerm guaClientId yaClientId attrs attribution ctGlobalId"
)
CALL_EXTRAS = {
    "withCallTags": "callTags",
    "withComments": "comments",
    "withOrders": "orders",
    "withMapVisits": "mapVisits",
    "withYandexDirect": "yandexDirect",
    "withGoogleAdwords": "googleAdWords",
    "withText": "phrases phonesInText",
    "withDcm": "dcm",
}


def test_a_call_has_every_field_of_the_vendor_and_no_other_without_its_flag(calltouch):
    assert set(calltouch.calls().json()[0]) == set(CALL_FIELDS.split())
    for flag, fields in CALL_EXTRAS.items():
        more = set(calltouch.calls(**{flag: "true"}).json()[0]) - set(CALL_FIELDS.split())
        assert more == set(fields.split()), flag


def test_a_request_has_every_field_of_the_vendor(calltouch):
    flags = ("withRequestTags", "withMapVisits", "withYandexDirect", "withGoogleAdwords", "withDcm")
    row = calltouch.requests(**dict.fromkeys(flags, "true")).json()[0]
    assert set(row) == set(REQUEST_FIELDS.split())
    assert set(row["session"]) == set(SESSION_FIELDS.split())
    assert set(row["client"]) == {"clientId", "fio", "phones", "contacts"}
    assert set(row["orders"][0]) == {"orderId", "dateCreated", "status", "sum", "orderNumber"}


def test_older_answers_have_flags_as_text(calltouch):
    calltouch.control("knobs", {"calltouch.text_flags": True, "calltouch.timestamp_unit": "ms"})
    first = calltouch.calls().json()[0]
    assert (first["uniqueCall"], first["callbackCall"]) == ("True", "False")
    assert first["timestamp"] == 1_794_981_600_000


def test_a_recording_is_there_for_calls_that_were_talked(calltouch):
    answer = calltouch.get(f"{CALLS}/1/download")
    assert (answer.headers["content-type"], answer.content[:3]) == ("audio/mpeg", b"ID3")
    assert calltouch.get(f"{CALLS}/2/download").status_code == 404


def test_requests_have_months_first_and_milliseconds(calltouch):
    first, second = calltouch.requests().json()
    assert (first["requestId"], first["date"]) == (9, 1_794_981_600_000)
    assert first["dateStr"] == "18/11/2026 09:00:00"
    assert first["client"]["phones"][0]["phoneNumber"] == "8 (916) 123-45-67"
    assert first["client"]["contacts"][0]["contactValue"] == "p@example.com"
    assert (first["session"]["sessionId"], second["session"]["sessionId"]) == (7, None)
    assert first["session"]["yaClientId"] == "1700000000000000001"
    assert (first["uniqueRequest"], second["uniqueRequest"]) == (True, False)
    assert first["orders"][0]["sum"] == "1500.40"
    assert "RequestTags" not in first
    assert calltouch.requests(withRequestTags="true").json()[0]["RequestTags"] == []


def test_requests_can_be_cut_by_the_clock_and_stay_as_unique_as_they_are(calltouch):
    morning = calltouch.requests(timeFrom="09:00:00", timeTo="12:00:00").json()
    assert [(row["requestId"], row["uniqueRequest"]) for row in morning] == [(9, True)]
    evening = calltouch.requests(timeFrom="12:00:00").json()
    assert [(row["requestId"], row["uniqueRequest"]) for row in evening] == [(10, False)]


def test_orders_have_their_own_name_for_the_number_of_pages(calltouch):
    path = f"/calls-service/RestAPI/{SITE}/orders-diary/orders"
    days = {"dateFrom": "18/11/2026", "dateTo": "18/11/2026", "page": 1, "limit": 10}
    answer = calltouch.get(path, **days).json()
    assert (answer["totalPage"], answer["records"][0]["orderId"]) == (1, 50)
    assert set(answer) == {"records", "page", "totalPage"}
    assert calltouch.get(path, page=1, limit=10).json() == answer
    assert calltouch.get(path, **days, orderSource="CHAT").json()["records"] == []
    calltouch.control("clock", {"now": "2026-11-18T12:00:00+00:00"})
    open_deal = calltouch.get(path, **days).json()["records"][0]
    assert (open_deal["plannedAmount"], open_deal["completedAmount"]) == (1500, 0)


@pytest.mark.parametrize(
    ("what", "counted"),
    [
        ("total-count", 3),
        ("count-by-date", {"18/11/2026": 2, "19/11/2026": 1}),
        ("seo/count-by-date", {"18/11/2026": 0, "19/11/2026": 0}),
        ("seo/count-by-keywords", {}),
    ],
)
def test_statistics_count_calls(calltouch, what, counted):
    path = f"/calls-service/RestAPI/statistics/{SITE}/calls/{what}"
    days = {"dateFrom": "18/11/2026", "dateTo": "19/11/2026"}
    assert calltouch.get(path, access_token="demo-token", **days).json() == counted
    assert calltouch.get(path, **days).status_code == 401


def test_organic_calls_are_counted_by_keyword(calltouch, monkeypatch):
    organic = VISIT | {"traffic_source": "organic", "utm_medium": "", "utm_source": ""}
    world = make_office(make_call(1, at(18)), visit=[organic])
    monkeypatch.setattr(calltouch.stage, "world", world)
    path = f"/calls-service/RestAPI/statistics/{SITE}/calls/seo/count-by-keywords"
    days = {"dateFrom": "18/11/2026", "dateTo": "19/11/2026"}
    assert calltouch.get(path, access_token="demo-token", **days).json() == {"труба": 1}


@pytest.mark.parametrize(
    ("fault", "key", "value"),
    [
        ({"kind": "renamed_field", "from": "callId", "to": "id"}, "id", 1),
        ({"kind": "changed_meaning", "field": "duration", "factor": 1000}, "duration", 60_000),
        ({"kind": "control_characters", "field": "keyword"}, "keyword", "\x02труба\x1f"),
        ({"kind": "unknown_field", "field": "mood", "value": "glad"}, "mood", "glad"),
        ({"kind": "bad_value", "field": "duration", "value": "long", "row": 0}, "duration", "long"),
    ],
)
def test_rows_can_be_spoilt_by_planted_faults(calltouch, fault, key, value):
    calltouch.control("faults", fault)
    assert calltouch.calls().json()[0][key] == value
    assert calltouch.calls().json()[0].get(key) != value


def test_rows_inserted_while_paging_come_twice_and_are_counted(calltouch):
    calltouch.control("faults", {"kind": "shifted_page", "rows": 1})
    first, second = (calltouch.calls(**(MONTH | {"limit": 2, "page": n})).json() for n in (1, 2))
    assert [call["callId"] for call in first["records"]] == [1, 2]
    assert [call["callId"] for call in second["records"]] == [2, 3]
    assert (first["recordsTotal"], second["recordsTotal"]) == (3, 4)


def test_an_empty_success_and_a_page_with_status_200_can_be_planted(calltouch):
    calltouch.control("faults", {"kind": "zero_rows"})
    assert calltouch.calls().json() == []
    calltouch.control("faults", {"kind": "html_page"})
    page = calltouch.calls()
    assert (page.status_code, page.text[:6]) == (200, "<html>")
    assert len(calltouch.calls().json()) == 2
