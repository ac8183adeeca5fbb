"""Days, instants and click ids of a call are what its texts say, however they are read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.connectors._decoding import UNFIT
from include.connectors.calltouch.schema import call_columns, moment_days, moments

MOSCOW = ZoneInfo("Europe/Moscow")
YCLID = next(column for column in call_columns(MOSCOW) if column.name == "yclid")
PIECES = st.sampled_from(
    [
        *(
            "https://",
            "http:",
            "a.b",
            ":80",
            "/",
            "//",
            "?",
            "&",
            "#",
            "yclid=",
            "yclid",
            "=",
            "12",
        ),
        *("%20", "+", " ", "[", "]", "\n", ";", "gclid=9", "é", "@", "yclid=7", "?yclid=5"),
    ]
)
ADDRESSES = st.lists(PIECES, max_size=9).map("".join)


def _asked(address: str) -> str | None:
    try:
        found = parse_qs(urlsplit(address).query).get("yclid")
    except ValueError:
        return None
    return found[0] if found else None


@given(st.one_of(ADDRESSES, ADDRESSES.map("https://a.b/?{}&yclid=1".format)))
def test_a_click_id_is_what_the_address_asks_for(address: str) -> None:
    wanted = _asked(address) if "yclid=" in address else None
    assert YCLID.decode([None, address, ""]).to_pylist() == [None, wanted, None]
    assert YCLID.decode([5, address]).to_pylist() == [None, wanted]


@given(st.lists(st.one_of(st.none(), st.just(""), st.dates(date(1000, 1, 1))), min_size=1))
def test_a_day_is_that_of_the_moment(days: list[Any]) -> None:
    told = [f"{day:%d/%m/%Y} 10:00:00" if isinstance(day, date) else day for day in days]
    assert moment_days(told).to_pylist() == [day or None for day in days]


@pytest.mark.parametrize("odd", [5, "2026-01-31", "31/13/2026 10:00:00", ["31/01/2026"]])
def test_what_is_no_moment_is_refused(odd: Any) -> None:
    with pytest.raises(UNFIT):
        moment_days(["31/01/2026 10:00:00", odd])


@given(st.lists(st.integers(1, 2**31), min_size=1), st.sampled_from([None, 0, "1700000000"]))
def test_a_stamp_is_seconds_or_milliseconds_and_a_missing_one_the_clock_of_the_zone(
    seconds: list[int], odd: Any
) -> None:
    clock = "31/01/2026 12:00:00"
    wanted = [datetime.fromtimestamp(second, UTC) for second in seconds]
    decode = moments(MOSCOW)
    assert decode([(second, clock) for second in seconds]).to_pylist() == wanted
    late = [second + 10**9 for second in seconds]
    assert decode([(second * 1000, clock) for second in late]).to_pylist() == [
        datetime.fromtimestamp(second, UTC) for second in late
    ]
    other = (
        datetime(2026, 1, 31, 9, tzinfo=UTC) if not odd else datetime.fromtimestamp(int(odd), UTC)
    )
    assert decode([*((s, clock) for s in seconds), (odd, clock)]).to_pylist() == [*wanted, other]
