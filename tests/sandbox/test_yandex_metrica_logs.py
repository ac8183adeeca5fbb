"""What the log files of the Metrica stand-in say."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include.sandbox.vendors.yandex_metrica.hit_rows import HIT_FIELDS
from include.sandbox.vendors.yandex_metrica.identifiers import to_world_visit_id
from include.sandbox.vendors.yandex_metrica.visit_fields import SOURCE_FIELDS, VISIT_FIELDS
from tests.sandbox.metrica_company import (
    COUNTER,
    SECOND_COUNTER,
    MetricaCaller,
    make_company,
    make_visit,
    morning,
)

AD = {
    "traffic_source": "ad",
    "ad_vendor": "yandex_direct",
    "campaign_id": 700,
    "click_id_kind": "yclid",
    "click_id": "555",
    "utm_source": "yandex",
    "utm_campaign": "steel",
}


@pytest.fixture
def metrica(vendor_server, monkeypatch):
    caller = MetricaCaller(vendor_server)
    monkeypatch.setattr(
        caller.stage,
        "world",
        make_company(
            make_visit(11, morning(10), **AD),
            make_visit(12, morning(18), goal_ids=[1, 7, 1]),
            make_visit(13, morning(18, 22), metrica_client_id=2**63 + 5, page_views=1),
            make_visit(14, morning(18), metrica_client_id=0),
            make_visit(15, morning(18), known_at=morning(21)),
            make_visit(16, morning(17, 20), site="ru_second", metrica_client_id=77),
        ),
    )
    return caller


def test_visits_carry_unsigned_64_bit_ids_and_local_times(metrica):
    fields = ["visitID", "clientID", "date", "dateTime", "dateTimeUTC", "counterID"]
    rows = metrica.read([f"ym:s:{name}" for name in fields])
    assert list(rows[0]) == [f"ym:s:{name}" for name in fields]
    assert [to_world_visit_id(int(row["ym:s:visitID"])) for row in rows] == [12, 13]
    assert all(0 < int(row["ym:s:visitID"]) < 2**64 for row in rows)
    assert max(int(row["ym:s:visitID"]) for row in rows) > 2**53
    assert rows[1]["ym:s:clientID"] == str(2**63 + 5)
    # 22:00 UTC is the next day in Moscow
    assert (rows[1]["ym:s:date"], rows[1]["ym:s:dateTime"]) == ("2026-11-19", "2026-11-19 01:00:00")


def test_the_field_called_utc_is_in_moscow_time_on_every_counter(metrica):
    (row,) = metrica.read(["ym:s:dateTime", "ym:s:dateTimeUTC"], counter=SECOND_COUNTER)
    assert row["ym:s:dateTime"] == "2026-11-18 01:00:00"
    assert row["ym:s:dateTimeUTC"] == "2026-11-17 23:00:00"


def test_late_visits_appear_when_they_become_known(metrica):
    assert len(metrica.read(["ym:s:visitID"])) == 2
    metrica.control("clock", {"now": "2026-11-21T09:00:00+00:00"})
    assert len(metrica.read(["ym:s:visitID"])) == 3


@pytest.mark.parametrize(
    ("prefix", "source", "order"),
    [
        ("last", "direct", "0"),
        ("lastsign", "ad", "700"),
        ("first", "ad", "700"),
        ("last_yandex_direct_click", "ad", "700"),
        ("cross_device_last_significant", "ad", "700"),
        ("automatic", "ad", "700"),
    ],
)
def test_the_prefix_decides_whose_source_is_told(metrica, prefix, source, order):
    names = [f"ym:s:{prefix}TrafficSource", f"ym:s:{prefix}DirectClickOrder"]
    row = metrica.read(names)[0]
    assert list(row) == names
    assert list(row.values()) == [source, order]


def test_a_template_keeps_its_name_and_follows_the_attribution_of_the_request(metrica):
    names = ["ym:s:<attribution>UTMCampaign", "ym:s:UTMCampaign", "ym:s:bounce"]
    assert metrica.read(names)[0] == dict(zip(names, ["steel", "steel", "0"], strict=True))
    by_last = metrica.read(names, attribution="LAST")[0]
    assert by_last == dict(zip(names, ["", "", "0"], strict=True))


def test_another_devices_source_is_seen_only_across_devices(metrica, monkeypatch):
    mine, other = make_visit(1, morning(1), user_id="u", **AD), make_visit(2, morning(18))
    other |= {"user_id": "u", "metrica_client_id": 5}
    monkeypatch.setattr(metrica.stage, "world", make_company(mine, other))
    names = ["ym:s:lastsignTrafficSource", "ym:s:cross_device_firstTrafficSource"]
    assert list(metrica.read(names)[0].values()) == ["direct", "ad"]


def test_goals_are_parallel_arrays(metrica):
    names = ["goalsID", "goalsSerialNumber", "goalsPrice", "goalsDateTime", "goalsCurrency"]
    row = metrica.read([f"ym:s:{name}" for name in names])[0]
    assert row["ym:s:goalsID"] == "[1,7,1]"
    assert row["ym:s:goalsSerialNumber"] == "[1,1,2]"
    assert row["ym:s:goalsPrice"] == "[0,0,0]"
    when = "2026-11-18 09:02:00"
    assert row["ym:s:goalsDateTime"] == "[" + ",".join([f"\\'{when}\\'"] * 3) + "]"
    assert row["ym:s:goalsCurrency"] == "[\\'RUB\\',\\'RUB\\',\\'RUB\\']"


def test_an_empty_array_is_a_pair_of_brackets(metrica):
    row = metrica.read(["ym:s:purchaseID", "ym:s:parsedParamsKey1"])[0]
    assert set(row.values()) == {"[]"}


def test_a_cell_with_a_double_quote_is_quoted_whole_with_quotes_doubled(metrica, monkeypatch):
    visit = make_visit(1, morning(18), user_id="Труба 1/2\"'s")
    monkeypatch.setattr(metrica.stage, "world", make_company(visit))
    number = metrica.create(["ym:s:parsedParamsKey2", "ym:s:bounce"]).json()["log_request"]
    metrica.wait()
    line = metrica.read_part(number["request_id"]).text.split("\n")[1]
    assert line == '"[\\\'Труба 1/2""\\\\\'s\\\']"\t0'


def test_the_click_id_is_found_in_the_address_alone(metrica):
    (row,) = metrica.read(["ym:s:startURL"], date1="2026-11-10", date2="2026-11-10")
    assert row["ym:s:startURL"].endswith("utm_source=yandex&yclid=555")
    answer = metrica.create(["ym:s:yclid"])
    assert metrica.kind_of_error(answer) == (400, "invalid_parameter")


def test_hits_follow_from_the_visit_and_join_it_through_watch_ids(metrica):
    visit = metrica.read(["ym:s:watchIDs", "ym:s:pageViews", "ym:s:endURL"])[0]
    names = ["watchID", "URL", "referer", "dateTime", "goalsID", "isPageView"]
    hits = metrica.read([f"ym:pv:{name}" for name in names], source="hits")
    assert "[" + ",".join(hit["ym:pv:watchID"] for hit in hits[:3]) + "]" == visit["ym:s:watchIDs"]
    assert visit["ym:s:pageViews"] == "3"
    assert hits[0]["ym:pv:URL"] == "https://severmet.example/catalog?utm_source=yandex"
    assert hits[1]["ym:pv:referer"] == hits[0]["ym:pv:URL"]
    assert hits[2]["ym:pv:URL"] == visit["ym:s:endURL"]
    assert [hit["ym:pv:goalsID"] for hit in hits[:3]] == ["[]", "[]", "[1,7,1]"]
    assert [hit["ym:pv:dateTime"][11:] for hit in hits[:3]] == ["09:00:00", "09:00:40", "09:01:20"]


def test_a_hit_after_midnight_belongs_to_the_next_day(metrica, monkeypatch):
    visit = make_visit(1, morning(17, 20) + timedelta(minutes=58), page_views=2)
    monkeypatch.setattr(metrica.stage, "world", make_company(visit))
    days = {"date1": "2026-11-18", "date2": "2026-11-18"}
    assert len(metrica.read(["ym:pv:URL"], "hits", **days)) == 0
    monkeypatch.setattr(metrica.stage, "world", make_company(visit | {"duration_seconds": 7_200}))
    assert len(metrica.read(["ym:pv:URL"], "hits", **days)) == 1


def test_calls_of_a_visit_are_arrays_once_uploaded(metrica, monkeypatch):
    call = {"call_id": 1, "visit_id": 12, "status": "missed", "talk_seconds": 0, "wait_seconds": 9}
    world = make_company(make_visit(12, morning(18)), call=[call | {"known_at": morning(18, 8)}])
    monkeypatch.setattr(metrica.stage, "world", world)
    names = ["ym:s:offlineCallHoldDuration", "ym:s:offlineCallMissed"]
    assert list(metrica.read(names)[0].values()) == ["[9]", "[1]"]


def test_robots_are_hidden_only_when_the_counter_is_set_so(metrica, monkeypatch):
    visits = make_visit(1, morning(18)), make_visit(2, morning(18), is_robot=True)
    monkeypatch.setattr(metrica.stage, "world", make_company(*visits))
    assert len(metrica.read(["ym:s:visitID"])) == 2
    metrica.control("knobs", {"yandex_metrica.filter_robots": 2})
    assert len(metrica.read(["ym:s:visitID"])) == 1


@pytest.mark.parametrize(("parts", "header"), [(1, ["ym:s:date\n"]), (0, [])])
def test_an_empty_period_has_a_header_alone_or_no_part(metrica, parts, header):
    metrica.control("knobs", {"yandex_metrica.empty_period_parts": parts})
    made = metrica.create(["ym:s:date"], date1="2026-01-01", date2="2026-01-02").json()
    number = made["log_request"]["request_id"]
    metrica.wait()
    found = metrica.info(number)["parts"]
    assert [metrica.read_part(number, part["part_number"]).text for part in found] == header


def test_every_part_repeats_the_header_and_together_they_are_the_log(metrica):
    metrica.control("knobs", {"yandex_metrica.rows_per_part": 1})
    number = metrica.create(["ym:s:date"]).json()["log_request"]["request_id"]
    metrica.wait()
    found = metrica.info(number)
    assert [part["part_number"] for part in found["parts"]] == [0, 1]
    assert found["size"] == sum(part["size"] for part in found["parts"])
    texts = [metrica.read_part(number, part).text for part in (0, 1)]
    assert texts == ["ym:s:date\n2026-11-18\n", "ym:s:date\n2026-11-19\n"]


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ({"kind": "zero_rows"}, "ym:s:lastsignTrafficSource\n"),
        (
            {"kind": "renamed_field", "from": "ym:s:lastsignTrafficSource", "to": "ym:s:source"},
            "ym:s:source\nad\norganic\n",
        ),
        (
            {"kind": "changed_meaning", "from": "lastsign", "to": "last"},
            "ym:s:lastsignTrafficSource\ndirect\norganic\n",
        ),
        ({"kind": "broken_row", "row": 1}, "ym:s:lastsignTrafficSource\nad\norganic\tstray\n"),
    ],
)
def test_files_can_be_spoilt_by_planted_faults(metrica, monkeypatch, fault, text):
    visits = make_visit(1, morning(10), **AD), make_visit(2, morning(18))
    third = make_visit(3, morning(19), metrica_client_id=4, traffic_source="organic")
    monkeypatch.setattr(metrica.stage, "world", make_company(*visits, third))
    metrica.control("faults", fault | {"vendor": "yandex_metrica"})
    number = metrica.create(["ym:s:lastsignTrafficSource"]).json()["log_request"]["request_id"]
    metrica.wait()
    assert metrica.read_part(number).status_code == 200
    assert metrica.read_part(number).text == text


def test_the_same_counter_of_another_world_has_its_own_visits(metrica, monkeypatch):
    assert len(metrica.read(["ym:s:date"], counter=COUNTER)) == 2
    monkeypatch.setattr(metrica.stage, "world", make_company())
    assert metrica.read(["ym:s:date"], counter=COUNTER) == []


def test_a_source_older_than_180_days_or_not_yet_known_is_no_source(metrica, monkeypatch):
    direct = make_visit(3, morning(18))
    old = make_visit(1, morning(18) - timedelta(days=181), **AD)
    late = make_visit(2, morning(17, 1), **AD, known_at=morning(21))
    monkeypatch.setattr(metrica.stage, "world", make_company(old, late, direct))
    names = ["ym:s:lastsignTrafficSource", "ym:s:firstTrafficSource", "ym:s:lastSignificantGCLID"]
    assert list(metrica.read(names)[0].values()) == ["direct", "direct", ""]
    metrica.control("clock", {"now": "2026-11-21T09:00:00+00:00"})
    assert list(metrica.read(names)[-1].values()) == ["ad", "ad", ""]


@pytest.mark.parametrize(
    "prefix",
    [
        *("first", "last", "lastsign", "last_yandex_direct_click", "automatic"),
        *("cross_device_first", "cross_device_last", "cross_device_last_significant"),
        "cross_device_last_yandex_direct_click",
    ],
)
def test_every_prefix_is_a_spelling_and_a_value_of_the_attribution(metrica, prefix):
    value = {"lastsign": "LASTSIGN"}.get(prefix, prefix.upper())
    names = [f"ym:s:{prefix}UTMSource", "ym:s:<attribution>UTMSource"]
    for row in metrica.read(names, attribution=value):
        assert row[names[0]] == row[names[1]]


@pytest.mark.parametrize("source", ["visits", "hits"])
def test_every_field_of_a_log_can_be_asked_for(metrica, source):
    prefix, fields = ("ym:s:", {**VISIT_FIELDS, **SOURCE_FIELDS})
    if source == "hits":
        prefix, fields = "ym:pv:", HIT_FIELDS
    names = [prefix + name for name in fields]
    rows = []
    for start in range(0, len(names), 60):
        asked = names[start : start + 60]
        rows.append(metrica.read(asked, source)[0])
        metrica.wait(1)
    assert [name for row in rows for name in row] == names
