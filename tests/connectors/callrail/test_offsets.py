"""Offsets are read by what stands behind the seconds, as Python reads the whole instant."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.connectors._decoding import UNFIT
from include.connectors.callrail.schema import offset_minutes

HEADS = st.sampled_from(["2026-01-31T12:00:00", "2026-03-08 02:30:00", "1969-12-31T23:59:59"])
ENDINGS = st.sampled_from(["-05:00", "+05:30", "Z", ".000-05:00", ".5Z", "", "+00:00:30", "-0500"])
ODD = st.sampled_from(["0000-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "soon", 5, "2026-01-31"])
INSTANTS = st.one_of(st.sampled_from([None, "", 0]), st.builds("{}{}".format, HEADS, ENDINGS))


def _offset(value: Any) -> int | None:
    offset = datetime.fromisoformat(value).utcoffset() if value else None
    return None if offset is None else round(offset.total_seconds() / 60)


@given(st.one_of(st.lists(INSTANTS, min_size=1), st.lists(st.one_of(INSTANTS, ODD), min_size=1)))
def test_an_offset_is_what_python_reads_of_the_instant(values: list[Any]) -> None:
    try:
        wanted = [_offset(value) for value in values]
    except UNFIT:
        with pytest.raises(UNFIT):
            offset_minutes(values)
    else:
        assert offset_minutes(values).to_pylist() == wanted
