"""What the Calltouch connector makes of each HTTP status, the only thing its errors have."""

from __future__ import annotations

import logging

import pytest

from include.connectors.protocol import (
    AccessDenied,
    BadInput,
    ConnectorError,
    IncompleteAnswer,
    RequestRefused,
    TemporaryFailure,
)
from tests.connectors.calltouch.calltouch_bench import Bench, rows_of
from tests.sandbox.calltouch_company import NOON, at, make_call, make_form, make_office


@pytest.fixture
def bench(vendor_server):
    stage = vendor_server.stage
    stage.faults.clear()
    stage.knobs.clear()
    vendor_server.vendors["calltouch"].reset()
    stage.world = make_office(make_call(1, at(16)), form_request=[make_form(9, at(18))])
    stage.clock.set(now=NOON, factor=1000.0, frozen=True)
    return Bench(vendor_server)


@pytest.mark.parametrize("resource", ["call", "request"])
@pytest.mark.parametrize(
    ("status", "kind", "advice"),
    [
        (400, RequestRefused, "the API has changed"),
        (401, AccessDenied, "into the connection"),
        (403, AccessDenied, "another cabinet"),
        (404, BadInput, "option site_id"),
    ],
)
def test_final_statuses_are_not_tried_again_and_say_what_to_do(
    bench, resource, status, kind, advice
):
    bench.plant("error", status=status, message="no")
    with pytest.raises(kind, match=advice):
        bench.pull(resource)
    assert bench.sleeps == []


@pytest.mark.parametrize("shape", ["errorCode", "errors"])
def test_either_body_of_an_error_is_shown(bench, shape):
    bench.stage.knobs["calltouch.error_shape"] = shape
    bench.plant("error", status=400, message="Wrong date")
    with pytest.raises(RequestRefused, match="Wrong date"):
        bench.pull()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_statuses_are_waited_out(bench, status):
    bench.plant("error", count=2, status=status)
    assert len(rows_of(bench.pull())) == 1
    assert len(bench.sleeps) == 2


def test_a_page_of_a_proxy_is_never_taken_for_an_empty_journal(bench):
    bench.plant("html_page", count=99)
    with pytest.raises(IncompleteAnswer):
        bench.pull()


def test_spent_points_are_left_for_later(bench):
    bench.stage.knobs["calltouch.daily_points"] = 0
    with pytest.raises(TemporaryFailure, match="points of the day"):
        bench.pull()


def test_the_real_limit_of_an_address_is_survived(bench):
    bench.stage.clock.set(factor=1.0)
    for _ in range(7):
        assert len(rows_of(bench.pull())) == 1


@pytest.mark.parametrize("number", [0, 6])
def test_no_more_is_asked_a_second_than_an_address_may(bench, number):
    with pytest.raises(BadInput, match="requests_per_second"):
        bench.connect(requests_per_second=number)


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_the_token_in_the_query_is_in_no_text(bench, caplog, status):
    caplog.set_level(logging.DEBUG)
    bench.plant("error", count=99, status=status, message="clientApiId=very-secret-token")
    connector = bench.connect("very-secret-token")
    with pytest.raises(ConnectorError) as raised:
        connector.plan([], NOON, None)
        bench.pull(token="very-secret-token")
    chained = [raised.value, raised.value.__cause__, raised.value.__context__]
    for text in (caplog.text, *map(repr, chained), repr(connector)):
        assert "very-secret-token" not in text


def test_a_check_asks_both_journals(bench):
    told = list(bench.connect().check())
    assert [(c.name, c.is_allowed) for c in told] == [
        ("journal of calls", True),
        ("journal of requests", True),
    ]
    refused = list(bench.connect(site_id="7").check())
    assert not any(c.is_allowed for c in refused)
    assert all("site_id" in c.detail for c in refused)
