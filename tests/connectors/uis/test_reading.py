"""What the UIS connector makes of answers: sessions, pages, halves, bounds, fields left out."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from include.connectors.protocol import BadInput, IncompleteAnswer, Interval, Slice
from include.connectors.uis import reports
from tests.connectors.uis.uis_bench import DAYS, Bench, rows_of
from tests.sandbox.uis_company import NOON, at, make_brand, make_call

PASSWORD = {"login": "demo-login", "token": "demo-password"}
CALLS = [
    make_call(1, at(16, 6)),
    make_call(2, at(17, 6), status="missed", talk_seconds=0, visit_id=0, manager_id=0),
    make_call(3, at(18, 6), direction="out", tags=[]),
]


@pytest.fixture
def bench(vendor_server):
    stage = vendor_server.stage
    stage.faults.clear()
    stage.knobs.clear()
    vendor_server.vendors["uis"].reset()
    stage.world = make_brand(*CALLS)
    stage.clock.set(now=NOON, factor=1.0, frozen=True)
    return Bench(vendor_server)


def test_a_call_keeps_what_identity_and_attribution_need(bench):
    first, lost, out = rows_of(bench.pull())
    assert first["started_at"] == datetime(2026, 11, 16, 6, tzinfo=UTC)
    assert first["finished_at"] == datetime(2026, 11, 16, 6, 1, 5, tzinfo=UTC)
    assert (first["metrica_client_id"], first["ga_client_id"]) == ("1700000000000000001", "1.2")
    assert (first["yclid"], first["gclid"], first["utm_source"]) == ("55", None, "ya")
    assert (first["channel"], first["visitor_session_id"]) == ("paid", 7)
    assert (first["talk_seconds"], first["wait_seconds"], first["total_seconds"]) == (60, 5, 65)
    assert (first["first_employee_id"], first["last_employee_name"]) == (3, "Белова Анна")
    assert len(first["record_ids"]) == 1
    assert (lost["is_lost"], lost["wait_seconds"], lost["record_ids"]) == (True, None, [])
    assert (lost["visitor_id"], lost["first_employee_id"]) == (None, None)
    assert lost["call_back_seconds"] == 86_400 - 5
    assert out["communication_id"] == lost["communication_id"]
    assert (out["direction"], out["tags"]) == ("out", [])
    assert '"sale_cost":null' in first["payload"]


def test_a_hidden_number_is_null_and_its_call_is_kept(bench):
    bench.stage.world = make_brand(make_call(1, at(16), caller_phone=""), make_call(2, at(17)))
    bench.plant("bad_value", path="calls_report", field="talk_duration", value="long", row=1)
    batches = bench.pull()
    assert [row["contact_phone"] for row in rows_of(batches)] == [None]
    assert [r.reason_code for b in batches for r in b.rejected] == ["wrong_type"]


def test_every_table_of_the_account_can_be_read(bench):
    form = {"tracker": "uis", "request_id": 9, "submitted_at": at(18), "phone": "8 (916) 000"}
    chat = {"tracker": "uis", "chat_id": 4, "started_at": at(18), "visit_id": 7}
    bench.stage.world = make_brand(*CALLS, form_request=[form], chat=[chat])
    for resource in bench.connect().resources:
        rows = rows_of(bench.pull(resource))
        assert rows, resource
        assert {row["account_id"] for row in rows} == {"uralkrep"}
    (message,) = rows_of(bench.pull("offline_message"))
    assert (message["phone"], message["left_at"]) == ("8 (916) 000", at(18))


def test_the_days_are_those_of_the_accounts_own_zone(bench):
    assert bench.connect()._rule.zone.key == "Asia/Yekaterinburg"
    assert bench.connect(time_zone="Europe/Moscow")._rule.zone.key == "Europe/Moscow"
    late = NOON.replace(hour=19, minute=30)
    window = Interval(date(2026, 11, 20), date(2026, 11, 30))
    planned = [p.interval for p in bench.connect().plan([], late, window)]
    assert set(planned) == {Interval(date(2026, 11, 20), date(2026, 11, 21))}


def test_today_is_asked_for_alone_and_only_when_wanted(bench):
    today = Interval(date(2026, 11, 20), date(2026, 11, 21))
    calls = [p for p in bench.connect().plan([], NOON, None) if p.resource == "call"]
    assert [p.interval for p in calls] == [DAYS]
    calls = [
        p for p in bench.connect(include_today=True).plan([], NOON, None) if p.resource == "call"
    ]
    assert [p.interval for p in calls] == [DAYS, today]


def test_a_login_begins_one_session_and_ends_nobodys(bench):
    connector = bench.connect(PASSWORD)
    for _ in range(3):
        piece = Slice("call", "k", interval=DAYS)
        assert rows_of(list(connector.fetch(connector.start(piece).token)))
    assert bench.server.vendors["uis"].access._minted == 1


def test_a_session_that_ended_in_the_middle_is_begun_anew(bench):
    connector = bench.connect(PASSWORD, page_rows=1)
    rows = []
    for batch in connector.fetch({"resource": "call", "from": "2026-11-16", "to": "2026-11-20"}):
        rows += rows_of([batch])
        bench.stage.clock.advance(3600)
    assert [row["call_id"] for row in rows] == [1, 2, 3]
    assert bench.server.vendors["uis"].access._minted > 1


@pytest.mark.parametrize("key", ["expire", "expire_at"])
def test_either_spelling_of_the_vendor_is_read(bench, key):
    bench.stage.knobs.update({"uis.expiry_key": key, "uis.account_meta_key": "meta_data"})
    assert len(rows_of(bench.pull(credentials=PASSWORD))) == 3


def test_pages_end_with_the_last_row_and_not_with_a_short_page(bench):
    assert [b.rows.num_rows for b in bench.pull(page_rows=1)] == [1, 1, 1]
    assert [b.rows.num_rows for b in bench.pull(page_rows=2)] == [2, 1]


@pytest.mark.parametrize("unsortable", [["id"], ["id", "start_time"]])
def test_fields_that_may_not_be_sorted_by_are_given_up(bench, unsortable):
    bench.stage.knobs["uis.unsortable_fields"] = unsortable
    assert [row["call_id"] for row in rows_of(bench.pull(page_rows=2))] == [1, 2, 3]


def test_a_period_beyond_the_reach_of_offsets_is_halved_without_loss(bench, monkeypatch):
    monkeypatch.setattr(reports, "MOST_OFFSET", 2)
    calls = [make_call(n, at(16 + n % 4, 6, n % 60)) for n in range(100)]
    bench.stage.world = make_brand(*calls)
    rows = rows_of(bench.pull(page_rows=5))
    assert sorted(row["call_id"] for row in rows) == list(range(100))


def test_a_minute_beyond_the_reach_of_offsets_is_refused(bench, monkeypatch):
    monkeypatch.setattr(reports, "MOST_OFFSET", 2)
    bench.stage.world = make_brand(*(make_call(n, at(16)) for n in range(30)))
    with pytest.raises(IncompleteAnswer, match="cannot be split"):
        bench.pull(page_rows=5)


def test_a_row_at_the_end_of_the_period_is_the_next_days(bench):
    midnight = "2026-11-20 00:00:00"
    bench.plant("bad_value", path="calls_report", field="start_time", value=midnight, row=2)
    assert [row["call_id"] for row in rows_of(bench.pull())] == [1, 2]


def test_an_empty_period_is_asked_for_twice(bench):
    bench.plant("zero_rows", path="calls_report")
    assert len(rows_of(bench.pull())) == 3
    bench.plant("zero_rows", count=2, path="calls_report")
    assert rows_of(bench.pull()) == []


def test_fields_of_components_the_account_lacks_can_be_left_out(bench):
    bench.stage.knobs["uis.disabled_fields"] = ["eq_utm_source", "visitor_city"]
    rows = rows_of(bench.pull(without_fields=["eq_utm_source", "visitor_city"]))
    assert [row["visitor_city"] for row in rows] == [None] * 3
    assert "visitor_city" not in rows[0]["payload"]


def test_an_agent_names_its_client(bench):
    rows = rows_of(bench.pull(credentials={"token": "agent-token"}, user_id=2001))
    assert len(rows) == 3


def test_a_report_without_its_days_cannot_be_started(bench):
    with pytest.raises(BadInput, match="needs its days"):
        bench.connect().start(Slice("call", "k"))
