"""Equal business rows have equal hashes, however they came; any other rows have others."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from include.compiled import loader
from include.warehouse import content_hash
from include.warehouse.content_hash import ContentHasher, hash_rows

SCHEMA = pa.schema(
    [
        ("name", pa.string()),
        ("count", pa.uint64()),
        ("delta", pa.int32()),
        ("is_on", pa.bool_()),
        ("day", pa.date32()),
        ("at", pa.timestamp("us", "UTC")),
        ("amount", pa.decimal128(18, 2)),
        ("extra", pa.map_(pa.string(), pa.string())),
        ("tags", pa.list_(pa.string())),
        ("share", pa.float64()),
    ]
)
TEXTS = st.text(max_size=40) | st.text(alphabet="aя", min_size=250, max_size=270)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": TEXTS,
    "count": st.integers(0, 2**64 - 1),
    "delta": st.integers(-(2**31), 2**31 - 1),
    "is_on": st.booleans(),
    "day": st.dates(),
    "at": st.datetimes(min_value=datetime(1, 1, 2), timezones=st.just(UTC)),  # noqa: DTZ001
    "amount": st.decimals(
        allow_nan=False, allow_infinity=False, places=2, min_value=-(10**15), max_value=10**15
    ),
    "extra": st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=3),
    "tags": st.lists(st.text(max_size=9), max_size=3),
    "share": st.floats(allow_nan=False),
}
ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | value for name, value in VALUES.items()}), max_size=6
)


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _one(kind: pa.DataType, *values: Any) -> str:
    return hash_rows(pa.table({"x": pa.array(list(values), kind)}))


@pytest.fixture
def loops() -> None:
    """From here on this process hashes with the compiled loops."""
    assert loader.load("absorb", is_worth_waiting=True) is not None


def _plain_hash(table: pa.Table) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content_hash.loader, "load", lambda *_: None)
        return hash_rows(table)


@given(rows=ROWS)
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_compiled_loops_give_the_same_hash(loops: None, rows: list[dict[str, Any]]) -> None:
    table = _table(rows)
    coded = table.set_column(0, "name", table["name"].dictionary_encode())
    assert hash_rows(table) == hash_rows(coded) == _plain_hash(table) == _plain_hash(coded)


def test_compiled_loops_give_the_same_hash_of_many_rows(loops: None) -> None:
    names = pa.array([f"имя {number % 977}" for number in range(50_000)])
    numbers = pa.array(range(50_000), pa.uint64())
    table = pa.table({"a": names.dictionary_encode(), "b": numbers, "c": names})
    assert hash_rows(table.slice(3)) == _plain_hash(table.slice(3))


def test_a_short_slice_does_not_wait_for_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(content_hash.loader, "load", lambda _, wait: asked.append(wait))
    monkeypatch.setattr(content_hash, "_COMPILED_FROM_ROWS", 50_000)
    hasher = ContentHasher(pa.schema([("x", pa.int64())]))
    for _ in range(2):
        hasher.update(pa.record_batch({"x": pa.array(range(50_000))}))
    assert asked[0] is False
    assert asked[-1] is True


@given(rows=ROWS, random=st.randoms())
@settings(deadline=None, max_examples=40)
def test_the_order_of_rows_does_not_matter(rows: list[dict[str, Any]], random: Any) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert hash_rows(_table(shuffled)) == hash_rows(_table(rows))


@given(rows=ROWS, data=st.data())
@settings(deadline=None, max_examples=40)
def test_how_rows_are_cut_into_batches_does_not_matter(
    rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(rows)))
    hasher = ContentHasher(SCHEMA)
    whole = _table(rows).combine_chunks()
    for part in (whole.slice(0, cut), whole.slice(cut)):
        for batch in part.to_batches():
            hasher.update(batch)
    assert hasher.hexdigest() == hash_rows(_table(rows))
    assert hasher.row_count == len(rows)


@given(rows=ROWS.filter(bool), data=st.data())
@settings(deadline=None, max_examples=100)
def test_any_changed_cell_changes_the_hash(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(rows) - 1))
    name = data.draw(st.sampled_from(SCHEMA.names))
    value = data.draw(st.none() | VALUES[name])
    assume(value != rows[position][name])
    changed = [dict(row) for row in rows]
    changed[position][name] = value
    assert hash_rows(_table(changed)) != hash_rows(_table(rows))


@given(rows=ROWS.filter(bool), data=st.data())
@settings(deadline=None, max_examples=40)
def test_a_doubled_row_changes_the_hash(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    double = rows[data.draw(st.integers(0, len(rows) - 1))]
    assert hash_rows(_table([*rows, double])) != hash_rows(_table(rows))
    assert hash_rows(_table([*rows, double, double])) != hash_rows(_table(rows))


@given(left=TEXTS, right=TEXTS)
def test_moving_text_between_columns_changes_the_hash(left: str, right: str) -> None:
    assume(left != right)
    one = pa.table({"a": [left], "b": [right]})
    other = pa.table({"a": [right], "b": [left]})
    assert hash_rows(one) != hash_rows(other)


def test_swapping_cells_between_rows_changes_the_hash() -> None:
    one = pa.table({"a": [1, 2], "b": [10, 20]})
    other = pa.table({"a": [1, 2], "b": [20, 10]})
    assert hash_rows(one) != hash_rows(other)


@pytest.mark.parametrize(
    ("kind", "empty"),
    [
        (pa.string(), ""),
        (pa.int64(), 0),
        (pa.uint64(), 0),
        (pa.bool_(), False),
        (pa.date32(), date(1970, 1, 1)),
        (pa.decimal128(18, 2), Decimal(0)),
        (pa.float64(), 0.0),
        (pa.list_(pa.string()), []),
        (pa.map_(pa.string(), pa.string()), []),
    ],
    ids=str,
)
def test_null_is_not_the_empty_value(kind: pa.DataType, empty: Any) -> None:
    assert _one(kind, None) != _one(kind, empty)


@given(values=st.lists(st.none() | TEXTS, max_size=20))
def test_dictionary_encoding_does_not_matter(values: list[str | None]) -> None:
    plain = pa.array(values, pa.string())
    forms = [plain, plain.dictionary_encode(), plain.cast(pa.large_string())]
    assert len({hash_rows(pa.table({"x": form})) for form in forms}) == 1


@given(values=st.lists(st.none() | TEXTS, min_size=1, max_size=20), data=st.data())
def test_a_slice_of_a_larger_array_hashes_as_its_own_rows(
    values: list[str | None], data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(values)))
    for kind in (pa.string(), pa.list_(pa.string())):
        given_values = values if kind == pa.string() else [value and [value] for value in values]
        whole = pa.array(given_values, kind)
        own = pa.array(given_values[start:], kind)
        assert hash_rows(pa.table({"x": whole.slice(start)})) == hash_rows(pa.table({"x": own}))


def test_map_entries_in_another_order_are_the_same_map() -> None:
    kind = pa.map_(pa.string(), pa.string())
    assert _one(kind, [("a", "1"), ("b", "2")]) == _one(kind, [("b", "2"), ("a", "1")])
    assert _one(kind, [("a", "1"), ("b", "2")]) != _one(kind, [("a", "2"), ("b", "1")])


def test_list_items_in_another_order_are_another_list() -> None:
    kind = pa.list_(pa.string())
    assert _one(kind, ["a", "b"]) != _one(kind, ["b", "a"])
    assert _one(kind, ["a"], ["b"]) != _one(kind, ["a", "b"], [])


def test_a_transport_column_is_left_out_and_a_renamed_one_is_not() -> None:
    rows = pa.table({"a": [1, 2], "report_name": ["x", "y"]})
    other = pa.table({"a": [1, 2], "report_name": ["p", "q"]})
    assert hash_rows(rows, {"report_name"}) == hash_rows(other, {"report_name"})
    assert hash_rows(rows) != hash_rows(other)
    assert hash_rows(rows) != hash_rows(rows.rename_columns(["b", "report_name"]))


def test_long_and_short_texts_that_share_a_beginning_differ() -> None:
    texts = ["x" * size for size in range(600)]
    assert len({_one(pa.string(), text) for text in texts}) == len(texts)
    padded = ["x" + "\0" * size for size in range(40)]
    assert len({_one(pa.string(), text) for text in padded}) == len(padded)


def test_many_nearly_equal_rows_do_not_collide() -> None:
    hashes = {_one(pa.int64(), value) for value in range(-3000, 3000)}
    pairs = {_one(pa.int64(), left, right) for left in range(60) for right in range(left, 60)}
    assert len(hashes) == 6000
    assert len(pairs) == 60 * 61 // 2


def test_a_landed_hash_stays_what_it_was() -> None:
    rows = _table(
        [
            {
                "name": "Кампания",
                "count": 1,
                "delta": -1,
                "is_on": True,
                "day": date(2026, 1, 1),
                "at": datetime(2026, 1, 1, tzinfo=UTC),
                "amount": Decimal("1.10"),
                "extra": [("a", "b")],
                "tags": ["x", None],
                "share": 0.5,
            },
            {},
        ]
    )
    assert hash_rows(rows) == "e6716146e2e3a7c1a8e4a098a75c69f4-2"


def test_a_type_without_canonical_bytes_is_refused() -> None:
    with pytest.raises(TypeError, match="cast it first"):
        _one(pa.time64("us"), 1)
