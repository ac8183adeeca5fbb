"""Whatever a person writes into the accounts file is used as meant or told with its place."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from include.connectors._options import Options
from include.connectors.protocol import Account, BadInput
from include.ingestion.sources import source_names

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


def test_a_misspelt_name_is_told_with_the_names_there_are() -> None:
    account = Account("toy", "acme", {"lookback_day": 5, "page_rows": 2})
    with pytest.raises(BadInput, match="toy account acme has no option lookback_day") as told:
        Options(account, "lookback_days page_rows")
    assert "there are lookback_days, page_rows" in str(told.value)
    assert Options(account).number("page_rows", 1) == 2, "a helper reads its own few names"


@pytest.mark.parametrize("source", sorted(set(source_names()) - {"files"}))
def test_every_name_a_source_reads_is_declared_and_told_in_its_text(source: str) -> None:
    package = importlib.import_module(f"include.connectors.{source}")
    declared = package.OPTIONS.split()
    read = _names_read(source)
    assert sorted(declared) == sorted(read | (GOOGLE if source in ("ga4", "google_ads") else set()))
    assert not [name for name in declared if f"``{name}``" not in package.__doc__]


GOOGLE = {"base_url", "token_url"}
READERS = {"choice", "number", "flag", "text", "day", "zone", "texts", "mapping"}


def _names_read(source: str) -> set[str]:
    """Names literally asked of the options anywhere in the source's package."""
    names = set()
    for path in Path(importlib.import_module(f"include.connectors.{source}").__path__[0]).glob("*"):
        if path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in READERS
                and "options" in ast.unparse(node.func.value)
            ):
                assert isinstance(node.args[0], ast.Constant), ast.unparse(node)
                names.add(node.args[0].value)
    return names
