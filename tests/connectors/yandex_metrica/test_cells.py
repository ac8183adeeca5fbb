"""Cells of a log: quotes, arrays, clocks and money, whole columns at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.connectors.yandex_metrica.cells import Decoder, find_click_ids, unquote
from include.connectors.yandex_metrica.fields import (
    COUNTS,
    IDS,
    INSTANT,
    INSTANTS,
    MICROS,
    TEXTS,
    LogColumn,
)
from include.sandbox.vendors.yandex_metrica.cells import quote_cell, write_texts

MOSCOW, NEW_YORK = ZoneInfo("Europe/Moscow"), ZoneInfo("America/New_York")


def _decode(cells, kind, decode="", zone=MOSCOW):
    column = LogColumn("ym:s:x", "x", kind, decode)
    array = Decoder(zone).decode(pa.array([cell.encode() for cell in cells], pa.binary()), column)
    assert array.type == kind
    array.validate(full=True)
    return array.to_pylist()


def test_numbers_of_arrays_keep_all_64_bits():
    cells = ["[]", "[18446744073709551615,1]", "[]", "[7]"]
    assert _decode(cells, IDS) == [[], [18446744073709551615, 1], [], [7]]


def test_a_column_of_empty_arrays_costs_nothing_and_has_its_type():
    assert _decode(["[]"] * 3, TEXTS) == [[], [], []]


@pytest.mark.parametrize(
    ("cell", "texts"),
    [
        (r"[\'a\',\'b\']", ["a", "b"]),
        (r"[\'\']", [""]),
        (r"[\'\',\'\']", ["", ""]),
        (r"[\'a,b\',\'[c]\']", ["a,b", "[c]"]),
        (r"[\'it\'s\']", ["it's"]),
        (r"[\'it\\'s\',\'b\']", ["it's", "b"]),
        (r"[\'it\\\'s\',\'b\']", ["it's", "b"]),
        (r"[\'C:\\x\',\'b\']", ["C:\\x", "b"]),
        (r"[\'ends in \\\',\'b\']", ["ends in \\", "b"]),
        (r'"[\'Труба 1/2""\',\'Кран\']"', ['Труба 1/2"', "Кран"]),
    ],
)
def test_text_of_arrays_is_read_in_every_spelling_seen(cell, texts):
    assert _decode([cell, "[]"], TEXTS) == [texts, []]


@given(st.lists(st.text("ab'\\\",[]Ж ", max_size=5), min_size=1, max_size=4))
def test_text_comes_back_as_the_vendor_wrote_it(texts):
    # a backslash right before a quote or a comma is ambiguous in the vendor's own spelling
    texts = [text.replace("\\", "") for text in texts]
    assert _decode([quote_cell(write_texts(texts))], TEXTS) == [texts]


@pytest.mark.parametrize("cell", ["", "1,2", "[1", "[a]", "[1.5]", "[-1]", "[1,]", r"[\'1\']"])
def test_a_cell_that_is_no_array_of_numbers_is_refused(cell):
    with pytest.raises((pa.ArrowException, ValueError)):
        _decode([cell, "[1]"], COUNTS)


def test_a_cell_is_unquoted_only_if_it_was_quoted():
    cells = ['"a ""b"""', '"a" and "b"', '"', '""', "plain", 'in "the" middle']
    assert unquote(pa.array(cells)).to_pylist() == [
        'a "b"',
        '"a" and "b"',
        '"',
        "",
        "plain",
        'in "the" middle',
    ]


def test_the_vendors_utc_is_three_hours_ahead_of_utc_in_any_year():
    expected = [datetime(2026, 1, 1, tzinfo=UTC), datetime(2012, 6, 30, 21, tzinfo=UTC)]
    assert _decode(["2026-01-01 03:00:00", "2012-07-01 00:00:00"], INSTANT, "utc3") == expected
    (times,) = _decode([r"[\'2026-01-01 03:00:00\',\'2026-01-01 03:00:01\']"], INSTANTS, "utc3")
    assert times == [expected[0], expected[0].replace(second=1)]


def test_an_hour_told_twice_is_taken_as_its_first_and_one_never_told_is_moved_ahead():
    cells = ["2026-11-01 01:30:00", "2026-03-08 02:30:00", "2026-07-01 00:00:00"]
    assert _decode(cells, INSTANT, "local", NEW_YORK) == [
        datetime(2026, 11, 1, 5, 30, tzinfo=UTC),
        datetime(2026, 3, 8, 7, 30, tzinfo=UTC),
        datetime(2026, 7, 1, 4, tzinfo=UTC),
    ]


def test_money_becomes_millionths_whatever_its_multiplier():
    assert _decode(["[12500,0]"], MICROS, "thousandths") == [[12_500_000, 0]]
    cells = ["[98.5,12,-0.01]", "[0.30000000000000004]", "[123456789.123456]"]
    assert _decode(cells, MICROS, "units") == [
        [98_500_000, 12_000_000, -10_000],
        [300_000],
        [123_456_789_123_456],
    ]


@pytest.mark.parametrize(
    ("address", "click"),
    [
        ("https://x.example/?utm_source=a&yclid=123", "123"),
        ("https://x.example/?yclid=123&b=1#top", "123"),
        ("https://x.example/#yclid=5", "5"),
        ("https://x.example/?notyclid=5", ""),
        ("https://x.example/?yclid=", ""),
        ("", ""),
    ],
)
def test_the_click_id_is_read_from_the_address(address, click):
    assert find_click_ids(pa.array([address, "https://x.example/"])).to_pylist() == [click, ""]
