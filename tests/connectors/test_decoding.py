"""Every quick way through a column gives what asking each value by itself would."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.connectors._decoding import (
    UNFIT,
    Decode,
    days,
    decimals,
    epoch_instants,
    epoch_millis,
    filled_texts,
    ids,
    integers,
    text_lists,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WORDS = st.one_of(st.text(max_size=14), st.sampled_from(["", "1", "-7", "1.50", "2026-01-31", "é"]))
WHOLE = st.one_of(st.integers(-3, 3), st.integers(-(2**70), 2**70), st.integers(-(10**16), 10**16))
FLOATS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**16), 10**16).map(lambda n: n / 100),
    st.integers(-999, 999).map(float),
)
ONE_KIND = st.sampled_from([WORDS, WHOLE, FLOATS, st.booleans()])
COLUMNS = st.one_of(
    ONE_KIND.flatmap(lambda kind: st.lists(st.one_of(st.none(), kind), min_size=1, max_size=12)),
    st.lists(st.one_of(st.none(), WORDS, WHOLE, FLOATS, st.booleans()), min_size=1, max_size=6),
)


def _filled(value: Any) -> str | None:
    if not isinstance(value, str | None):
        raise TypeError
    return value or None


def _identifier(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def _written(value: Any) -> str | None:
    if isinstance(value, bool):
        raise TypeError
    return None if value is None or value == "" else value if type(value) is str else repr(value)


def _whole(value: Any) -> int | None:
    text = _written(value)
    return None if text is None else pa.scalar(text).cast(pa.int64()).as_py()


def _kopecks(value: Any) -> Decimal | None:
    text = _written(value)
    return None if text is None else pa.scalar(text).cast(pa.decimal128(18, 2)).as_py()


def _day(value: Any) -> date | None:
    text = _filled(value)
    return None if text is None else pa.scalar(text[:10]).cast(pa.date32()).as_py()


def _moment(unit: int) -> Callable[[Any], datetime | None]:
    def read(value: Any) -> datetime | None:
        count = int(value) if value else 0
        if not -(2**63) <= count * unit < 2**63:
            raise OverflowError
        return EPOCH + timedelta(microseconds=count * unit) if count else None

    return read


PLAIN: dict[str, tuple[Decode, Callable[[Any], Any]]] = {
    "filled texts": (filled_texts, _filled),
    "identifiers": (ids, _identifier),
    "whole numbers": (integers, _whole),
    "kopecks": (decimals(2, 18), _kopecks),
    "days": (days, _day),
}


@pytest.mark.parametrize("name", PLAIN)
@given(values=COLUMNS)
def test_a_column_is_its_values_one_by_one(name: str, values: list[Any]) -> None:
    decode, one = PLAIN[name]
    try:
        wanted = [one(value) for value in values]
    except UNFIT:
        with pytest.raises(UNFIT):
            decode(values)
    else:
        assert decode(values).to_pylist() == wanted
        assert decode(values).null_count == wanted.count(None)
        decode(values).validate(full=True)


@pytest.mark.parametrize(("decode", "unit"), [(epoch_instants, 10**6), (epoch_millis, 1000)])
@given(
    values=st.lists(
        st.one_of(st.none(), st.integers(-(10**9), 10**10), st.just("1700000000"), st.just(0)),
        min_size=1,
    )
)
def test_a_clock_is_its_counts_one_by_one(decode: Decode, unit: int, values: list[Any]) -> None:
    assert decode(values).to_pylist() == [_moment(unit)(value) for value in values]


@pytest.mark.parametrize("decode", [epoch_instants, epoch_millis])
@pytest.mark.parametrize("value", [2**62, -(2**62), 2**64, "soon", [1]])
def test_a_count_that_is_no_instant_is_refused(decode: Decode, value: Any) -> None:
    with pytest.raises(UNFIT):
        decode([1, value])


@given(st.lists(st.one_of(st.none(), st.lists(st.text(max_size=3), max_size=3)), min_size=1))
def test_lists_keep_their_texts_and_a_missing_one_is_empty(values: list[list[str] | None]) -> None:
    found = text_lists(values)
    found.validate(full=True)
    assert found.to_pylist() == [value or [] for value in values]
    assert found.null_count == 0


@pytest.mark.parametrize("values", [[[1]], [["a"], 5], [["a", 1]], [["a"], [b"\xff"]]])
def test_what_is_no_list_of_texts_is_refused(values: list[Any]) -> None:
    with pytest.raises(UNFIT):
        text_lists(values)


@given(
    st.lists(
        st.floats(allow_nan=False, allow_infinity=False).filter(lambda v: not 0 < abs(v) < 1e-9),
        min_size=1,
        max_size=5,
    )
)
def test_a_float_is_the_decimal_its_shortest_form_says_or_refused(values: list[float]) -> None:
    with localcontext() as exact:
        exact.prec = 400
        cent = Decimal("0.01")
        wanted = [Decimal(repr(v)) for v in values]
        fits = all(
            d == d.quantize(cent, ROUND_HALF_EVEN) and abs(d) < Decimal(10) ** 16 for d in wanted
        )
    if fits:
        assert decimals(2, 18)(values).to_pylist() == wanted
    else:
        with pytest.raises(UNFIT):
            decimals(2, 18)(values)
