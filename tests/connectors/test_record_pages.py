"""A page taken apart as a whole gives what asking each of its objects would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from unittest import mock

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.connectors import _record_pages
from include.connectors._record_pages import FieldPaths, write_text, write_texts

NAMES = st.sampled_from(["a", "b", "c", "é"])
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**62), 2**62), st.text(max_size=4), st.floats(-9, 9)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.dictionaries(NAMES, inner, max_size=3), st.lists(inner, max_size=3)),
    max_leaves=6,
)
RECORDS = st.dictionaries(NAMES, VALUES, max_size=4)
PAGES = st.lists(RECORDS, min_size=1, max_size=5)
PATHS = st.lists(st.lists(NAMES, min_size=1, max_size=3).map(tuple), min_size=1, max_size=5)


def _ask(record: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        record = record.get(step) if isinstance(record, Mapping) else None
    return record


@pytest.mark.parametrize("few", [1, 8])
@given(pages=st.lists(PAGES, min_size=1, max_size=3), paths=PATHS)
def test_values_of_all_paths_are_those_each_object_has(
    few: int, pages: list[list[dict[str, Any]]], paths: list[tuple[str, ...]]
) -> None:
    taker = FieldPaths(paths)
    for page in pages:
        with mock.patch.object(_record_pages, "_FEW", few):
            found = taker.take(page)
        assert set(found) == set(paths)
        for path in paths:
            assert found[path] == [_ask(record, path) for record in page]


@pytest.mark.parametrize("odd", [None, "word", 5, ["a"]])
@pytest.mark.parametrize("is_first_missing", [False, True])
def test_what_is_no_object_stops_its_page(odd: Any, is_first_missing: bool) -> None:
    taker = FieldPaths([("a",)])
    if is_first_missing:
        taker.take([{}])
    with pytest.raises((TypeError, AttributeError)):
        taker.take([{"a": 1}, odd])


@given(st.lists(VALUES, min_size=1, max_size=6))
def test_texts_of_a_page_are_those_of_its_objects(page: list[Any]) -> None:
    found = write_texts(page)
    found.validate(full=True)
    assert found.to_pylist() == [write_text(value) for value in page]
    assert [orjson.loads(text) for text in found.to_pylist()] == page


def test_a_text_that_looks_like_the_border_of_two_objects_is_not_cut() -> None:
    page = [{"b": "},\n,{", "a": "\\n"}, {"a": ',\n,"'}]
    assert write_texts(page).to_pylist() == [write_text(record) for record in page]


def test_keys_that_are_no_text_are_written_as_before() -> None:
    page: list[dict[Any, Any]] = [{2: "b", "a": 1}, {None: 0}]
    assert write_texts(page).to_pylist() == ['{"2":"b","a":1}', '{"null":0}']


def test_what_no_json_holds_is_refused_whether_alone_or_among_others() -> None:
    with pytest.raises(TypeError):
        write_texts([{"a": 1}, {"a": 2**70}])
