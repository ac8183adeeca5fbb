"""What the Direct connector makes of each error, and that no text ever holds the token."""

from __future__ import annotations

import logging
import traceback
from datetime import date

import pytest

from include.connectors.protocol import (
    AccessDenied,
    Account,
    ConnectorError,
    Ready,
    RequestRefused,
    TemporaryFailure,
    Wait,
)
from include.connectors.yandex_direct import CONNECTOR

DAY = date(2026, 11, 19)


@pytest.mark.parametrize("code", [52, 1000, 1001, 1002])
@pytest.mark.parametrize("status", [200, 400, 500])
def test_server_trouble_is_tried_again_and_forgotten(bench, code, status):
    bench.plant("error", code=code, status=status, count=3, path="reports" if status > 200 else "")
    if status == 200:
        bench.stage.faults.clear()
        bench.plant("error", code=code, count=3, path="campaigns")
        assert bench.connect().plan([], bench.stage.clock.now(), None)
    else:
        assert isinstance(bench.connect().start(bench.days(DAY, DAY)), Ready)
    assert len(bench.sleeps) == 3
    assert bench.sleeps[0] <= 1 < bench.sleeps[2] <= 4


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_storm_of_html_pages_is_a_temporary_failure(bench, status):
    piece = bench.days(DAY, DAY)
    bench.plant("status", status=status, count=99)
    with pytest.raises(TemporaryFailure, match=f"HTTP {status}"):
        bench.connect().start(piece)
    assert len(bench.sleeps) == 4
    bench.stage.faults.clear()


@pytest.mark.parametrize("code", [56, 506])
def test_limits_are_waited_out_slowly_with_jitter(bench, code):
    piece = bench.days(DAY, DAY)
    bench.plant("error", code=code, count=3, path="reports")
    assert isinstance(bench.connect().start(piece), Ready)
    for sleep, longest in zip(bench.sleeps, (10, 20, 40), strict=True):
        assert longest / 2 <= sleep <= longest


def test_a_429_waits_as_long_as_the_vendor_says(bench):
    piece = bench.days(DAY, DAY)
    bench.plant("status", status=429, headers={"Retry-After": "77"})
    assert isinstance(bench.connect().start(piece), Ready)
    assert bench.sleeps == [77.0]


def test_the_real_request_limit_is_survived(bench):
    piece = bench.days(DAY, DAY)
    connector = bench.connect()
    for _ in range(25):
        state = connector.start(piece)
        assert isinstance(state, Ready)
        assert sum(b.rows.num_rows for b in connector.fetch(state.token)) > 100
    assert len(bench.sleeps) >= 1


def test_a_full_queue_is_waited_for_not_failed(bench):
    pieces = [bench.days(DAY, DAY) for _ in range(6)]
    states = [bench.connect(processing_mode="offline").start(piece) for piece in pieces]
    assert all(isinstance(state, Wait) for state in states)
    assert states[5].seconds == 30.0
    bench.stage.clock.advance(30)
    retried = bench.connect(processing_mode="offline").poll(states[5].token)
    assert isinstance(retried, Wait)
    assert retried.seconds < 30


def test_spent_points_are_a_temporary_failure_until_the_next_hour(bench):
    bench.stage.knobs["yandex_direct.daily_units"] = 5
    with pytest.raises(TemporaryFailure, match="next hour"):
        bench.connect().plan([], bench.stage.clock.now(), None)
    assert bench.sleeps == []


@pytest.mark.parametrize(
    ("code", "kind", "advice"),
    [
        (53, AccessDenied, "issue a new one"),
        (54, AccessDenied, "no rights to the login"),
        (58, AccessDenied, "not approved"),
        (513, AccessDenied, "not connected"),
        (3000, AccessDenied, "no access to the API"),
        (3001, AccessDenied, "this method"),
        (55, RequestRefused, "the API has changed"),
        (3500, RequestRefused, "the API has changed"),
        (8000, RequestRefused, "a bug"),
        (4000, RequestRefused, "a bug"),
        (4001, RequestRefused, "a bug"),
        (8800, RequestRefused, "a bug"),
    ],
)
def test_final_errors_are_not_tried_again_and_say_what_to_do(bench, code, kind, advice):
    piece = bench.days(DAY, DAY)
    bench.plant("error", code=code, path="reports")
    with pytest.raises(kind, match=advice):
        bench.connect().start(piece)
    bench.plant("error", code=code, path="campaigns")
    with pytest.raises(kind, match=advice):
        bench.connect().plan([], bench.stage.clock.now(), None)
    assert bench.sleeps == []


def test_a_changed_envelope_is_a_refusal(bench):
    bench.plant("truncate", at_bytes=0, path="campaigns", count=9)
    with pytest.raises(TemporaryFailure, match="no JSON"):
        bench.connect().plan([], bench.stage.clock.now(), None)


def test_an_account_without_a_token_says_where_to_put_it():
    with pytest.raises(AccessDenied, match="connection"):
        CONNECTOR(Account("yandex_direct", "demo-client"), now=lambda: None)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "error", "code": 53, "detail": "token very-secret-token is wrong"},
        {"kind": "error", "code": 8000, "detail": "Bearer very-secret-token"},
        {"kind": "status", "status": 503, "count": 9},
        {"kind": "status", "status": 418},
        {"kind": "cut", "at_bytes": 3, "count": 9},
    ],
)
def test_no_error_and_no_log_line_holds_the_token(bench, caplog, fault):
    access = bench.server.vendors["yandex_direct"].access
    access.grants["very-secret-token"] = access.grants["demo-token"]
    caplog.set_level(logging.DEBUG)
    piece = bench.days(DAY, DAY)
    bench.plant(**fault)
    connector = bench.connect(token="very-secret-token")
    with pytest.raises(ConnectorError) as raised:
        list(connector.fetch(connector.start(piece).token))
    shown = "".join(traceback.format_exception(raised.value, chain=True))
    chained = [raised.value, raised.value.__cause__, raised.value.__context__]
    for text in (shown, caplog.text, *map(repr, chained), repr(connector)):
        assert "very-secret-token" not in text


def test_an_unreachable_vendor_is_a_temporary_failure(bench):
    piece = bench.days(DAY, DAY)
    connector = bench.connect(base_url="http://127.0.0.1:9/hidden?token=abcdef")
    with pytest.raises(TemporaryFailure, match="got no answer") as raised:
        connector.start(piece)
    assert "abcdef" not in str(raised.value)
