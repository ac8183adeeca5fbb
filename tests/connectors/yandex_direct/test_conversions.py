"""Conversions of goals and models become rows, and none is lost on the way."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from include.connectors.protocol import BadInput, Interval, Ready, Wait
from include.connectors.yandex_direct import conversions
from include.connectors.yandex_direct.schema import CONVERSION_SCHEMA

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 10)
WINDOW = Interval(FIRST, date(2026, 11, 11))


def _pull(bench, **options) -> pa.Table:
    options = {"goals": ["111", "222"], "attribution_models": ["AUTO", "LSCCD"]} | options
    plan = bench.connect(**options).plan([], bench.stage.clock.now(), WINDOW)
    (piece,) = [piece for piece in plan if piece.resource == "conversion_daily"]
    connector = bench.connect(**options)
    state = connector.start(piece)
    while isinstance(state, Wait):
        bench.stage.clock.advance(state.seconds)
        state = connector.poll(state.token)
    assert isinstance(state, Ready)
    batches = [batch.rows for batch in bench.connect(**options).fetch(state.token)]
    return pa.Table.from_batches(batches, schema=CONVERSION_SCHEMA)


def _sum(rows: pa.Table, goal: int, model: str) -> int:
    wanted = pc.and_(pc.equal(rows["goal_id"], goal), pc.equal(rows["attribution_model"], model))
    return pc.sum(rows.filter(wanted)["conversions"]).as_py() or 0


def test_every_goal_and_model_adds_up_to_what_the_vendor_counted(bench):
    rows = _pull(bench)
    rows.validate(full=True)
    book = bench.server.vendors["yandex_direct"].book
    now = bench.stage.clock.now()
    facts = [
        book.facts("demo-client", date.fromordinal(n), now)
        for n in range(FIRST.toordinal(), LAST.toordinal() + 1)
    ]
    counted = sum(int(day.conversions.sum()) for day in facts)
    assert _sum(rows, 111, "AUTO") == counted > 0
    assert 0 < _sum(rows, 111, "LSCCD") < counted
    assert _sum(rows, 222, "AUTO") == sum(int((day.conversions // 2).sum()) for day in facts)
    assert set(rows["currency_code"].to_pylist()) == {"RUB"}


def test_a_row_is_something_that_was_counted_and_its_key_is_its_own(bench):
    rows = _pull(bench)
    assert pc.min(rows["conversions"]).as_py() > 0
    keys = CONVERSION_SCHEMA.names[: CONVERSION_SCHEMA.get_field_index("conversions")]
    assert len(rows.group_by(keys).aggregate([])) == len(rows)


def test_goals_that_do_not_fit_into_one_report_come_in_several(bench, monkeypatch):
    whole = _pull(bench)
    monkeypatch.setattr(conversions, "GOALS_PER_REPORT", 1)
    parts = _pull(bench)
    keys = [(name, "ascending") for name in CONVERSION_SCHEMA.names]
    assert parts.sort_by(keys).drop_columns("report_name") == whole.sort_by(keys).drop_columns(
        "report_name"
    )


def test_a_goal_nobody_reached_is_no_rows(bench):
    assert len(_pull(bench, goals=["999"])) == 0


def test_without_goals_there_is_no_such_table(bench):
    connector = bench.connect()
    assert "conversion_daily" not in connector.resources
    assert all(
        piece.resource != "conversion_daily"
        for piece in connector.plan([], bench.stage.clock.now(), WINDOW)
    )


@pytest.mark.parametrize(
    "options",
    [{"goals": ["buy"]}, {"goals": "111"}, {"goals": ["1"], "attribution_models": ["LYDC"]}],
)
def test_a_wrong_goal_or_model_is_named(bench, options):
    with pytest.raises(BadInput, match=list(options)[-1]):
        bench.connect(**options)
