"""Log requests: waited for without a worker, never asked for twice, always cleaned."""

from __future__ import annotations

import json
from datetime import date

import pytest

from include.connectors.protocol import (
    IncompleteAnswer,
    Ready,
    RequestRefused,
    TemporaryFailure,
    Wait,
)
from tests.sandbox.metrica_company import make_company, make_visit, morning

FIRST, LAST = date(2026, 11, 17), date(2026, 11, 19)


@pytest.fixture(autouse=True)
def company(bench):
    bench.show(make_company(*(make_visit(n, morning(16 + n)) for n in (1, 2, 3))))


def test_a_log_is_waited_for_read_and_cleaned(bench):
    piece = bench.days(FIRST, LAST)
    state = bench.connect().start(piece)
    assert isinstance(state, Wait)
    assert bench.statuses() == ["created"]
    rows, rejected = bench.pull(piece)
    assert (rows.num_rows, rejected) == (3, [])
    assert bench.statuses() == ["cleaned_by_user"]
    assert bench.sleeps == []


def test_a_token_is_plain_json_and_free_of_secrets(bench):
    state = bench.connect().start(bench.days(FIRST, LAST))
    text = json.dumps(state.token)
    assert json.loads(text) == dict(state.token)
    assert "demo-token" not in text


def test_polls_grow_apart_up_to_a_minute(bench):
    bench.set_knob("build_seconds", 3_600)
    state = bench.connect().start(bench.days(FIRST, LAST))
    waits = []
    for _ in range(7):
        waits.append(state.seconds)
        state = bench.connect().poll(state.token)
    assert waits[0] == 20
    assert waits == sorted(waits)
    assert waits[-1] == 60


def test_a_run_killed_before_it_kept_its_token_finds_its_request_again(bench):
    piece = bench.days(FIRST, LAST)
    bench.connect().start(piece)
    again = bench.connect().start(piece)
    assert len(bench.requests()) == 1
    bench.wait(again)
    ready = bench.connect().start(piece)
    assert isinstance(ready, Ready)
    assert len(bench.requests()) == 1


def test_an_answer_lost_while_creating_makes_no_second_request(bench):
    piece = bench.days(FIRST, LAST)
    # the third request of a start is the one that creates; its answer never arrives
    bench.plant("cut", "logrequests", skip=2, at_bytes=3)
    state = bench.connect().start(piece)
    assert len(bench.requests()) == 1
    assert bench.requests()[0]["request_id"] == state.token["request_id"]
    assert len(bench.sleeps) == 1


def test_an_equal_request_of_an_earlier_run_is_old_and_is_not_read(bench):
    left = bench.wait(bench.connect().start(bench.days(FIRST, LAST)))
    bench.show(make_company(*(make_visit(n, morning(18, n)) for n in range(1, 6))))
    rows, _ = bench.pull(bench.days(FIRST, LAST))
    assert rows.num_rows == 5
    assert left.token["request_id"] not in set(rows["log_request_id"].to_pylist())
    assert bench.statuses() == ["cleaned_by_user", "cleaned_by_user"]


def test_an_equal_request_still_in_the_queue_of_an_earlier_run_is_canceled(bench):
    bench.connect().start(bench.days(FIRST, LAST))
    bench.pull(bench.days(FIRST, LAST))
    assert bench.statuses() == ["canceled", "cleaned_by_user"]


def test_a_cut_download_keeps_the_request_and_the_next_try_reads_it(bench):
    state = bench.wait(bench.connect().start(bench.days(FIRST, LAST)))
    bench.plant("truncate", "/download", at_bytes=2_200)
    with pytest.raises(IncompleteAnswer, match="bytes long, but 2200 came"):
        list(bench.connect().fetch(state.token))
    assert bench.statuses() == ["processed"]
    assert isinstance(bench.connect().poll(state.token), Ready)
    batches = list(bench.connect().fetch(state.token))
    assert sum(batch.rows.num_rows for batch in batches) == 3
    assert bench.statuses() == ["cleaned_by_user"]


def test_a_reader_that_gives_up_leaves_nothing_at_the_vendor(bench):
    bench.set_knob("rows_per_part", 1)
    state = bench.wait(bench.connect().start(bench.days(FIRST, LAST)))
    rows = bench.connect().fetch(state.token)
    next(rows)
    rows.close()
    assert bench.statuses() == ["cleaned_by_user"]


def test_a_log_that_lacks_rows_of_its_report_is_cleaned_and_asked_for_anew(bench):
    state = bench.wait(bench.connect().start(bench.days(FIRST, LAST)))
    bench.server.vendors["yandex_metrica"].reset()
    bench.plant("zero_rows", "logrequest")
    state = bench.wait(bench.connect().start(bench.days(FIRST, LAST)))
    with pytest.raises(IncompleteAnswer, match="holds 0 rows, the report"):
        list(bench.connect().fetch(state.token))
    assert bench.statuses() == ["cleaned_by_user"]
    again = bench.wait(bench.connect().poll(state.token))
    assert sum(b.rows.num_rows for b in bench.connect().fetch(again.token)) == 3


def _findings(bench) -> list[str]:
    ready = bench.wait(bench.connect().start(bench.days(FIRST, LAST)))
    batches = bench.connect().fetch(ready.token)
    return [finding for batch in batches for finding in batch.findings]


def test_a_source_that_changed_its_meaning_is_told(bench):
    ads = [
        make_visit(n, morning(16), metrica_client_id=n, traffic_source="ad") for n in range(1, 10)
    ]
    returned = [make_visit(100 + n, morning(18), metrica_client_id=n) for n in range(1, 10)]
    bench.show(make_company(*ads, *returned))
    assert _findings(bench) == []
    # the log begins to give the last source under the name of the last significant one
    bench.plant("changed_meaning", "logrequest", **{"from": "lastsign", "to": "last"})
    (found,) = _findings(bench)
    assert "ad 0 in the log, 9 in the report" in found
    assert "direct 9 in the log, 0 in the report" in found


@pytest.mark.parametrize("verb", ["clean", "retention", "cancel", "forget"])
def test_a_request_somebody_ended_is_asked_for_anew(bench, verb):
    piece = bench.days(FIRST, LAST)
    state = bench.connect().start(piece)
    requests = bench.server.vendors["yandex_metrica"].logs.requests
    if verb == "cancel":
        requests.end(requests._requests[state.token["request_id"]], "canceled")
    else:
        state = bench.wait(state)
    if verb == "clean":
        requests.end(requests._requests[state.token["request_id"]], "cleaned_by_user")
    elif verb == "retention":
        bench.stage.clock.advance(61 * 86_400)
    elif verb == "forget":
        requests._requests.clear()
    if verb != "cancel":
        with pytest.raises(TemporaryFailure, match="no longer ready"):
            list(bench.connect().fetch(state.token))
    ready = bench.wait(bench.connect().poll(state.token))
    assert sum(b.rows.num_rows for b in bench.connect().fetch(ready.token)) == 3


@pytest.mark.parametrize("parts", [0, 1])
def test_a_day_without_visits_has_no_rows_and_leaves_nothing(bench, parts):
    bench.set_knob("empty_period_parts", parts)
    rows, rejected = bench.pull(bench.days(date(2026, 11, 9), date(2026, 11, 9)))
    assert (rows.num_rows, rejected) == (0, [])
    assert bench.statuses() == ["cleaned_by_user"]


def test_a_retried_request_is_waited_for(bench):
    bench.plant("awaiting_retry", seconds=300)
    rows, _ = bench.pull(bench.days(FIRST, LAST))
    assert rows.num_rows == 3
    assert len(bench.requests()) == 1


def test_a_failed_request_is_made_anew_but_not_for_ever(bench):
    piece = bench.days(FIRST, LAST)
    bench.plant("processing_failed", count=2)
    assert bench.pull(piece)[0].num_rows == 3
    assert bench.statuses() == ["processing_failed", "processing_failed", "cleaned_by_user"]
    bench.plant("processing_failed", count=9)
    with pytest.raises(RequestRefused, match="days_per_request"):
        bench.pull(bench.days(FIRST, LAST))
    assert bench.statuses().count("processing_failed") == 5


def test_a_log_too_big_is_read_in_pieces_each_cleaned_before_the_next(bench):
    # the free storage holds two days
    piece = bench.days(FIRST, LAST)
    bench.set_knob("storage_bytes", 2_000)
    state = bench.connect().start(piece)
    assert state.token["until"] == "2026-11-19"
    ready = bench.wait(state)
    rows = bench.connect().fetch(ready.token)
    next(rows)
    assert bench.statuses() == ["processed"]
    rest = sum(batch.rows.num_rows for batch in rows)
    assert rest == 1
    found = [(each["date1"], each["date2"], each["status"]) for each in bench.requests()]
    assert found == [
        ("2026-11-17", "2026-11-18", "cleaned_by_user"),
        ("2026-11-19", "2026-11-19", "cleaned_by_user"),
    ]


def test_a_full_storage_is_cleaned_of_our_own_leftovers(bench):
    left = bench.wait(bench.connect().start(bench.days(FIRST, FIRST)))
    assert bench.statuses() == ["processed"]
    bench.set_knob("storage_bytes", 1_500)
    rows, _ = bench.pull(bench.days(LAST, LAST))
    assert rows.num_rows == 1
    ended = {each["request_id"]: each["status"] for each in bench.requests()}
    assert ended[left.token["request_id"]] == "cleaned_by_user"


def test_a_storage_full_of_others_logs_says_what_to_do(bench):
    piece = bench.days(FIRST, LAST)
    bench.set_knob("storage_bytes", -6_000)
    with pytest.raises(TemporaryFailure, match="clean old log requests"):
        bench.connect().start(piece)
    assert bench.requests() == []


def test_while_our_own_logs_fill_the_storage_the_next_waits_for_them(bench):
    first, second = bench.days(FIRST, FIRST), bench.days(LAST, LAST)
    ready = bench.wait(bench.connect().start(first))
    bench.set_knob("storage_bytes", 1_500)
    state = bench.connect().start(second)
    assert isinstance(state, Wait)
    assert state.token["request_id"] == 0
    assert isinstance(bench.connect().poll(state.token), Wait)
    list(bench.connect().fetch(ready.token))
    assert bench.wait(bench.connect().poll(state.token)).token["request_id"] > 0


@pytest.mark.parametrize("kind", ["quota_requests_by_uid", "quota_requests_by_counter_id"])
def test_a_spent_day_is_not_tried_again_before_midnight(bench, kind):
    piece = bench.days(FIRST, LAST)
    bench.plant("error", "logrequest", count=9, error_type=kind)
    with pytest.raises(TemporaryFailure, match="after 00:00 UTC"):
        bench.connect().start(piece)
    assert bench.sleeps == []
