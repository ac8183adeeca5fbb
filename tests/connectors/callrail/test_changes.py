"""Calls that come late, are judged late or vanish: what one run puts right, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.connectors.callrail.lists import Lists
from include.connectors.protocol import (
    AccessDenied,
    BadInput,
    IncompleteAnswer,
    Interval,
    TemporaryFailure,
)
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World
from include.warehouse.landing import Landing
from tests.connectors.callrail.contract_case import (
    CASE,
    SOURCE,
    ZONE,
    expected_of,
    plain_calls,
)
from tests.connectors.contract.reading import Reader, sort_rows
from tests.connectors.contract.source_case import Play
from tests.sandbox.callrail_company import NOW, make_call

RUNS = 4
HISTORY_FROM = NOW.date() - timedelta(days=90)


@pytest.fixture(scope="module")
def server() -> Iterator[VendorServer]:
    with VendorServer(Stage(seed=1)) as running:
        yield running


def _set(server: VendorServer, folder: Path, play: Play) -> Reader:
    server.stage.faults.clear()
    server.stage.knobs.clear()
    server.vendors[SOURCE].reset()
    reader = Reader(CASE, play, server, Landing(str(folder)))
    reader.set_stage()
    return reader


@pytest.fixture
def reader(server: VendorServer, tmp_path: Path) -> Reader:
    calls = plain_calls()
    return _set(server, tmp_path, Play(World.of(call=calls), expected_of(calls)))


def _plant(reader: Reader, kind: str, count: int = 1, **values: Any) -> None:
    reader.server.stage.faults.plant(Fault(kind, SOURCE, "", count, 0, values))


def _many_calls() -> list[dict[str, Any]]:
    """Four calls a day over 90 days; some are known late, judged late or taken away."""
    calls = []
    for n in range(4 * (90 + RUNS)):
        begun = NOW - timedelta(days=90) + timedelta(hours=6 * n)
        call = make_call(n, begun, caller_phone=f"+1303556{n:04}")
        if n % 50 == 7:
            call |= {"known_at": NOW + timedelta(days=n % RUNS, minutes=-5)}
        elif n % 41 == 3:
            call |= {"is_target": True, "changed_at": NOW + timedelta(days=n % RUNS, minutes=-5)}
        elif n % 61 == 5:
            call |= {"tags": ["spam"], "changed_at": NOW + timedelta(days=n % RUNS, minutes=-5)}
        calls.append(call)
    return calls


def _shown(calls: list[dict[str, Any]], now: datetime) -> set[tuple[date, str, int]]:
    """Day, number and whether it is a good lead, of the 90 days before today."""
    today = now.astimezone(ZONE).date()
    first = today - timedelta(days=90)
    shown = set()
    for call in calls:
        day = call["started_at"].astimezone(ZONE).date()
        changed_at = call["changed_at"] or call["started_at"]
        is_gone = call["tags"] == ["spam"] and changed_at <= now
        if first <= day < today and call["known_at"] <= now and not is_gone:
            is_good = bool(call["is_target"]) and changed_at <= now
            shown.add((day, call["caller_phone"], int(is_good)))
    return shown


def test_each_run_puts_right_what_changed_within_ninety_days(server, tmp_path):
    calls = _many_calls()
    play = Play(
        World.of(call=calls),
        options={"history_from": str(HISTORY_FROM)},
        knobs={"callrail.spam_vanishes": True},
    )
    reader = _set(server, tmp_path, play)
    reader.read()
    first, blind = reader.row_count(), 0
    for run in range(1, RUNS):
        now = NOW + timedelta(days=run)
        server.stage.clock.set(now=now)
        reader.read()
        first_day = now.date() - timedelta(days=90)
        rows = [r for r in reader.live_rows("call").to_pylist() if r["call_date"] >= first_day]
        held = {(r["call_date"], r["customer_phone"], r["is_good_lead"]) for r in rows}
        assert held == _shown(calls, now)
        blind += len(rows)
    assert reader.row_count() - first <= blind / 4


def test_tags_of_an_old_day_arrive_when_its_turn_comes(server, tmp_path):
    old = make_call(1, NOW - timedelta(days=20), tags=["Quote"], changed_at=NOW)
    play = Play(World.of(call=[old]), options={"history_from": "2026-02-15"})
    reader = _set(server, tmp_path, play)
    server.stage.clock.set(now=NOW - timedelta(days=1))
    reader.read()
    assert reader.live_rows("call")["tags"].to_pylist() == [[]]
    for run in range(1, 5):
        server.stage.clock.set(now=NOW + timedelta(days=run))
        reader.read()
    assert reader.live_rows("call")["tags"].to_pylist() == [["Quote"]]


def test_counts_of_leads_may_be_left_aside(server, tmp_path):
    old = make_call(1, NOW - timedelta(days=20), is_target=True, changed_at=NOW)
    for has_counts in (True, False):
        options = {"history_from": "2026-02-01", "has_lead_counts": has_counts}
        reader = _set(server, tmp_path, Play(World.of(call=[old]), options=options))
        server.stage.clock.set(now=NOW - timedelta(hours=2))
        reader.read()
        server.stage.clock.set(now=NOW)
        plan = reader.connect().plan(reader.known(), NOW, None)
        days = [piece.interval.date_from for piece in plan if piece.interval]
        assert (date(2026, 2, 20) in days) is has_counts


def test_pages_that_never_hold_what_is_counted_are_no_success(reader, monkeypatch):
    honest = Lists.get

    def count_one_more(self: Lists, path: str, **params: Any) -> dict[str, Any]:
        told = honest(self, path, **params)
        return told | {"total_records": told.get("total_records", 0) + 1}

    monkeypatch.setattr(Lists, "get", count_one_more)
    with pytest.raises(IncompleteAnswer, match="read 3 times"):
        reader.read()


def test_the_account_in_another_zone_than_its_companies_is_noticed(reader):
    reader.options["time_zone"] = "Asia/Tokyo"
    with pytest.raises(BadInput, match="time_zone"):
        reader.read()


def test_an_account_that_is_not_there_or_not_ours_says_what_to_do(reader):
    for account, says in (("ACC0", "check its id"), ("", "")):
        reader.options["account_id"] = account or CASE.account
        reader.credentials = {"token": "demo-token" if account else "foreign-token"}
        with pytest.raises(AccessDenied, match=says or "give that user access"):
            reader.read()


def test_a_used_up_quota_is_waited_for_and_then_left_to_a_later_run(reader):
    _plant(reader, "error", 500, status=429)
    with pytest.raises(TemporaryFailure, match="quota"):
        reader.read()
    assert reader.sleeps[0] >= 15
    reader.server.stage.faults.clear()
    reader.read()
    assert reader.landed() == sort_rows(reader.play.expected)


def test_a_window_asks_for_calls_of_its_days_only(reader):
    window = Interval(date(2026, 3, 5), date(2026, 3, 7))
    reader.read(window)
    days = {row["call_date"] for row in reader.live_rows("call").to_pylist()}
    assert days == {date(2026, 3, 5), date(2026, 3, 6)}
    assert {manifest.slice_key for manifest in reader.manifests} == {"2026-03-05", "2026-03-06"}


def test_fields_asked_for_in_addition_are_kept_in_the_payload(reader):
    reader.options["extra_fields"] = ["session_uuid", "prior_calls"]
    reader.read()
    assert '"prior_calls":0' in reader.live_rows("call")["payload"][0].as_py()
