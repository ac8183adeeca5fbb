"""A refund takes back what is open of the payments before it: nothing twice, nothing lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from include.contracts.reader import read_catalog
from include.warehouse import seeds, solved_tables
from include.warehouse.client import ClickHouseTarget, connect
from tests.sql_case_runner import DEFAULT_PARAMETERS, CaseRunner

pytestmark = pytest.mark.engine

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
PAYMENTS = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.sampled_from([None, *range(12)]),
        st.sampled_from(["RUB", "USD"]),
        st.one_of(st.sampled_from([-10_000, -1, 1, 10_000]), st.integers(-(10**15), 10**15)),
    ),
    min_size=60,
    max_size=120,
)
"""Day, deal, currency, kopecks; few days and deals, so that they meet."""
Payment = tuple[int, int | None, str, int]
Parts = dict[str, list[tuple[datetime, int]]]


class Engine:
    """Runs the conversions over given payments."""

    def __init__(self, target: ClickHouseTarget, sql_root: Path) -> None:
        self.client = connect(target)
        self.catalog = read_catalog(sql_root)
        seeds.load(self.client, self.catalog, sql_root / "seeds")
        self._runner = CaseRunner(self.client, self.catalog, sql_root)

    def convert(self, payments: Sequence[Payment]) -> Parts:
        """Payment → the instants it looks back from, each with its kopecks."""
        self._runner.clear()
        self._runner.give(
            "core.core_payment",
            [
                {
                    "payment_key": f"k{number:03}",
                    "deal_key": None if deal is None else f"d{deal}",
                    "paid_at": BEGUN + timedelta(days=day),
                    "currency_code": currency,
                    "amount": f"{kopecks // 100}.{kopecks % 100:02}"
                    if kopecks >= 0
                    else f"-{-kopecks // 100}.{-kopecks % 100:02}",
                }
                for number, (day, deal, currency, kopecks) in enumerate(payments)
            ],
        )
        table = self.catalog.table("core.core_conversion")
        self.client.command(f"truncate table {table.full_name}")
        solved_tables.fill(self.client, table, DEFAULT_PARAMETERS, target=table.full_name)
        found: Parts = defaultdict(list)
        for key, instant, kopecks in self.client.query(
            "select conversion_key, looks_back_from_at, toInt64(amount * 100)"
            " from core.core_conversion where kind = 'paid'"
        ).result_rows:
            found[key.split(":")[1]].append((instant, kopecks))
        return found


@pytest.fixture(scope="module")
def engine_of_payments(house_target: ClickHouseTarget, project_root: Path) -> Iterator[Engine]:
    """One engine for every example."""
    engine = Engine(house_target, project_root / "sql")
    yield engine
    engine.client.close()


@settings(
    max_examples=5,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(PAYMENTS)
def test_refunds_take_back_the_newest_open_payments_and_no_kopeck_twice(
    engine_of_payments: Engine, payments: list[Payment]
) -> None:
    found = engine_of_payments.convert(payments)
    for number, (*_, kopecks) in enumerate(payments):
        assert sum(part for _, part in found[f"k{number:03}"]) == kopecks
    expected = _settle(payments)
    assert {key: sorted(parts) for key, parts in found.items()} == expected


def _settle(payments: Sequence[Payment]) -> Parts:
    """The rule in plain words: a stack of open payments for each deal and currency."""
    parts: Parts = defaultdict(list)
    stacks: defaultdict[tuple[object, str], list[list]] = defaultdict(list)
    order = sorted(range(len(payments)), key=lambda number: (payments[number][0], number))
    for number in order:
        day, deal, currency, kopecks = payments[number]
        key, instant = f"k{number:03}", BEGUN + timedelta(days=day)
        stack = stacks[key if deal is None else deal, currency]
        if kopecks >= 0:
            stack.append([instant, kopecks])
            parts[key].append((instant, kopecks))
        elif not stack:
            parts[key].append((instant, kopecks))
        else:
            left = -kopecks
            taken = []
            for payment in reversed(stack):
                taken.append([payment[0], min(payment[1], left)])
                payment[1] -= taken[-1][1]
                left -= taken[-1][1]
            taken[0][1] += left
            parts[key] += [(at, -part) for at, part in taken if part]
    return {key: sorted(of_payment) for key, of_payment in parts.items()}
