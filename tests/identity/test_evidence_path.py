"""Between two things of one person stand the fewest rows there are, and of equals the surest."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from math import prod

from hypothesis import given
from hypothesis import strategies as st

from include.identity.evidence_path import Evidence, find_path

RECORDS = [f"lead:{number}" for number in range(6)]
IDENTIFIERS = [("phone", str(number), "") for number in range(5)]


def _row(record: str, identifier: tuple[str, str, str], confidence: str | Decimal) -> Evidence:
    return Evidence(record, identifier, "rule", Decimal(confidence), None)


def _chain(keys: str, *confidences: str) -> list[Evidence]:
    """Rows along record, identifier, record …, named by letters."""
    return [
        _row(*((one, (two, "", "")) if place % 2 == 0 else (two, (one, "", ""))), confidence)
        for place, ((one, two), confidence) in enumerate(
            zip(pairwise(keys), confidences, strict=True)
        )
    ]


def test_of_equally_short_paths_the_surest_is_told_even_where_it_begins_less_sure() -> None:
    tempting = _chain("aPbQc", "0.95", "0.95", "0.75", "0.75")
    surest = _chain("aRdSc", "0.90", "0.90", "0.90", "0.90")
    for rows in (tempting + surest, surest + tempting):
        assert find_path(rows, ["a"], ["c"]) == surest


def test_a_shorter_path_is_told_though_a_longer_one_is_surer() -> None:
    short = _chain("aPc", "0.10", "0.10")
    assert find_path([*_chain("aQbRc", "1", "1", "1", "1"), *short], ["a"], ["c"]) == short


def test_nothing_joins_strangers_and_nothing_is_needed_to_join_one_with_itself() -> None:
    rows = _chain("aPb", "1", "1")
    assert find_path(rows, ["a"], ["stranger"]) is None
    assert find_path(rows, ["a"], ["a"]) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(RECORDS), st.sampled_from(IDENTIFIERS), st.sampled_from([5, 7, 9, 10])
        ),
        unique_by=lambda row: row[:2],
    )
)
def test_no_path_is_shorter_or_as_short_and_surer(
    given_rows: list[tuple[str, tuple[str, str, str], int]],
) -> None:
    rows = [_row(record, key, Decimal(tenths) / 10) for record, key, tenths in given_rows]
    best = min(_all_paths(rows, RECORDS[0], RECORDS[1]), key=_judge, default=None)
    told = find_path(rows, [RECORDS[0]], [RECORDS[1]])
    assert (told is None) == (best is None)
    if told is not None and best is not None:
        assert _judge(told) == _judge(best)


def _judge(path: Sequence[Evidence]) -> tuple[int, Decimal]:
    return len(path), -prod((row.confidence for row in path), start=Decimal(1))


def _all_paths(
    rows: list[Evidence], here: object, goal: str, gone: tuple[Evidence, ...] = ()
) -> list[tuple[Evidence, ...]]:
    """Every path that passes no record and no identifier twice."""
    if here == goal:
        return [gone]
    seen = {end for row in gone for end in (row.record_key, row.identifier)}
    return [
        path
        for row in rows
        if here in (row.record_key, row.identifier)
        and (other := row.identifier if here == row.record_key else row.record_key) not in seen
        for path in _all_paths(rows, other, goal, (*gone, row))
    ]
