"""Sums of the banners read, by day, beside what the vendor says the whole cabinet has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

import pyarrow as pa

from include.connectors.protocol import Batch

COUNTS = ("shows", "clicks", "goals")
MONEY = "spent_amount"
HALF_A_HUNDREDTH = Decimal("0.005")
Sums = dict[str, Decimal]


def make_zeros() -> Sums:
    """The control columns of a day without anything."""
    return dict.fromkeys((*COUNTS, MONEY), Decimal(0))


class Proof:
    """Compares days before ``unproven_from``; later ones still move while they are read."""

    def __init__(self, told: Mapping[date, Sums], unproven_from: date) -> None:
        self._told = {day: sums for day, sums in told.items() if day < unproven_from}
        self._read = {day: make_zeros() for day in self._told}
        self._rows: dict[date, int] = dict.fromkeys(self._told, 0)
        self._rejected = 0

    def add(self, batch: Batch) -> None:
        """Take the rows of a batch."""
        self._rejected += len(batch.rejected)
        if batch.rows is None:
            return
        names = (*COUNTS, MONEY)
        sums = (
            pa.Table.from_batches([batch.rows])
            .group_by("stats_date", use_threads=False)
            .aggregate([*((name, "sum") for name in names), ([], "count_all")])
        )
        for row in sums.to_pylist():
            found = self._read.get(row["stats_date"])
            if found is not None:
                self._rows[row["stats_date"]] += row["count_all"]
                for name in names:
                    found[name] += Decimal(row[f"{name}_sum"])

    def is_short(self) -> bool:
        """Whether some day misses something."""
        return bool(self._find(lambda read, told: read < told))

    def describe_difference(self) -> str:
        """The first figure that differs; empty when none does.

        A rejected row is missing from the sums, so then they may be smaller.
        """
        if self._rejected:
            return self._find(lambda read, told: read > told)
        return self._find(lambda read, told: read != told)

    def _find(self, is_off: Callable[[Decimal, Decimal], bool]) -> str:
        for day, told in sorted(self._told.items()):
            read = self._read[day]
            # every banner's money is rounded by itself
            slack = HALF_A_HUNDREDTH * (self._rows[day] + 1)
            for name in (*COUNTS, MONEY):
                is_rounding = name == MONEY and abs(read[name] - told[name]) <= slack
                if not is_rounding and is_off(read[name], told[name]):
                    return (
                        f"on {day} the banners have {name} {read[name]}, the cabinet {told[name]}"
                    )
        return ""
