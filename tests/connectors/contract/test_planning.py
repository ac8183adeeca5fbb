"""What is asked for: bounded, resumable, never beyond now, never again without a reason."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from include.connectors.protocol import Interval
from tests.connectors.contract import situations
from tests.connectors.contract.conftest import Set
from tests.connectors.contract.reading import Reader, sort_rows

TOKEN_BYTES = 20_000


def test_tokens_are_small_json(enact: Set) -> None:
    reader = enact(situations.PLAIN)
    reader.read()
    for token in reader.tokens:
        text = json.dumps(token)
        assert json.loads(text) == token
        assert len(text) < TOKEN_BYTES


def test_slices_are_json_and_named_apart(enact: Set) -> None:
    reader = enact(situations.PLAIN)
    plan = reader.connect().plan([], reader.server.stage.clock.now(), None)
    names = [(piece.resource, piece.key) for piece in plan]
    assert len(set(names)) == len(names)
    for piece in plan:
        assert json.loads(json.dumps(dict(piece.parameters))) == dict(piece.parameters)


def test_a_plan_covers_every_resource(enact: Set) -> None:
    reader = enact(situations.PLAIN)
    connector = reader.connect()
    plan = connector.plan([], reader.server.stage.clock.now(), None)
    assert {piece.resource for piece in plan} == set(connector.resources)


def test_nothing_is_planned_beyond_now(enact: Set) -> None:
    reader = enact(situations.PLAIN)
    now = reader.server.stage.clock.now()
    for piece in reader.connect().plan([], now, None):
        if piece.interval is not None:
            assert piece.interval.date_to <= (now + timedelta(days=1, hours=14)).date()


def test_the_past_can_be_planned_as_of_an_earlier_instant(enact: Set) -> None:
    reader = enact(situations.PLAIN)
    earlier = reader.server.stage.clock.now() - timedelta(days=1)
    for piece in reader.connect().plan([], earlier, None):
        if piece.interval is not None:
            assert piece.interval.date_to <= (earlier + timedelta(days=1, hours=14)).date()


def test_a_window_asks_for_its_days_only(enact: Set) -> None:
    reader = enact(situations.PLAIN)
    connector = reader.connect()
    today = reader.server.stage.clock.now().date()
    window = Interval(today - timedelta(days=3), today - timedelta(days=1))
    with_days = [
        piece.interval
        for piece in connector.plan([], reader.server.stage.clock.now(), window)
        if piece.interval is not None
    ]
    assert all(
        window.date_from <= interval.date_from and interval.date_to <= window.date_to
        for interval in with_days
    )


def test_slices_are_started_oldest_first(enact: Set) -> None:
    reader = enact(situations.PLAIN)
    plan = reader.connect().plan([], reader.server.stage.clock.now(), None)
    by_resource: dict[str, list[str]] = {}
    for piece in plan:
        by_resource.setdefault(piece.resource, []).append(piece.key)
    for keys in by_resource.values():
        dated = [key for key in keys if key[:1].isdigit()]
        assert dated == sorted(dated)


def test_a_run_cut_off_after_any_slice_is_finished_by_the_next(enact: Set) -> None:
    reader = enact(situations.PLAIN)
    now = reader.server.stage.clock.now()
    plan = reader.connect().plan([], now, None)
    for piece in plan[: len(plan) // 2]:
        reader._land(piece)
    finished = {(piece.resource, piece.key) for piece in plan[: len(plan) // 2]}
    half = len(reader.manifests)
    reader.slices.clear()
    reader.read()
    assert reader.landed() == sort_rows(reader.play.expected)
    settled = {
        (manifest.resource, manifest.slice_key)
        for manifest in reader.manifests[:half]
        if manifest.kind == "append"
    }
    again = {(piece.resource, piece.key) for piece in reader.slices}
    assert not again & settled & finished, "a finished window is not asked for again"


def test_an_answer_can_be_fetched_twice(enact: Set) -> None:
    """A worker killed while it reads must not have used the answer up."""
    reader = enact(situations.PLAIN)
    reader.read()
    first = reader.landed()
    for token, piece in zip(reader.tokens[-1:], reader.slices[-1:], strict=True):
        rows = [batch.rows for batch in reader.connect().fetch(token) if batch.rows is not None]
        names = reader.connect().resources[piece.resource].schema.names
        assert all(batch.schema.names == names for batch in rows)
    assert reader.landed() == first


@pytest.mark.parametrize("ahead_minutes", [-7, 7])
def test_our_clock_may_differ_from_the_vendors(enact: Set, ahead_minutes: int) -> None:
    reader = enact(situations.PLAIN)
    clock = reader.server.stage.clock
    real_now = clock.now

    def skewed() -> object:
        return real_now() + timedelta(minutes=ahead_minutes)

    plan = reader.connect().plan([], skewed(), None)  # type: ignore[arg-type]
    for piece in plan:
        reader._land(piece)
    clock.advance(timedelta(days=1).total_seconds())
    _read_at(reader)
    assert set(map(repr, reader.play.expected)) <= set(map(repr, reader.landed()))


def _read_at(reader: Reader) -> None:
    for piece in reader.connect().plan(reader.known(), reader.server.stage.clock.now(), None):
        reader._land(piece)
