"""Steps run as soon as what they wait for is done, never two on one hand."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.warehouse.side_by_side import run_side_by_side

GRAPHS = st.integers(1, 12).flatmap(
    lambda size: st.fixed_dictionaries(
        {
            str(step): st.sets(st.integers(0, max(step - 1, 0)).map(str))
            if step
            else st.just(set())
            for step in range(size)
        }
    )
)


@settings(max_examples=60, deadline=None)
@given(GRAPHS, st.integers(1, 3))
def test_every_step_runs_once_after_all_it_waits_for(
    graph: dict[str, set[str]], hand_count: int
) -> None:
    began: list[str] = []
    busy: set[int] = set()
    lock = threading.Lock()

    def run(hand: int, step: str, done: frozenset[str]) -> None:
        with lock:
            assert hand not in busy
            busy.add(hand)
            began.append(step)
        assert graph[step] <= done
        with lock:
            busy.remove(hand)

    run_side_by_side(graph, range(hand_count), run)
    assert sorted(began) == sorted(graph)


def test_two_that_do_not_wait_for_each_other_are_under_way_together() -> None:
    meeting = threading.Barrier(2, timeout=10)
    met: list[int] = []
    graph = {"a": set(), "b": set()}
    run_side_by_side(graph, ["left", "right"], lambda *_: met.append(meeting.wait()))
    assert sorted(met) == [0, 1]


def test_what_most_others_wait_for_comes_first() -> None:
    began: list[str] = []
    graph = {"alone": set(), "head": set(), "middle": {"head"}, "tail": {"middle"}}
    run_side_by_side(graph, ["only"], lambda _, step, __: began.append(step))
    assert began == ["head", "middle", "alone", "tail"]


def test_after_an_error_nothing_new_begins_and_it_is_raised() -> None:
    began: list[str] = []

    def run(_: str, step: str, __: frozenset[str]) -> None:
        began.append(step)
        if step == "b":
            raise LookupError("b")
        time.sleep(0.05)

    graph = {"a": set(), "b": set(), "c": {"a"}, "d": set(), "e": {"b"}}
    with pytest.raises(LookupError, match="b"):
        run_side_by_side(graph, ["left", "right"], run)
    assert set(began) == {"a", "b"}
