"""What the Metrica connector makes of each error, and what a check of an account tells."""

from __future__ import annotations

from datetime import date

import pytest

from include.connectors.protocol import (
    AccessDenied,
    Account,
    BadInput,
    Ready,
    RequestRefused,
    Slice,
    TemporaryFailure,
)
from include.connectors.yandex_metrica import CONNECTOR
from include.sandbox.vendors.yandex_metrica.errors import STATUSES
from tests.sandbox.metrica_company import COUNTER, make_company, make_visit, morning

DAY = date(2026, 11, 18)
PASSING = ("quota_requests_by_ip", "quota_parallel_requests", "backend_error", "timeout")
SPENT = ("quota_requests_by_uid", "quota_requests_by_counter_id")
DENIED = ("unauthorized", "invalid_token", "access_denied", "counter_in_connect")


@pytest.fixture(autouse=True)
def company(bench):
    bench.show(make_company(make_visit(1, morning(18))))


@pytest.mark.parametrize("kind", sorted(STATUSES))
def test_every_error_of_the_vendor_has_its_class_and_says_what_to_do(bench, kind):
    piece = bench.days(DAY, DAY)
    bench.plant("error", "logrequest", count=9, error_type=kind)
    expected = RequestRefused
    if kind in PASSING or kind in SPENT:
        expected = TemporaryFailure
    elif kind in DENIED:
        expected = AccessDenied
    with pytest.raises(expected) as raised:
        bench.connect().start(piece)
    assert len(bench.sleeps) == (4 if kind in PASSING else 0)
    assert kind in str(raised.value)
    assert str(COUNTER) in str(raised.value)
    assert len(str(raised.value)) > 70


@pytest.mark.parametrize("kind", PASSING)
def test_a_passing_error_is_forgotten(bench, kind):
    piece = bench.days(DAY, DAY)
    bench.plant("error", "logrequest", count=2, error_type=kind)
    rows, _ = bench.pull(piece)
    assert rows.num_rows == 1
    assert len(bench.sleeps) == 2


def test_a_refused_second_is_waited_out_for_more_than_a_second(bench):
    piece = bench.days(DAY, DAY)
    bench.plant("error", "logrequest", count=4, error_type="quota_requests_by_ip")
    bench.connect().start(piece)
    assert all(1 <= wait <= 2 * 2**n for n, wait in enumerate(bench.sleeps))


def test_the_real_limit_of_requests_is_survived(bench):
    piece = bench.days(DAY, DAY)
    for _ in range(8):
        bench.connect().start(piece)
    assert len(bench.requests()) == 1
    assert sum(bench.sleeps) > 0


def test_a_daily_run_takes_few_of_the_days_five_thousand_requests(bench):
    for piece in bench.connect(include_hits=True).plan([], bench.now, None):
        bench.pull(piece)
    spent = bench.server.vendors["yandex_metrica"].limits._days
    assert spent["uid", "demo-metrica"][1] <= 25


def test_a_part_that_is_not_ready_is_a_temporary_failure(bench):
    state = bench.wait(bench.connect().start(bench.days(DAY, DAY)))
    message = "Only log of requests in status 'processed' can be downloaded"
    bench.plant("error", "/download", error_type="invalid_parameter", message=message)
    with pytest.raises(TemporaryFailure, match="poll it again"):
        list(bench.connect().fetch(state.token))
    assert isinstance(bench.connect().poll(state.token), Ready)


def test_an_unknown_counter_says_how_accounts_are_named(bench):
    with pytest.raises(RequestRefused, match="named after the counter's number"):
        bench.connect(counter="5").plan([], bench.now, None)


def test_a_counter_out_of_reach_is_told_by_the_check(bench, monkeypatch):
    monkeypatch.setattr("tests.connectors.yandex_metrica.conftest.TOKEN", "guest-token")
    found = list(bench.connect(counter="44147901", include_hits=True).check())
    assert len(found) == 5
    assert not any(capability.is_allowed for capability in found)
    assert all("view access" in capability.detail for capability in found)


def test_a_check_tells_a_full_storage(bench):
    bench.set_knob("storage_bytes", 0)
    found = {capability.name: capability for capability in bench.connect().check()}
    assert found["counter and goals"].is_allowed
    assert found["report of visits"].is_allowed
    assert not found["log of visits"].is_allowed
    assert "clean old log requests" in found["log of visits"].detail


def test_an_account_without_a_token_says_where_to_put_it():
    with pytest.raises(AccessDenied, match="metrika:read into its connection"):
        CONNECTOR(Account("yandex_metrica", "5"), now=lambda: None)


def test_a_slice_of_another_source_is_refused(bench):
    with pytest.raises(BadInput, match="it knows"):
        bench.connect().start(Slice("deal", "x"))


def test_goals_are_those_of_the_counter_with_their_kinds(bench):
    rows, rejected = bench.pull(Slice("goal", "snapshot"))
    kinds = dict(zip(rows["goal_id"].to_pylist(), rows["goal_type"].to_pylist(), strict=True))
    assert {"form", "phone", "messenger"} <= set(kinds.values())
    assert rejected == []
    assert "conditions" in rows["payload"][0].as_py()
