"""What the Calltouch connector makes of the two journals, whose dates and shapes differ."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from include.connectors.calltouch.schema import flags, moments
from include.connectors.protocol import BadInput, IncompleteAnswer, Interval, RequestRefused, Slice
from tests.connectors.calltouch.calltouch_bench import Bench, findings_of, rows_of
from tests.sandbox.calltouch_company import NOON, at, make_call, make_form, make_office

CALLS = [
    make_call(1, at(16)),
    make_call(2, at(17), visit_id=0, status="missed", talk_seconds=0, manager_id=0),
]
FORMS = [make_form(9, at(18)), make_form(10, at(18, 10), visit_id=0, email="", phone="")]
CRM = {
    "crm_lead": [{"crm": "bitrix24", "lead_id": 1, "deal_id": 50, "phone": "+79161234567"}],
    "crm_deal": [{"crm": "bitrix24", "deal_id": 50, "pipeline_id": 0, "created_at": at(16)}],
}


@pytest.fixture
def bench(vendor_server):
    stage = vendor_server.stage
    stage.faults.clear()
    stage.knobs.clear()
    vendor_server.vendors["calltouch"].reset()
    stage.world = make_office(*CALLS, form_request=FORMS, **CRM)
    stage.clock.set(now=NOON, factor=1000.0, frozen=True)
    return Bench(vendor_server)


def test_a_call_keeps_what_identity_and_attribution_need(bench):
    first, missed = rows_of(bench.pull())
    assert (first["call_date"], first["started_at"]) == (date(2026, 11, 16), at(16))
    assert (first["caller_phone"], first["tracking_phone"]) == ("79161234567", "74951234567")
    assert (first["metrica_client_id"], first["ga_client_id"]) == ("1700000000000000001", "1.2")
    assert (first["yclid"], first["gclid"]) == ("55", None)
    assert (first["utm_source"], first["utm_campaign"], first["keyword"]) == ("ya", None, "труба")
    assert (first["direct_campaign_id"], first["direct_ad_id"]) == (700, 7_000)
    assert first["google_campaign_id"] is None
    assert (first["tags"], first["order_numbers"]) == (["лид"], ["50"])
    assert (first["is_answered"], missed["is_answered"]) == (True, False)
    assert (missed["session_id"], missed["yclid"], missed["manager_name"]) == (None, None, None)
    assert '"callId":1' in first["payload"]


def test_a_hidden_number_is_null_and_its_call_is_kept(bench):
    bench.stage.world = make_office(make_call(1, at(16), caller_phone=""), make_call(2, at(17)))
    bench.plant("bad_value", field="duration", value="long", row=1)
    batches = bench.pull()
    assert [row["caller_phone"] for row in rows_of(batches)] == [None]
    assert [r.reason_code for b in batches for r in b.rejected] == ["wrong_type"]


def test_what_the_vendor_leaves_open_is_null_and_not_false(bench):
    for field in ("targetCall", "duration", "waitingConnect"):
        bench.plant("bad_value", field=field, value=None, row=0)
    for column in ("is_target", "talk_seconds", "wait_seconds"):
        first, second = rows_of(bench.pull())
        assert first[column] is None
        assert second[column] is not None


def test_a_request_keeps_phones_and_emails_as_typed(bench):
    first, bare = rows_of(bench.pull("request"))
    assert (first["request_date"], first["requested_at"]) == (date(2026, 11, 18), at(18))
    assert (first["phones"], first["emails"]) == (["8 (916) 123-45-67"], ["p@example.com"])
    assert (first["person_name"], first["form_name"]) == ("Пётр", "Расчёт")
    assert (first["metrica_client_id"], first["yclid"]) == ("1700000000000000001", "55")
    assert (first["direct_ad_group_id"], first["session_id"]) == (70, 7)
    assert (bare["phones"], bare["emails"], bare["session_id"]) == ([], [], None)


def test_flags_may_be_words_and_timestamps_milliseconds(bench):
    plain = rows_of(bench.pull())
    bench.stage.knobs.update({"calltouch.text_flags": True, "calltouch.timestamp_unit": "ms"})
    for ours, theirs in zip(plain, rows_of(bench.pull()), strict=True):
        assert {k: ours[k] for k in ours if k != "payload"} == {
            k: theirs[k] for k in theirs if k != "payload"
        }


@pytest.mark.parametrize("value", ["yes", 1, "true"])
def test_a_flag_is_nothing_but_true_or_false(value):
    with pytest.raises(ValueError, match="flag"):
        flags([True, value])


def test_without_a_timestamp_the_clock_of_the_cabinet_counts(bench):
    bench.plant("unknown_field", field="timestamp", value=None)
    batches = bench.pull()
    assert [row["started_at"] for row in rows_of(batches)] == [at(16), at(17)]
    assert findings_of(batches) == []


def test_a_time_that_comes_twice_is_told_apart_by_its_timestamp():
    decode = moments(ZoneInfo("Europe/Berlin"))
    text = "25/10/2026 02:30:00"
    first, second = (
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    )
    stamps = [int(first.timestamp()), int(second.timestamp()) * 1000, None]
    assert decode([(stamp, text) for stamp in stamps]).to_pylist() == [first, second, first]


def test_a_zone_that_is_not_the_cabinets_is_told_once(bench):
    told = findings_of(bench.pull(time_zone="Asia/Omsk", page_rows=1))
    assert len(told) == 1
    assert "option time_zone is Asia/Omsk" in told[0]
    assert findings_of(bench.pull()) == []


def test_control_characters_stay_in_raw(bench):
    bench.plant("control_characters", field="keyword")
    assert rows_of(bench.pull())[0]["keyword"] == "\x02труба\x1f"


def test_an_address_that_is_none_has_no_click_id(bench):
    for address in ("https://[broken/?yclid=5", "", None, "https://x.example/?yclid=&gclid=g1"):
        bench.plant("bad_value", field="url", value=address, row=0)
        row = rows_of(bench.pull())[0]
        assert row["yclid"] is None
        assert row["gclid"] == ("g1" if address and "gclid" in address else None)


def test_an_empty_journal_is_asked_for_twice(bench):
    for resource, path, count in (("call", "calls-diary", 2), ("request", "/requests", 2)):
        bench.plant("zero_rows", path=path)
        assert len(rows_of(bench.pull(resource))) == count
        bench.plant("zero_rows", count=2, path=path)
        assert rows_of(bench.pull(resource)) == []


def test_an_empty_range_has_no_pages_and_ends(bench):
    bench.stage.world = make_office()
    assert rows_of(bench.pull()) == []


def test_a_call_twice_on_a_page_is_one_call(bench):
    bench.plant("bad_value", field="callId", value=1, row=1)
    with pytest.raises(IncompleteAnswer, match="counts 2 calls"):
        bench.pull()


@pytest.mark.parametrize("resource", ["call", "request"])
def test_another_shape_of_the_answer_is_a_changed_api(bench, resource, monkeypatch):
    connector = bench.connect()
    monkeypatch.setattr(connector._journals, "_ask", lambda *_: {"rows": []})
    piece = Slice(resource, "k", interval=Interval(date(2026, 11, 16), date(2026, 11, 20)))
    with pytest.raises(RequestRefused, match="the API has changed"):
        list(connector.fetch(connector.start(piece).token))


def test_months_and_days_do_not_change_places(bench):
    bench.stage.world = make_office(
        make_call(1, datetime(2026, 11, 3, 6, tzinfo=UTC)),
        form_request=[make_form(9, datetime(2026, 11, 3, 6, tzinfo=UTC))],
    )
    connector = bench.connect()
    for resource in ("call", "request"):
        piece = Slice(resource, "k", interval=Interval(date(2026, 11, 3), date(2026, 11, 4)))
        assert len(rows_of(list(connector.fetch(connector.start(piece).token)))) == 1


def test_today_is_asked_for_alone_and_only_when_wanted(bench):
    today = Interval(date(2026, 11, 20), date(2026, 11, 21))
    ended = Interval(date(2026, 11, 16), date(2026, 11, 20))
    plan = bench.connect().plan([], NOON, None)
    assert [(p.resource, p.interval) for p in plan] == [("call", ended), ("request", ended)]
    plan = bench.connect(include_today=True).plan([], NOON, None)
    assert [p.interval for p in plan] == [ended, today] * 2


def test_a_slice_without_days_cannot_be_started(bench):
    with pytest.raises(BadInput, match="days of call, request"):
        bench.connect().start(Slice("call", "k"))
