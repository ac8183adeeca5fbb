"""Whatever a person writes into the accounts file is used as meant or told with its place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from include.connectors._options import Options
from include.connectors.protocol import Account, BadInput

DEFAULT_DAY = date(2026, 1, 1)


def _options(value: Any) -> Options:
    return Options(Account("toy", "acme", {"it": value}))


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (lambda o: o.choice("it", "a", ("a", "b")), "c"),
        (lambda o: o.choice("it", "a", ("a", "b")), ["a"]),
        (lambda o: o.number("it", 1), "5"),
        (lambda o: o.number("it", 1), 5.5),
        (lambda o: o.number("it", 1), True),
        (lambda o: o.number("it", 1, 1, 9), 10),
        (lambda o: o.flag("it", True), "no"),
        (lambda o: o.text("it"), ["a"]),
        (lambda o: o.text("it"), False),
        (lambda o: o.day("it", DEFAULT_DAY), "01.02.2026"),
        (lambda o: o.day("it", DEFAULT_DAY), datetime(2026, 2, 1, 12, tzinfo=UTC)),
        (lambda o: o.zone("it", "UTC"), "Moscow"),
        (lambda o: o.zone("it", "UTC"), "Europe"),
        (lambda o: o.zone("it", "UTC"), ""),
        (lambda o: o.zone("it", "UTC"), "a" * 300),
        (lambda o: o.texts("it"), "a"),
        (lambda o: o.texts("it"), [{"a": 1}]),
        (lambda o: o.texts("it"), ["a", True]),
        (lambda o: o.mapping("it", ["inn"]), ["inn"]),
        (lambda o: o.mapping("it", ["inn"]), {"utm": "a"}),
        (lambda o: o.mapping("it", ["inn"]), {"inn": None}),
        (lambda o: o.mapping("it", ["inn"]), {"inn": ["a"]}),
    ],
)
def test_an_option_that_cannot_be_used_is_told_with_its_account(
    read: Callable[[Options], Any], value: Any
) -> None:
    with pytest.raises(BadInput, match="option it of toy account acme"):
        read(_options(value))


def test_a_day_is_the_same_however_yaml_reads_it() -> None:
    for value in (date(2026, 2, 1), "2026-02-01"):
        day = _options(value).day("it", DEFAULT_DAY)
        assert (type(day), day) == (date, date(2026, 2, 1))


def test_fields_of_the_vendor_may_be_numbers() -> None:
    assert _options({"inn": 412345}).mapping("it", ["inn"]) == {"inn": "412345"}
    assert _options([1, "b"]).texts("it") == ("1", "b")


def test_what_is_null_has_its_default() -> None:
    options = _options(None)
    assert options.number("it", 7) == 7
    assert options.day("it", DEFAULT_DAY) == DEFAULT_DAY
    assert options.mapping("it", ["inn"]) == {}
