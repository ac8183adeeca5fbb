"""Attributes rows as if somebody had handed them in as a CSV file."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

from clickhouse_connect.driver.client import Client

from include.terminal.attribution import Credit, attribute
from include.terminal.attribution_input import read_path_file
from include.terminal.attribution_options import read_options

PATHS = ("path", "total_conversions", "total_conversion_value", "total_null")
LOG = ("user_id", "touched_at", "channel", "converted", "value")


def write_rows(file: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """A CSV file, quoted as Python's writer does."""
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    file.write_text(text.getvalue(), encoding="utf-8", newline="")
    return file


def credit_rows(
    client: Client,
    folder: Path,
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    **typed: str,
) -> dict[str, Credit]:
    """Every model's credit; ``typed`` are options as a person types them."""
    file = write_rows(folder / "rows.csv", header, rows)
    return attribute(client, read_path_file(file), read_options(**typed), file.name, lambda _: None)


def is_conserved(credit: Credit, conversions: Fraction, value: Fraction) -> bool:
    """Whether the sums are the totals: of doubles rounded once, or of the decimals as written."""
    return all(
        math.fsum(figures) == float(total) or sum(map(Fraction, map(repr, figures))) == total
        for figures, total in (
            ([each["conversions"] for each in credit.values()], conversions),
            ([each["value"] for each in credit.values()], value),
        )
    )


def conversions_of(credit: Credit) -> dict[str, float]:
    """What each channel that has any conversions holds."""
    return {name: each["conversions"] for name, each in credit.items() if each["conversions"]}


def exact_sum(amounts: Iterable[object]) -> Fraction:
    """The sum of what was written, without any rounding."""
    return sum((Fraction(str(amount)) for amount in amounts), Fraction(0))
